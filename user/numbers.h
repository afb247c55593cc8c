/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers that a program tells in its output, which comes in pieces: each is that of the last line that has it. Pure. */
#ifndef GILPROF_NUMBERS_H
#define GILPROF_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "pattern.h"

#define NUMBERS_LINE_MOST 4096 /* bytes of a line that are looked at */

enum number {
	NUMBER_UNITS = 0,
	NUMBER_ELAPSED = 1, /* seconds */
	NUMBER_RATE = 2,    /* units a second */
	NUMBERS = 3,
};

struct numbers {
	const struct pattern *patterns[NUMBERS]; /* NULL: not looked for */
	bool found[NUMBERS];
	double values[NUMBERS]; /* where found */
	char *strange
		[NUMBERS]; /* where not: the last line that matches, though without a number, escaped */
	char line[NUMBERS_LINE_MOST];
	size_t line_n;
};

/* Some bytes, which may be any; `n` of them. */
void numbers__take(struct numbers *n, const char *bytes, size_t size);
/* There are no more: the last line may have no newline. */
void numbers__end(struct numbers *n);
void numbers__release(struct numbers *n);

#endif
