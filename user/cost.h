/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the BPF programs cost. The kernel counts their run time only while its statistics are on, a
 * global switch that costs every program two clock reads: so they are on for a twentieth of the
 * window at most, and the whole is reckoned from that part.
 */
#ifndef GILPROF_COST_H
#define GILPROF_COST_H

#include <stdint.h>

#include "session.h"

struct cost {
	int fd;                   /* keeps the statistics on; -1 */
	uint64_t from, until;     /* of the part, CLOCK_MONOTONIC ns */
	uint64_t measured_ns;     /* its length; 0: not measured (yet) */
	struct session_cost part; /* what ran in it */
};

/* For a window of duration_ns, or of unknown length if that is 0. */
void cost__plan(struct cost *c, uint64_t start, uint64_t duration_ns);

/* To be called now and then while the window is open, and once when it has closed. */
void cost__tick(struct cost *c, const struct session *s, uint64_t now);
void cost__finish(struct cost *c, const struct session *s, uint64_t now);

/* For the whole window; -1: not measured. */
int64_t cost__run_ns(const struct cost *c, uint64_t duration_ns);
uint64_t cost__runs(const struct cost *c, uint64_t duration_ns);

#endif
