/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads or processes (design section 4): the demands of the target's workers, as the window shows them,
 * and what other numbers of threads and processes are predicted to give (user/scaling.h). Pure.
 *
 * Workers are the threads with at least 1 % of the window in run + runq + gil_wait. Their demands are
 * shares of the time they existed, on average: s = run_gil, d = run_nogil, z = I/O, sleep, and waits for
 * locks that are not contended, for children and in other system calls. Queueing is no demand: gil_wait,
 * gil_drop, runq, contended locks (user/model_contention.h), and sleeping with the GIL held.
 */
#ifndef GILPROF_MODEL_SCALING_H
#define GILPROF_MODEL_SCALING_H

#include "model.h"
#include "model_contention.h"
#include "model_cpus.h"
#include "scaling.h"

/* Of the present layout; at twice as many the arithmetic still takes a moment only. */
#define MODEL_MAX_WORKERS (SCALING_MAX_WORKERS / 2)
#define MODEL_MAX_CAVEATS 12
#define MODEL_WORKER 0.01 /* scaling.md section 5, pitfall 2 */

enum model_layouts {
	LAYOUT_THREADS = 0,	  /* in one process */
	LAYOUT_PROCESSES = 1,	  /* each with some threads */
	LAYOUT_FREE_THREADED = 2, /* threads of one process without a GIL */
	LAYOUT_COUNT = 3,
};

extern const char *const model_layout_names[LAYOUT_COUNT]; /* "threads" and so on */

struct model_prediction {
	enum model_layouts kind;
	struct scaling_layout layout;
	struct scaling_range range;
};

struct model_scaling {
	const char *unknown; /* why nothing is predicted, a clause; NULL: it is */
	uint64_t workers;
	double lone_threads; /* what they achieve now, in units of one of them running alone; 0: not known */
	struct scaling_base base; /* as far as it is known */
	struct model_cpus cpus;
	double others;	 /* CPUs that other programs used, on average; 0: hardly any */
	bool has_gil;	 /* a GIL is what s is for */
	bool unlike;	 /* workers differ: it holds for more of the same mix */
	bool few_sleeps; /* z rests on few of them: fewer workers may give more */
	size_t caveats_n;
	size_t doubts_n; /* of them: what makes it unsure; the rest it assumes of every program */
	/* sentences, the doubts first */
	const char *caveats[MODEL_MAX_CAVEATS];
	size_t predictions_n;
	struct model_prediction *predictions;
};

struct model_scaling *model_scaling__new(const struct model *m,
					 const struct model_contention *c); /* NULL and ENOMEM */
/* The same, where a worker is who was active for another share of the window than MODEL_WORKER. */
struct model_scaling *model_scaling__of(const struct model *m, const struct model_contention *c,
					double worker);
void model_scaling__free(struct model_scaling *s); /* NULL is fine */

/* That of a layout; NULL if it was not predicted. */
const struct model_prediction *model_scaling__find(const struct model_scaling *s,
						   enum model_layouts kind,
						   struct scaling_layout layout);

#endif
