/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two captures compared: what changed from the one to the other, overall and per process tree. Pure.
 *
 * Windows differ in length, so nothing is a total: times are mean numbers of threads (time over the window)
 * and shares of the time that threads existed. What is not known is NAN.
 */
#ifndef GILPROF_MODEL_DIFF_H
#define GILPROF_MODEL_DIFF_H

#include "model.h"
#include "model_cpus.h"
#include "model_verdict.h"

/* The states of design section 2. */
enum diff_state {
	DIFF_RUN_GIL = 0,
	DIFF_RUN_NOGIL,
	DIFF_RUNQ,
	DIFF_GIL_WAIT,
	DIFF_GIL_DROP,
	DIFF_LOCK_WAIT,
	DIFF_IO_WAIT,
	DIFF_SLEEP,
	DIFF_CHILD_WAIT,
	DIFF_BLOCKED, /* and what was not seen */
	DIFF_STATES,
};

enum diff_figure {
	DIFF_THREADS = 0,     /* mean number that existed, */
	DIFF_WANTED,	      /* that ran or waited for a CPU or a GIL, */
	DIFF_ACHIEVED,	      /* and that ran: CPU time over the window */
	DIFF_PROCESSES,	      /* in the window */
	DIFF_GIL_BUSIEST,     /* the largest share of the window that one GIL was held */
	DIFF_GILS_HELD,	      /* mean number of GILs that were held */
	DIFF_SWITCHES,	      /* of threads on CPUs, per second */
	DIFF_LONGEST_WAIT_NS, /* for a GIL */
	DIFF_RSS_BYTES,	      /* sums, when all processes of the capture together had most */
	DIFF_PSS_BYTES,
	DIFF_FIGURES,
};

extern const char *const model_diff_states[DIFF_STATES];   /* "run_gil" and so on, */
extern const char *const model_diff_figures[DIFF_FIGURES]; /* "threads" and so on: of the JSON */

struct diff_figures {
	double threads[DIFF_STATES]; /* mean number in each state */
	double share[DIFF_STATES];   /* of the time that threads existed */
	double figure[DIFF_FIGURES];
};

enum diff_side { DIFF_BEFORE = 0, DIFF_AFTER = 1 };

/* A tree that is in one capture only has no root in the other, and figures that are 0. */
struct diff_tree {
	const struct model_process *root[2];
	struct diff_figures figures[2];
};

/* What throughput rests on. */
enum diff_basis {
	DIFF_NOTHING = 0, /* it is not known */
	DIFF_UNITS,	  /* the user has counted: units of work over the window */
	DIFF_RUNS,	  /* both are the whole runs of commands that succeeded: one unit each */
};

struct diff_throughput {
	enum diff_basis basis;
	double units[2], per_second[2];
	double cpu_ns[2]; /* CPU time of a unit */
	double ratio;	  /* after to before */
};

struct model_diff {
	const struct model *model[2];
	struct model_verdict *verdict[2];
	struct model_cpus cpus[2];
	double others[2]; /* CPUs that other programs used, on average */
	struct diff_figures overall[2];
	struct diff_throughput throughput;
	size_t trees_n;
	struct diff_tree *
		trees; /* in the order of their processes in the first, then in the second capture */
};

/* `units` of work were done in each window, above 0; NULL: not known. NULL and ENOMEM. */
struct model_diff *model_diff__new(const struct model *before, const struct model *after,
				   const double *units);
void model_diff__free(struct model_diff *d); /* NULL is fine */

/* b to a; 1 if both are 0; NAN if it cannot be told. */
double model_diff__ratio(double a, double b);

#endif
