/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, parsed once into a value. */
#ifndef GILPROF_OPTS_H
#define GILPROF_OPTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/wire.h"
#include "model_weights.h"

#define OPTS_MAX_PIDS 256
#define OPTS_MAX_SECONDS 2592000.0 /* 30 days */

enum opts_mode {
	OPTS_PROFILE, /* record in memory and report */
	OPTS_RECORD,  /* into a capture file */
	OPTS_REPORT,  /* from a capture file */
	OPTS_SCHEMA,
};

#define OPTS_MAX_OUTPUTS 8

enum opts_format {
	OPTS_TEXT,
	OPTS_JSON,
	OPTS_CAPTURE,
	OPTS_FOLDED,
	OPTS_SVG,
	OPTS_SPEEDSCOPE,
	OPTS_PPROF,
	OPTS_CPUS_SVG,
};

struct opts_output {
	const char *path;
	enum opts_format format; /* by its suffix */
};

struct opts {
	enum opts_mode mode;
	size_t pids_n;
	pid_t pids[OPTS_MAX_PIDS];
	char **command;	   /* NULL-terminated; NULL if none */
	const char *input; /* OPTS_REPORT: the capture */
	size_t outputs_n;  /* 0: stdout */
	struct opts_output outputs[OPTS_MAX_OUTPUTS];
	const char *user;	 /* run the command as; NULL: who called sudo */
	enum opts_format format; /* of what goes to stdout */
	uint64_t duration_ns;	 /* 0: until the target's exit or a signal */
	enum weight weight;	 /* of the stacks in an export */
	uint32_t stack_hz;	 /* samples per second and CPU that take a stack, */
	uint32_t state_hz;	 /* and all: a multiple of that, or nearly so */
	enum wire_native native; /* callers in machine code */
	unsigned int top;
	unsigned int worst;	   /* single waits to show */
	unsigned int hold_over_ms; /* show holds of the GIL that took longer; 0: none */
	unsigned int verbose;
	bool explain; /* how the verdict came about */
	bool children;
};

/*
 * Fills *o, which points into argv. Returns 0, or -EINVAL after having said what is wrong; --help and
 * --version print and exit.
 */
int opts__parse(int argc, char **argv, struct opts *o);

/* For the subcommands that have options of their own (user/scale_opts.h, user/diff_opts.h). */
void opts__default(struct opts *o); /* nothing given */
/* These return 0, or EINVAL after having said what is wrong with `arg`. */
int opts__number(const char *what, const char *arg, unsigned long max, const char *want,
		 unsigned int *value); /* 1 to max */
/* Above 0, or 0 as well. */
int opts__seconds(const char *what, const char *arg, bool or_none, uint64_t *ns);
int opts__output(const char *path, struct opts *o); /* one more file, by its suffix */
int opts__weight(const char *arg, struct opts *o);
/* Only `formats` (a bit each) may be written, else `want` is said; --json leaves nothing for files. */
int opts__check_outputs(struct opts *o, bool json, uint32_t formats, const char *want);

/* Says that the value of `what` is wrong, and what is wanted; returns EINVAL. */
int opts__wrong(const char *what, const char *value, const char *want);

bool opts__writes_stacks(const struct opts *o);

#endif
