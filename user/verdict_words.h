/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A verdict in plain words, for the page and for JSON alike. Sentences are added to a page and not printed;
 * names from the target are escaped as everywhere on it.
 */
#ifndef GILPROF_VERDICT_WORDS_H
#define GILPROF_VERDICT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct model;
struct model_verdict;
struct page;

/* What was found, with its figures: a sentence or two. */
void verdict_words__summary(struct page *page, const struct model *m,
			    const struct model_verdict *v);

/* The i-th piece of advice, one or two sentences. False if there are not so many: nothing is added. */
bool verdict_words__advice(struct page *page, const struct model *m, const struct model_verdict *v,
			   size_t i);

#endif
