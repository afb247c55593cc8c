/* SPDX-License-Identifier: BSD-2-Clause */
#include "deliver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "clock.h"
#include "export.h"
#include "log.h"
#include "model.h"
#include "model_weights.h"
#include "report.h"
#include "schema.h"
#include "text.h"

#define BLOCK 65536

enum status deliver__stdout_failed(int err)
{
	if (err != -EPIPE)
		log__error("cannot write to standard output: %s", strerror(-err));
	return STATUS_FAILED;
}

bool deliver__wants_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static void complain(const char *input, const char *why)
{
	char *name = input ? text__escape(input) : NULL;

	log__error("%s %s", name ? name : "the capture", why);
	free(name);
}

static int write_stacks(const struct model *m, enum weight weight, enum opts_format format, FILE *f)
{
	static int (*const exports[])(const struct weights *w, FILE *f) = {
		[OPTS_FOLDED] = export_folded,
		[OPTS_SVG] = export_svg,
		[OPTS_SPEEDSCOPE] = export_speedscope,
		[OPTS_PPROF] = export_pprof,
	};
	struct weights *w = model_weights__new(m, weight);
	int err = w ? exports[format](w, f) : -ENOMEM;

	model_weights__free(w);
	return err;
}

static int write_report(const struct opts *o, enum opts_format format, int fd, FILE *f)
{
	struct report_options ro = {
		.top = o->top,
		.verbose = o->verbose > 0,
		.explain = o->explain,
		.worst = o->worst,
		.hold_over_ns = o->hold_over_ms * NSEC_PER_MSEC,
		.colour = deliver__wants_colour(f),
	};
	struct capture *capture;
	struct model *model;
	char why[256];
	int err;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	capture = capture__read(fd, why, sizeof(why));
	if (!capture) {
		complain(o->input, why);
		return -EBADMSG;
	}
	model = model__new(capture);
	if (!model)
		err = -ENOMEM;
	else if (format == OPTS_TEXT)
		err = report_text(model, &ro, f);
	else if (format == OPTS_JSON)
		err = report_json(model, &ro, f);
	else if (format == OPTS_CPUS_SVG)
		err = export_cpus_svg(model, f);
	else
		err = write_stacks(model, o->weight, format, f);
	model__free(model);
	capture__free(capture);
	return err;
}

static int copy_capture(int fd, FILE *f)
{
	char block[BLOCK];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (fwrite(block, 1, (size_t)n, f) != (size_t)n)
			return -errno;
	}
	return n < 0 ? -errno : 0;
}

static enum status to_stdout(const struct opts *o, enum opts_format format, int fd)
{
	int err = write_report(o, format, fd, stdout);

	if (!err && fflush(stdout))
		err = -errno;
	if (err == -EBADMSG)
		return STATUS_FAILED;
	return err ? deliver__stdout_failed(err) : STATUS_OK;
}

static enum status to_output(const struct opts *o, enum opts_format format, int fd,
			     struct output *output)
{
	FILE *f = output__file(output);
	int err = format == OPTS_CAPTURE ? copy_capture(fd, f) : write_report(o, format, fd, f);

	if (err == -EBADMSG) {
		output__abandon(output);
		return STATUS_FAILED;
	}
	return output__commit(output, err) ? STATUS_FAILED : STATUS_OK;
}

int deliver__open(struct deliver *d, const struct opts *o, const struct caller *caller)
{
	int err = 0;

	*d = (struct deliver){ .opts = o };
	for (size_t i = 0; i < o->outputs_n && !err; i++)
		err = output__open(o->outputs[i].path, caller, &d->outputs[i]);
	if (err)
		deliver__abandon(d);
	return err;
}

enum status deliver__write(struct deliver *d, int fd)
{
	const struct opts *o = d->opts;
	enum status status = STATUS_OK;

	if (!o->outputs_n)
		return to_stdout(o, o->format, fd);
	for (size_t i = 0; i < o->outputs_n; i++) {
		if (to_output(o, o->outputs[i].format, fd, d->outputs[i]) != STATUS_OK)
			status = STATUS_FAILED;
		d->outputs[i] = NULL;
	}
	if (status != STATUS_OK && o->mode != OPTS_REPORT)
		to_stdout(o, OPTS_TEXT, fd);
	return status;
}

void deliver__abandon(struct deliver *d)
{
	for (size_t i = 0; i < OPTS_MAX_OUTPUTS; i++)
		output__abandon(d->outputs[i]);
}

enum status deliver__schema(void)
{
	int err = schema__print(stdout);

	return err ? deliver__stdout_failed(err) : STATUS_OK;
}
