/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "pyver.h"
#include "syscalls.h"

/* the shared header's types under the names that the skeleton uses */
typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
#include "../bpf/account.h"
#include "gilprof.skel.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define MAX_SEED_PASSES 16
#define MAX_TAKEN 4096 /* events at a turn: 64 threads make them as fast as they can be taken */
#define COPIES_BYTES \
	(16u << 20) /* of the ring where copies of stacks go through it, 64 KiB each at most */

struct session {
	struct gilprof_bpf *skel;
	struct session_listener listener;
	struct ring_buffer *ring;
	struct wire_cpu *cpus; /* the kernel's, mapped */
	uint32_t cpus_n;
	size_t cpus_bytes;
	size_t record_bytes; /* of a struct wire_thread as it travels */
	struct bpf_link **samplers;
	uint64_t ring_lost;	   /* when we last caught up */
	unsigned int taken;	   /* events, in this session__poll */
	uint64_t lost[LOST_COUNT]; /* beside what the kernel side counts */
};

static size_t record_bytes(uint32_t cpus)
{
	uint32_t kept = cpus < WIRE_MAX_CPUS ? cpus : WIRE_MAX_CPUS;

	return sizeof(struct wire_thread) - (WIRE_MAX_CPUS - kept) * sizeof(__u64);
}

/* A record as it travels, made whole. */
static void hand_on_thread(struct session *s, const void *record)
{
	struct wire_thread t;

	memset(&t, 0, sizeof(t));
	memcpy(&t, record, s->record_bytes);
	s->listener.thread(s->listener.ctx, &t);
}

/* -EAGAIN ends this turn; the event has been taken. */
static int on_event(void *ctx, void *data, size_t len)
{
	struct session *s = ctx;
	const struct wire_event *h = data;
	const struct wire_exec_event *x = data;

	if (h->type >= EV_CODE && h->type <= EV_MEMORY)
		s->listener.explain(s->listener.ctx, h, len);
	else if (h->type == EV_THREAD && len >= sizeof(*h) + s->record_bytes)
		hand_on_thread(s, (const char *)data + sizeof(*h));
	else if (h->type == EV_EXEC && len >= sizeof(*x))
		s->listener.process(s->listener.ctx, &x->p, x->args, x->args_len);
	else if (h->type < EV_THREAD && len >= sizeof(struct wire_process_event))
		s->listener.process(s->listener.ctx, data, NULL, 0);
	return ++s->taken < MAX_TAKEN ? 0 : -EAGAIN;
}

static void configure(struct session *s, const struct session_options *o, bool old_switch)
{
	struct gilprof_bpf *b = s->skel;

	bpf_map__set_max_entries(b->maps.cpus, s->cpus_n);
	b->rodata->record_size = (u32)s->record_bytes;
	b->rodata->follow_children = o->children;
	b->rodata->iter_children = o->children;
	b->rodata->drop_every = o->drop_every;
	b->rodata->miss_every = o->miss_every;
	b->rodata->sample_stack_every = o->stack_every;
	b->rodata->native_how = o->native;
	if (o->native == NATIVE_DWARF) {
		b->rodata->ring_bytes = COPIES_BYTES;
		bpf_map__set_max_entries(b->maps.events, COPIES_BYTES);
		bpf_map__set_max_entries(b->maps.native_memory, s->cpus_n);
	}
	syscalls__classes((uint8_t *)b->rodata->syscall_class);
	syscalls__classes_ia32((uint8_t *)b->rodata->syscall_class_ia32);
	memcpy((void *)b->rodata->gil_words, pyver__gil_words, sizeof(b->rodata->gil_words));
	bpf_program__set_autoload(b->progs.sched_switch, !old_switch);
	bpf_program__set_autoload(b->progs.sched_switch_old, old_switch);
}

static int load(struct session *s, const struct session_options *o, bool old_switch)
{
	int err;

	s->skel = gilprof_bpf__open();
	if (!s->skel)
		return -errno;
	configure(s, o, old_switch);
	err = gilprof_bpf__load(s->skel);
	if (err) {
		gilprof_bpf__destroy(s->skel);
		s->skel = NULL;
	}
	return err;
}

static int explain(int err, const char *what)
{
	if (access(VMLINUX_BTF, R_OK)) {
		log__error("this kernel has no type information (%s): it must be built with "
			   "CONFIG_DEBUG_INFO_BTF",
			   VMLINUX_BTF);
		return -ENOTSUP;
	}
	if (err == -EPERM) { /* the verifier says -EACCES */
		log__error("no permission to %s: run as root, or with CAP_BPF, CAP_PERFMON and "
			   "CAP_SYS_PTRACE",
			   what);
		return err;
	}
	log__error("the kernel refuses to %s: %s", what, strerror(-err));
	return -ENOTSUP;
}

static int map_cpus(struct session *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	s->cpus_bytes = (s->cpus_n * sizeof(struct wire_cpu) + page - 1) / page * page;
	s->cpus = mmap(NULL, s->cpus_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(s->skel->maps.cpus),
		       0);
	if (s->cpus != MAP_FAILED)
		return 0;
	s->cpus = NULL;
	return -errno;
}

static int attach_sampler(struct session *s, uint32_t cpu, uint32_t hz)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		/* a fixed period: a frequency would make perf adjust it again and again */
		.sample_period = NSEC_PER_SEC / hz,
		.exclude_idle = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV ? 0 : -errno; /* this CPU is off-line */
	s->samplers[cpu] = bpf_program__attach_perf_event(s->skel->progs.sample, fd);
	if (s->samplers[cpu])
		return 0;
	close(fd);
	return -errno;
}

static int attach_programs(struct session *s)
{
	bpf_program__set_autoattach(s->skel->progs.sched_wakeup, false);
	return gilprof_bpf__attach(s->skel);
}

/* Where the kernel does not say how long a task has been queued, its wake-ups must. */
static int attach_wakeup(struct session *s)
{
	struct gilprof_bpf *b = s->skel;

	if (b->bss->iter_queue_times || b->links.sched_wakeup)
		return 0;
	b->links.sched_wakeup = bpf_program__attach(b->progs.sched_wakeup);
	return b->links.sched_wakeup ? 0 : -errno;
}

static int attach(struct session *s, const struct session_options *o)
{
	int err;

	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.events), on_event, s, NULL);
	s->samplers = calloc(s->cpus_n, sizeof(*s->samplers));
	if (!s->ring || !s->samplers)
		return -errno;
	err = map_cpus(s);
	if (!err)
		err = attach_programs(s);
	for (uint32_t cpu = 0; !err && cpu < s->cpus_n; cpu++)
		err = attach_sampler(s, cpu, o->state_hz);
	return err;
}

int session__open(const struct session_options *o, const struct session_listener *l,
		  struct session **out)
{
	int cpus = libbpf_num_possible_cpus(), err;
	struct session *s;

	s = calloc(1, sizeof(*s));
	if (!s || cpus <= 0) {
		free(s);
		return explain(cpus < 0 ? cpus : -ENOMEM, "count the CPUs");
	}
	s->listener = *l;
	s->cpus_n = (uint32_t)cpus;
	s->record_bytes = record_bytes(s->cpus_n);
	err = load(s, o, false);
	if (err && err != -EPERM) /* before v5.18 sched_switch had no prev_state */
		err = load(s, o, true) ? err : 0;
	if (err) {
		session__free(s);
		return explain(err, "load BPF programs");
	}
	err = attach(s, o);
	if (err) {
		session__free(s);
		return explain(err, "attach BPF programs");
	}
	*out = s;
	return 0;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	for (uint32_t cpu = 0; s->samplers && cpu < s->cpus_n; cpu++)
		bpf_link__destroy(s->samplers[cpu]);
	free(s->samplers);
	ring_buffer__free(s->ring);
	if (s->cpus)
		munmap(s->cpus, s->cpus_bytes);
	gilprof_bpf__destroy(s->skel);
	free(s);
}

int session__add_root(struct session *s, pid_t tgid)
{
	__u32 key = (__u32)tgid, one = 1;

	return bpf_map__update_elem(s->skel->maps.roots, &key, sizeof(key), &one, sizeof(one), 0);
}

void session__start_at_exec(struct session *s, pid_t tgid)
{
	s->skel->bss->command_tgid = (u32)tgid;
}

/* Reads exactly len bytes from an iterator; 0 at its end, -errno, or len. */
static ssize_t read_whole(int fd, void *to, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, (char *)to + have, len - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EPROTO : 0;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* Runs the task iterator once; on_record gets each record of `len` bytes that it writes. */
static int run_pass(struct session *s, enum wire_pass pass, size_t len,
		    void (*on_record)(struct session *s, const void *record))
{
	char record[sizeof(struct wire_thread)];
	cleanup_close int fd = -1;
	ssize_t n;

	s->skel->bss->iter_pass = pass;
	fd = bpf_iter_create(bpf_link__fd(s->skel->links.tasks));
	if (fd < 0)
		return -errno;
	while ((n = read_whole(fd, record, len)) > 0)
		on_record(s, record);
	return (int)n;
}

static void hand_on_process(struct session *s, const void *record)
{
	s->listener.process(s->listener.ctx, record, NULL, 0);
}

int session__seed(struct session *s)
{
	int err = 0;

	/* threads and children may be born while the iterator walks: until a pass finds none */
	for (int i = 0; i < MAX_SEED_PASSES && !err; i++) {
		s->skel->bss->iter_found = 0;
		err = run_pass(s, PASS_SEED, sizeof(struct wire_process_event), hand_on_process);
		if (!s->skel->bss->iter_found)
			break;
	}
	return err ? err : attach_wakeup(s);
}

/* Not a seed: that opens records, which is for before the window; the kernel side has missed nothing. */
int session__catch_up(struct session *s)
{
	uint64_t lost = 0;

	for (uint32_t cpu = 0; cpu < s->cpus_n; cpu++)
		lost += s->cpus[cpu].lost[LOST_RING_FULL];
	if (lost == s->ring_lost)
		return 0;
	s->ring_lost = lost;
	return run_pass(s, PASS_LIST, sizeof(struct wire_process_event), hand_on_process);
}

int session__set_python(struct session *s, pid_t tgid, const struct wire_python *p)
{
	__u32 key = (__u32)tgid;
	int err = bpf_map__update_elem(s->skel->maps.pythons, &key, sizeof(key), p, sizeof(*p), 0);

	__atomic_fetch_add(&s->skel->data->python_gen, 1, __ATOMIC_SEQ_CST);
	return err;
}

/* The kernel side does so, too, but what was published after the exit would stay. */
void session__forget_python(struct session *s, pid_t tgid, uint64_t key)
{
	struct wire_python p;
	__u32 at = (__u32)tgid;
	int fd = bpf_map__fd(s->skel->maps.pythons);

	if (!bpf_map_lookup_elem(fd, &at, &p) &&
	    p.key == key) /* else the PID is another's by now */
		bpf_map_delete_elem(fd, &at);
}

void session__note_lost(struct session *s, enum wire_lost cause)
{
	s->lost[cause]++;
}

void session__set_sparse(struct session *s, uint32_t n, uint32_t slice_shift)
{
	__atomic_store_n(&s->skel->data->blame_slice_shift, slice_shift, __ATOMIC_RELAXED);
	__atomic_store_n(&s->skel->data->blame_sparse, n, __ATOMIC_RELAXED);
}

int session__start(struct session *s)
{
	__atomic_store_n(&s->skel->data->window.start, clock__now(), __ATOMIC_SEQ_CST);
	return run_pass(s, PASS_MARK_BEGIN, sizeof(struct wire_thread), hand_on_thread);
}

uint64_t session__start_ns(const struct session *s)
{
	uint64_t start = __atomic_load_n(&s->skel->data->window.start, __ATOMIC_SEQ_CST);

	return start == ~0ull ? 0 : start;
}

uint64_t session__end_ns(const struct session *s)
{
	uint64_t end = s->skel->data->window.end;

	return end == ~0ull ? 0 : end;
}

int session__fd(const struct session *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

int session__poll(struct session *s)
{
	int n;

	s->taken = 0;
	n = ring_buffer__consume(s->ring);
	return n < 0 && n != -EAGAIN ? n : n == -EAGAIN;
}

/* Takes all that is there, once nobody adds to it any more. */
static int drain(struct session *s)
{
	int n;

	do
		n = session__poll(s);
	while (n > 0);
	return n;
}

/* No BPF program that began before this returns is still running. */
static void wait_for_programs(void)
{
	static const struct timespec grace = { .tv_nsec = 20 * NSEC_PER_MSEC };

	/* programs run with preemption off or in an RCU reader: this waits for all of those */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&grace, NULL);
}

static int read_locks(struct session *s, struct wire_lock_key *keys, struct wire_lock_use *uses)
{
	__u32 next, n = WIRE_LOCKS;
	int err;

	err = bpf_map_lookup_batch(bpf_map__fd(s->skel->maps.locks), NULL, &next, keys, uses, &n,
				   NULL);
	if (err && err != -ENOENT) /* that is the end of the map */
		return err;
	for (__u32 i = 0; i < n; i++)
		s->listener.lock(s->listener.ctx, &keys[i], &uses[i]);
	return 0;
}

/* The window is closed: nobody adds to the map any more. */
static int hand_on_locks(struct session *s)
{
	struct wire_lock_key *keys = calloc(WIRE_LOCKS, sizeof(*keys));
	struct wire_lock_use *uses = calloc(WIRE_LOCKS, sizeof(*uses));
	int err = keys && uses ? read_locks(s, keys, uses) : -ENOMEM;

	free(keys);
	free(uses);
	return err;
}

/*
 * Marking does not wait for programs that began before the end: the wait takes tens of ms, by which
 * what the kernel has booked (the second source of law 4) would be late. Such a program is through
 * with a thread some µs after the end, before the iterator comes by.
 */
int session__stop(struct session *s)
{
	int err, polled, closed, locks, last;

	__atomic_store_n(&s->skel->data->window.end, clock__now(), __ATOMIC_SEQ_CST);
	err = run_pass(s, PASS_MARK_END, sizeof(struct wire_thread), hand_on_thread);
	wait_for_programs();
	polled = drain(s);
	if (!err)
		err = polled;
	/* whatever came before: else all that was measured of threads that live would be lost */
	closed = run_pass(s, PASS_CLOSE, s->record_bytes, hand_on_thread);
	last = drain(s); /* threads that ended after all before the iterator came by */
	locks = hand_on_locks(s);
	err = err ? err : closed;
	err = err ? err : locks;
	return err ? err : last;
}

uint32_t session__cpus(const struct session *s)
{
	return s->cpus_n;
}

struct wire_cpu session__cpu(const struct session *s, uint32_t cpu)
{
	const struct account_window w = s->skel->data->window;
	struct wire_cpu c = s->cpus[cpu];
	/* a CPU that changed nothing and ran nobody was idle */
	uint32_t now_for = c.on_cpu ? c.on_cpu - 1 : FOR_IDLE;

	if (now_for < FOR_COUNT)
		c.ns[now_for] += account__clip(&w, c.since, w.end);
	return c;
}

static uint64_t target_ns(const struct wire_cpu *cpu, const struct account_window *w, uint64_t now)
{
	uint64_t ns = __atomic_load_n(&cpu->ns[FOR_TARGET], __ATOMIC_ACQUIRE);
	uint64_t since = __atomic_load_n(&cpu->since, __ATOMIC_ACQUIRE);
	bool is_on = __atomic_load_n(&cpu->on_cpu, __ATOMIC_ACQUIRE) == FOR_TARGET + 1;

	return ns + (is_on ? account__clip(w, since, now) : 0);
}

static void add_waits(struct wire_parts *sum, const struct wire_parts *waits)
{
	for (size_t i = 0; i < WIRE_PARTS; i++) {
		sum->ns[i] += __atomic_load_n(&waits->ns[i], __ATOMIC_RELAXED);
		sum->filled[i] += __atomic_load_n(&waits->filled[i], __ATOMIC_RELAXED);
	}
}

void session__work(const struct session *s, struct session_work *work)
{
	const struct account_window w = s->skel->data->window;
	uint64_t now = clock__now();

	memset(work, 0, sizeof(*work));
	work->at = now < w.end ? now : w.end;
	for (uint32_t cpu = 0; cpu < s->cpus_n; cpu++) {
		work->ran_ns += target_ns(&s->cpus[cpu], &w, now);
		add_waits(&work->waits, &s->cpus[cpu].waits);
	}
}

uint64_t session__lag_ns(const struct session *s)
{
	uint64_t ns = 0;

	for (uint32_t cpu = 0; cpu < s->cpus_n; cpu++)
		ns += s->cpus[cpu].lag_last - s->cpus[cpu].lag_first;
	return ns;
}

/* Every program of the skeleton, with what the kernel knows of it. */
static void for_each_program(const struct session *s,
			     void (*f)(const struct bpf_prog_info *info, void *ctx), void *ctx)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, s->skel->obj)
	{
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (bpf_program__fd(p) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
			f(&info, ctx);
	}
}

static void add_misses(const struct bpf_prog_info *info, void *ctx)
{
	uint64_t *misses = ctx;

	*misses += info->recursion_misses;
}

void session__lost(const struct session *s, uint64_t lost[LOST_COUNT])
{
	memcpy(lost, s->lost, sizeof(s->lost));
	for (uint32_t cpu = 0; cpu < s->cpus_n; cpu++) {
		for (size_t i = 0; i < LOST_COUNT; i++)
			lost[i] += s->cpus[cpu].lost[i];
	}
	for_each_program(s, add_misses, &lost[LOST_RECURSION]);
}

static void add_cost(const struct bpf_prog_info *info, void *ctx)
{
	struct session_cost *c = ctx;

	c->run_ns += info->run_time_ns;
	c->runs += info->run_cnt;
}

struct session_cost session__cost(const struct session *s)
{
	struct session_cost c = { 0 };

	for_each_program(s, add_cost, &c);
	return c;
}
