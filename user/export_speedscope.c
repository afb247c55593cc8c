// SPDX-License-Identifier: BSD-2-Clause
/*
 * For https://www.speedscope.app: one "sampled" profile per thread, in the order in which the threads
 * come first. It is written line by line, so that many stacks cost no memory.
 */
#include "export.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "export_name.h"
#include "intern.h"
#include "report.h"
#include "text.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

struct out {
	FILE *f;
	struct intern frames;
	struct intern threads;
	struct sample {
		size_t thread;
		const struct weights_row *row;
	} * samples; /* by thread, and then as the weights have them */
	size_t samples_n;
	uint64_t left; /* of what a sum of weights may be, in the profile being written */
};

/* --- shared frames --- */

/* Takes the string over; one that there is no memory for is left out, which report__end finds out. */
static void set_string(json_t *object, const char *key, char *s)
{
	json_object_set_new(object, key, json_string(s));
	free(s);
}

/* Prints a value, which it takes over. */
static void put(struct out *out, const char *before, json_t *value)
{
	fputs(before, out->f);
	json_dumpf(value, out->f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	json_decref(value);
}

/* speedscope gives each file a colour: the kernel shall have one, too. */
static const char *file_of(const struct weights_frame *f)
{
	return !f->file && f->kind == FRAME_KERNEL ? "[kernel]" : f->file;
}

static void put_frame(struct out *out, const struct weights_frame *f, const char *before)
{
	const char *file = file_of(f);
	json_t *object = json_object();

	set_string(object, "name", export__plain_name(f->name));
	if (file)
		set_string(object, "file", text__escape(file));
	if (f->line)
		json_object_set_new(object, "line", json_integer(f->line));
	put(out, before, object);
}

/* The number of a frame, which is written where it appears first. */
static int add_frame(struct out *out, const struct weights_frame *f)
{
	size_t i;
	int new = intern__add(&out->frames, f, &i);

	if (new > 0)
		put_frame(out, f, i ? ",\n" : "\n");
	return new < 0 ? new : 0;
}

/* --- samples --- */

/* The frames of a row: a stack that is not known has one, too. */
static const struct weights_frame *frames(const struct weights_row *r, size_t *n)
{
	*n = r->frames_n ? r->frames_n : 1;
	return r->frames_n ? r->frames : &export__unknown_stack;
}

static int add_sample(struct out *out, const struct weights_row *r)
{
	struct sample *s = &out->samples[out->samples_n];
	size_t n;
	const struct weights_frame *list = frames(r, &n);
	int err = intern__add(&out->threads, r, &s->thread);

	s->row = r;
	out->samples_n++;
	for (size_t i = 0; i < n && err >= 0; i++)
		err = add_frame(out, &list[i]);
	return err < 0 ? err : 0;
}

static int by_thread(const void *a, const void *b)
{
	const struct sample *s = a, *t = b;

	if (s->thread != t->thread)
		return s->thread < t->thread ? -1 : 1;
	return (s->row > t->row) - (s->row < t->row);
}

/* Writes the shared frames on the way. */
static int collect(struct out *out, const struct weights *w)
{
	int err = 0;

	out->samples = calloc(w->rows_n + 1, sizeof(*out->samples));
	if (!out->samples)
		return -ENOMEM;
	for (size_t i = 0; i < w->rows_n && !err; i++)
		if (w->rows[i].ns)
			err = add_sample(out, &w->rows[i]);
	qsort(out->samples, out->samples_n, sizeof(*out->samples), by_thread);
	return err;
}

/* --- profiles --- */

/* The weight of a sample, or what is left of it where the sum would have no room in an integer. */
static uint64_t weight(struct out *out, const struct weights_row *r)
{
	uint64_t ns = r->ns < out->left ? r->ns : out->left;

	out->left -= ns;
	return ns;
}

static void put_stack(struct out *out, const struct weights_row *r, const char *before)
{
	size_t n, number = 0;
	const struct weights_frame *list = frames(r, &n);

	fputs(before, out->f);
	for (size_t i = 0; i < n; i++) {
		intern__add(&out->frames, &list[i], &number);
		fprintf(out->f, "%s%zu", i ? "," : "[", number);
	}
	putc(']', out->f);
}

/* "worker (TID 43), python3.12 (PID 42)"; what is nobody's is called as the whole. */
static json_t *profile_name(const struct weights *w, const struct weights_row *r)
{
	char *thread = export__thread_name(r), *process = export__process_name(r);
	json_t *name = NULL;

	if (thread && process && !*thread && !*process)
		name = json_string(w->title);
	else if (thread && process)
		name = json_sprintf("%s%s%s", thread, *thread && *process ? ", " : "", process);
	free(thread);
	free(process);
	return name;
}

/* The samples of one thread. */
static void put_profile(struct out *out, json_t *name, const struct sample *s, size_t n)
{
	out->left = INT64_MAX;
	put(out, "{\"type\":\"sampled\",\"name\":", name);
	fputs(",\"unit\":\"nanoseconds\",\"startValue\":0,\"samples\":[", out->f);
	for (size_t i = 0; i < n; i++)
		put_stack(out, s[i].row, i ? ",\n" : "\n");
	fputs("],\n\"weights\":[", out->f);
	for (size_t i = 0; i < n; i++)
		fprintf(out->f, "%s%" PRIu64, i ? "," : "", weight(out, s[i].row));
	fprintf(out->f, "],\"endValue\":%" PRIu64 "}", INT64_MAX - out->left);
}

/* An empty profile if there is no sample: speedscope cannot show a file without profiles. */
static void put_profiles(struct out *out, const struct weights *w)
{
	for (size_t i = 0, n; i < out->samples_n; i += n) {
		const struct sample *s = &out->samples[i];

		n = 1;
		while (i + n < out->samples_n && s[n].thread == s->thread)
			n++;
		fputs(i ? ",\n" : "\n", out->f);
		put_profile(out, profile_name(w, s->row), s, n);
	}
	if (out->samples_n == 0)
		put_profile(out, json_string(w->title), NULL, 0);
}

int export_speedscope(const struct weights *w, FILE *f)
{
	struct out out = { .f = f,
			   .frames = { .compare = intern__by_frame },
			   .threads = { .compare = intern__by_thread } };
	int err;

	errno = 0;
	fputs("{\"$schema\":\"" SCHEMA "\",\n\"exporter\":\"gilprof@" GILPROF_VERSION "\",\n", f);
	put(&out, "\"name\":", json_string(w->title));
	fputs(",\n\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[", f);
	err = collect(&out, w);
	if (!err) {
		fputs("]},\n\"profiles\":[", f);
		put_profiles(&out, w);
		fputs("]}\n", f);
	}
	intern__free(&out.frames);
	intern__free(&out.threads);
	free(out.samples);
	return err ? err : report__end(f);
}
