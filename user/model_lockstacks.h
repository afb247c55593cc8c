/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What threads waited for that slept in a lock, as far as their stacks of Python tell. A lock is not always what
 * they want: who waits for work, or for another to end, waits for news; who waits in a semaphore, or for a
 * connection out of a pool, waits until another gives his back. Pure.
 */
#ifndef GILPROF_MODEL_LOCKSTACKS_H
#define GILPROF_MODEL_LOCKSTACKS_H

#include "capture.h"

/* A thread's stacks in lock_wait, ns: all that were seen, and those in which it waited for news, or a pool. */
struct model_stood {
	uint64_t key;
	uint32_t pid, tid;
	uint64_t all_ns, news_ns, pool_ns;
};

struct model_lockstacks {
	size_t threads_n;
	struct model_stood *threads; /* by key, pid, tid */
	/* who asked for what most of the time for pools was waited for; NULL: none was */
	const struct capture_frame *pool;
};

/*
 * News: the standard library's wait, wait_for and join of threading.py, _worker of
 * concurrent/futures/thread.py. A pool: wait and wait_for within Semaphore.acquire; or, maybe by get of queue.py,
 * within a function that takes something (get..., acquire..., checkout..., ...) of what has "pool" in the name
 * of its class, its file or that file's folder, and nothing of work, as a pool of threads has. Before 3.11 the
 * class is not known. NULL and ENOMEM.
 */
struct model_lockstacks *model_lockstacks__new(const struct capture *c);
void model_lockstacks__free(struct model_lockstacks *l); /* NULL is fine */

/* Those of a thread; NULL: none was seen. */
const struct model_stood *model_lockstacks__find(const struct model_lockstacks *l, uint64_t key,
						 uint32_t pid, uint32_t tid);

#endif
