/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who waited for which lock, and how long: the time in ST_LOCK_WAIT by lock, waiter and owner. All of it
 * comes from the account: what that has charged and has not been told yet is told when the thread runs
 * again, so both agree to the nanosecond.
 */
#ifndef GILPROF_LOCK_BPF_H
#define GILPROF_LOCK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

/*
 * The current thread goes to sleep on the futex word t->lock.word, its stack pointer being `sp`: finds
 * the lock and its owner. One read of its memory. Global: see python.bpf.h.
 */
int lock__look(struct wire_thread *t, u64 sp);

int lock__add(struct wire_thread *t);

/* The account has charged the thread's time up to now. */
static __always_inline void lock__tell(struct wire_thread *t)
{
	if (t->state_ns[ST_LOCK_WAIT] != t->lock.told_ns)
		lock__add(t);
}

#endif
