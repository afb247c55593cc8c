/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds the target back: one cause, by the rules of design section 4, of which the first that holds is
 * the verdict. Pure; user/verdict_words.h says it in words.
 */
#ifndef GILPROF_MODEL_VERDICT_H
#define GILPROF_MODEL_VERDICT_H

#include "model.h"
#include "model_contention.h"
#include "model_scaling.h"

/* In the order in which their rules are tried. */
enum model_verdicts {
	VERDICT_CPU_BOUND = 0,
	VERDICT_GIL_HOGGED = 1,
	VERDICT_CONVOY = 2,
	VERDICT_GIL_BOUND = 3,
	VERDICT_LOCK_BOUND = 4,
	VERDICT_SINGLE_THREAD = 5,
	VERDICT_IDLE = 6,
	VERDICT_IO_BOUND = 7, /* otherwise */
	VERDICT_COUNT = 8,
};

extern const char *const model_verdict_names[VERDICT_COUNT]; /* "cpu-bound" and so on */

/* What the rules look at. */
struct model_evidence {
	double run, runq,
		gil_wait;  /* mean numbers of threads: running, in the run queue, in gil_wait; */
	double wanted;	   /* their sum, */
	double lock_wait;  /* and those in lock_wait on contended locks and pools, */
	double pool_wait;  /* of these on pools that are used up */
	double cpus;	   /* that the target may use; 0: not known */
	bool by_quota;	   /* a cgroup's quota is what limits them */
	double others;	   /* CPUs that other programs used, on average; 0: hardly any */
	double long_holds; /* share of gil_wait under single holds of more than 4 switch intervals */
	double io_suffered;  /* of gil_wait by threads with < 10 % CPU that also wait for I/O, */
	double io_blamed;    /* and of that, charged to threads with > 30 % CPU */
	double one_thread;   /* of `wanted`, by the busiest thread */
	double sleeps_per_s; /* that were for neither a GIL nor a lock */
	double io;	     /* of all threads' time, in I/O and timed sleeps */
};

struct model_verdict {
	enum model_verdicts cause;
	bool met[VERDICT_COUNT]; /* each rule by itself, whatever came before it */
	/* the next one in order that holds as well; VERDICT_COUNT: none */
	enum model_verdicts runner_up;
	struct model_evidence evidence;
	/* NULL if there are no threads at all */
	const struct model_process *busiest_process;
	const struct model_thread *busiest;
	struct model_contention *contention;
	struct model_scaling *scaling;
};

struct model_verdict *model_verdict__new(const struct model *m); /* NULL and ENOMEM */
void model_verdict__free(struct model_verdict *v);		 /* NULL is fine */

/* The rules alone, on figures. */
void model_verdict__judge(struct model_verdict *v);

#endif
