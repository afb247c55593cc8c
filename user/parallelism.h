/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many threads of the target ran, and how many wanted to, over time: the window in intervals of 100 ms,
 * or longer ones, of equal length, where that would make too many.
 */
#ifndef GILPROF_PARALLELISM_H
#define GILPROF_PARALLELISM_H

#include "capture.h"
#include "session.h"

#define PARALLELISM_INTERVAL_NS 100000000ull
#define PARALLELISM_INTERVALS 1024 /* kept; when they are full, each two become one */

struct parallelism;

struct parallelism *parallelism__new(void);    /* NULL and errno */
void parallelism__free(struct parallelism *p); /* NULL is fine */

/* The window opened at `start`, CLOCK_MONOTONIC ns. */
void parallelism__begin(struct parallelism *p, uint64_t start);

/* When the present interval ends, CLOCK_MONOTONIC ns. */
uint64_t parallelism__due(const struct parallelism *p);

/* It ends at `now`, by when threads have done `work` since the window's start. */
void parallelism__add(struct parallelism *p, uint64_t now, struct session_work work);

/* Writes its rows, of a window that began at `start`. 0 or -errno. */
int parallelism__write(const struct parallelism *p, struct capture_writer *w, uint64_t start);

#endif
