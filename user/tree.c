/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture_merge.h"
#include "cgroups.h"
#include "clock.h"
#include "explain.h"
#include "locks.h"
#include "log.h"
#include "lookout.h"
#include "memory_peak.h"
#include "processes.h"
#include "procmem.h"
#include "row.h"

/* What is kept, so that memory is bounded whatever the target does; the rest is added up. */
#define MAX_ROWS 20000 /* of threads that have ended */
#define NAMED_PROCESSES 256
#define LOOK_AT_ALL_NS (3 * NSEC_PER_SEC) /* hostile processes may not keep us from beginning */
#define MARK_NS NSEC_PER_SEC
#define TICK_NS (100 * NSEC_PER_MSEC)
#define MAX_STUCK_LOCKS 256
#define DEAR_PROCESSES 64 /* some files take long to read: not for a thousand processes */

struct tree {
	struct capture_writer *writer;
	struct session *session;
	struct lookout lookout;
	struct memory_peak memory_peak;
	struct explain *explain;
	struct locks *locks;
	struct processes *processes;
	struct cgroups *cgroups;
	size_t noted_n; /* processes whose native code was noted */
	size_t turn;	/* whom tree__tick begins with */
	uint64_t rows;
	uint64_t merged; /* threads without a row of their own */
	int err;
};

static size_t count(const struct tree *t)
{
	return processes__count(t->processes);
}

static struct process *find(const struct tree *t, uint64_t key, uint32_t pid)
{
	return processes__find(t->processes, key, pid);
}

void tree__look_at_all(struct tree *t)
{
	size_t late = 0;

	lookout__hurry(&t->lookout, LOOK_AT_ALL_NS);
	for (size_t i = 0; i < count(t); i++)
		late += !lookout__look(&t->lookout, processes__at(t->processes, i));
	if (late)
		log__warn("%zu of %zu processes are looked at only while recording: of their GILs "
			  "nothing is known until then",
			  late, count(t));
	lookout__begin(&t->lookout, t->session); /* that was before the window: no budget yet */
}

/* Its native code, for the names: dear, so not for a thousand processes. */
static void note_code(struct tree *t, struct process *p)
{
	if (p->ended || (!p->noted && t->noted_n >= NAMED_PROCESSES))
		return;
	t->noted_n += !p->noted;
	p->noted = true;
	explain__process(t->explain, p->key, (pid_t)p->pid);
}

/* Who held its GILs when the window opened, as far as can be told. */
static void note_holders(struct tree *t, const struct process *p)
{
	uint64_t start = session__start_ns(t->session);

	for (size_t i = 0; i < p->gils_n && start && !session__end_ns(t->session); i++)
		explain__holder(t->explain, p->key, p->gils[i].address, p->gils[i].holder, start);
}

void tree__mark(struct tree *t)
{
	struct process *p;

	lookout__hurry(&t->lookout, MARK_NS);
	for (size_t i = 0; i < count(t); i++) {
		p = processes__at(t->processes, i);
		lookout__mark(&t->lookout, p);
		note_code(t, p);
		note_holders(t, p);
	}
	lookout__begin(&t->lookout, t->session);
}

/* One that lives to the end is asked then, one that borrows its parent's memory has none. */
static void look_at_memory(struct tree *t, struct process *p, uint64_t now)
{
	if (!p->ended && !p->borrows_memory && count(t) <= DEAR_PROCESSES)
		memory__tick(&p->memory, (pid_t)p->pid, now);
}

void tree__open(struct tree *t)
{
	cgroups__begin(t->cgroups);
}

void tree__close(struct tree *t)
{
	cgroups__end(t->cgroups);
}

uint64_t tree__tick(struct tree *t, uint64_t now)
{
	uint64_t next = UINT64_MAX, want, began = clock__now();
	struct process *p;

	cgroups__tick(t->cgroups, now);
	for (size_t i = 0; i < count(t); i++) {
		if (clock__now() - began > TICK_NS)
			return now; /* the ring and the signals first */
		if (t->turn >= count(t))
			t->turn = 0;
		p = processes__at(t->processes, t->turn++);
		want = lookout__tick(&t->lookout, p, now);
		look_at_memory(t, p, now);
		if (p->settled && !p->noted)
			note_code(t, p);
		if (want < next)
			next = want;
	}
	return next;
}

static void begin_program(struct process *p, const struct wire_process_event *e)
{
	process__new_program(p, e->execs, e->h.time);
	lookout__expect(p, e->h.time);
}

/* The iterator's view of it, which knows of execs whose event was lost. */
static void see(struct process *p, const struct wire_process_event *e)
{
	bool missed = e->execs > p->execs;

	p->borrows_memory = e->borrows_memory;
	if (!missed)
		return;
	begin_program(p, e);
	process__forget_args(p);
}

static void tell(struct tree *t, struct process *p, const struct wire_process_event *e,
		 const char *args, size_t args_len)
{
	switch (e->h.type) {
	case EV_FORK:
		p->borrows_memory = e->borrows_memory;
		process__inherit(p, find(t, e->parent_key, e->ppid), e->h.time);
		break;
	case EV_EXEC:
		if (e->execs < p->execs)
			break; /* the iterator has seen a later one */
		begin_program(p, e);
		process__set_args(p, args, args_len);
		break;
	case EV_EXIT:
		lookout__end(&t->lookout, p);
		p->status = e->status;
		break;
	default: /* EV_SEEN */
		see(p, e);
		if (count(t) <= DEAR_PROCESSES && !p->born) /* it may be gone at the end */
			allowance__read(&p->allowance, (pid_t)p->pid, t->cgroups);
	}
}

static void on_process(void *ctx, const struct wire_process_event *e, const char *args, size_t len)
{
	struct tree *t = ctx;
	struct process *p = find(t, e->h.key, e->h.tgid);

	if (!p)
		p = processes__add(t->processes, e->h.key, e->h.tgid);
	if (!p)
		return; /* its threads will be added to the others */
	process__set_comm(p, e->comm);
	if (e->ppid && !p->ppid) /* later it may be who adopts orphans */
		p->ppid = e->ppid;
	tell(t, p, e, args, len);
}

static int merge(struct tree *t, struct process *p, struct capture_thread *row)
{
	t->merged++;
	if (p->merged) {
		capture_thread__add(p->merged, row);
		p->merged->merged += row->merged;
		row__release(row);
		return 0;
	}
	p->merged = malloc(sizeof(*row));
	if (!p->merged) {
		row__release(row);
		return -ENOMEM;
	}
	*p->merged = *row;
	p->merged->tid = 0;
	p->merged->key = p->key;
	p->merged->pid = p->pid;
	return 0;
}

static int keep(struct tree *t, struct capture_thread *row)
{
	int err = capture_writer__thread(t->writer, row);

	row__release(row);
	t->rows++;
	return err;
}

/* The process that a thread's record goes to. */
static struct process *process_of(struct tree *t, const struct wire_thread *w)
{
	struct process *p = find(t, w->key, w->tgid);

	if (p)
		return p;
	p = processes__add(t->processes, w->key, w->tgid); /* the news of its birth was lost */
	if (!p)
		return processes__need_others(t->processes);
	process__set_comm(p, w->comm);
	return p;
}

static void on_thread(void *ctx, const struct wire_thread *w)
{
	struct tree *t = ctx;
	struct process *p = process_of(t, w);
	struct capture_thread row;
	int err = p ? row__from_wire(w, session__cpus(t->session), &row) : -ENOMEM;

	explain__thread(t->explain, w);
	if (!err)
		err = locks__thread(t->locks, w);
	if (!err) {
		process__note_uses(p, w);
		if (p == processes__others(t->processes) || (row.exited && t->rows >= MAX_ROWS))
			err = merge(t, p, &row);
		else
			err = keep(t, &row);
	}
	t->err = t->err ? t->err : err;
}

static void on_explain(void *ctx, const struct wire_event *h, size_t len)
{
	struct tree *t = ctx;
	const struct process *p = h->type == EV_CODE ? find(t, h->key, h->tgid) : NULL;
	struct process *note;

	if (!explain__event(t->explain, h, len, p ? &p->python.frames : NULL))
		return;
	note = find(t, h->key, h->tgid);
	if (note)
		note_code(t, note);
	explain__event(t->explain, h, len, NULL);
}

static void on_lock(void *ctx, const struct wire_lock_key *k, const struct wire_lock_use *u)
{
	struct tree *t = ctx;
	int err = locks__add(t->locks, k, u->tgid, u->wait_ns, u->count);

	t->err = t->err ? t->err : err;
}

/* Has the wait been open all through the window, as in a deadlock? */
static bool is_stuck(const struct locks_row *row, uint64_t window)
{
	return row->count == 1 && row->address && !row->owner_tid && row->wait_ns >= window;
}

static uint32_t owner_now(struct tree *t, const struct locks_row *row)
{
	struct mutex_head head = { 0 };
	struct procmem mem;
	int err = procmem__open(&mem, (pid_t)row->pid);

	if (err)
		return 0;
	err = procmem__read(&mem, row->address, &head, sizeof(head));
	procmem__close(&mem);
	return err ? 0 : locks__owner(t->locks, row->key, &head);
}

static int write_locks(struct tree *t, uint64_t window)
{
	struct capture_lock others = { 0 }; /* of processes that are not kept */
	size_t looks = MAX_STUCK_LOCKS;
	const struct locks_row *rows;
	size_t n = locks__rows(t->locks, &rows);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct capture_lock row = {
			.key = rows[i].key,
			.pid = rows[i].pid,
			.address = rows[i].address,
			.tid = rows[i].tid,
			.owner_tid = rows[i].owner_tid,
			.wait_ns = rows[i].wait_ns,
			.count = rows[i].count,
		};
		const struct process *p = find(t, row.key, row.pid);

		if (p && !p->ended && looks && is_stuck(&rows[i], window)) {
			looks--;
			row.owner_tid = owner_now(t, &rows[i]);
		}
		if (p) {
			err = capture_writer__lock(t->writer, &row);
			continue;
		}
		others.wait_ns += row.wait_ns;
		others.count += row.count;
	}
	if (others.count && processes__others(t->processes) && !err)
		err = capture_writer__lock(t->writer, &others);
	return err;
}

/* The walk at the window's `end` has seen it, but for what was too dear for all. */
static void look_at_last(struct process *p, uint64_t end, bool dear)
{
	if (!p->ended && (p->memory.at < end || (dear && !p->memory.pss_bytes)))
		memory__look(&p->memory, (pid_t)p->pid, dear);
}

static int write_process(struct tree *t, struct process *p, uint64_t start, bool dear)
{
	int err;

	for (size_t i = 0; i < p->gils_n; i++)
		p->gils[i].waits = explain__under_holds(t->explain, p->key, p->gils[i].address);
	err = process__write(p, t->writer, start, dear, t->cgroups);

	return !err && p->merged ? capture_writer__thread(t->writer, p->merged) : err;
}

int tree__finish(struct tree *t, uint64_t start, uint64_t end)
{
	struct process *others = processes__others(t->processes);
	int err = 0;

	memory_peak__walk(&t->memory_peak, t->processes, end);
	explain__close(t->explain, end);
	for (size_t i = 0; i < count(t) && !err; i++) {
		look_at_last(processes__at(t->processes, i), end, i < DEAR_PROCESSES);
		err = write_process(t, processes__at(t->processes, i), start, i < DEAR_PROCESSES);
	}
	if (others && !err)
		err = write_process(t, others, start, false);
	if (!err)
		err = cgroups__write(t->cgroups, t->writer, start);
	if (!err)
		err = write_locks(t, end > start ? end - start : 0);
	if (!err)
		err = explain__write(t->explain, t->writer, start);
	return err;
}

void tree__end_child(struct tree *t)
{
	explain__end_child(t->explain);
}

uint64_t tree__lost(const struct tree *t)
{
	return explain__lost(t->explain);
}

uint64_t tree__lost_unwinds(const struct tree *t)
{
	return explain__lost_unwinds(t->explain);
}

uint64_t tree__mean_sleep(const struct tree *t)
{
	return explain__mean_sleep(t->explain);
}

uint64_t tree__work(const struct tree *t)
{
	return explain__work(t->explain);
}

bool tree__complete(const struct tree *t)
{
	return !t->err;
}

uint64_t tree__tick_memory(struct tree *t, uint64_t now)
{
	return memory_peak__tick(&t->memory_peak, t->processes, now);
}

struct capture_memory_peak tree__memory_peak(const struct tree *t, uint64_t start)
{
	return memory_peak__result(&t->memory_peak, start);
}

uint64_t tree__merged(const struct tree *t)
{
	return t->merged;
}

struct tree *tree__new(struct capture_writer *writer, enum wire_native native)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->writer = writer;
	t->explain = explain__new(native);
	t->locks = locks__new();
	t->processes = processes__new();
	t->cgroups = cgroups__new();
	if (t->explain && t->locks && t->processes && t->cgroups)
		return t;
	tree__free(t);
	return NULL;
}

void tree__free(struct tree *t)
{
	if (!t)
		return;
	processes__free(t->processes);
	explain__free(t->explain);
	locks__free(t->locks);
	cgroups__free(t->cgroups);
	free(t);
}

struct session_listener tree__listener(struct tree *t)
{
	return (struct session_listener){ t, on_process, on_thread, on_lock, on_explain };
}

void tree__use(struct tree *t, struct session *s)
{
	t->session = s;
	lookout__begin(&t->lookout, s);
}
