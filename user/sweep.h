/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sweep: one program, run in several layouts of processes and threads. What each gave, what was predicted
 * for it from profiles of the first layout, and the Universal Scalability Law fitted to what was measured.
 * Pure: user/scale.c runs the program and adds what it finds, user/report_scale*.c print it.
 */
#ifndef GILPROF_SWEEP_H
#define GILPROF_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model_scaling.h"
#include "usl.h"

#define SWEEP_MAX_SIZES 32
#define SWEEP_MAX_ROWS (2 * SWEEP_MAX_SIZES)
#define SWEEP_MAX_RUNS 100 /* of each layout */

/* What a throughput is. */
enum sweep_source {
	SWEEP_EXIT_TIME = 0,	 /* 1 over the time to the program's exit */
	SWEEP_ELAPSED = 1,	 /* 1 over the time that it prints */
	SWEEP_UNITS = 2,	 /* units that it prints, over the time to its exit, */
	SWEEP_UNITS_ELAPSED = 3, /* or over the time that it prints */
	SWEEP_RATE = 4,		 /* what it prints */
	SWEEP_SOURCES = 5,
};

extern const char *const sweep_source_names[SWEEP_SOURCES]; /* "exit-time" and so on */

struct sweep_run {
	uint64_t duration_ns; /* from exec to exit, or as the program told */
	double throughput;    /* a second, above 0 */
};

struct sweep_row {
	struct scaling_layout layout; /* as the program was told */
	size_t runs_n;
	struct sweep_run runs[SWEEP_MAX_RUNS];
	/* the rest is sweep__finish's; without runs none of it is set */
	double throughput;    /* the median, a second, */
	uint64_t duration_ns; /* and that of the times */
	double ratio; /* the median, as a ratio to that of the first row; the least and most */
	double least, most;
	bool predicted;		    /* by the median of the profiles: */
	struct scaling_range range; /* as a ratio to the first row, too */
	bool inside;		    /* ratio lies in its range */
	size_t ranges_n;	    /* what each profile predicts */
	struct scaling_range ranges[SWEEP_MAX_RUNS];
};

struct sweep_fit {
	bool processes; /* of the layouts with one thread each; else with one process */
	size_t points;
	struct usl_fit usl;
};

struct sweep {
	enum sweep_source source;
	bool per_worker; /* throughput counts each worker's work: N over the time */
	unsigned int rounds;
	size_t rows_n; /* the first is what all others are compared with */
	struct sweep_row *rows;
	/* of the profiles of the first row: */
	size_t profiles_n;   /* that predict something */
	bool as_told;	     /* they saw as many workers as the program was told */
	const char *unknown; /* why none predicts anything, a clause; NULL: one does */
	struct scaling_layout
		seen;	 /* active processes, and threads of each, in the latest that does */
	double cpus;	 /* that it may use */
	double left_out; /* threads that were active for less of the window were, at most; 0: none */
	size_t doubts_n; /* what makes its prediction unsure */
	const char *doubts[MODEL_MAX_CAVEATS];
	size_t fits_n; /* at most one each of threads and processes */
	struct sweep_fit fits[2];
};

/* Room for `n` layouts, at most SWEEP_MAX_ROWS. NULL and ENOMEM. */
struct sweep *sweep__new(const struct scaling_layout *layouts, size_t n);
void sweep__free(struct sweep *s); /* NULL is fine */

/* A run of a layout has ended; beyond SWEEP_MAX_RUNS they are not kept. */
void sweep__add_run(struct sweep *s, size_t row, struct sweep_run run);

/*
 * What a profile of the first layout predicts for the others. Its workers need not be as many as the
 * program was told: what is predicted then is as many times more of them all. Once a profile has as many, it
 * and others that have count alone: a slow start of the main thread looks like work. 0, or -ENOMEM: it is as
 * if there had been none.
 */
int sweep__add_profile(struct sweep *s, const struct model_scaling *scaling);
/*
 * The same of what a capture means. If more threads were active than the program was told, those that hardly
 * were are left out, as far as that makes it as many: who starts the workers and collects what they have done.
 */
int sweep__add_model(struct sweep *s, const struct model *m);
/* There is none. */
void sweep__no_profile(struct sweep *s, const char *why);

/* All is in: fills the rows, and fits. 0, or -ENOMEM. */
int sweep__finish(struct sweep *s);

size_t sweep__measured(const struct sweep *s); /* rows with runs */

#endif
