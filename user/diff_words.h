/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be known to read a comparison right, in sentences, for the page and for JSON alike: added to a
 * page and not printed. The captures are called A and B.
 */
#ifndef GILPROF_DIFF_WORDS_H
#define GILPROF_DIFF_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct model_diff;
struct page;

/* Adds the i-th note. False if there are not so many: nothing is added. */
bool diff_words__note(struct page *page, const struct model_diff *d, size_t i);

/* Data is missing from a capture, or it breaks a law: its warnings are due. */
bool diff_words__is_doubtful(const struct model_diff *d, int side);

#endif
