/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waited for which lock, as the kernel side tells it, made fit for a capture: owners are named by
 * their TID in the lock, that is as the target knows them (its PID namespace), and only a thread of the
 * waiter's own process is believed to be one.
 *
 * First the threads, then the locks, then the rows.
 */
#ifndef GILPROF_LOCKS_H
#define GILPROF_LOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "../bpf/mutex.h"
#include "../bpf/wire.h"

struct locks;

struct locks_row {
	uint64_t key, address;
	uint32_t pid, tid, owner_tid; /* 0: not known, or several */
	uint64_t wait_ns, count;
};

struct locks *locks__new(void);	   /* NULL and ENOMEM */
void locks__free(struct locks *l); /* NULL is fine */

/* A thread's final record. 0 or -ENOMEM, as below. */
int locks__thread(struct locks *l, const struct wire_thread *t);

int locks__add(struct locks *l, const struct wire_lock_key *k, uint32_t pid, uint64_t wait_ns,
	       uint64_t count);

/*
 * A wait that was open all the time, so that the kernel side has not seen it begin: `head` is what lies at
 * its lock now. Its owner's TID; 0: not known.
 */
uint32_t locks__owner(struct locks *l, uint64_t key, const struct mutex_head *head);

/* All of them, in a fixed order; returns how many. */
size_t locks__rows(struct locks *l, const struct locks_row **rows);

#endif
