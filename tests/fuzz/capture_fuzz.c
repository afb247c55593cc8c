/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures from anybody, all the way to the page, the JSON and the exports of every weight; and the same of
 * their difference from themselves, and from a capture of nothing. An input that is not gzip is the text
 * inside a capture: a fuzzer cannot guess checksums. What comes out must be fit for a terminal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "capture.h"
#include "diff_weights.h"
#include "export.h"
#include "model.h"
#include "model_diff.h"
#include "model_weights.h"
#include "report.h"
#include "report_diff.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_page(char *page)
{
	for (char *line = page, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		require(end != NULL, "the last line has no end");
		*end = '\0';
		for (const char *c = line; *c; c++)
			require((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character");
		require(text__width(line) <= 80, line);
	}
}

static void check_json(char *json)
{
	for (const char *c = json; *c; c++)
		require((*c >= 0x20 && *c < 0x7f) || *c == '\n', "not ASCII");
}

struct written {
	char *text;
	size_t len;
	FILE *f;
};

static void begin(struct written *w)
{
	*w = (struct written){ 0 };
	w->f = open_memstream(&w->text, &w->len);
}

static void check_text(struct written *w, void (*check)(char *))
{
	fclose(w->f);
	require(strlen(w->text) == w->len, "a NUL");
	check(w->text);
	free(w->text);
}

static void check_report(const struct model *m,
			 int (*report)(const struct model *, const struct report_options *, FILE *),
			 void (*check)(char *))
{
	const struct report_options o = { .verbose = true, .worst = 32, .hold_over_ns = 1 };
	struct written w;

	begin(&w);
	require(report(m, &o, w.f) == 0, "a report failed");
	check_text(&w, check);
}

/* One stack a line, its weight behind the last blank. */
static void check_folded(const char *text, size_t len)
{
	require(text__is_utf8(text, len), "not UTF-8");
	for (const char *line = text, *end; *line; line = end + 1) {
		const char *blank;

		end = strchr(line, '\n');
		require(end != NULL, "the last line has no end");
		if (!end)
			return; /* for analyzers: they do not look into require() this deep */
		for (const char *c = line; c < end; c++)
			require((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character");
		blank = memrchr(line, ' ', (size_t)(end - line));
		require(blank > line && blank + 1 < end, "no stack or no weight");
		require(strspn(blank + 1, "0123456789") == (size_t)(end - blank - 1), "no number");
		require(*line != ';' && blank[-1] != ';', "an empty frame");
	}
}

static void check_svg(const char *text, size_t len)
{
	require(text__is_utf8(text, len), "not UTF-8");
	for (const char *c = text; *c; c++)
		require((unsigned char)*c >= 0x20 || strchr("\n\t", *c), "a control character");
}

static void check_speedscope(const char *text, size_t len)
{
	for (const char *c = text; *c; c++)
		require((*c >= 0x20 && *c < 0x7f) || *c == '\n', "not ASCII");
	require(len > 2 && text[0] == '{', "no JSON object");
}

static void check_export(const struct weights *w, int (*export)(const struct weights *, FILE *),
			 void (*check)(const char *, size_t))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	require(export(w, f) == 0, "an export failed");
	fclose(f);
	require(len > 0, "an empty export");
	if (check) {
		require(strlen(text) == len, "a NUL");
		check(text, len);
	}
	free(text);
}

static void check_weights(const struct model *m)
{
	for (enum weight weight = WEIGHT_DEFAULT; weight < WEIGHTS; weight++) {
		struct weights *w = model_weights__new(m, weight);

		require(w != NULL, "no weights");
		check_export(w, export_folded, check_folded);
		check_export(w, export_svg, check_svg);
		check_export(w, export_speedscope, check_speedscope);
		check_export(w, export_pprof, NULL);
		model_weights__free(w);
	}
}

static void check_diff_report(const struct model_diff *d,
			      int (*report)(const struct model_diff *,
					    const struct report_diff_options *, FILE *),
			      void (*check)(char *))
{
	const struct report_diff_options o = { .name = { "a", "b" }, .verbose = true };
	struct written w;

	begin(&w);
	require(report(d, &o, w.f) == 0, "a comparison failed");
	check_text(&w, check);
}

static void check_diff(const struct model *a, const struct model *b)
{
	static const double units[] = { 1e-3, 1e6 };
	struct model_diff *d = model_diff__new(a, b, a == b ? units : NULL);
	struct weights *v = model_weights__new(a, WEIGHT_OFFCPU);
	struct weights *w = model_weights__new(b, WEIGHT_OFFCPU);
	struct weights *difference = diff_weights__new(v, w);

	check_diff_report(d, report_diff_text, check_page);
	check_diff_report(d, report_diff_json, check_json);
	check_export(difference, export_folded, check_folded);
	check_export(difference, export_svg, check_svg);
	diff_weights__free(difference);
	model_weights__free(v);
	model_weights__free(w);
	model_diff__free(d);
}

static void check_diffs(const struct model *m)
{
	static char nothing[] = "";
	struct capture empty = { .info = { .gilprof_version = nothing,
					   .start = nothing,
					   .mode = nothing,
					   .target = nothing } };
	struct model *none = model__new(&empty);

	check_diff(m, m);
	check_diff(m, none);
	check_diff(none, m);
	model__free(none);
}

static void write_all(int fd, const void *bytes, size_t len)
{
	require(write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0, "memfd");
}

static void write_gzip(int fd, const uint8_t *data, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size };
	size_t room = size + size / 1000 + 1000;
	uint8_t *file = malloc(room);

	z.next_out = file;
	z.avail_out = (uInt)room;
	require(deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
			deflate(&z, Z_FINISH) == Z_STREAM_END,
		"deflate");
	write_all(fd, file, z.total_out);
	deflateEnd(&z);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char err[256] = "";
	struct capture *c;
	struct model *m;

	if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
		write_all(fd, data, size);
	else
		write_gzip(fd, data, size);
	c = capture__read(fd, err, sizeof(err));
	close(fd);
	require(c || (err[0] && !strchr(err, '\n')), "no reason");
	if (!c)
		return 0;
	m = model__new(c);
	check_report(m, report_text, check_page);
	check_report(m, report_json, check_json);
	check_weights(m);
	check_diffs(m);
	model__free(m);
	capture__free(c);
	return 0;
}
