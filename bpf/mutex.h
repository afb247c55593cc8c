/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who holds a lock, by what lies at its futex word: for both sides, and for tests. */
#ifndef GILPROF_MUTEX_H
#define GILPROF_MUTEX_H

#include "types.h"

/*
 * The head of glibc's pthread_mutex_t on 64 bits (sysdeps/x86/nptl/bits/struct_mutex.h and
 * sysdeps/nptl/bits/struct_mutex.h): __lock is the futex word, 2 while somebody waits
 * (sysdeps/nptl/lowlevellock.h). One that a thread holds counts at least one user.
 */
struct mutex_head {
	__u32 lock;
	__u32 count;
	__u32 owner;
	__u32 nusers;
};

#define MUTEX_CONTENDED 2

/*
 * Locks whose futex word itself names the owner: include/uapi/linux/futex.h, FUTEX_WAITERS and
 * FUTEX_TID_MASK. That is the kernel's own layout (PI and robust mutexes); musl's mutexes that know
 * their owner use it, too, and its plain ones have EBUSY there (src/thread/pthread_mutex_trylock.c).
 */
#define MUTEX_WORD_WAITERS 0x80000000u
#define MUTEX_WORD_TID 0x3fffffffu
#define MUTEX_MUSL_PLAIN 16

/* The TID of its owner, who is waited for, in the target's own PID namespace; 0: not known. */
static inline __u32 mutex__owner(const struct mutex_head *m)
{
	__u32 tid = m->lock & MUTEX_WORD_TID;

	if (m->lock == MUTEX_CONTENDED)
		return m->nusers ? m->owner & MUTEX_WORD_TID : 0;
	return m->lock & MUTEX_WORD_WAITERS && tid != MUTEX_MUSL_PLAIN ? tid : 0;
}

#endif
