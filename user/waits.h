/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What threads wait for a GIL, and charging it. A wait is a chain of sleeps, with the time in a run queue
 * behind each. Its parts are put off until it is over, then charged to holders along the timeline of the
 * GIL: how a holder came back to its CPU, and when it had been woken, only its own steps tell, and it must
 * have come back to give the GIL up. Used by user/blame.c, which reads from the steps what is slept when.
 * Pure; memory is bounded.
 */
#ifndef GILPROF_WAITS_H
#define GILPROF_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blame.h"
#include "blame_gil.h"
#include "ledger.h"

struct waits; /* of all threads */
struct wait;  /* of one thread, one after the other */

/* The TID of the thread that now has an fs base; 0: not known. */
typedef uint32_t waits_tid_of(void *ctx, uint64_t key, uint64_t tls);

struct waits *waits__new(waits_tid_of *tid_of, void *ctx); /* NULL and ENOMEM */
void waits__free(struct waits *ws);			   /* NULL is fine; each wait first */

/* All that was charged. */
struct ledger *waits__ledger(struct waits *ws);
/* The longest that are over, the longest first; returns their number. */
size_t waits__longest(const struct waits *ws, const struct blame_case **cases);
/* Of the sleeps that are charged, on average, ns; 0: none is. */
uint64_t waits__mean_sleep(const struct waits *ws);
/* How many charges were made. */
uint64_t waits__charges(const struct waits *ws);
/* -ENOMEM: something could not be charged since this was asked last; else 0. */
int waits__error(struct waits *ws);

/* Who waits. */
struct wait_thread {
	uint64_t key, tls; /* process and fs base */
	uint32_t pid, tid;
};

struct wait *wait__new(struct waits *ws, const struct wait_thread *t); /* NULL and ENOMEM */
void wait__free(struct wait *w);				       /* NULL is fine */

/* Which GIL it waits for, from now on; what is put off by then is charged along this one. */
void wait__set_gil(struct wait *w, struct blame_gil *gil);
struct blame_gil *wait__gil(const struct wait *w); /* NULL: none yet */

/* Its first sleep begins, at `at`. */
void wait__begin(struct wait *w, uint64_t at);
/* It has begun, and is not over. */
bool wait__is_open(const struct wait *w);
/* Where the waiter stood as it began; the first word counts. */
void wait__stack(struct wait *w, uint64_t stack);

/* A part of it: asleep, or in a run queue. In the order of time; also without a begin that was seen. */
void wait__asleep(struct wait *w, uint64_t begin, uint64_t end);
void wait__queued(struct wait *w, uint64_t begin, uint64_t end);

/* Charges what is put off, though it may not be over. */
void wait__charge(struct wait *w);
/* It is over: the thread ran, from `at` on. */
void wait__end(struct wait *w, uint64_t at);

#endif
