/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's CPUs: what quotas keep from the target, and who ran where. */
#ifndef GILPROF_REPORT_CPUS_H
#define GILPROF_REPORT_CPUS_H

#include <stddef.h>

struct model;
struct page;
struct report_options;

/* What the quotas of cgroups have stopped; nothing if nothing was. */
void report_cpus__throttling(struct page *page, const struct model *m);

/* A row for each CPU: with -v, or if the target may use some of them only and waits for these. */
void report_cpus__table(struct page *page, const struct model *m, const struct report_options *o);

/* How many threads wanted to run and ran, over time; nothing if the capture tells too little of it. */
void report_cpus__over_time(struct page *page, const struct model *m);

#endif
