/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synthetic captures for the tests of capture, model and reports: built as the collector would, and
 * carried through a memory file as a live run does.
 */
#ifndef GILPROF_FIXTURE_H
#define GILPROF_FIXTURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.h"
#include "timeline.h"
#include "weights.h"

#define FIXTURE_MS 1000000ull
#define FIXTURE_WINDOW (10000 * FIXTURE_MS)

static inline void *fixture_row(void *list, size_t *n, size_t size)
{
	void **rows = list;

	*rows = reallocarray(*rows, *n + 1, size);
	return memset((char *)*rows + (*n)++ * size, 0, size);
}

/* An empty window of ten seconds on two CPUs. */
static inline struct capture *fixture__new(void)
{
	struct capture *c = calloc(1, sizeof(*c));

	c->info.gilprof_version = strdup("0.1.0");
	c->info.start = strdup("2026-01-02T03:04:05.678Z");
	c->info.start_monotonic_ns = 123456789;
	c->info.duration_ns = FIXTURE_WINDOW;
	c->info.mode = strdup("attach");
	c->info.target = strdup("PID 42");
	c->info.state_hz = 997;
	c->info.stack_hz = 99;
	c->info.cpus = 2;
	c->info.complete = true;
	c->info.children = true;
	c->info.command_status = -1;
	c->info.tick_ns = 4 * FIXTURE_MS;
	c->info.self.cpu_ns = 20 * FIXTURE_MS;
	c->info.self.bpf_run_ns = -1;
	c->info.self.rss_peak_bytes = 12u << 20;
	c->info.self.attach_ns = 150 * FIXTURE_MS;
	return c;
}

static inline struct capture_process *fixture__process(struct capture *c, uint32_t pid,
						       const char *comm)
{
	struct capture_process *p = fixture_row(&c->processes, &c->processes_n, sizeof(*p));

	p->key = 1000000ull + pid;
	p->pid = pid;
	p->ppid = 1;
	p->comm = strdup(comm);
	p->cmdline = strdup(comm);
	p->exit_status = -1;
	p->rss_bytes = 34u << 20;
	p->pss_bytes = 30u << 20;
	p->cpu_mask[0] = 3;
	return p;
}

/* Makes it CPython with `gils` GILs, at addresses 0x1000, 0x2000, ... */
static inline void fixture__python(struct capture_process *p, const char *build, size_t gils)
{
	p->is_python = true;
	p->python_version = strdup("3.12.1");
	p->python_build = strdup(build);
	p->gil_source = strdup("table row 3.12");
	for (size_t i = 0; i < gils; i++) {
		struct capture_gil *g = fixture_row(&p->gils, &p->gils_n, sizeof(*g));

		g->interpreter = (int64_t)i;
		g->address = 0x1000 * (i + 1);
		g->switch_begin = 7;
		g->switch_end = 2007;
	}
}

/* A thread of process c->processes[process] that existed all the time, asleep in poll. */
static inline struct capture_thread *fixture__thread(struct capture *c, size_t process,
						     uint32_t tid, const char *name)
{
	const struct capture_process *p = &c->processes[process];
	struct capture_thread *t = fixture_row(&c->threads, &c->threads_n, sizeof(*t));

	t->key = p->key;
	t->pid = p->pid;
	t->tid = tid;
	t->merged = 1;
	t->name = strdup(name);
	t->exists_ns = c->info.duration_ns;
	t->state_ns[ST_IO_POLL] = c->info.duration_ns;
	return t;
}

/* Moves time of a thread from sleeping in poll to another state. */
static inline void fixture__spend(struct capture_thread *t, enum wire_state state, uint64_t ns)
{
	t->state_ns[ST_IO_POLL] -= ns;
	t->state_ns[state] += ns;
	if (state == ST_RUN)
		t->kernel_ns += ns;
}

static inline void fixture__interval(struct capture_hist *h, uint64_t ns, uint32_t times)
{
	h->total_ns += ns * times;
	h->count += times;
	h->bucket[hist__bucket(ns)] += times;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

static inline void fixture__use(struct capture_thread *t, uint64_t gil, uint64_t samples,
				uint64_t wait_ns, uint64_t waits)
{
	struct capture_gil_use *u = &t->uses[t->uses_n++];

	u->gil = gil;
	u->samples = samples;
	u->wait_ns = wait_ns;
	u->waits = waits;
}

static inline void fixture__blocked(struct capture_thread *t, const char *cause, uint64_t ns)
{
	struct capture_blocked *b = &t->blocked[t->blocked_n++];

	b->cause = strdup(cause);
	b->ns = ns;
	b->count = 1;
	fixture__spend(t, ST_BLOCKED, ns);
}

static inline void fixture__on_cpu(struct capture_thread *t, size_t cpu, uint64_t ns)
{
	if (cpu >= t->cpus_n) {
		t->cpu_ns = reallocarray(t->cpu_ns, cpu + 1, sizeof(uint64_t));
		memset(t->cpu_ns + t->cpus_n, 0, (cpu + 1 - t->cpus_n) * sizeof(uint64_t));
		t->cpus_n = cpu + 1;
	}
	t->cpu_ns[cpu] += ns;
}

static inline void fixture__cpu(struct capture *c, uint32_t number, uint64_t target_ns,
				uint64_t other_ns)
{
	struct capture_cpu *cpu = fixture_row(&c->cpus, &c->cpus_n, sizeof(*cpu));

	cpu->cpu = number;
	cpu->target_ns = target_ns;
	cpu->other_ns = other_ns;
	cpu->idle_ns = c->info.duration_ns - target_ns - other_ns;
}

/* A thread of c->processes[process] waited for a lock; its time in that state is up to the caller. */
static inline void fixture__lock(struct capture *c, size_t process, uint64_t address, uint32_t tid,
				 uint32_t owner_tid, uint64_t wait_ns, uint64_t count)
{
	struct capture_lock *l = fixture_row(&c->locks, &c->locks_n, sizeof(*l));

	l->key = c->processes[process].key;
	l->pid = c->processes[process].pid;
	l->tid = tid;
	l->owner_tid = owner_tid;
	l->address = address;
	l->wait_ns = wait_ns;
	l->count = count;
}

static inline struct capture_cgroup *fixture__cgroup(struct capture *c, const char *name,
						     uint64_t millicpus)
{
	struct capture_cgroup *g = fixture_row(&c->cgroups, &c->cgroups_n, sizeof(*g));

	g->name = strdup(name);
	g->quota_millicpus = millicpus;
	return g;
}

/* The next `ns` of the window: as many threads ran, and wanted to. */
static inline void fixture__parallel(struct capture *c, uint64_t ns, double ran, double wanted)
{
	struct capture_interval *i = fixture_row(&c->intervals, &c->intervals_n, sizeof(*i));

	i->ns = ns;
	i->ran_ns = (uint64_t)(ran * (double)ns);
	i->wanted_ns = (uint64_t)(wanted * (double)ns);
}

/* --- stacks, and what stands at them --- */

/* Adds a frame and the node that it is on `parent`, 0: it is a root. Returns the node's number. */
static inline uint32_t fixture__frame(struct capture *c, uint32_t parent, enum frame_kind kind,
				      const char *name, const char *file, uint32_t line)
{
	struct capture_frame *f = fixture_row(&c->frames, &c->frames_n, sizeof(*f));
	struct capture_node *n = fixture_row(&c->nodes, &c->nodes_n, sizeof(*n));

	f->name = strdup(name);
	f->file = file ? strdup(file) : NULL;
	f->line = line;
	f->kind = kind;
	n->parent = parent;
	n->frame = (uint32_t)c->frames_n;
	return (uint32_t)c->nodes_n;
}

/* Charges a holder, a thread of c->processes[process]; holder 0: nobody is known. */
static inline struct capture_blame *fixture__blame(struct capture *c, size_t process,
						   uint32_t waiter, uint32_t holder,
						   enum blame_kind kind, uint64_t ns,
						   uint32_t stack)
{
	struct capture_blame *b = fixture_row(&c->blame, &c->blame_n, sizeof(*b));

	b->key = c->processes[process].key;
	b->gil = 0x1000;
	b->pid = c->processes[process].pid;
	b->waiter_tid = waiter;
	b->holder_tid = holder;
	b->kind = kind;
	b->wait_ns = ns;
	b->count = ns / (5 * FIXTURE_MS) + 1;
	b->samples = stack ? b->count : 0;
	b->stack = stack;
	return b;
}

/* A stack that was seen of the thread t: `ns` off the CPU, or on it `count` samples, `held` of them
 * with the GIL. */
static inline struct capture_sample *fixture__seen(struct capture *c,
						   const struct capture_thread *t,
						   enum wire_state state, uint64_t ns,
						   uint64_t count, uint32_t stack)
{
	struct capture_sample *s = fixture_row(&c->samples, &c->samples_n, sizeof(*s));

	s->key = t->key;
	s->pid = t->pid;
	s->tid = t->tid;
	s->state = state;
	s->ns = ns;
	s->count = count;
	s->stack = stack;
	return s;
}

/* A long wait of a thread for holder, or (waiter 0) a long hold. */
static inline struct capture_case *fixture__case(struct capture *c, size_t process, uint32_t waiter,
						 uint32_t holder, enum blame_kind kind, uint64_t ns,
						 uint32_t stack)
{
	struct capture_case *k = fixture_row(&c->cases, &c->cases_n, sizeof(*k));

	k->key = c->processes[process].key;
	k->gil = 0x1000;
	k->pid = c->processes[process].pid;
	k->tid = waiter;
	k->begin_ns = 1234 * FIXTURE_MS;
	k->ns = ns;
	k->holder_tid = holder;
	k->kind = kind;
	k->stack = stack;
	return k;
}

/* What a spinner has waited, charged to another: 3290 ms. */
static inline void fixture__charge(struct capture *c, uint32_t waiter, uint32_t holder,
				   uint32_t python, uint32_t native)
{
	fixture__blame(c, 0, waiter, holder, BLAME_PYTHON, 3000 * FIXTURE_MS, python)->runq_ns =
		20 * FIXTURE_MS;
	fixture__blame(c, 0, waiter, holder, BLAME_NATIVE, 250 * FIXTURE_MS, native);
	fixture__blame(c, 0, waiter, holder, BLAME_OFFCPU, 40 * FIXTURE_MS, python)->call =
		strdup("read");
}

/* Who made the spinners wait, and where all were: it adds up to what they waited. */
static inline void fixture__explain(struct capture *c)
{
	uint32_t root = fixture__frame(c, 0, FRAME_PYTHON, "<module>", "/srv/app/main.py", 3);
	uint32_t spin =
		fixture__frame(c, root, FRAME_PYTHON, "Worker.spin", "/srv/app/spin.py", 12);
	uint32_t load = fixture__frame(c, root, FRAME_PYTHON, "load", "/srv/app/spin.py", 34);
	uint32_t scan =
		fixture__frame(c, load, FRAME_NATIVE, "scan_once", "_json.cpython-312.so", 0);
	uint32_t wait = fixture__frame(c, root, FRAME_PYTHON, "wait", "/srv/app/main.py", 56);

	for (uint32_t i = 0; i < 3; i++) {
		const struct capture_thread *t = &c->threads[i];

		fixture__charge(c, t->tid, 43 + (i + 1) % 3, spin, scan);
		fixture__charge(c, t->tid, 43 + (i + 2) % 3, spin, scan);
		fixture__blame(c, 0, t->tid, 0, BLAME_HANDOFF, 20 * FIXTURE_MS, 0);
		fixture__seen(c, t, ST_RUN, 0, 300, spin)->held = 300;
		fixture__seen(c, t, ST_RUN, 0, 27, scan)->held = 24;
		fixture__seen(c, t, ST_GIL_WAIT, 550 * FIXTURE_MS, 60, spin)->call =
			strdup("futex");
		fixture__seen(c, t, ST_GIL_WAIT, 50 * FIXTURE_MS, 6, load)->call = strdup("futex");
	}
	fixture__seen(c, &c->threads[3], ST_IO_POLL, 9000 * FIXTURE_MS, 2, wait)->call =
		strdup("poll");
	fixture__case(c, 0, 43, 44, BLAME_NATIVE, 15 * FIXTURE_MS, scan)->waiter_stack = spin;
	fixture__case(c, 0, 44, 45, BLAME_OFFCPU, 12 * FIXTURE_MS, load)->call = strdup("read");
	fixture__case(c, 0, 0, 44, BLAME_NATIVE, 16 * FIXTURE_MS, scan);
	fixture__case(c, 0, 0, 45, BLAME_PYTHON, 6 * FIXTURE_MS, 0);
}

/* Four threads that share one GIL, three of them spinning: what users look at most. */
static inline struct capture *fixture__spinners(void)
{
	struct capture *c = fixture__new();

	fixture__python(fixture__process(c, 42, "python3.12"), "shared", 1);
	c->processes[0].gils[0].judged_ns = 19800 * FIXTURE_MS;
	c->processes[0].gils[0].long_hold_ns = 150 * FIXTURE_MS;
	for (uint32_t i = 0; i < 3; i++) {
		struct capture_thread *t = fixture__thread(c, 0, 43 + i, "spinner");

		fixture__spend(t, ST_RUN, 3300 * FIXTURE_MS);
		fixture__spend(t, ST_RUNQ, 50 * FIXTURE_MS);
		fixture__spend(t, ST_GIL_WAIT, 6600 * FIXTURE_MS);
		t->samples = 3290;
		fixture__use(t, 0x1000, 3257, 6600 * FIXTURE_MS, 1320);
		fixture__interval(&t->gil_wait, 10 * FIXTURE_MS, 650);
		fixture__interval(&t->gil_wait, 15 * FIXTURE_MS, 10);
		fixture__interval(&t->runq, FIXTURE_MS / 20, 1000);
		t->voluntary = 1900;
		t->involuntary = 100;
		t->migrations = 12;
		fixture__on_cpu(t, i % 2, 3300 * FIXTURE_MS);
	}
	fixture__thread(c, 0, 42, "python3.12");
	fixture__explain(c);
	fixture__cpu(c, 0, 6600 * FIXTURE_MS, 400 * FIXTURE_MS);
	fixture__cpu(c, 1, 3300 * FIXTURE_MS, 100 * FIXTURE_MS);
	return c;
}

/* Everything at once: three kinds of processes, hostile names, a merged row, an exec. */
static inline struct capture *fixture__zoo(void)
{
	struct capture *c = fixture__spinners();
	struct capture_thread *t;
	struct capture_process *p;
	struct capture_cgroup *g;

	p = fixture__process(c, 50, "python3.13t");
	fixture__python(p, "static free-threaded", 0);
	t = fixture__thread(c, 1, 50, "main \xe2\x80\xae live");
	fixture__spend(t, ST_RUN, 1000 * FIXTURE_MS);
	p = fixture__process(c, 60, "ngin\x1b[31mx");
	p->exit_status = 9;
	p->pss_bytes = 0;
	p->cpu_mask[2] = 0x80000001;
	p->quota_millicpus = 1500;
	p->quota_cgroup = strdup("/a \\xff\x1b[31m");
	g = fixture__cgroup(c, p->quota_cgroup, 1500);
	g->periods = 100;
	g->throttled = 20;
	g->throttled_ns = 250 * FIXTURE_MS;
	free(p->cmdline);
	p->cmdline = strdup("nginx: \\xff \"worker\"\nline two \xc2\x9b"
			    "31m");
	t = fixture__thread(c, 2, 60, "a\nb");
	fixture__spend(t, ST_IO_SOCKET, 2000 * FIXTURE_MS);
	fixture__spend(t, ST_LOCK_WAIT, 100 * FIXTURE_MS);
	fixture__lock(c, 2, 0x7f0000001040, 60, 61, 100 * FIXTURE_MS, 7);
	c->locks[0].symbol = strdup("lock\x1b[31m\n");
	fixture__blocked(t, "fsync", 300 * FIXTURE_MS);
	fixture__blocked(t, "page_fault", 20 * FIXTURE_MS);
	t->exited = true;
	t = fixture__thread(c, 0, 0, "");
	t->merged = 231;
	t->born = t->exited = true;
	fixture__spend(t, ST_RUN, 5 * FIXTURE_MS);
	for (int i = 0; i < 2; i++) { /* the leader's TID, before and after an exec */
		t = fixture__thread(c, 2, 61, i ? "after" : "before");
		t->exists_ns = t->state_ns[ST_IO_POLL] = 5000 * FIXTURE_MS;
	}
	fixture__seen(c, &c->threads[5], ST_BLOCKED, 10 * FIXTURE_MS, 1,
		      fixture__frame(c, fixture__frame(c, 0, FRAME_NOTE, "[more frames]", NULL, 0),
				     FRAME_PYTHON, "a;b <c>\n\x1b[31m\xe2\x80\xae", "/srv/\"x\".py",
				     UINT32_MAX))
		->call = strdup("fsync");
	for (int i = 0; i < 10; i++)
		fixture__parallel(c, 1000 * FIXTURE_MS, 1 + i % 3 * 0.25, 2.75 + i % 5 * 0.5);
	c->info.lost[LOST_RING_FULL] = 2;
	c->info.threads_merged = 231;
	return c;
}

static inline int fixture__file(const void *bytes, size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* Writes c as a live run does; returns the file's contents, malloc'ed. */
static inline unsigned char *fixture__write(const struct capture *c, size_t *len)
{
	struct capture_writer *w = capture_writer__new();
	int fd = memfd_create("capture", MFD_CLOEXEC);
	unsigned char *bytes;

	for (size_t i = 0; i < c->processes_n; i++)
		capture_writer__process(w, &c->processes[i]);
	for (size_t i = 0; i < c->threads_n; i++)
		capture_writer__thread(w, &c->threads[i]);
	for (size_t i = 0; i < c->cpus_n; i++)
		capture_writer__cpu(w, &c->cpus[i]);
	for (size_t i = 0; i < c->locks_n; i++)
		capture_writer__lock(w, &c->locks[i]);
	for (size_t i = 0; i < c->cgroups_n; i++)
		capture_writer__cgroup(w, &c->cgroups[i]);
	for (size_t i = 0; i < c->intervals_n; i++)
		capture_writer__interval(w, &c->intervals[i]);
	for (size_t i = 0; i < c->blame_n; i++)
		capture_writer__blame(w, &c->blame[i]);
	for (size_t i = 0; i < c->samples_n; i++)
		capture_writer__sample(w, &c->samples[i]);
	for (size_t i = 0; i < c->cases_n; i++)
		capture_writer__case(w, &c->cases[i]);
	for (size_t i = 0; i < c->frames_n; i++)
		capture_writer__frame(w, &c->frames[i]);
	for (size_t i = 0; i < c->nodes_n; i++)
		capture_writer__node(w, &c->nodes[i]);
	if (fd < 0 || capture_writer__end(w, &c->info, fd) != 0)
		abort();
	capture_writer__free(w);
	*len = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(*len + 1);
	if (pread(fd, bytes, *len, 0) != (ssize_t)*len)
		abort();
	close(fd);
	return bytes;
}

static inline struct capture *fixture__read(const void *bytes, size_t len, char *err,
					    size_t err_len)
{
	int fd = fixture__file(bytes, len);
	struct capture *c = capture__read(fd, err, err_len);

	close(fd);
	return c;
}

#endif
