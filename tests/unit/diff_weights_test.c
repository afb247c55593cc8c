/* SPDX-License-Identifier: BSD-2-Clause */
/* The difference of weighted stacks, and what the exports make of it. */
#include "diff_weights.h"

#include <errno.h>

#include "export.h"
#include "flame.h"
#include "tap.h"
#include "weights_fixture.h"

#define PYTHON(n, f, l) \
	{ \
		.name = (n), .file = (f), .line = (l), .kind = FRAME_PYTHON \
	}
#define THREADING "/usr/lib/python3.11/threading.py"
#define PROCESS "/usr/lib/python3.11/multiprocessing/process.py"

/* What two threads do, and what two processes do in another window half as long, with lines moved. */
static const struct weights_frame in_threads[] = {
	PYTHON("Thread._bootstrap", THREADING, 995),
	PYTHON("Thread._bootstrap_inner", THREADING, 1038),
	PYTHON("Thread.run", THREADING, 975),
	PYTHON("work", "/srv/app/main.py", 10),
	PYTHON("parse", "/srv/app/main.py", 20),
	NATIVE("scan"),
};
static const struct weights_frame in_processes[] = {
	PYTHON("<module>", "/srv/app/main.py", 99), PYTHON("BaseProcess._bootstrap", PROCESS, 314),
	PYTHON("BaseProcess.run", PROCESS, 108),    PYTHON("work", "/srv/app/main.py", 12),
	PYTHON("parse", "/srv/app/main.py", 22),    PYTHON("new", "/srv/app/main.py", 30),
};

static struct weights before(void)
{
	static const struct weights_row rows[] = {
		{ WORKER, .frames = in_threads, .frames_n = 5, .ns = 400 * WEIGHTS_MS, .count = 4 },
		{ WORKER, .frames = in_threads, .frames_n = 6, .ns = 100 * WEIGHTS_MS, .count = 1 },
		{ READER, .frames = in_threads, .frames_n = 5, .ns = 300 * WEIGHTS_MS, .count = 3 },
	};
	struct weights w = weights__of(rows, 3);

	w.duration_ns = 10000 * WEIGHTS_MS;
	return w;
}

static struct weights after(void)
{
	static const struct weights_row rows[] = {
		{ .pid = 7,
		  .tid = 7,
		  .process = "python3",
		  .thread = "python3",
		  .frames = in_processes,
		  .frames_n = 5,
		  .ns = 200 * WEIGHTS_MS,
		  .count = 2 },
		{ .pid = 8,
		  .tid = 8,
		  .process = "python3",
		  .thread = "python3",
		  .frames = in_processes,
		  .frames_n = 6,
		  .ns = 50 * WEIGHTS_MS,
		  .count = 9 },
	};
	struct weights w = weights__of(rows, 2);

	w.duration_ns = 5000 * WEIGHTS_MS;
	return w;
}

static char *export_as(int (*export)(const struct weights *, FILE *), const struct weights *a,
		       const struct weights *b)
{
	struct weights *w = diff_weights__new(a, b);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = export(w, f);

	fclose(f);
	diff_weights__free(w);
	if (!err)
		return text;
	free(text);
	return NULL;
}

static void check_text(char *got, const char *want)
{
	bool same = got && !strcmp(got, want);

	if (!same)
		printf("# %s\n", got);
	free(got);
	CHECK(same);
}

/* Per second, by function, without what starts a thread or process. */
static void folded(void)
{
	struct weights a = before(), b = after();

	TAP_CALL(check_text(
		export_as(export_folded, &a, &b),
		"work (app/main.py);parse (app/main.py) 70000000 40000000\n"
		"work (app/main.py);parse (app/main.py);scan (libpython3.12.so.1.0) 10000000 0\n"
		"work (app/main.py);parse (app/main.py);new (app/main.py) 0 10000000\n"));
	TAP_CALL(check_text(
		export_as(export_folded, &b, &a),
		"work (app/main.py);parse (app/main.py) 40000000 70000000\n"
		"work (app/main.py);parse (app/main.py);new (app/main.py) 10000000 0\n"
		"work (app/main.py);parse (app/main.py);scan (libpython3.12.so.1.0) 0 10000000\n"));
	a.rows_n = b.rows_n = 0;
	check_text(export_as(export_folded, &a, &b), "[nothing to show] 1 1\n");
}

/* The same counts, however the widths are taken. */
static void hardly_anything_left(void)
{
	struct weights a = before(), b = after(), *w;

	b.rows_n = 0;
	w = diff_weights__new(&a, &b);
	CHECK_INT(w->difference, WEIGHTS_BY_BEFORE);
	CHECK_INT(w->rows[0].ns, 40 * WEIGHTS_MS);
	diff_weights__free(w);
	TAP_CALL(check_text(
		export_as(export_folded, &a, &b),
		"work (app/main.py);parse (app/main.py) 70000000 0\n"
		"work (app/main.py);parse (app/main.py);scan (libpython3.12.so.1.0) 10000000 0\n"));
	w = diff_weights__new(&b, &a);
	CHECK_INT(w->difference, WEIGHTS_BY_AFTER);
	diff_weights__free(w);
}

static void has(const char *text, const char *what, bool there)
{
	if (!text || !strstr(text, what) == there)
		TAP_FAIL("%s: %s", there ? "missing" : "found", what);
}

static void pictures(void)
{
	struct weights a = before(), b = after();
	char *svg = export_as(export_svg, &a, &b), *again = export_as(export_svg, &a, &b);

	CHECK(svg && again && !strcmp(svg, again));
	free(again);
	TAP_CALL(has(svg, "width: delay in a second after; in total 80.0 ms before, 50.0 ms after",
		     true));
	TAP_CALL(has(svg,
		     "<title>all (50,000 us/s, 100.00%)\n-30,000 us/s, 0.63 times as much</title>",
		     true));
	TAP_CALL(has(svg,
		     "<title>new (app/main.py) (10,000 us/s, 20.00%)\n+10,000 us/s, new</title>",
		     true));
	TAP_CALL(has(svg, "10.0 ms a second of the other capture are in code that has no box",
		     true));
	TAP_CALL(has(svg, ">more than before</text>", true));
	TAP_CALL(has(svg, "TID", false));
	/* what has changed most is blue, the third as much that is new is a third as red */
	TAP_CALL(has(svg, "fill=\"#466eeb\"", true));
	TAP_CALL(has(svg, "fill=\"#ecb1ae\"", true));
	free(svg);
	svg = export_as(export_svg, &a, &a);
	TAP_CALL(has(svg, "\nas before</title>", true));
	TAP_CALL(has(svg, "us/s, ", true));
	TAP_CALL(has(svg, "times as much", false));
	TAP_CALL(has(svg, "has no box", false));
	free(svg);
	b.rows_n = 0;
	svg = export_as(export_svg, &a, &b);
	TAP_CALL(has(svg, "width: delay in a second before; in total 80.0 ms before, 0 ns after",
		     true));
	TAP_CALL(has(svg, "\n-80,000 us/s, gone</title>", true));
	free(svg);
}

/* Whatever a file says: the sums stay below what the exports can add up. */
static void forged_windows(void)
{
	struct weights a = before(), b = after();
	uint64_t sum = 0, other = 0;
	struct weights *w;

	a.duration_ns = 1;
	b.duration_ns = 0;
	w = diff_weights__new(&b, &a);
	for (size_t i = 0; i < w->rows_n; i++) {
		CHECK(!__builtin_add_overflow(sum, w->rows[i].ns, &sum));
		CHECK(!__builtin_add_overflow(other, w->rows[i].other_ns, &other));
	}
	CHECK(sum > 0 && sum <= INT64_MAX && other == 0);
	diff_weights__free(w);
}

static void names_of_launchers(void)
{
	static const struct weights_frame frames[] = {
		PYTHON(" run", THREADING, 1),
		PYTHON("un", THREADING, 1),
		PYTHON("", THREADING, 1),
		PYTHON("run _boot", THREADING, 1),
		PYTHON("run", "/srv/my_threading.py", 1),
		PYTHON("run", NULL, 0),
		NATIVE("run"),
		PYTHON("run", THREADING, 1),
	};
	struct weights_row row = { .process = "", .thread = "", .frames = frames, .ns = 1000 };
	struct weights none = weights__of(NULL, 0), b = weights__of(&row, 1), *w;

	for (size_t n = 0; n <= 8; n++) { /* the last one begins one, but there is nothing on it */
		row.frames_n = n;
		w = diff_weights__new(&none, &b);
		CHECK_INT(w->rows[0].frames_n, n);
		diff_weights__free(w);
	}
}

static void many(void)
{
	struct weights w = weights__many();
	char *svg, *text;

	w.rows_n = 10000; /* so that it does not take long with sanitizers */
	svg = export_as(export_svg, &w, &w);
	text = export_as(export_folded, &w, &w);
	CHECK(svg && text);
	CHECK(strlen(svg) < 20000000);
	free(svg);
	free(text);
	weights__free_many(&w);
}

int main(void)
{
	TAP_RUN(folded);
	TAP_RUN(hardly_anything_left);
	TAP_RUN(pictures);
	TAP_RUN(forged_windows);
	TAP_RUN(names_of_launchers);
	TAP_RUN(many);
	return TAP_DONE();
}
