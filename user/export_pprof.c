// SPDX-License-Identifier: BSD-2-Clause
/*
 * For https://github.com/google/pprof and what else reads its format. A message of Protocol Buffers may
 * come in pieces: whole messages, one after the other, are one with all their fields. So each string,
 * function, location and sample is written as soon as it is known, and many need no memory.
 */
#include "export.h"

#define ZLIB_CONST /* input is const */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "export_name.h"
#include "intern.h"
#include "profile.pb-c.h"
#include "report.h"
#include "text.h"

#define PIECE (64u << 10)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's code for: largest window, gzip header and trailer */
#define GZIP_MEMORY 8		   /* zlib's default */

/* The only mapping: without one, and if it did not say that it knows all, pprof looks for symbols. */
#define MAPPING 1

struct out {
	ProtobufCBuffer buffer; /* first: what packs a message knows no more */
	FILE *f;
	z_stream z;
	struct intern strings;
	struct intern functions;
	struct intern locations;
	int err; /* the first error, negative */
};

/* --- gzip --- */

/* Takes all that is in z->next_in. */
static void compress_input(struct out *out, int flush)
{
	unsigned char piece[PIECE];
	size_t n;

	do {
		out->z.next_out = piece;
		out->z.avail_out = sizeof(piece);
		deflate(&out->z, flush);
		n = sizeof(piece) - out->z.avail_out;
		if (!out->err && fwrite(piece, 1, n, out->f) != n)
			out->err = errno ? -errno : -EIO;
	} while (out->z.avail_out == 0);
}

static void append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	struct out *out = (struct out *)buffer;

	out->z.next_in = data;
	out->z.avail_in = (uInt)len;
	compress_input(out, Z_NO_FLUSH);
}

static void put(struct out *out, const Pprof__Profile *piece)
{
	if (!out->err)
		pprof__profile__pack_to_buffer(piece, &out->buffer);
}

/* --- tables --- */

static size_t add(struct out *out, struct intern *t, const void *key, bool *new)
{
	size_t number = 0;
	int ret = intern__add(t, key, &number);

	if (ret < 0 && !out->err)
		out->err = ret;
	*new = ret > 0;
	return number;
}

/* The index of a string, which is taken over. */
static int64_t add_string(struct out *out, char *s)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	size_t i;
	bool new;

	if (!s) {
		out->err = out->err ? out->err : -ENOMEM;
		return 0;
	}
	i = add(out, &out->strings, s, &new);
	piece.n_string_table = 1;
	piece.string_table = &s;
	if (new)
		put(out, &piece);
	return (int64_t)i;
}

static int64_t add_copy(struct out *out, const char *s)
{
	return add_string(out, strdup(s));
}

/* No source file, but pprof lists by it, too. */
static const char *file_of(const struct weights_frame *f)
{
	return !f->file && f->kind == FRAME_KERNEL ? "[kernel]" : f->file ? f->file : "";
}

static uint64_t add_function(struct out *out, const struct weights_frame *f)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	Pprof__Function function = PPROF__FUNCTION__INIT, *list = &function;
	bool new;

	function.id = add(out, &out->functions, f, &new) + 1;
	if (!new)
		return function.id;
	function.name = add_string(out, export__plain_name(f->name));
	/*
	 * pprof takes a function whose two names are the same for C++ that is still to be demangled:
	 * good for native ones, but it makes "" of "<module>" and "<genexpr>"
	 */
	if (f->kind == FRAME_NATIVE)
		function.system_name = function.name;
	function.filename = add_string(out, text__escape(file_of(f)));
	piece.n_function = 1;
	piece.function = &list;
	put(out, &piece);
	return function.id;
}

static uint64_t add_location(struct out *out, const struct weights_frame *f)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	Pprof__Location location = PPROF__LOCATION__INIT, *locations = &location;
	Pprof__Line line = PPROF__LINE__INIT, *lines = &line;
	bool new;

	location.id = add(out, &out->locations, f, &new) + 1;
	if (!new)
		return location.id;
	location.mapping_id = MAPPING;
	location.n_line = 1;
	location.line = &lines;
	line.function_id = add_function(out, f);
	line.line = f->line;
	piece.n_location = 1;
	piece.location = &locations;
	put(out, &piece);
	return location.id;
}

/* --- samples --- */

enum { LABEL_THREAD, LABEL_TID, LABEL_PROCESS, LABEL_PID, LABELS };

struct labels {
	Pprof__Label label[LABELS];
	Pprof__Label *list[LABELS];
	size_t n;
};

static void add_label(struct out *out, struct labels *l, const char *key, const char *text,
		      uint32_t number)
{
	Pprof__Label *label = &l->label[l->n];

	if (!*text && !number)
		return;
	pprof__label__init(label);
	label->key = add_copy(out, key);
	label->str = *text ? add_string(out, export__plain_name(text)) : 0;
	label->num = number;
	l->list[l->n++] = label;
}

static void add_labels(struct out *out, struct labels *l, const struct weights_row *r)
{
	add_label(out, l, "thread", r->thread, 0);
	add_label(out, l, "tid", "", r->tid);
	add_label(out, l, "process", r->process, 0);
	add_label(out, l, "pid", "", r->pid);
}

static int64_t value(uint64_t v)
{
	return v < INT64_MAX ? (int64_t)v : INT64_MAX;
}

/* The leaf first. */
static void put_stack(struct out *out, Pprof__Sample *s, const struct weights_row *r)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	bool known = r->frames_n > 0;

	s->n_location_id = known ? r->frames_n : 1;
	s->location_id = calloc(s->n_location_id, sizeof(*s->location_id));
	if (!s->location_id) {
		out->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < s->n_location_id; i++)
		s->location_id[i] = add_location(out, known ? &r->frames[r->frames_n - 1 - i]
							    : &export__unknown_stack);
	piece.n_sample = 1;
	piece.sample = &s;
	put(out, &piece);
	free(s->location_id);
}

static void put_sample(struct out *out, const struct weights_row *r)
{
	Pprof__Sample sample = PPROF__SAMPLE__INIT;
	struct labels labels = { 0 };
	int64_t values[] = { value(r->count), value(r->ns) };

	add_labels(out, &labels, r);
	sample.n_value = 2;
	sample.value = values;
	sample.n_label = labels.n;
	sample.label = labels.list;
	put_stack(out, &sample, r);
}

/* --- the profile --- */

/* pprof calls the profile after its first mapping: the program, which is the first in the list. */
static void put_mapping(struct out *out, const struct weights *w)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *list = &mapping;

	mapping.id = MAPPING;
	mapping.filename = add_string(out, text__escape(w->rows_n ? w->rows[0].process : ""));
	mapping.has_functions = true;
	mapping.has_filenames = true;
	mapping.has_line_numbers = true;
	piece.n_mapping = 1;
	piece.mapping = &list;
	put(out, &piece);
}

static void put_types(struct out *out, const struct weights *w)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	Pprof__ValueType count = PPROF__VALUE_TYPE__INIT, ns = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *list[] = { &count, &ns };

	count.type = add_copy(out, w->count_name);
	count.unit = add_copy(out, "count");
	ns.type = add_copy(out, w->ns_name);
	ns.unit = add_copy(out, "nanoseconds");
	piece.n_sample_type = 2;
	piece.sample_type = list;
	piece.default_sample_type = ns.type;
	put(out, &piece);
}

static void put_info(struct out *out, const struct weights *w)
{
	Pprof__Profile piece = PPROF__PROFILE__INIT;
	int64_t comments[] = { add_copy(out, w->title), add_copy(out, "gilprof " GILPROF_VERSION) };

	piece.n_comment = 2;
	piece.comment = comments;
	piece.time_nanos = value(w->start_unix_ns);
	piece.duration_nanos = value(w->duration_ns);
	put(out, &piece);
}

static void put_all(struct out *out, const struct weights *w)
{
	add_copy(out, ""); /* string 0 */
	put_types(out, w);
	put_info(out, w);
	put_mapping(out, w);
	for (size_t i = 0; i < w->rows_n; i++)
		if (w->rows[i].ns || w->rows[i].count)
			put_sample(out, &w->rows[i]);
	compress_input(out, Z_FINISH);
}

int export_pprof(const struct weights *w, FILE *f)
{
	struct out out = { .buffer = { .append = append },
			   .f = f,
			   .strings = { .compare = intern__by_string, .owns_keys = true },
			   .functions = { .compare = intern__by_function },
			   .locations = { .compare = intern__by_frame } };

	errno = 0;
	if (deflateInit2(&out.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	put_all(&out, w);
	deflateEnd(&out.z);
	intern__free(&out.strings);
	intern__free(&out.functions);
	intern__free(&out.locations);
	return out.err ? out.err : report__end(f);
}
