/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers things by their value, from 0 in the order in which they first appear.
 *
 *	struct intern strings = { .compare = intern__by_string };
 *	int is_new = intern__add(&strings, "name", &number);
 */
#ifndef GILPROF_INTERN_H
#define GILPROF_INTERN_H

#include <stdbool.h>
#include <stddef.h>

struct intern {
	/* as qsort's comparison of an array of keys */
	int (*compare)(const void *a, const void *b);
	bool owns_keys; /* they are malloc'ed, and intern__add takes them over */
	void *root;
	size_t n;
};

/* 1: the key is new, 0: an equal one had the number before; -ENOMEM. */
int intern__add(struct intern *t, const void *key, size_t *number);
void intern__free(struct intern *t);

int intern__by_string(const void *a, const void *b); /* char * */
int intern__by_function(const void *a,
			const void *b);		     /* struct weights_frame *, whatever the line */
int intern__by_frame(const void *a, const void *b);  /* struct weights_frame * */
int intern__by_thread(const void *a, const void *b); /* struct weights_row *: whose stack it is */

#endif
