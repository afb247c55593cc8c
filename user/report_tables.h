/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of threads of the page. */
#ifndef GILPROF_REPORT_TABLES_H
#define GILPROF_REPORT_TABLES_H

#include <stddef.h>

struct model_process;
struct page;

void report_tables__threads(struct page *page, const struct model_process *p, size_t top);

#endif
