/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's part on locks other than the GIL: one sentence, or with -v a table. */
#ifndef GILPROF_REPORT_LOCKS_H
#define GILPROF_REPORT_LOCKS_H

struct model;
struct page;
struct report_options;

void report_locks__sentence(struct page *page, const struct model *m);
void report_locks__table(struct page *page, const struct model *m, const struct report_options *o);

#endif
