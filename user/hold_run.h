/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Under how long a hold of a lock a waiter waits: its sleeps, cut into parts by holder, are joined while the
 * holder stays the same. Threads that take turns keep each other waiting for one turn at a time; a C call
 * that keeps the GIL does so for long. Used by user/waits.c. Pure.
 */
#ifndef GILPROF_HOLD_RUN_H
#define GILPROF_HOLD_RUN_H

#include <stdint.h>

/* What waits came to. */
struct hold_totals {
	uint64_t all_ns;
	uint64_t long_ns;  /* under single holds that took longer than the limit */
	uint64_t limit_ns; /* set by whoever keeps them, */
	uint64_t weight;   /* as is for how many times as much what is waited stands */
};

struct hold_part {
	uint64_t holder; /* any number that names a thread; 0: nobody */
	uint64_t ns;
};

struct hold_run {
	struct hold_part open; /* the hold it waits under, from one sleep to the next */
	/* of the sleep that is being told of: */
	struct hold_part last, run;
	uint32_t runs; /* before `run` */
};

/* A part of a sleep; they come in backward order, as timeline__cut tells of them. */
void hold_run__part(struct hold_run *r, uint64_t holder, uint64_t ns, struct hold_totals *totals);

/* All parts of the sleep have been told of. */
void hold_run__end_sleep(struct hold_run *r, struct hold_totals *totals);

/* The wait is over. */
void hold_run__end_wait(struct hold_run *r, struct hold_totals *totals);

#endif
