/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that blame is about, by process and fs base, and where each stands in its wait. Pure; memory is
 * bounded.
 */
#ifndef GILPROF_BLAME_THREAD_H
#define GILPROF_BLAME_THREAD_H

#include <stdint.h>

#include "waits.h"

enum blame_state {
	BLAME_AWAKE,
	BLAME_ASLEEP,
	BLAME_WOKEN /* its sleep is not part of its wait yet: the next look may tell more */
};

struct blame_thread {
	struct wait_thread id;
	uint64_t ran_since; /* when it last got a CPU */
	enum blame_state state;
	uint64_t begin, end; /* of its sleep */
	uint64_t queued;     /* since when it was in a run queue before it ran; 0: it was not */
	struct wait *wait;
};

struct blame_threads;

struct blame_threads *blame_threads__new(struct waits *waits); /* NULL and ENOMEM */
void blame_threads__free(struct blame_threads *ts);	       /* NULL is fine */

/* Who has this fs base now; NULL: not known, or `tls` is 0. */
struct blame_thread *blame_threads__find(const struct blame_threads *ts, uint64_t key,
					 uint64_t tls);
/* The same, closing one with another TID, that has ended. NULL: no memory, or too many. */
struct blame_thread *blame_threads__get(struct blame_threads *ts, const struct wait_thread *id);

/* Its sleep has ended, and the queueing behind it: if it has just been woken. */
void blame_thread__settle(struct blame_thread *t);

/* It has ended at `end`, or the window has: so has its wait. */
void blame_thread__close(struct blame_thread *t, uint64_t end);
void blame_threads__close(struct blame_threads *ts, uint64_t end); /* all of them */

#endif
