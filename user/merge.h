/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Python's stack and the machine's as one, in the order in which the frames called each other. Each
 * activation of CPython's eval loop on the machine's stack stands for the frames of Python that it runs:
 * one up to 3.10, one or more from 3.11 on, where a call from Python to Python stays in the loop. Pure.
 */
#ifndef GILPROF_MERGE_H
#define GILPROF_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a frame of machine code; all others are shown. */
enum merge_native {
	MERGE_EVAL = 1,	   /* the eval loop */
	MERGE_HIDDEN = 2,  /* not shown: it only carries a call of Python's on, or has no name */
	MERGE_PERHAPS = 4, /* it could be the eval loop, for all that is known */
	MERGE_BASE = 8,	   /* not shown below the oldest frame of Python: how a thread begins */
};

/* Of a frame of the interpreter. */
enum merge_python {
	MERGE_CODE = 1, /* it is one of Python's, and shown */
	MERGE_LOOP = 2, /* the oldest one of its activation of the eval loop */
};

/* Both stacks, the newest frame first. `whole`: the last one is the thread's first. */
struct merge_stacks {
	const uint8_t *native, *python; /* bits of the enums above */
	size_t native_n, python_n;
	bool native_whole, python_whole;
};

struct merge_frame {
	bool python;
	uint32_t index;
};

/*
 * The frames to be shown, the newest first: how many were written, at most native_n + python_n. Where the
 * two do not fit together, it is the native ones from the newest up to what is, or could be, the eval
 * loop, and then Python's.
 */
size_t merge__stacks(const struct merge_stacks *stacks, struct merge_frame *out);

#endif
