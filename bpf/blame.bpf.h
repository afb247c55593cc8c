/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space needs to know of each GIL to tell who made whom wait: the steps of the threads around
 * it, while somebody waits for it or its holder is off its CPU. Nobody waits: nothing is told.
 */
#ifndef GILPROF_BLAME_BPF_H
#define GILPROF_BLAME_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "cpu.bpf.h"
#include "wire.h"

/* [0]: threads that wait for a GIL now. Alone in its cache line, since whoever waits or has waited writes to it. */
extern u32 blame_waiters[16];
/* Set by user space, where there is too much to tell: see struct wire_gil_event. */
extern u32 blame_sparse;
extern u32 blame_slice_shift;

/* Is this a time that is told of? */
static __always_inline bool blame__is_told(u64 now)
{
	return !((now >> (blame_slice_shift & 63)) & (blame_sparse - 1));
}

/* It waits from now on. */
static __always_inline void blame__remember(struct wire_thread *t)
{
	t->waits = 1;
	__sync_fetch_and_add(&blame_waiters[0], 1);
}

/* It will not wait any more: it has got what it waited for, or has ended. */
static __always_inline void blame__forget(struct wire_thread *t)
{
	if (!t->waits)
		return;
	t->waits = 0;
	__sync_fetch_and_add(&blame_waiters[0], -1);
}

/* What the functions below call when there is something to tell, or to walk. Global: see python.bpf.h. */
int blame__tell_left(struct wire_thread *t, u64 now, u64 ran_since, u64 woken);
int blame__tell_ran(struct wire_thread *t, u64 now, u64 queued, u32 was);
u64 blame__walk_own(struct wire_thread *t, u64 now);

/* The current thread t has left its CPU, at `now`; t->leave and t->look say how. */
static __always_inline void blame__left(struct wire_thread *t, u64 now, u64 ran_since)
{
	u64 woken = t->woken;

	t->woken = 0;
	t->resolves = 0;
	if (t->leave.state == ST_GIL_WAIT && !t->waits)
		blame__remember(t);
	if (t->look.interval && blame__is_told(now))
		blame__tell_left(t, now, ran_since, woken);
	else
		t->gaps_n = 0;
}

/* The thread gets a CPU, having been in state `was`, the last `queued` ns in a run queue. */
static __always_inline void blame__ran(struct wire_thread *t, u64 now, u64 queued, u32 was)
{
	u64 woken = now - queued;

	t->resolves |= t->waits;
	blame__forget(t);
	t->timed_out = was == ST_GIL_WAIT && woken > t->since &&
		       account__has_timed_out(t->interval_us, woken - t->since);
	t->ran_at = 0;
	if (blame__is_told(now))
		blame__tell_ran(t, now, queued, was);
	else
		t->gaps_n = 0;
}

/* Between two walks of a thread's own stack, or of a CPU's threads'. */
#define WALK_OWN_NS 10000000ull
#define WALK_CPU_NS 4000000ull
#define WALK_BUSY_NS 2000000ull	   /* not sooner: 64 threads would make 6,400 a second, */
#define WALK_RARE_NS 1000000000ull /* but of who sleeps as rarely, always */

/*
 * The stack of the current thread, which goes to sleep, if it is its turn; else 0. At the end of the
 * sleep blame__tell_off tells of both.
 */
static __always_inline u64 blame__own_stack(struct wire_thread *t, u64 now)
{
	struct wire_cpu *c = cpu__get(bpf_get_smp_processor_id());
	u64 since = now - t->walked, gap;

	if (!c || !t->own_tstate)
		return 0;
	gap = now - c->walked;
	if (gap < WALK_CPU_NS && since < (gap < WALK_BUSY_NS ? WALK_RARE_NS : WALK_OWN_NS))
		return 0;
	return blame__walk_own(t, now);
}

int blame__tell_off(struct wire_thread *t, u64 now);

/* A thread that waits already when the window opens, or sleeps with a GIL; of others it tells nothing. */
int blame__tell_seed(struct wire_thread *t, u64 now);

#endif
