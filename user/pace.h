/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In how many slices of time the steps of threads around their GILs are told of. Where threads wait tens of
 * thousands of times a second, to tell of each step would cost several per cent of a CPU, here and in the
 * kernel: then one slice stands for several. Pure.
 */
#ifndef GILPROF_PACE_H
#define GILPROF_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint32_t sparse;      /* one slice in so many is told of */
	uint32_t slice_shift; /* a slice takes 2^slice_shift ns */
	uint64_t start, at;   /* of the window; of the latest look */
	uint64_t work;	      /* by then */
};

/* The window opens at `now`, CLOCK_MONOTONIC ns: all is told of. */
void pace__begin(struct pace *p, uint64_t now);

/* When to look next, ns: some slices that are told of must be in between. */
uint64_t pace__due(const struct pace *p);

/*
 * Looks, if it is due, at what the steps have cost so far (blame__work) and how long waiters slept
 * (blame__mean_sleep, ns). True: `sparse` and `slice_shift` are new.
 */
bool pace__look(struct pace *p, uint64_t now, uint64_t work, uint64_t mean_sleep_ns);

#endif
