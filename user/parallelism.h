/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many threads of the target ran, and how many wanted to, over time: the window in intervals of 134 ms, or,
 * where that would make too many, of twice, four times ... that.
 */
#ifndef GILPROF_PARALLELISM_H
#define GILPROF_PARALLELISM_H

#include "capture.h"
#include "session.h"

#define PARALLELISM_INTERVALS 1024 /* kept; when they are full, each two become one */

struct parallelism;

struct parallelism *parallelism__new(void);    /* NULL and errno */
void parallelism__free(struct parallelism *p); /* NULL is fine */

/* The window opened at `start`, CLOCK_MONOTONIC ns. */
void parallelism__begin(struct parallelism *p, uint64_t start);

/* When to look next, CLOCK_MONOTONIC ns; two seconds later waits would be taken for later ones. */
uint64_t parallelism__due(const struct parallelism *p);

/*
 * What was done by work->at. Between two looks threads are taken to have run evenly; when they waited is
 * exact, but of a wait of over four seconds, whose beginning counts where it is four seconds old.
 */
void parallelism__look(struct parallelism *p, const struct session_work *work);

/* Writes its rows, up to the latest look, at which the window has ended. 0 or -errno. */
int parallelism__write(const struct parallelism *p, struct capture_writer *w);

#endif
