/* SPDX-License-Identifier: BSD-2-Clause */
#include "scale_opts.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "placeholder.h"

#define DEFAULT_SIZES "1,2,4,8"
#define DEFAULT_ROUNDS 3
#define OUTPUTS (1u << OPTS_TEXT | 1u << OPTS_JSON | 1u << OPTS_SVG)
#define DEFAULT_WARM_UP (500 * NSEC_PER_MSEC)

enum {
	KEY_PROCESSES = 0x100,
	KEY_UNITS,
	KEY_ELAPSED,
	KEY_RATE,
	KEY_PER_WORKER,
	KEY_WARM_UP,
	KEY_JSON,
	KEY_SCHEMA,
	KEY_USER,
};

static const struct argp_option options[] = {
	{ "workers", 'w', "N[,N...]", 0,
	  "The sizes (default " DEFAULT_SIZES
	  "); to six or more of threads, or of processes, the Universal Scalability Law is fitted",
	  0 },
	{ "processes", KEY_PROCESSES, NULL, 0, "{n} are processes (default: threads)", 0 },
	{ "repeat", 'r', "N", 0, "Runs of each size, 1-100 (default 3)", 0 },
	{ "units", KEY_UNITS, "REGEX", 0,
	  "Throughput is units over time: the first group, in the last line printed that matches, is how many units were done",
	  0 },
	{ "elapsed", KEY_ELAPSED, "REGEX", 0,
	  "... is the seconds that it took, by the program's own clock (default: from exec to exit)",
	  0 },
	{ "rate", KEY_RATE, "REGEX", 0, "... is the throughput itself", 0 },
	{ "per-worker", KEY_PER_WORKER, NULL, 0,
	  "Each worker does the same work (default, without units: a run does, shared by its workers)",
	  0 },
	{ "duration", 'd', "SECONDS", 0, "End each run after that with SIGTERM", 0 },
	{ "warm-up", KEY_WARM_UP, "SECONDS", 0,
	  "Leave so much out of the profile, from exec on; 0: nothing (default 0.5)", 0 },
	{ "output", 'o', "FILE", 0,
	  "Write to FILE, by its suffix: .txt .json, or a plot: .svg; may be given again", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON instead of the page", 0 },
	{ "json-schema", KEY_SCHEMA, NULL, 0, "Print the schema of that JSON and exit", 0 },
	{ "user", KEY_USER, "NAME", 0, "Run COMMAND as NAME (default: who called sudo)", 0 },
	{ "verbose", 'v', NULL, 0, "Show what COMMAND prints, on stderr", 0 },
	{ 0 },
};

static const char doc[] =
	"Runs a program at several sizes, in turn and again: what it gives, beside what gilprof predicts "
	"from a profile of the smallest."
	"\v"
	"{n} in an argument of COMMAND is replaced by the size. With {threads} and {processes} "
	"in its place each size is run both ways.\n"
	"\n"
	"Examples:\n"
	"  sudo gilprof scale -- python3 app.py --threads {n}\n"
	"  sudo gilprof scale -w 1,2,4 --processes -o plot.svg -- app --workers {n}\n"
	"  sudo gilprof scale --units 'served ([0-9]+)' -d 10 -- \\\n"
	"      python3 app.py --threads {threads} --processes {processes}\n";

static const char args_doc[] = "-- COMMAND [ARG {n}...]";

struct parse {
	struct scale_opts *o;
	uint32_t sizes[SWEEP_MAX_SIZES];
	size_t sizes_n;
	bool json, processes;
};

static int by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int parse_sizes(const char *arg, struct parse *p)
{
	const char *s = arg;
	unsigned long n;
	char *end;

	p->sizes_n = 0;
	do {
		errno = 0;
		n = strtoul(s, &end, 10);
		if (errno || end == s || *s < '0' || *s > '9' || n < 1 || n > SCALING_MAX_WORKERS ||
		    (*end && *end != ','))
			return opts__wrong("--workers", arg,
					   "must be numbers, 1 to 1024, with commas");
		if (p->sizes_n == SWEEP_MAX_SIZES)
			return opts__wrong("--workers", arg, "at most 32 sizes");
		p->sizes[p->sizes_n++] = (uint32_t)n;
		s = end + 1;
	} while (*end);
	qsort(p->sizes, p->sizes_n, sizeof(*p->sizes), by_size);
	for (size_t i = 1; i < p->sizes_n; i++) {
		if (p->sizes[i] == p->sizes[i - 1])
			return opts__wrong("--workers", arg, "has a size twice");
	}
	return 0;
}

static int parse_pattern(const char *option, const char *arg, struct pattern **pattern)
{
	char why[128];

	pattern__free(*pattern);
	*pattern = pattern__new(arg, why, sizeof(why));
	return *pattern ? 0 : opts__wrong(option, arg, why);
}

static void add_layout(struct scale_opts *o, uint32_t processes, uint32_t threads)
{
	o->layouts[o->layouts_n++] = (struct scaling_layout){ processes, threads };
}

/* One of a thing is one of the other: it is run once. */
static void list_layouts(struct parse *p, bool threads, bool processes)
{
	for (size_t i = 0; i < p->sizes_n && threads; i++)
		add_layout(p->o, 1, p->sizes[i]);
	for (size_t i = 0; i < p->sizes_n && processes; i++) {
		if (!threads || p->sizes[i] > 1)
			add_layout(p->o, p->sizes[i], 1);
	}
}

static int choose_layouts(struct parse *p)
{
	char **command = p->o->command;
	bool n = placeholder__is_in(command, PLACEHOLDER_N);
	bool threads = placeholder__is_in(command, PLACEHOLDER_THREADS);
	bool processes = placeholder__is_in(command, PLACEHOLDER_PROCESSES);

	if (!n && !threads && !processes)
		return opts__wrong(
			"COMMAND", command[0],
			"no argument has {n}, nor {threads} or {processes}: where is its size?");
	if (n && (threads || processes))
		return opts__wrong("COMMAND", command[0],
				   "{n}, or {threads} and {processes}, not both");
	if (p->processes && !n)
		return opts__wrong("--processes", command[0],
				   "says what {n} is, and there is none");
	if (n)
		list_layouts(p, !p->processes, p->processes);
	else
		list_layouts(p, threads, processes);
	return 0;
}

static int check_source(const struct parse *p)
{
	struct pattern *const *patterns = p->o->patterns;
	bool units = patterns[NUMBER_UNITS], rate = patterns[NUMBER_RATE];

	if (rate && (units || patterns[NUMBER_ELAPSED]))
		return opts__wrong("--rate", "REGEX",
				   "is the throughput: no --units or --elapsed beside it");
	if (p->o->per_worker && (units || rate))
		return opts__wrong(
			"--per-worker", p->o->command[0],
			"is for a COMMAND that does not count: no --units or --rate beside it");
	if (p->o->limit_ns && !units && !rate)
		return opts__wrong(
			"-d", p->o->command[0],
			"ends each run, so its time tells nothing: needs --units or --rate");
	return 0;
}

static int check(struct parse *p)
{
	int err;

	if (p->o->schema)
		return 0;
	if (!p->o->command)
		return opts__wrong("COMMAND", "", "none given: gilprof scale -- COMMAND ... {n}");
	err = choose_layouts(p);
	if (!err)
		err = check_source(p);
	if (!err)
		err = opts__check_outputs(&p->o->common, p->json, OUTPUTS,
					  "of a sweep there are .txt, .json and .svg");
	return err;
}

static int parse_argument(struct parse *p, char *arg, struct argp_state *state)
{
	if (!state->quoted || state->next - 1 < state->quoted)
		return opts__wrong("argument", arg,
				   "not understood: -- COMMAND; see gilprof scale --help");
	p->o->command = &state->argv[state->next - 1];
	state->next = state->argc;
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct scale_opts *o = p->o;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL; /* as in user/opts.c */
		return 0;
	case 'w':
		return parse_sizes(arg, p);
	case 'r':
		return opts__number("--repeat", arg, SWEEP_MAX_RUNS, "must be 1 to 100",
				    &o->rounds);
	case 'd':
		return opts__seconds("--duration", arg, false, &o->limit_ns);
	case 'o':
		return opts__output(arg, &o->common);
	case 'v':
		o->common.verbose++;
		return 0;
	case KEY_PROCESSES:
		p->processes = true;
		return 0;
	case KEY_UNITS:
		return parse_pattern("--units", arg, &o->patterns[NUMBER_UNITS]);
	case KEY_ELAPSED:
		return parse_pattern("--elapsed", arg, &o->patterns[NUMBER_ELAPSED]);
	case KEY_RATE:
		return parse_pattern("--rate", arg, &o->patterns[NUMBER_RATE]);
	case KEY_PER_WORKER:
		o->per_worker = true;
		return 0;
	case KEY_WARM_UP:
		return opts__seconds("--warm-up", arg, true, &o->warm_up_ns);
	case KEY_JSON:
		p->json = true;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case KEY_USER:
		o->common.user = arg;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(p, arg, state);
	case ARGP_KEY_END:
		return check(p);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int scale_opts__parse(int argc, char **argv, struct scale_opts *o)
{
	static const struct argp argp = { options, parse_option, args_doc, doc, NULL, NULL, NULL };
	struct parse p = { .o = o };
	static char name[] = "gilprof scale";

	argv[0] = name; /* how getopt's messages, and --help, begin */
	memset(o, 0, sizeof(*o));
	opts__default(&o->common);
	o->rounds = DEFAULT_ROUNDS;
	o->warm_up_ns = DEFAULT_WARM_UP;
	parse_sizes(DEFAULT_SIZES, &p);
	return argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &p) ? -EINVAL : 0;
}

void scale_opts__release(struct scale_opts *o)
{
	for (int k = 0; k < NUMBERS; k++)
		pattern__free(o->patterns[k]);
}

enum sweep_source scale_opts__source(const struct scale_opts *o)
{
	if (o->patterns[NUMBER_RATE])
		return SWEEP_RATE;
	if (o->patterns[NUMBER_UNITS])
		return o->patterns[NUMBER_ELAPSED] ? SWEEP_UNITS_ELAPSED : SWEEP_UNITS;
	return o->patterns[NUMBER_ELAPSED] ? SWEEP_ELAPSED : SWEEP_EXIT_TIME;
}
