/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target's memory over the window. Who has ended cannot be asked any more, and processes share pages, so
 * that their figures add up only if they are of the same moment: all are looked at together, now and then,
 * and the look at which they had most is kept.
 *
 * PSS is dear: the kernel walks the process's page tables, 30 ns a page, with its map locked against changes.
 * RSS is cheap, so it tells when to walk: once it has grown and stands still. What processes have shared
 * since fork becomes their own without any RSS growing, so now and then, ever more seldom, they are walked
 * without that sign, too. All of it takes 20 ms and half a thousandth of the time, at most.
 */
#ifndef GILPROF_MEMORY_PEAK_H
#define GILPROF_MEMORY_PEAK_H

#include "processes.h"

struct memory_peak {
	uint64_t began, due, walked_at; /* CLOCK_MONOTONIC ns; 0: not yet */
	uint64_t processes;		/* that had memory at the latest look */
	uint64_t rss, walked_rss;	/* of all, at the latest look, and at that before the latest walk */
	uint64_t spent, walk;		/* CPU time of all looks, and of the latest walk */
	uint64_t peak_at;		/* CLOCK_MONOTONIC ns */
	struct capture_memory_peak peak;
};

/* Looks if it is due. Returns when it wants to be called again, CLOCK_MONOTONIC ns. */
uint64_t memory_peak__tick(struct memory_peak *m, const struct processes *all, uint64_t now);

/* Walks now: fills each process's `seen` and, where all together never had more, its `peak`. */
void memory_peak__walk(struct memory_peak *m, const struct processes *all, uint64_t now);

/* The walk at which they had most, of a window that began at `start`. */
struct capture_memory_peak memory_peak__result(const struct memory_peak *m, uint64_t start);

#endif
