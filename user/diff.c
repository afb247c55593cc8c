/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "deliver.h"
#include "diff_opts.h"
#include "diff_weights.h"
#include "export.h"
#include "log.h"
#include "model_diff.h"
#include "model_weights.h"
#include "privileges.h"
#include "report_diff.h"
#include "schema.h"
#include "text.h"

struct diff {
	struct diff_opts opts;
	struct deliver deliver;
	char *names[2]; /* of the files, as valid UTF-8 */
	int fds[2];
	struct capture *captures[2];
	struct model *models[2];
	struct model_diff *model;
};

/* Takes the first weight of the two if none was named: both must be of the same kind. */
static enum weight weight_of(const struct diff *d)
{
	enum weight weight = d->opts.common.weight;

	if (weight != WEIGHT_DEFAULT)
		return weight;
	return d->captures[0]->blame_n || d->captures[1]->blame_n ? WEIGHT_BLAME : WEIGHT_OFFCPU;
}

static int write_stacks(const struct diff *d, enum opts_format format, FILE *f)
{
	struct weights *before = model_weights__new(d->models[0], weight_of(d));
	struct weights *after = model_weights__new(d->models[1], weight_of(d));
	struct weights *w = before && after ? diff_weights__new(before, after) : NULL;
	int err = -ENOMEM;

	if (w)
		err = format == OPTS_SVG ? export_svg(w, f) : export_folded(w, f);
	diff_weights__free(w);
	model_weights__free(before);
	model_weights__free(after);
	return err;
}

static int write_to(const struct diff *d, enum opts_format format, FILE *f)
{
	const struct report_diff_options o = {
		.name = { d->names[0], d->names[1] },
		.top = d->opts.common.top,
		.verbose = d->opts.common.verbose > 0,
		.colour = deliver__wants_colour(f),
	};

	if (format == OPTS_TEXT)
		return report_diff_text(d->model, &o, f);
	if (format == OPTS_JSON)
		return report_diff_json(d->model, &o, f);
	return write_stacks(d, format, f);
}

static enum status deliver(struct diff *d)
{
	const struct opts *o = &d->opts.common;
	enum status status = STATUS_OK;
	int err;

	for (size_t i = 0; i < o->outputs_n; i++) {
		struct output *output = d->deliver.outputs[i];

		d->deliver.outputs[i] = NULL;
		if (output__commit(output, write_to(d, o->outputs[i].format, output__file(output))))
			status = STATUS_FAILED;
	}
	if (o->outputs_n)
		return status;
	err = write_to(d, o->format, stdout);
	return err ? deliver__stdout_failed(err) : STATUS_OK;
}

static int complain(const char *name, const char *why)
{
	char *escaped = text__escape(name);

	log__error("%s %s", escaped ? escaped : "a capture", why);
	free(escaped);
	return -EBADMSG;
}

static int open_capture(struct diff *d, int side)
{
	const char *path = d->opts.captures[side];
	int err;
	char why[256];

	d->fds[side] = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	err = errno;
	d->names[side] = text__utf8(path, strlen(path), 4 * strlen(path) + 1);
	if (!d->names[side])
		return -ENOMEM;
	if (d->fds[side] >= 0)
		return 0;
	snprintf(why, sizeof(why), "cannot be read: %s", strerror(err));
	return complain(d->names[side], why);
}

static int read_capture(struct diff *d, int side)
{
	char why[256];

	d->captures[side] = capture__read(d->fds[side], why, sizeof(why));
	if (!d->captures[side])
		return complain(d->names[side], why);
	d->models[side] = model__new(d->captures[side]);
	return d->models[side] ? 0 : -ENOMEM;
}

static int compare(struct diff *d)
{
	const struct diff_opts *o = &d->opts;
	int err = open_capture(d, 0);

	if (!err)
		err = open_capture(d, 1);
	privileges__keep_for_report(o->common.outputs_n > 0); /* who knows who wrote them */
	if (!err)
		err = read_capture(d, 0);
	if (!err)
		err = read_capture(d, 1);
	if (!err)
		d->model =
			model_diff__new(d->models[0], d->models[1], o->has_units ? o->units : NULL);
	if (!err && !d->model)
		err = -ENOMEM;
	if (err == -ENOMEM)
		log__error("out of memory");
	return err;
}

static void release(struct diff *d)
{
	model_diff__free(d->model);
	for (int side = 0; side < 2; side++) {
		model__free(d->models[side]);
		capture__free(d->captures[side]);
		free(d->names[side]);
		if (d->fds[side] >= 0)
			close(d->fds[side]);
	}
}

static enum status print_schema(void)
{
	int err = schema__print_diff(stdout);

	return err ? deliver__stdout_failed(err) : STATUS_OK;
}

enum status diff__run(int argc, char **argv)
{
	struct diff d = { .fds = { -1, -1 } };
	enum status status = STATUS_FAILED;
	struct caller caller;

	if (diff_opts__parse(argc, argv, &d.opts))
		return STATUS_USAGE;
	if (d.opts.schema)
		return print_schema();
	if (caller__find(NULL, &caller))
		return STATUS_USAGE;
	if (!deliver__open(&d.deliver, &d.opts.common, &caller)) {
		if (!compare(&d))
			status = deliver(&d);
		else
			deliver__abandon(&d.deliver);
	}
	release(&d);
	return status;
}
