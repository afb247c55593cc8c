/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of `gilprof diff`, parsed once into a value. */
#ifndef GILPROF_DIFF_OPTS_H
#define GILPROF_DIFF_OPTS_H

#include "opts.h"

struct diff_opts {
	struct opts common;	 /* outputs, format, weight, top, verbose */
	const char *captures[2]; /* before, after */
	double units[2];	 /* of work done in each window */
	bool has_units;
	bool schema; /* print that of the JSON */
};

/* Fills *o, which points into argv. As opts__parse. */
int diff_opts__parse(int argc, char **argv, struct diff_opts *o);

#endif
