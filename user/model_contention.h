/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contended locks (design section 4): those that threads keep each other waiting for, as a lock around
 * shared data. A thread that waits for work, or for another to end, sleeps in a lock, too, and keeps nobody
 * waiting. Whom a waiter was woken by is not in a capture, so what is there has to do:
 *
 * - two or more threads of the process waited for it, ten or more times a second together;
 * - of a thread's waits for locks, the share in which it stood in a wait for news does not count, and that in a
 *   wait for a pool that is used up does (user/model_lockstacks.h), by two threads of the process and one wait a
 *   second: the lock that it sleeps in is its own then. Only where Python's stacks are known can that be told.
 *
 * So a pool of threads that a program of another language, or a queue of C, feeds with many short jobs
 * through one lock counts as contended. Pure.
 */
#ifndef GILPROF_MODEL_CONTENTION_H
#define GILPROF_MODEL_CONTENTION_H

#include "model.h"
#include "model_locks.h"

struct model_contended {
	uint64_t key;
	uint32_t pid, tid;
	uint64_t ns;	  /* that this thread waited for contended locks and pools, */
	uint64_t pool_ns; /* of that, for pools, */
	uint64_t all_ns;  /* and for all locks, */
	uint64_t count;	  /* times, but for contended ones */
};

struct model_contention {
	double waiting;	 /* mean number of threads that wait for contended locks and pools: K */
	double for_pool; /* of these, for pools that are used up (semaphores, connections) */
	const struct capture_frame *pool; /* who asked for those waited for most; NULL: not known */
	struct model_locks *locks;	  /* all, contended or not */
	const struct model_lock *worst; /* the contended one waited for most; NULL: there is none */
	size_t threads_n;
	struct model_contended *threads; /* by key, pid, tid */
};

struct model_contention *model_contention__new(const struct model *m); /* NULL and ENOMEM */
void model_contention__free(struct model_contention *c);	       /* NULL is fine */

/* What a thread waited for contended locks and pools, ns. */
uint64_t model_contention__of(const struct model_contention *c, const struct capture_thread *t);

#endif
