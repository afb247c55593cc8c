/* SPDX-License-Identifier: BSD-2-Clause */
/* The longest of many cases. */
#ifndef GILPROF_BLAME_WORST_H
#define GILPROF_BLAME_WORST_H

#include "blame.h"

struct blame_worst { /* the longest first */
	size_t n;
	struct blame_case cases[BLAME_WORST];
};

static inline void blame_worst__add(struct blame_worst *w, const struct blame_case *c)
{
	size_t i = w->n;

	if (!c->ns || (i == BLAME_WORST && w->cases[i - 1].ns >= c->ns))
		return;
	if (i == BLAME_WORST)
		i--;
	else
		w->n++;
	for (; i > 0 && w->cases[i - 1].ns < c->ns; i--)
		w->cases[i] = w->cases[i - 1];
	w->cases[i] = *c;
}

#endif
