/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff_weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
#define HARDLY_ANY 100 /* of one is a hundredth of the other */

struct built {
	struct weights w; /* its first member */
	struct weights_row *rows;
};

/* Of the standard library: functions that do nothing but call what a thread or process was made for. */
static const struct launcher {
	const char *file, *functions; /* the end of its path; names between blanks */
} launchers[] = {
	{ "/threading.py", " _bootstrap _bootstrap_inner run " },
	{ "/concurrent/futures/thread.py", " _worker run " },
	{ "/concurrent/futures/process.py", " _process_worker _process_chunk <listcomp> " },
	{ "/multiprocessing/process.py", " _bootstrap run " },
	{ "/multiprocessing/pool.py", " worker mapstar starmapstar " },
	{ "/multiprocessing/spawn.py", " spawn_main _main " },
	{ "/multiprocessing/forkserver.py", " main _serve_one " },
};

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* From 3.11 on it has its class before it: "Thread.run". */
static bool is_named(const char *name, const char *functions)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	size_t len = strcspn(last, " ");
	const char *at = last[len] || !len ? NULL : strstr(functions, last);

	/* a blank comes first, so that there is something before all names */
	for (; at; at = strstr(at + len, last)) {
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
	}
	return false;
}

static bool is_launcher(const struct weights_frame *f)
{
	for (size_t i = 0; i < sizeof(launchers) / sizeof(launchers[0]); i++) {
		if (f->kind == FRAME_PYTHON && f->file && ends_with(f->file, launchers[i].file))
			return is_named(f->name, launchers[i].functions);
	}
	return false;
}

/* Frames of the row that only led there; never all. */
static size_t count_launching(const struct weights_row *row)
{
	for (size_t n = row->frames_n; n > 1; n--) {
		if (is_launcher(&row->frames[n - 2]))
			return n - 1;
	}
	return 0;
}

/* Per second of the window; `left` is what the sum of all may still grow by. */
static uint64_t rate(uint64_t ns, uint64_t window, uint64_t *left)
{
	unsigned __int128 r = window ? (unsigned __int128)ns * SECOND / window : 0;
	uint64_t clamped = r < *left ? (uint64_t)r : *left;

	*left -= clamped;
	return clamped;
}

static uint64_t total(const struct weights *w)
{
	uint64_t left = INT64_MAX;

	for (size_t i = 0; i < w->rows_n; i++)
		rate(w->rows[i].ns, w->duration_ns, &left);
	return INT64_MAX - left;
}

static void add_rows(struct built *b, const struct weights *from, bool is_width)
{
	uint64_t left = INT64_MAX;

	for (size_t i = 0; i < from->rows_n; i++) {
		struct weights_row *row = &b->rows[b->w.rows_n++];
		uint64_t ns = rate(from->rows[i].ns, from->duration_ns, &left);
		size_t launching = count_launching(&from->rows[i]);

		*row = from->rows[i];
		row->frames += launching;
		row->frames_n -= launching;
		row->ns = is_width ? ns : 0;
		row->other_ns = is_width ? 0 : ns;
		row->count = is_width ? row->count : 0;
	}
}

struct weights *diff_weights__new(const struct weights *before, const struct weights *after)
{
	bool by_before = total(after) < total(before) / HARDLY_ANY;
	struct built *b = calloc(1, sizeof(*b));

	if (b)
		b->rows = calloc(before->rows_n + after->rows_n + 1, sizeof(*b->rows));
	if (!b || !b->rows) {
		free(b);
		errno = ENOMEM;
		return NULL;
	}
	b->w = by_before ? *before : *after;
	b->w.rows = b->rows;
	b->w.rows_n = 0;
	b->w.difference = by_before ? WEIGHTS_BY_BEFORE : WEIGHTS_BY_AFTER;
	add_rows(b, before, by_before);
	add_rows(b, after, !by_before);
	return &b->w;
}

void diff_weights__free(struct weights *w)
{
	struct built *b = (struct built *)w; /* its first member */

	if (!w)
		return;
	free(b->rows);
	free(b);
}
