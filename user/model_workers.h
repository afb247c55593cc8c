/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who works in the target, and with what demands: model_scaling.h says what both are. Pure.
 */
#ifndef GILPROF_MODEL_WORKERS_H
#define GILPROF_MODEL_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "model_contention.h"

/* The workers, added up. */
struct model_workers {
	double worker;	/* of the window: so active must one be */
	double s, d, z; /* shares of their time, one by one */
	double contended, held_asleep;
	double least, most; /* of the demand that tells them apart */
	uint64_t n, processes, threads_each;
	bool uneven; /* processes with different numbers of workers */
	uint64_t samples, sleeps;
	double active,
		unstable; /* mean numbers of threads, of all threads and of those that came and went */
	bool no_gil_known, several_gils;
};

struct model_workers model_workers__of(const struct model *m, const struct model_contention *c,
				       double worker);

#endif
