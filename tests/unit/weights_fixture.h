/* SPDX-License-Identifier: BSD-2-Clause */
/* Weighted stacks for the tests of what is drawn from them. */
#ifndef GILPROF_WEIGHTS_FIXTURE_H
#define GILPROF_WEIGHTS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

#define WEIGHTS_MS 1000000ull
#define WEIGHTS_MANY 100000
#define WEIGHTS_DEPTH 12

#define PY(n) \
	{ \
		.name = (n), .file = "/srv/app/views.py", .line = 12, .kind = FRAME_PYTHON \
	}
#define NATIVE(n) \
	{ \
		.name = (n), .file = "/usr/lib/libpython3.12.so.1.0", .kind = FRAME_NATIVE \
	}
#define KERNEL(n) \
	{ \
		.name = (n), .kind = FRAME_KERNEL \
	}
#define NOTE(n) \
	{ \
		.name = (n), .kind = FRAME_NOTE \
	}
#define WORKER .pid = 42, .tid = 43, .process = "python3.12", .thread = "worker"
#define READER .pid = 42, .tid = 44, .process = "python3.12", .thread = "reader"

static inline struct weights weights__of(const struct weights_row *rows, size_t rows_n)
{
	return (struct weights){
		.name = "blame",
		.title = "Who made others wait for the GIL",
		.count_name = "contentions",
		.ns_name = "delay",
		.start_unix_ns = 1767323045678000000ull,
		.duration_ns = 10000 * WEIGHTS_MS,
		.rows_n = rows_n,
		.rows = rows,
	};
}

/* Two threads that wait, 100 ms in all: what the browser test clicks on. */
static inline struct weights weights__sample(void)
{
	static const struct weights_frame f[] = {
		PY("main"),
		PY("handle"),
		NATIVE("take_gil"), /* 0 */
		PY("main"),
		PY("render <b> & co"),
		PY("handle"), /* 3 */
		PY("main"),
		NATIVE("Take_GIL"),
		KERNEL("do_futex"),	       /* 6 */
		NOTE("[waiting for the GIL]"), /* 9 */
		PY("narrow"),		       /* 10 */
	};
	static const struct weights_row rows[] = {
		{ WORKER, .frames = f, .frames_n = 3, .ns = 40 * WEIGHTS_MS, .count = 400 },
		{ WORKER, .frames = f + 3, .frames_n = 3, .ns = 20 * WEIGHTS_MS, .count = 20 },
		{ WORKER, .frames = f, .frames_n = 1, .ns = 10 * WEIGHTS_MS, .count = 10 },
		{ READER, .frames = f + 6, .frames_n = 3, .ns = 29 * WEIGHTS_MS, .count = 3 },
		{ READER, .frames = f + 9, .frames_n = 1, .ns = WEIGHTS_MS - 2000, .count = 1 },
		{ READER, .frames = f + 10, .frames_n = 1, .ns = 2000, .count = 1 },
		{ .process = "", .thread = "", .ns = 0, .count = 7 },
	};

	return weights__of(rows, sizeof(rows) / sizeof(rows[0]));
}

static inline char *weights__long_name(void)
{
	char *s = malloc(10001);

	memset(s, '<', 10000);
	s[10000] = '\0';
	return s;
}

/* Names as bad as a target can have them; `tail` is one of the caller's. */
static inline struct weights weights__hostile(const char *tail)
{
	static struct weights_frame frames[] = {
		PY("a;b"),
		PY("</title><script>alert(1)</script>"),
		PY("]]><!-- & &amp; \" ' %s%n"),
		NATIVE("\x1b]0;x\a\n\r\t\x7f\xc2\x9b"
		       "1m"),
		KERNEL("\xe2\x80\xae\xe2\x81\xa6\xe6\x97\xa5\xe6\x97\xa5"
		       "e\xcc\x81\xcc\x81"),
		NOTE("\xef\xbf\xbe\xef\xbf\xbf\xee\x80\x80\xf0\x9f\xbf\xbe"),
		PY(""),
		NOTE(NULL),
	};
	static struct weights_row rows[] = {
		{ .pid = 1,
		  .tid = 1,
		  .process = "p\"'<&>\n",
		  .thread = "t\xe2\x80\xae;",
		  .frames = frames,
		  .frames_n = 8,
		  .ns = 5 * WEIGHTS_MS,
		  .count = UINT64_MAX },
		{ .pid = 1,
		  .tid = 2,
		  .process = "",
		  .thread = "",
		  .frames = frames + 1,
		  .frames_n = 7,
		  .ns = 5 * WEIGHTS_MS,
		  .count = UINT64_MAX },
	};

	frames[7].name = tail;
	return weights__of(rows, 2);
}

/* WEIGHTS_MANY different stacks, WEIGHTS_DEPTH deep; for weights__free_many. */
static inline struct weights weights__many(void)
{
	struct weights_row *rows = calloc(WEIGHTS_MANY, sizeof(*rows));
	struct weights_frame *frames =
		calloc((size_t)WEIGHTS_MANY * WEIGHTS_DEPTH, sizeof(*frames));
	static char names[1000][16];
	unsigned int seed = 1;

	for (size_t i = 0; i < 1000; i++)
		snprintf(names[i], sizeof(names[i]), "function_%zu", i);
	for (size_t i = 0; i < (size_t)WEIGHTS_MANY * WEIGHTS_DEPTH; i++)
		frames[i] =
			(struct weights_frame)PY(names[rand_r(&seed) % 1000 % (i % 7 ? 9 : 999)]);
	for (uint32_t i = 0; i < WEIGHTS_MANY; i++)
		rows[i] = (struct weights_row){ .pid = 42,
						.tid = 43 + i % 8,
						.process = "python3.12",
						.thread = "worker",
						.frames_n = WEIGHTS_DEPTH,
						.frames = &frames[(size_t)i * WEIGHTS_DEPTH],
						.ns = 1 + (uint64_t)rand_r(&seed) % 1000000,
						.count = 1 };
	return weights__of(rows, WEIGHTS_MANY);
}

static inline void weights__free_many(const struct weights *w)
{
	free((void *)(uintptr_t)w->rows[0].frames);
	free((void *)(uintptr_t)w->rows);
}

#endif
