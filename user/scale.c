/* SPDX-License-Identifier: BSD-2-Clause */
#include "scale.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "deliver.h"
#include "log.h"
#include "model.h"
#include "placeholder.h"
#include "privileges.h"
#include "report_scale.h"
#include "scale_opts.h"
#include "trial.h"

#define LONGEST_NS 9e18 /* a program may print any time */

struct scale {
	const struct scale_opts *opts;
	struct caller caller;
	struct deliver deliver;
	struct sweep *sweep;
	struct scale_info info;
	char start[32];
	sigset_t caller_mask;
	struct trial_options trial;
	int captures[SWEEP_MAX_RUNS]; /* of the first layout's runs; read when all is measured */
	size_t captures_n;
};

/* --- the runs ------------------------------------------------------------------------------------ */

static int watch_signals(struct scale *s)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &s->caller_mask);
	s->trial.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->trial.signals >= 0)
		return 0;
	log__error("cannot wait for signals: %s", strerror(errno));
	return -errno;
}

/* One that came after the last run has nothing to end; from here on a signal ends us. */
static void unwatch_signals(struct scale *s)
{
	if (s->trial.signals >= 0) {
		while (trial__take_signal(&s->trial))
			;
		close(s->trial.signals);
	}
	sigprocmask(SIG_SETMASK, &s->caller_mask, NULL);
}

static struct sweep_run run_of(const struct scale *s, struct scaling_layout layout,
			       const struct trial *t)
{
	double workers = (double)layout.processes * layout.threads;
	double work = t->numbers.found[NUMBER_UNITS] ? t->numbers.values[NUMBER_UNITS]
		      : s->opts->per_worker	     ? workers
						     : 1;
	double seconds = t->numbers.found[NUMBER_ELAPSED] ? t->numbers.values[NUMBER_ELAPSED]
							  : (double)t->duration_ns / NSEC_PER_SEC;
	struct sweep_run run = { (uint64_t)fmin(seconds * (double)NSEC_PER_SEC, LONGEST_NS),
				 work / seconds };

	if (t->numbers.found[NUMBER_RATE])
		run.throughput = t->numbers.values[NUMBER_RATE];
	return run;
}

/* -1: it is not to be recorded, or there is no memory for it, which has been told. */
static int open_capture(struct scale *s)
{
	int fd = memfd_create("gilprof-capture", MFD_CLOEXEC);

	if (fd < 0)
		log__warn("no memory for a capture: %s", strerror(errno));
	else
		s->captures[s->captures_n++] = fd;
	return fd;
}

static char **command_for(const struct scale *s, struct scaling_layout l)
{
	const uint32_t values[PLACEHOLDERS] = {
		[PLACEHOLDER_N] = l.processes * l.threads,
		[PLACEHOLDER_THREADS] = l.threads,
		[PLACEHOLDER_PROCESSES] = l.processes,
	};
	char **command = placeholder__fill(s->opts->command, values);

	if (!command)
		log__error("out of memory");
	return command;
}

static int run(struct scale *s, size_t row)
{
	struct scaling_layout l = s->sweep->rows[row].layout;
	cleanup_free char **command = command_for(s, l);
	char name[256];
	int capture = command && row == 0 ? open_capture(s) : -1, err;
	struct trial t;

	if (!command)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%s at %u x %u (processes x threads)", command[0], l.processes,
		 l.threads);
	err = trial__run(&s->trial, command, name, capture, &t);
	if (capture >= 0 && (err || t.unrecorded)) {
		close(capture);
		s->captures_n--;
		if (!err)
			sweep__no_profile(s->sweep, t.unrecorded);
	}
	if (!err)
		sweep__add_run(s->sweep, row, run_of(s, l, &t));
	return err;
}

/* There and back again: what drifts meanwhile then does so alike for all. */
static int run_round(struct scale *s, unsigned int round)
{
	size_t n = s->sweep->rows_n;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		size_t row = round % 2 ? n - 1 - i : i;
		const struct scaling_layout *l = &s->sweep->rows[row].layout;

		log__progress("run %zu of %zu: %u x %u (Ctrl-C ends it early)", round * n + i + 1,
			      s->sweep->rounds * n, l->processes, l->threads);
		err = run(s, row);
	}
	log__progress(NULL);
	return err;
}

static int run_all(struct scale *s)
{
	int err = watch_signals(s);

	for (unsigned int round = 0; round < s->opts->rounds && !err; round++)
		err = run_round(s, round);
	unwatch_signals(s);
	if (err == -EINTR)
		s->info.end = SCALE_INTERRUPTED;
	else if (err)
		s->info.end = SCALE_FAILED;
	return err;
}

/* --- what they come to ---------------------------------------------------------------------------- */

/* It is one profile less. */
static void read_capture(struct scale *s, int fd)
{
	struct capture *capture;
	struct model *model;
	char why[256];
	int err;

	lseek(fd, 0, SEEK_SET);
	capture = capture__read(fd, why, sizeof(why));
	if (!capture) {
		log__warn("a profile is left out: the capture %s", why);
		sweep__no_profile(s->sweep, "the capture cannot be read");
		return;
	}
	model = model__new(capture);
	err = model ? sweep__add_model(s->sweep, model) : -ENOMEM;
	if (err) {
		log__warn("a profile is left out: %s", strerror(-err));
		sweep__no_profile(s->sweep, "there was too little memory for it");
	}
	model__free(model);
	capture__free(capture);
}

static int evaluate(struct scale *s)
{
	int err;

	for (size_t i = 0; i < s->captures_n; i++) {
		read_capture(s, s->captures[i]);
		close(s->captures[i]);
	}
	err = sweep__finish(s->sweep);
	if (err)
		log__error("out of memory");
	return err;
}

static int write_to(const struct scale *s, enum opts_format format, FILE *f)
{
	switch (format) {
	case OPTS_JSON:
		return report_scale_json(&s->info, f);
	case OPTS_SVG:
		return report_scale_svg(&s->info, f);
	default:
		return report_scale_text(&s->info, deliver__wants_colour(f), f);
	}
}

static enum status to_stdout(const struct scale *s, enum opts_format format)
{
	int err = write_to(s, format, stdout);

	return err ? deliver__stdout_failed(err) : STATUS_OK;
}

/* As in user/deliver.c: if a file cannot be written, the page goes to stdout. */
static enum status deliver(struct scale *s)
{
	const struct opts *o = &s->opts->common;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < o->outputs_n; i++) {
		struct output *output = s->deliver.outputs[i];

		s->deliver.outputs[i] = NULL;
		if (output__commit(output, write_to(s, o->outputs[i].format, output__file(output))))
			status = STATUS_FAILED;
	}
	if (!o->outputs_n)
		return to_stdout(s, o->format);
	if (status != STATUS_OK)
		to_stdout(s, OPTS_TEXT);
	return status;
}

/* What is measured is printed, whatever ended it. */
static enum status conclude(struct scale *s, int err)
{
	enum status status;

	privileges__keep_for_report(s->opts->common.outputs_n > 0);
	if (!sweep__measured(s->sweep)) {
		if (err == -EINTR)
			log__error("interrupted before anything was measured");
		deliver__abandon(&s->deliver);
		return err ? status__of(err) : STATUS_FAILED;
	}
	if (evaluate(s)) {
		deliver__abandon(&s->deliver);
		return STATUS_FAILED;
	}
	status = deliver(s);
	return status != STATUS_OK || err == -EINTR ? status : status__of(err);
}

/* --- all of it ------------------------------------------------------------------------------------ */

static unsigned int count_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set); /* more than 1024: the call fails */
	return n > 0 ? (unsigned int)n : 1;
}

static void note_start(struct scale *s)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(s->start, sizeof(s->start), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int prepare(struct scale *s)
{
	const struct scale_opts *o = s->opts;

	s->sweep = sweep__new(o->layouts, o->layouts_n);
	if (!s->sweep) {
		log__error("out of memory");
		return -ENOMEM;
	}
	s->sweep->source = scale_opts__source(o);
	s->sweep->per_worker = o->per_worker;
	s->sweep->rounds = o->rounds;
	note_start(s);
	s->info = (struct scale_info){
		.sweep = s->sweep, .start = s->start, .command = o->command, .cpus = count_cpus()
	};
	s->trial = (struct trial_options){ .caller = &s->caller,
					   .mask = &s->caller_mask,
					   .signals = -1,
					   .limit_ns = o->limit_ns,
					   .show = o->common.verbose > 0,
					   .record = &o->common,
					   .warm_up_ns = o->warm_up_ns };
	for (int k = 0; k < NUMBERS; k++)
		s->trial.patterns[k] = o->patterns[k];
	return deliver__open(&s->deliver, &o->common, &s->caller);
}

static enum status sweep(const struct scale_opts *o)
{
	struct scale s = { .opts = o };
	enum status status = STATUS_FAILED;

	if (caller__find(o->common.user, &s.caller))
		return STATUS_USAGE;
	if (!prepare(&s))
		status = conclude(&s, run_all(&s));
	sweep__free(s.sweep);
	return status;
}

static enum status print_schema(void)
{
	int err = report_scale_schema(stdout);

	return err ? deliver__stdout_failed(err) : STATUS_OK;
}

enum status scale__run(int argc, char **argv)
{
	enum status status = STATUS_USAGE;
	struct scale_opts o;

	if (!scale_opts__parse(argc, argv, &o))
		status = o.schema ? print_schema() : sweep(&o);
	scale_opts__release(&o);
	return status;
}
