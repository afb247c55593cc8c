/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weighted stacks: what a flame graph draws and the exports write. user/weights.c takes them from the
 * model; the exports (user/export.h) know nothing but this. Pure data, all of it owned by the weights.
 */
#ifndef GILPROF_WEIGHTS_H
#define GILPROF_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
	FRAME_PYTHON = 0,
	FRAME_NATIVE = 1,
	FRAME_KERNEL = 2,
	FRAME_NOTE =
		3, /* said by gilprof, not by the program: "[waiting for the GIL]", a thread's name */
	FRAME_KINDS = 4,
};

/* Strings are valid UTF-8 and else whatever the target likes: ';', '<', ESC, newlines, 10 kB of it. */
struct weights_frame {
	const char *name;
	const char *file; /* source file, or library of a native function; NULL: not known */
	uint32_t line;	  /* 0: not known */
	enum frame_kind kind;
};

/* Weights of two captures, to be compared (user/diff_weights.h). */
enum weights_difference {
	WEIGHTS_ALONE = 0, /* there is one capture only */
	WEIGHTS_BY_AFTER, /* rows have the weight of the second capture as `ns`, that of the first as `other_ns`, */
	WEIGHTS_BY_BEFORE, /* or the other way around */
};

struct weights_row {
	uint32_t pid, tid;   /* whose stack it is; 0: nobody's, or several threads' */
	const char *process; /* their names; never NULL */
	const char *thread;
	size_t frames_n;		    /* 0: the stack is not known */
	const struct weights_frame *frames; /* the root first */
	uint64_t ns;			    /* its weight, */
	uint64_t other_ns;		    /* and in the other capture of a difference; else 0 */
	uint64_t count;			    /* of waits, sleeps or samples behind it */
};

struct weights {
	const char *name;	/* "blame" */
	const char *title;	/* "Who made others wait for the GIL", for people */
	const char *count_name; /* what `count` counts: "contentions", "samples"; for pprof */
	const char *ns_name;	/* what `ns` is: "delay", "time" */
	uint64_t start_unix_ns; /* of the window, */
	uint64_t duration_ns;	/* and how long it was */
	enum weights_difference difference;
	size_t rows_n;
	const struct weights_row
		*rows; /* in a fixed order: the same capture gives the same bytes */
};

#endif
