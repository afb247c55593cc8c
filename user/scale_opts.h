/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of `gilprof scale`, parsed once into a value. */
#ifndef GILPROF_SCALE_OPTS_H
#define GILPROF_SCALE_OPTS_H

#include "opts.h"
#include "numbers.h"
#include "sweep.h"

struct scale_opts {
	struct opts common; /* outputs, format, verbose, user, and how to record */
	char **command;	    /* with placeholders in it */
	size_t layouts_n;
	struct scaling_layout layouts[SWEEP_MAX_ROWS]; /* the smallest first; each once */
	unsigned int rounds;
	struct pattern *patterns[NUMBERS];
	bool per_worker;
	uint64_t warm_up_ns;
	uint64_t limit_ns; /* 0: runs end by themselves */
	bool schema;	   /* print that of the JSON */
};

/*
 * Fills *o, which points into argv and must be released. Returns 0, or -EINVAL after having said what is
 * wrong; --help prints and exits.
 */
int scale_opts__parse(int argc, char **argv, struct scale_opts *o);
void scale_opts__release(struct scale_opts *o);

enum sweep_source scale_opts__source(const struct scale_opts *o);

#endif
