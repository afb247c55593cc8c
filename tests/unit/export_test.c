/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include <errno.h>
#include <stdlib.h>

#include "export_name.h"
#include "tap.h"

typedef int (*export)(const struct weights *, FILE *);

#define ROW(p, t, stack, weight) \
	{ \
		.pid = (p), .tid = (t), .process = "python3", .thread = "worker", \
		.frames_n = sizeof(stack) / sizeof((stack)[0]), .frames = (stack), .ns = (weight), \
		.count = 1 \
	}

#define WEIGHTS(list) \
	{ \
		.name = "blame", .title = "Who made others wait for the GIL", \
		.count_name = "contentions", .ns_name = "delay", \
		.start_unix_ns = 1767323045678000000, .duration_ns = 10000000000, \
		.rows_n = sizeof(list) / sizeof((list)[0]), .rows = (list) \
	}

static const struct weights_frame plain[] = {
	{ "main", "/srv/app/main.py", 3, FRAME_PYTHON },
	{ "handle", "/srv/app/views.py", 12, FRAME_PYTHON },
	{ "take_gil", "/usr/lib/libpython3.12.so.1.0", 0, FRAME_NATIVE },
	{ "do_futex", NULL, 0, FRAME_KERNEL },
	{ "[waiting for the GIL]", NULL, 0, FRAME_NOTE },
};

/* What an export writes, `len` bytes and a NUL; malloc'ed. */
static char *render(export e, const struct weights *w, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	int err = e(w, f);

	fclose(f);
	if (err) {
		printf("# error %d\n", err);
		text[0] = '\0';
	}
	return text;
}

/* --- names --- */

static void check_name(const char *name, const char *file, uint32_t line, enum frame_kind kind,
		       const char *want)
{
	const struct weights_frame f = { name, file, line, kind };
	char *got = export__frame_name(&f);
	bool same = got && strcmp(got, want) == 0;

	if (!same)
		printf("# got \"%s\"\n", got ? got : "(null)");
	free(got);
	if (!same)
		TAP_FAIL("not \"%s\"", want);
}

#define NAME(...) TAP_CALL(check_name(__VA_ARGS__))

static void names_of_frames(void)
{
	NAME("f", "/srv/app/views.py", 12, FRAME_PYTHON, "f (app/views.py:12)");
	NAME("f", "app/views.py", 12, FRAME_PYTHON, "f (app/views.py:12)");
	NAME("f", "views.py", 12, FRAME_PYTHON, "f (views.py:12)");
	NAME("f", "/views.py", 0, FRAME_PYTHON, "f (/views.py)");
	NAME("f", "<frozen importlib._bootstrap>", 1, FRAME_PYTHON,
	     "f (<frozen importlib._bootstrap>:1)");
	NAME("f", NULL, 12, FRAME_PYTHON, "f");
	NAME("f", "", 12, FRAME_PYTHON, "f");
	NAME("take_gil", "/usr/lib/libpython3.12.so.1.0", 0, FRAME_NATIVE,
	     "take_gil (libpython3.12.so.1.0)");
	NAME("do_futex", NULL, 0, FRAME_KERNEL, "do_futex");
	NAME("[waiting for the GIL]", "x", 1, FRAME_NOTE, "[waiting for the GIL]");
	NAME("", NULL, 0, FRAME_NATIVE, "[unknown]");
	NAME("  ", "/a/b/c", 1, FRAME_PYTHON, "[unknown] (b/c:1)");
}

static void names_that_are_hostile(void)
{
	char wide[3 * 10000 + 1] = "", cut[3 * EXPORT_NAME_CHARS + 3] = "";

	NAME("\x1b[31m\n\r\t\x7f", NULL, 0, FRAME_PYTHON, "\\x1b[31m\\x0a\\x0d\\x09\\x7f");
	NAME("\xc2\x9b"
	     "1m",
	     NULL, 0, FRAME_PYTHON, "\\u{009b}1m");
	NAME("\xe2\x80\xae\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f", NULL, 0,
	     FRAME_PYTHON, "\\u{202e}\\u{202a}\\u{2066}\\u{2069}\\u{200e}\\u{200f}");
	NAME("<\">&';", "a\nb", 1, FRAME_PYTHON, "<\">&'; (a\\x0ab:1)"); /* the format's */
	for (size_t i = 0; i < 10000; i++)
		memcpy(wide + 3 * i, "\xe6\x97\xa5", 4);
	memcpy(cut, wide, 3 * EXPORT_NAME_CHARS);
	memcpy(cut + 3 * EXPORT_NAME_CHARS, "..", 3);
	NAME(wide, NULL, 0, FRAME_PYTHON, cut);
	wide[3 * EXPORT_NAME_CHARS] = '\0'; /* as long as may be */
	NAME(wide, NULL, 0, FRAME_PYTHON, wide);
}

static void check_owner(char *got, const char *want)
{
	bool same = got && strcmp(got, want) == 0;

	if (!same)
		printf("# got \"%s\"\n", got ? got : "(null)");
	free(got);
	if (!same)
		TAP_FAIL("not \"%s\"", want);
}

static void names_of_owners(void)
{
	struct weights_row r = { .pid = 42, .tid = 43, .process = "python3", .thread = "a\nb" };

	TAP_CALL(check_owner(export__process_name(&r), "python3 (PID 42)"));
	TAP_CALL(check_owner(export__thread_name(&r), "a\\x0ab (TID 43)"));
	r.thread = "";
	TAP_CALL(check_owner(export__thread_name(&r), "[unknown] (TID 43)"));
	r.tid = 0;
	TAP_CALL(check_owner(export__thread_name(&r), ""));
	r.thread = "[several threads]";
	TAP_CALL(check_owner(export__thread_name(&r), "[several threads]"));
}

/* --- folded stacks --- */

static void check_folded(const struct weights *w, const char *want)
{
	size_t len;
	char *got = render(export_folded, w, &len);
	bool same = strcmp(got, want) == 0;

	if (!same)
		printf("# got %s\n", got);
	free(got);
	if (!same)
		TAP_FAIL("not %s", want);
}

#define FOLDED(weights, want) TAP_CALL(check_folded(weights, want))

static void folded_line(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 1234567) };
	struct weights w = WEIGHTS(rows);

	FOLDED(&w, "python3 (PID 42);worker (TID 43);main (app/main.py:3);handle (app/views.py:12);"
		   "take_gil (libpython3.12.so.1.0);do_futex_[k];[waiting for the GIL] 1234567\n");
	rows[0].frames_n = 0;
	rows[0].frames = NULL;
	FOLDED(&w, "python3 (PID 42);worker (TID 43);[unknown stack] 1234567\n");
	rows[0].pid = rows[0].tid = 0;
	rows[0].process = rows[0].thread = "";
	FOLDED(&w, "[unknown stack] 1234567\n");
}

/* Another file: a name that only differs in what is not shown is the same line. */
static const struct weights_frame twin[] = { { "main", "/opt/app/main.py", 3, FRAME_PYTHON },
					     { "handle", "/srv/app/views.py", 12, 0 },
					     { "take_gil", "libpython3.12.so.1.0", 0, 1 },
					     { "do_futex", NULL, 0, FRAME_KERNEL },
					     { "[waiting for the GIL]", NULL, 0, FRAME_NOTE } };

static void folded_merges(void)
{
	static const struct weights_frame other[] = { { "other", NULL, 0, FRAME_NATIVE } };
	struct weights_row rows[] = { ROW(0, 0, plain, 5), ROW(0, 0, other, 0), ROW(0, 0, twin, 7),
				      ROW(0, 0, other, 1) };
	struct weights w = WEIGHTS(rows);

	for (size_t i = 0; i < 4; i++)
		rows[i].process = rows[i].thread = "";
	FOLDED(&w, "main (app/main.py:3);handle (app/views.py:12);take_gil (libpython3.12.so.1.0);"
		   "do_futex_[k];[waiting for the GIL] 12\nother 1\n");
	rows[0].ns = rows[2].ns = UINT64_MAX;
	w.rows_n = 3;
	FOLDED(&w, "main (app/main.py:3);handle (app/views.py:12);take_gil (libpython3.12.so.1.0);"
		   "do_futex_[k];[waiting for the GIL] 18446744073709551615\n");
}

static void folded_nothing(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 0) };
	struct weights w = WEIGHTS(rows);

	FOLDED(&w, "[nothing to show] 1\n");
	w.rows_n = 0;
	FOLDED(&w, "[nothing to show] 1\n");
}

static void check_frame(const char *name, const char *want)
{
	struct weights_frame frame[] = { { name, NULL, 0, FRAME_NATIVE } };
	struct weights_row rows[] = { ROW(0, 0, frame, 10) };
	struct weights w = WEIGHTS(rows);
	char line[100];

	rows[0].process = rows[0].thread = "";
	snprintf(line, sizeof(line), "%s 10\n", want);
	FOLDED(&w, line);
}

#define FRAME(name, want) TAP_CALL(check_frame(name, want))

static void folded_ends(void)
{
	FRAME("Thread 12", "Thread 12_");
	FRAME("Thread 1.5", "Thread 1.5_");
	FRAME("Thread 12.", "Thread 12._");
	FRAME(" 7", " 7_");
	FRAME("Thread-12", "Thread-12");
	FRAME("12", "12");
	FRAME("a 12b", "a 12b");
	FRAME("a ", "a ");
	FRAME("a\xc2\xa0"
	      "12",
	      "a\xc2\xa0"
	      "12_");			    /* a blank, too */
	FRAME("a \xd9\xa3", "a \xd9\xa3_"); /* a digit, too */
	FRAME("a;b;;c;", "a:b::c:");
	FRAME(";", ":");
	FRAME("", "[unknown]");
	FRAME("a\nb 10\nc 3", "a\\x0ab 10\\x0ac 3_");
}

/* --- what must hold of each --- */

static const struct {
	const char *name;
	export write;
} exports[] = {
	{ "folded", export_folded },
};

#define EXPORTS (sizeof(exports) / sizeof(exports[0]))

static void same_bytes_again(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 5), ROW(42, 44, twin, 6),
				      ROW(42, 43, plain, 7) };
	struct weights w = WEIGHTS(rows);

	for (size_t i = 0; i < EXPORTS; i++) {
		size_t len, again_len;
		char *text = render(exports[i].write, &w, &len);
		char *again = render(exports[i].write, &w, &again_len);
		bool same = len > 0 && len == again_len && memcmp(text, again, len) == 0;

		free(text);
		free(again);
		if (!same)
			TAP_FAIL("%s differs", exports[i].name);
	}
}

static void full_disk(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 5) };
	struct weights w = WEIGHTS(rows);

	for (size_t i = 0; i < EXPORTS; i++) {
		FILE *f = fopen("/dev/full", "w");
		int err = f ? exports[i].write(&w, f) : -ENOSPC;

		if (f)
			fclose(f);
		CHECK_INT(err, -ENOSPC);
	}
}

int main(void)
{
	TAP_RUN(names_of_frames);
	TAP_RUN(names_that_are_hostile);
	TAP_RUN(names_of_owners);
	TAP_RUN(folded_line);
	TAP_RUN(folded_merges);
	TAP_RUN(folded_nothing);
	TAP_RUN(folded_ends);
	TAP_RUN(same_bytes_again);
	TAP_RUN(full_disk);
	return TAP_DONE();
}
