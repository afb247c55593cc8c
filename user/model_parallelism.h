/* SPDX-License-Identifier: BSD-2-Clause */
/* How the number of threads that ran, and that wanted to, was distributed over the window. Pure. */
#ifndef GILPROF_MODEL_PARALLELISM_H
#define GILPROF_MODEL_PARALLELISM_H

#include "model.h"

/* Numbers of threads, means of an interval each: shares of the window's time lie at or below them. */
struct model_spread {
	double mean, p10, p50, p90, max;
};

struct model_parallelism {
	size_t intervals;     /* 0: the capture has none, nothing is known */
	uint64_t interval_ns; /* of each but the last, which is up to a half longer or shorter */
	struct model_spread wanted, achieved;
};

/* Where memory is short it is as if the capture had no intervals. */
struct model_parallelism model_parallelism__of(const struct capture *c);

#endif
