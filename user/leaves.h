/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In which machine code a thread was while it stood at a stack of Python: from the samples, by function.
 * With that a hold of the GIL gets its kind where it was too short for a waiter to ask for the GIL.
 */
#ifndef GILPROF_LEAVES_H
#define GILPROF_LEAVES_H

#include <stdbool.h>

#include "samples.h"
#include "symbols.h"

struct leaves;

/* The symbols must outlive it. NULL and ENOMEM. */
struct leaves *leaves__new(const struct samples *samples, struct symbols *symbols);
void leaves__free(struct leaves *l); /* NULL is fine */

/* Where the samples of a row were; function NULL: in the eval loop, or not known. */
struct symbols_place leaves__place(const struct leaves *l, const struct samples_row *row);

/* Is the file one that serves bytecode and C alike, as the C library? To be in it says nothing. */
bool leaves__is_common(const char *object);

struct leaves_share {
	uint64_t samples; /* of the thread at that stack while it held a GIL; 0: nothing is known */
	uint64_t native;  /* of those, in a library: an extension module or what it calls */
	const char *function,
		*object; /* where most of those outside of the eval loop were; or NULL */
	const struct samples_row *row; /* one of those, with most samples */
};

struct leaves_share leaves__share(const struct leaves *l, uint64_t key, uint32_t tid,
				  uint64_t stack);

#endif
