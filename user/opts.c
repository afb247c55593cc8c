/* SPDX-License-Identifier: BSD-2-Clause */
#include "opts.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "blame.h"
#include "log.h"

#define DEFAULT_SECONDS 10.0
/*
 * A prime: no program's own period beats with it. 997 would tell finer, but its timer interrupts alone cost a
 * computing thread 2 % on a virtual machine (make bench).
 */
#define STATE_HZ 397
#define DEFAULT_HZ 99
#define MAX_HZ 1000
#define DEFAULT_TOP 10

const char *argp_program_version = "gilprof " GILPROF_VERSION;

enum {
	KEY_JSON = 0x100,
	KEY_SCHEMA,
	KEY_TOP,
	KEY_WEIGHT,
	KEY_WORST,
	KEY_HOLD_OVER,
	KEY_NATIVE,
	KEY_EXPLAIN,
	KEY_NO_CHILDREN,
	KEY_USER,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "Profile these processes and their children", 0 },
	{ "duration", 'd', "SECONDS", 0, "Length of the window (default 10; of a COMMAND: its run)",
	  0 },
	{ "output", 'o', "FILE", 0,
	  "Write to FILE, by its suffix: .txt .json .gilprof, who ran on which CPU: .cpus.svg, or stacks: .svg .folded .speedscope.json .pb.gz; may be given again",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON instead of the page", 0 },
	{ "json-schema", KEY_SCHEMA, NULL, 0, "Print the schema of that JSON and exit", 0 },
	{ "frequency", 'F', "HZ", 0, "Stack samples per second and CPU, 1-1000 (default 99)", 0 },
	{ "native", KEY_NATIVE, "HOW", 0,
	  "Callers in C on stacks: leaf (none: only the function a thread is in), fp (by frame pointers), dwarf (by unwind tables, from a copy of the stack)",
	  0 },
	{ "weight", KEY_WEIGHT, "W", 0,
	  "What the width of a stack means: blame, gil_wait, hold, oncpu, offcpu, lock_wait (default blame, without a GIL offcpu)",
	  0 },
	{ "worst", KEY_WORST, "N", 0,
	  "Show the N longest single waits for the GIL, one by one; at most 32", 0 },
	{ "hold-over", KEY_HOLD_OVER, "MS", 0,
	  "Show when the GIL was kept for longer than MS milliseconds while others waited; the 32 longest at most",
	  0 },
	{ "top", KEY_TOP, "N", 0, "Threads to show of each process (default 10)", 0 },
	{ "explain", KEY_EXPLAIN, NULL, 0, "Show the rules and figures that led to the verdict",
	  0 },
	{ "no-children", KEY_NO_CHILDREN, NULL, 0, "Do not follow child processes", 0 },
	{ "user", KEY_USER, "NAME", 0, "Run COMMAND as NAME (default: who called sudo)", 0 },
	{ "verbose", 'v', NULL, 0, "Print laws, losses and own cost in full", 0 },
	{ 0 },
};

static const char doc[] =
	"Where every thread's time goes, and whether the GIL is what holds a Python program back."
	"\v"
	"Examples:\n"
	"  sudo gilprof -p 4242                10 s of a running process on one page\n"
	"  sudo gilprof -p 4242 -d 60 --json   a minute of it, as JSON\n"
	"  sudo gilprof -- python3 app.py      start a program, profile all of its run\n"
	"  sudo gilprof record -o a.gilprof -p 4242\n"
	"  gilprof report a.gilprof            the same page later, without root\n"
	"  gilprof report a.gilprof -o a.svg   flame graph of who made others wait\n"
	"  gilprof report a.gilprof --worst 5  the five longest waits, one by one\n"
	"  gilprof scale --help                run a program at several sizes\n"
	"  gilprof diff --help                 compare two captures\n";

static const char args_doc[] = "-p PID[,PID...]\n-- COMMAND [ARG...]\n"
			       "record -o FILE.gilprof [-p PID | -- COMMAND [ARG...]]\n"
			       "report FILE.gilprof\n"
			       "scale [--workers N[,N...]] -- COMMAND [ARG {n}...]\n"
			       "diff [--units A,B] A.gilprof B.gilprof";

struct parse {
	struct opts *o;
	bool json;
	bool have_duration;
	bool have_native;
};

int opts__wrong(const char *what, const char *value, const char *want)
{
	log__error("%s '%s': %s", what, value, want);
	return EINVAL;
}

int opts__seconds(const char *what, const char *arg, bool or_none, uint64_t *ns)
{
	char *end;
	double s = strtod(arg, &end);

	if (end == arg || *end || !(s <= OPTS_MAX_SECONDS) ||
	    !(s * 1e9 >= 1 || (or_none && s == 0)))
		return opts__wrong(
			what, arg,
			or_none ? "must be a number of seconds, 0 or more, at most 30 days"
				: "must be a number of seconds above 0, at most 30 days");
	*ns = (uint64_t)(s * (double)NSEC_PER_SEC);
	return 0;
}

int opts__number(const char *what, const char *arg, unsigned long max, const char *want,
		 unsigned int *value)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || arg[0] == '-' || n < 1 || n > max)
		return opts__wrong(what, arg, want);
	*value = (unsigned int)n;
	return 0;
}

static int parse_pids(const char *arg, struct opts *o)
{
	const char *p = arg;
	char *end;
	long n;

	do {
		errno = 0;
		n = strtol(p, &end, 10);
		if (errno || end == p || n < 1 || n > INT_MAX || (*end && *end != ','))
			return opts__wrong("PID", arg,
					   "must be a positive number, or several with commas");
		if (o->pids_n == OPTS_MAX_PIDS)
			return opts__wrong("PID", arg, "too many processes");
		o->pids[o->pids_n++] = (pid_t)n;
		p = end + 1;
	} while (*end);
	return 0;
}

int opts__output(const char *path, struct opts *o)
{
	static const struct {
		const char *suffix;
		enum opts_format format;
	} known[] = { /* the longest that fits comes first */
		      { ".speedscope.json", OPTS_SPEEDSCOPE },
		      { ".pb.gz", OPTS_PPROF },
		      { ".folded", OPTS_FOLDED },
		      { ".cpus.svg", OPTS_CPUS_SVG },
		      { ".svg", OPTS_SVG },
		      { ".txt", OPTS_TEXT },
		      { ".json", OPTS_JSON },
		      { ".gilprof", OPTS_CAPTURE }
	};
	size_t len = strlen(path);

	if (o->outputs_n == OPTS_MAX_OUTPUTS)
		return opts__wrong("output", path, "at most 8 files");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].suffix);

		if (len > n && !strcmp(path + len - n, known[i].suffix)) {
			o->outputs[o->outputs_n++] = (struct opts_output){ path, known[i].format };
			return 0;
		}
	}
	return opts__wrong(
		"output", path,
		"its suffix must be .txt, .json, .cpus.svg, .folded, .svg, .speedscope.json, .pb.gz or .gilprof");
}

int opts__weight(const char *arg, struct opts *o)
{
	for (int w = WEIGHT_BLAME; w < WEIGHTS; w++) {
		if (!strcmp(arg, model_weight_names[w])) {
			o->weight = (enum weight)w;
			return 0;
		}
	}
	return opts__wrong("--weight", arg,
			   "must be blame, gil_wait, hold, oncpu, offcpu or lock_wait");
}

static int parse_native(const char *arg, struct parse *p)
{
	static const char *const names[] = {
		[NATIVE_LEAF] = "leaf",
		[NATIVE_FP] = "fp",
		[NATIVE_DWARF] = "dwarf",
	};

	p->have_native = true;
	for (int how = NATIVE_LEAF; how <= NATIVE_DWARF; how++) {
		if (!strcmp(arg, names[how])) {
			p->o->native = (enum wire_native)how;
			return 0;
		}
	}
	return opts__wrong("--native", arg, "must be leaf, fp or dwarf");
}

static bool writes(const struct opts *o, enum opts_format format)
{
	for (size_t i = 0; i < o->outputs_n; i++) {
		if (o->outputs[i].format == format)
			return true;
	}
	return false;
}

bool opts__writes_stacks(const struct opts *o)
{
	return writes(o, OPTS_SVG) || writes(o, OPTS_FOLDED) || writes(o, OPTS_SPEEDSCOPE) ||
	       writes(o, OPTS_PPROF);
}

int opts__check_outputs(struct opts *o, bool json, uint32_t formats, const char *want)
{
	for (size_t i = 0; i < o->outputs_n; i++) {
		if (!(formats >> o->outputs[i].format & 1))
			return opts__wrong("output", o->outputs[i].path, want);
	}
	if (json && o->outputs_n)
		return opts__wrong("--json", o->outputs[0].path,
				   "goes to stdout, and -o leaves nothing for it");
	o->format = json ? OPTS_JSON : OPTS_TEXT;
	return 0;
}

static int check_report(const struct opts *o)
{
	if (!o->input)
		return opts__wrong("report", "", "needs a capture: gilprof report FILE.gilprof");
	if (o->pids_n || o->command)
		return opts__wrong("report", o->input,
				   "reads a capture and takes neither -p nor a command");
	if (writes(o, OPTS_CAPTURE))
		return opts__wrong("output", ".gilprof",
				   "report reads it, and writes the other formats");
	return 0;
}

static int check_live(const struct opts *o)
{
	if (o->pids_n && o->command)
		return opts__wrong("-p", "COMMAND", "profile a process or start one, not both");
	if (!o->pids_n && !o->command)
		return opts__wrong("target", "",
				   "none given: -p PID, or -- COMMAND; see gilprof --help");
	if (o->user && !o->command)
		return opts__wrong("--user", o->user, "only a COMMAND can be run as somebody");
	if (o->mode == OPTS_RECORD && !writes(o, OPTS_CAPTURE))
		return opts__wrong("record", "", "needs -o FILE.gilprof");
	return 0;
}

static int check(struct parse *p)
{
	struct opts *o = p->o;
	int err;

	if (o->mode == OPTS_SCHEMA)
		return 0;
	if (opts__check_outputs(o, p->json, UINT32_MAX, NULL))
		return EINVAL;
	if (o->weight != WEIGHT_DEFAULT && !opts__writes_stacks(o))
		return opts__wrong(
			"--weight", model_weight_names[o->weight],
			"is of stacks: -o FILE.svg, .folded, .speedscope.json or .pb.gz");
	if (p->have_native && o->mode == OPTS_REPORT)
		return opts__wrong("--native", o->input,
				   "is for recording: a capture has the stacks it has");
	err = o->mode == OPTS_REPORT ? check_report(o) : check_live(o);
	if (!p->have_duration && !o->command)
		o->duration_ns = (uint64_t)(DEFAULT_SECONDS * (double)NSEC_PER_SEC);
	return err;
}

static int parse_argument(struct parse *p, char *arg, struct argp_state *state)
{
	struct opts *o = p->o;

	if (o->mode == OPTS_REPORT && !o->input) {
		o->input = arg;
		return 0;
	}
	/* a command must come behind "--": a forgotten -p must not run a program */
	if (o->mode != OPTS_REPORT && state->quoted && state->next - 1 >= state->quoted) {
		o->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	}
	return opts__wrong("argument", arg,
			   "not understood: -p PID, or -- COMMAND; see gilprof --help");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct opts *o = p->o;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL; /* "Try --help" would be a second line */
		return 0;
	case 'p':
		return parse_pids(arg, o);
	case 'd':
		p->have_duration = true;
		return opts__seconds("duration", arg, false, &o->duration_ns);
	case 'o':
		return opts__output(arg, o);
	case 'F':
		return opts__number("frequency", arg, MAX_HZ, "must be 1 to 1000", &o->stack_hz);
	case 'v':
		o->verbose++;
		return 0;
	case KEY_WORST:
		return opts__number("--worst", arg, BLAME_WORST, "must be 1 to 32", &o->worst);
	case KEY_HOLD_OVER:
		return opts__number("--hold-over", arg, 3600000,
				    "must be milliseconds, 1 to 3600000", &o->hold_over_ms);
	case KEY_WEIGHT:
		return opts__weight(arg, o);
	case KEY_NATIVE:
		return parse_native(arg, p);
	case KEY_TOP:
		return opts__number("--top", arg, UINT_MAX, "must be a number above 0", &o->top);
	case KEY_JSON:
		p->json = true;
		return 0;
	case KEY_SCHEMA:
		o->mode = OPTS_SCHEMA;
		return 0;
	case KEY_EXPLAIN:
		o->explain = true;
		return 0;
	case KEY_NO_CHILDREN:
		o->children = false;
		return 0;
	case KEY_USER:
		o->user = arg;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(p, arg, state);
	case ARGP_KEY_END:
		return check(p);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void opts__default(struct opts *o)
{
	memset(o, 0, sizeof(*o));
	o->stack_hz = DEFAULT_HZ;
	o->state_hz = STATE_HZ;
	o->top = DEFAULT_TOP;
	o->children = true;
}

int opts__parse(int argc, char **argv, struct opts *o)
{
	static const struct argp argp = { options, parse_option, args_doc, doc, NULL, NULL, NULL };
	struct parse p = { .o = o };
	int err;

	argv[0] = program_invocation_short_name; /* how getopt's messages begin */
	opts__default(o);
	if (argc > 1 && !strcmp(argv[1], "record"))
		o->mode = OPTS_RECORD;
	else if (argc > 1 && !strcmp(argv[1], "report"))
		o->mode = OPTS_REPORT;
	if (o->mode != OPTS_PROFILE) { /* the subcommand takes the place of the program's name */
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	err = argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &p);
	o->state_hz = o->stack_hz > STATE_HZ ? o->stack_hz : STATE_HZ;
	return err ? -EINVAL : 0;
}
