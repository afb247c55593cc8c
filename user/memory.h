/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a process: what it has, and what of that it shares. Looked at now and then, since one that
 * has ended cannot be asked any more: the time between two looks doubles.
 */
#ifndef GILPROF_MEMORY_H
#define GILPROF_MEMORY_H

#include <stdio.h>
#include <sys/types.h>

#include "capture.h"

struct memory {
	uint64_t
		at; /* the latest look that was answered, CLOCK_MONOTONIC ns; 0: none. It has seen: */
	uint64_t rss_bytes, pss_bytes; /* 0: not known */
	struct capture_memory rest;
	uint64_t next, wait; /* when the next look is due, and how long after this one */
};

/* Looks if that is due at `now`: never more than 0.5 % of the time. */
void memory__tick(struct memory *m, pid_t pid, uint64_t now);

/* Its RSS in bytes, which is cheap; 0: it has ended, or is about to. */
uint64_t memory__rss(pid_t pid);

/* Looks; only if `dear` at what takes time. What was seen before stays if there is no answer. */
void memory__look(struct memory *m, pid_t pid, bool dear);

/*
 * Fills the figures of *m from a file as /proc/PID/smaps_rollup (Documentation/filesystems/proc.rst). False,
 * and *m as it was, if that is not one.
 */
bool memory__parse(FILE *smaps, struct memory *m);

#endif
