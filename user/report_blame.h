/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's part on blame: which lines made others wait, and who waited for whom. */
#ifndef GILPROF_REPORT_BLAME_H
#define GILPROF_REPORT_BLAME_H

struct model;
struct page;
struct report_options;

void report_blame__lines(struct page *page, const struct model *m, const struct report_options *o);

#endif
