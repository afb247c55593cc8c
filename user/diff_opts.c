/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff_opts.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MOST_UNITS 1e15
#define OUTPUTS (1u << OPTS_TEXT | 1u << OPTS_JSON | 1u << OPTS_SVG | 1u << OPTS_FOLDED)

enum {
	KEY_UNITS = 0x100,
	KEY_WEIGHT,
	KEY_TOP,
	KEY_JSON,
	KEY_SCHEMA,
};

static const struct argp_option options[] = {
	{ "units", KEY_UNITS, "A,B", 0,
	  "Units of work (requests, items) done in the window of each capture: throughput is units over the window. One number: as many in both",
	  0 },
	{ "output", 'o', "FILE", 0,
	  "Write to FILE, by its suffix: .txt .json, or stacks: .svg .folded; may be given again",
	  0 },
	{ "weight", KEY_WEIGHT, "W", 0,
	  "What the width of a stack means: blame, gil_wait, hold, oncpu, offcpu, lock_wait (default blame, without a GIL offcpu)",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON instead of the page", 0 },
	{ "json-schema", KEY_SCHEMA, NULL, 0, "Print the schema of that JSON and exit", 0 },
	{ "top", KEY_TOP, "N", 0, "Process trees to show (default 10)", 0 },
	{ "verbose", 'v', NULL, 0, "Print laws and losses of both in full", 0 },
	{ 0 },
};

static const char doc[] =
	"What changed from capture A to capture B: threads against processes, before against after."
	"\v"
	"Windows may differ in length: all is compared per second, or as shares of time.\n"
	"\n"
	"Examples:\n"
	"  gilprof diff threads.gilprof processes.gilprof\n"
	"  gilprof diff --units 5120,9800 before.gilprof after.gilprof\n"
	"  gilprof diff before.gilprof after.gilprof -o diff.svg   red: more, blue: less\n";

static const char args_doc[] = "A.gilprof B.gilprof";

struct parse {
	struct diff_opts *o;
	bool json;
};

/* Where the number ends; NULL if it is none that will do. */
static const char *parse_count(const char *arg, double *count)
{
	char *end;

	*count = strtod(arg, &end);
	/* written so that what is not a number fails, too */
	if (end == arg || !(*count > 0) || !(*count <= MOST_UNITS))
		return NULL;
	return end;
}

static int parse_units(const char *arg, struct diff_opts *o)
{
	const char *end = parse_count(arg, &o->units[0]);

	o->units[1] = o->units[0];
	if (end && *end == ',')
		end = parse_count(end + 1, &o->units[1]);
	if (!end || *end)
		return opts__wrong("--units", arg, "must be a number above 0, or two with a comma");
	o->has_units = true;
	return 0;
}

static int parse_argument(struct diff_opts *o, const char *arg)
{
	if (o->captures[1])
		return opts__wrong("argument", arg, "two captures are compared, no more");
	o->captures[o->captures[0] ? 1 : 0] = arg;
	return 0;
}

static int check(const struct parse *p)
{
	struct diff_opts *o = p->o;

	if (o->schema)
		return 0;
	if (!o->captures[1])
		return opts__wrong("diff", o->captures[0] ? o->captures[0] : "",
				   "needs two captures: gilprof diff A.gilprof B.gilprof");
	if (o->common.weight != WEIGHT_DEFAULT && !opts__writes_stacks(&o->common))
		return opts__wrong("--weight", model_weight_names[o->common.weight],
				   "is of stacks: -o FILE.svg or .folded");
	return opts__check_outputs(
		&o->common, p->json, OUTPUTS,
		"of a comparison, its suffix must be .txt, .json, .svg or .folded");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct diff_opts *o = p->o;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL; /* "Try --help" would be a second line */
		return 0;
	case KEY_UNITS:
		return parse_units(arg, o);
	case 'o':
		return opts__output(arg, &o->common);
	case KEY_WEIGHT:
		return opts__weight(arg, &o->common);
	case KEY_TOP:
		return opts__number("--top", arg, UINT_MAX, "must be a number above 0",
				    &o->common.top);
	case 'v':
		o->common.verbose++;
		return 0;
	case KEY_JSON:
		p->json = true;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(o, arg);
	case ARGP_KEY_END:
		return check(p);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int diff_opts__parse(int argc, char **argv, struct diff_opts *o)
{
	static const struct argp argp = { options, parse_option, args_doc, doc, NULL, NULL, NULL };
	struct parse p = { .o = o };
	static char name[] = "gilprof diff";

	memset(o, 0, sizeof(*o));
	opts__default(&o->common);
	argv[0] = name; /* how getopt's messages, and --help, begin */
	return argp_parse(&argp, argc, argv, 0, NULL, &p) ? -EINVAL : 0;
}
