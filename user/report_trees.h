/* SPDX-License-Identifier: BSD-2-Clause */
/* The process view of the page: a table for each tree of two or more processes, and its workers in words. */
#ifndef GILPROF_REPORT_TREES_H
#define GILPROF_REPORT_TREES_H

#include <stddef.h>

struct model;
struct page;

void report_trees__tables(struct page *page, const struct model *m, size_t top);

#endif
