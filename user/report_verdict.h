/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's verdict, what is predicted of other layouts, and, if asked for, how both came about. */
#ifndef GILPROF_REPORT_VERDICT_H
#define GILPROF_REPORT_VERDICT_H

struct model;
struct model_verdict;
struct page;

void report_verdict__paragraph(struct page *page, const struct model *m,
			       const struct model_verdict *v);

/* A small table; nothing for a verdict of idleness. */
void report_verdict__predictions(struct page *page, const struct model_verdict *v);

/* --explain: the rules in order, their figures and thresholds; the demands, and what is assumed. */
void report_verdict__explain(struct page *page, const struct model_verdict *v);

#endif
