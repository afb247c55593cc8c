/* SPDX-License-Identifier: BSD-2-Clause */
/* The first lines of the page: what is wrong with the data, and what was found, in words. */
#ifndef GILPROF_REPORT_WORDS_H
#define GILPROF_REPORT_WORDS_H

struct model;
struct page;

void report_words__warnings(struct page *page, const struct model *m);
void report_words__findings(struct page *page, const struct model *m);
void report_words__honesty(struct page *page,
			   const struct model *m); /* all laws, losses, own cost */

#endif
