/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes of one capture added up, and what that comes to: one side of a comparison. Pure. */
#ifndef GILPROF_DIFF_SUMS_H
#define GILPROF_DIFF_SUMS_H

#include "model_diff.h"

struct diff_sums {
	uint64_t exists_ns, state_ns[DIFF_STATES];
	uint64_t switches, longest_wait_ns, rss_bytes, pss_bytes;
	double wanted, achieved, processes, busiest, held;
};

void diff_sums__add(struct diff_sums *s, const struct model_process *p);

/* For a window that long, ns. */
struct diff_figures diff_sums__figures(const struct diff_sums *s, uint64_t window);

#endif
