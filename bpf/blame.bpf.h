/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space needs to know of each GIL to tell who made whom wait: the steps of the threads around
 * it, while somebody waits for it or its holder is off its CPU. Nobody waits: nothing is told.
 */
#ifndef GILPROF_BLAME_BPF_H
#define GILPROF_BLAME_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

extern u32 blame_waiters; /* threads that wait for a GIL now */
/* Set by user space, where there is too much to tell: see struct wire_gil_event. */
extern u32 blame_sparse;
extern u32 blame_slice_shift;

/* Is this a time that is told of? */
static __always_inline bool blame__is_told(u64 now)
{
	return !((now >> (blame_slice_shift & 63)) & (blame_sparse - 1));
}

/* The current thread t has left its CPU, at `now`; t->leave and t->look say how. Global: see python.bpf.h. */
int blame__tell_left(struct wire_thread *t, u64 now, u64 ran_since);

/* The thread gets a CPU, having been in state `was`, the last `queued` ns in a run queue. */
int blame__tell_ran(struct wire_thread *t, u64 now, u64 queued, u32 was);

/*
 * The stack of the current thread, which goes to sleep, if it is its turn; else 0. At the end of the
 * sleep blame__tell_off tells of both.
 */
u64 blame__walk_own(struct wire_thread *t, u64 now);
int blame__tell_off(struct wire_thread *t, u64 now);

/* A thread that waits already when the window opens, or sleeps with a GIL; of others it tells nothing. */
int blame__tell_seed(struct wire_thread *t, u64 now);

/* It will not wait any more: it has ended. */
static __always_inline void blame__forget(struct wire_thread *t)
{
	if (!t->waits)
		return;
	t->waits = 0;
	__sync_fetch_and_add(&blame_waiters, -1);
}

#endif
