/* SPDX-License-Identifier: BSD-2-Clause */
/* With the name of a directory: writes what it tests there, for the oracles of tests/oracle. */
#include "export.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <zlib.h>

#include "export_name.h"
#include "profile.pb-c.h"
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

/* --- speedscope --- */

static json_t *speedscope(const struct weights *w)
{
	size_t len;
	char *text = render(export_speedscope, w, &len);
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		printf("# line %d: %s\n", error.line, error.text);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p >= 0x7f || (*p < ' ' && *p != '\n'))
			tap_failed = printf("# byte %02x is not for terminals\n", *p & 0xff);
	free(text);
	return root;
}

/* "profiles.0.weights" in JSON; NULL: it has none. */
static json_t *at(json_t *value, const char *path)
{
	char key[32];

	for (int n; value && sscanf(path, "%31[^.]%n", key, &n) == 1; path += path[n] ? n + 1 : n)
		value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
					     : json_object_get(value, key);
	return value;
}

#define INTEGER(root, path) json_integer_value(at(root, path))
#define STRING(root, path) json_string_value(at(root, path))

static void check_two_threads(json_t *root)
{
	CHECK_STR(STRING(root, "$schema"), "https://www.speedscope.app/file-format-schema.json");
	CHECK_STR(STRING(root, "exporter"), "gilprof@" GILPROF_VERSION);
	CHECK_INT(json_array_size(at(root, "profiles")), 2);
	CHECK_STR(STRING(root, "profiles.0.name"), "worker (TID 43), python3 (PID 42)");
	CHECK_STR(STRING(root, "profiles.0.type"), "sampled");
	CHECK_STR(STRING(root, "profiles.0.unit"), "nanoseconds");
	CHECK_INT(json_array_size(at(root, "profiles.0.samples")), 2);
	CHECK_INT(json_array_size(at(root, "profiles.0.samples.0")), 5);
	CHECK_INT(INTEGER(root, "profiles.0.samples.1.4"), 4);
	CHECK_INT(INTEGER(root, "profiles.0.weights.0"), 5);
	CHECK_INT(INTEGER(root, "profiles.0.weights.1"), 7);
	CHECK_INT(INTEGER(root, "profiles.0.endValue"), 12);
	CHECK_INT(json_array_size(at(root, "shared.frames")), 7); /* 5, and 2 of other files */
	CHECK_STR(STRING(root, "shared.frames.1.name"), "handle");
	CHECK_STR(STRING(root, "shared.frames.1.file"), "/srv/app/views.py");
	CHECK_INT(INTEGER(root, "shared.frames.1.line"), 12);
	CHECK(!at(root, "shared.frames.2.line"));
	CHECK_STR(STRING(root, "shared.frames.3.file"), "[kernel]");
	CHECK(!at(root, "shared.frames.4.file"));
	CHECK_STR(STRING(root, "shared.frames.5.file"), "/opt/app/main.py");
	CHECK_INT(INTEGER(root, "profiles.1.endValue"), 6);
}

/* The rows of a thread need not come one after the other. */
static void speedscope_threads(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 5), ROW(42, 44, twin, 6),
				      ROW(42, 45, plain, 0), ROW(42, 43, plain, 7) };
	struct weights w = WEIGHTS(rows);
	json_t *root = speedscope(&w);

	check_two_threads(root);
	json_decref(root);
}

static void check_one_profile(json_t *root, size_t samples, uint64_t end)
{
	CHECK_INT(json_array_size(at(root, "profiles")), 1);
	CHECK_STR(STRING(root, "profiles.0.name"), "Who made others wait for the GIL");
	CHECK_INT(json_array_size(at(root, "profiles.0.samples")), samples);
	CHECK_INT(json_array_size(at(root, "profiles.0.weights")), samples);
	CHECK_INT(INTEGER(root, "profiles.0.endValue"), end);
}

static void check_speedscope(const struct weights *w, size_t samples, uint64_t end)
{
	json_t *root = speedscope(w);

	check_one_profile(root, samples, end);
	json_decref(root);
}

static void speedscope_nothing(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 0) };
	struct weights w = WEIGHTS(rows);

	TAP_CALL(check_speedscope(&w, 0, 0));
	w.rows_n = 0;
	TAP_CALL(check_speedscope(&w, 0, 0));
}

/* Nobody's stack, which is not known, and weighs more than an integer of JSON may. */
static void speedscope_extremes(void)
{
	struct weights_row rows[] = { ROW(0, 0, plain, INT64_MAX - 1ull),
				      ROW(0, 0, plain, UINT64_MAX) };
	struct weights w = WEIGHTS(rows);

	for (size_t i = 0; i < 2; i++) {
		rows[i].process = rows[i].thread = "";
		rows[i].frames_n = 0;
		rows[i].frames = NULL;
	}
	TAP_CALL(check_speedscope(&w, 2, INT64_MAX));
}

/* --- pprof --- */

static size_t inflate_all(const void *bytes, size_t len, unsigned char *to, size_t room)
{
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)bytes,
		       .avail_in = (uInt)len,
		       .next_out = to,
		       .avail_out = (uInt)room };
	int ret;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return 0;
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return ret == Z_STREAM_END && z.avail_in == 0 ? room - z.avail_out : 0;
}

static Pprof__Profile *pprof(const struct weights *w)
{
	static unsigned char message[4 << 20];
	size_t len;
	char *gzip = render(export_pprof, w, &len);

	len = inflate_all(gzip, len, message, sizeof(message));
	free(gzip);
	return pprof__profile__unpack(NULL, len, message);
}

#define IDS_ARE_NUMBERS(p, what) \
	for (size_t i = 0; i < (p)->n_##what; i++) \
	CHECK_INT((p)->what[i]->id, i + 1)

#define IS_STRING(p, index) ((index) >= 0 && (size_t)(index) < (p)->n_string_table)

static void check_valid_sample(const Pprof__Profile *p, const Pprof__Sample *s)
{
	CHECK_INT(s->n_value, 2);
	CHECK(s->n_location_id > 0);
	for (size_t i = 0; i < s->n_location_id; i++)
		CHECK(s->location_id[i] > 0 && s->location_id[i] <= p->n_location);
	for (size_t i = 0; i < s->n_label; i++) {
		CHECK(IS_STRING(p, s->label[i]->key) && s->label[i]->key);
		CHECK(IS_STRING(p, s->label[i]->str));
		CHECK(!s->label[i]->str != !s->label[i]->num);
	}
}

/* What pprof's CheckValid asks for, and that every reference leads somewhere. */
static void check_valid(const Pprof__Profile *p)
{
	CHECK(p);
	CHECK_STR(p->string_table[0], "");
	CHECK_INT(p->n_sample_type, 2);
	CHECK_INT(p->n_mapping, 1);
	CHECK(p->mapping[0]->has_functions && p->mapping[0]->has_filenames);
	IDS_ARE_NUMBERS(p, mapping);
	IDS_ARE_NUMBERS(p, location);
	IDS_ARE_NUMBERS(p, function);
	for (size_t i = 0; i < p->n_location; i++) {
		CHECK_INT(p->location[i]->mapping_id, 1);
		CHECK_INT(p->location[i]->n_line, 1);
		CHECK(p->location[i]->line[0]->function_id - 1 < p->n_function);
	}
	for (size_t i = 0; i < p->n_function; i++)
		CHECK(IS_STRING(p, p->function[i]->name) && IS_STRING(p, p->function[i]->filename));
	for (size_t i = 0; i < p->n_sample; i++)
		TAP_CALL(check_valid_sample(p, p->sample[i]));
}

static const Pprof__Function *function_of(const Pprof__Profile *p, size_t sample, size_t depth)
{
	const Pprof__Location *l = p->location[p->sample[sample]->location_id[depth] - 1];

	return p->function[l->line[0]->function_id - 1];
}

#define TEXT(p, index) ((p)->string_table[index])

static void check_header(const Pprof__Profile *p)
{
	CHECK_STR(TEXT(p, p->sample_type[0]->type), "contentions");
	CHECK_STR(TEXT(p, p->sample_type[0]->unit), "count");
	CHECK_STR(TEXT(p, p->sample_type[1]->type), "delay");
	CHECK_STR(TEXT(p, p->sample_type[1]->unit), "nanoseconds");
	CHECK_STR(TEXT(p, p->default_sample_type), "delay");
	CHECK_STR(TEXT(p, p->mapping[0]->filename), "python3");
	CHECK_INT(p->time_nanos, 1767323045678000000);
	CHECK_INT(p->duration_nanos, 10000000000);
}

static void check_pprof(const Pprof__Profile *p)
{
	TAP_CALL(check_valid(p));
	TAP_CALL(check_header(p));
	CHECK_INT(p->n_sample, 3); /* what did not wait long has waited */
	CHECK_INT(p->n_location, 8);
	CHECK_INT(p->n_function, 7); /* "handle" is two places in one */
	CHECK_STR(TEXT(p, function_of(p, 0, 4)->name), "main");
	CHECK_STR(TEXT(p, function_of(p, 0, 4)->system_name), ""); /* not C++ to be demangled */
	CHECK_STR(TEXT(p, function_of(p, 0, 2)->system_name), "take_gil");
	CHECK_STR(TEXT(p, function_of(p, 0, 0)->name), "[waiting for the GIL]");
	CHECK_STR(TEXT(p, function_of(p, 0, 1)->filename), "[kernel]");
	CHECK_INT(p->location[p->sample[0]->location_id[3] - 1]->line[0]->line, 12);
	CHECK_INT(p->sample[0]->value[0], 1);
	CHECK_INT(p->sample[0]->value[1], 5);
	CHECK_INT(p->sample[1]->value[1], INT64_MAX);
	CHECK_INT(p->sample[0]->n_label, 4);
	CHECK_STR(TEXT(p, p->sample[0]->label[0]->key), "thread");
	CHECK_STR(TEXT(p, p->sample[0]->label[0]->str), "worker");
	CHECK_STR(TEXT(p, p->sample[0]->label[1]->key), "tid");
	CHECK_INT(p->sample[0]->label[1]->num, 43);
	CHECK_INT(p->sample[0]->label[3]->num, 42);
	CHECK_INT(p->sample[2]->n_label, 2); /* names, but no numbers */
}

static void pprof_profile(void)
{
	static const struct weights_frame elsewhere[] = { { "handle", "/srv/app/views.py", 13,
							    0 } };
	struct weights_row rows[] = { ROW(42, 43, plain, 5), ROW(42, 44, twin, UINT64_MAX),
				      ROW(42, 43, elsewhere, 0), ROW(0, 0, elsewhere, 0) };
	struct weights w = WEIGHTS(rows);
	Pprof__Profile *p;

	rows[2].count = 0;
	p = pprof(&w);
	check_pprof(p);
	pprof__profile__free_unpacked(p, NULL);
}

static void pprof_nothing(void)
{
	struct weights_row rows[] = { ROW(42, 43, plain, 0) };
	struct weights w = WEIGHTS(rows);
	Pprof__Profile *p;

	w.rows_n = 0;
	p = pprof(&w);
	check_valid(p);
	pprof__profile__free_unpacked(p, NULL);
}

/* --- what must hold of each --- */

#define DEEP 200

/* Names as bad as they come, each as name and as file, deep down, many times. */
static void hostile(struct weights_frame *frames, struct weights_row *rows, size_t rows_n)
{
	static char huge[10001];
	static const char c1[] = "\xc2\x9b"
				 "31m";
	static const char *const names[] = {
		"a;b",
		"<script>\"&'</script>",
		"\x1b]0;x\a",
		"a\nb 12",
		"\xe2\x80\xae\xe2\x80\xa6live",
		"Thread 12",
		"",
		" ",
		huge,
		c1,
		"\\",
		"caf\xc3\xa9 \xd9\xa3",
		"\x7f",
	};
	size_t n = sizeof(names) / sizeof(names[0]);

	memset(huge, 'x', sizeof(huge) - 1);
	for (size_t i = 0; i < DEEP; i++) {
		frames[i].name = names[i % n];
		frames[i].file = i % 3 ? names[(i / 3) % n] : NULL;
		frames[i].line = (uint32_t)i % 7 * (UINT32_MAX / 6);
		frames[i].kind = (enum frame_kind)(i % FRAME_KINDS);
	}
	for (size_t i = 0; i < rows_n; i++)
		rows[i] = (struct weights_row){ .pid = i % 2 ? UINT32_MAX : 0,
						.tid = (uint32_t)i / 2,
						.process = names[i % n],
						.thread = names[(i + 1) % n],
						.frames_n = i % DEEP,
						.frames = frames + i % 5,
						.ns = 1 + i,
						.count = i };
	rows[rows_n - 1].frames_n = DEEP;
	rows[rows_n - 1].frames = frames;
}

/* What "WEIGHT\n" says at the end of a folded line; 0: the parsers would not agree. */
static uint64_t weight_of(const char *line, size_t len)
{
	size_t at_digits = len, at_more;

	while (at_digits > 0 && line[at_digits - 1] >= '0' && line[at_digits - 1] <= '9')
		at_digits--;
	if (at_digits < 2 || at_digits == len || line[at_digits - 1] != ' ')
		return 0;
	at_more = at_digits - 1;
	while (at_more > 0 && strchr("0123456789.", line[at_more - 1]))
		at_more--;
	if (at_more > 0 && at_more < at_digits - 1 && line[at_more - 1] == ' ')
		return 0;
	return strtoull(line + at_digits, NULL, 10);
}

static void check_lines(const char *text, uint64_t want)
{
	uint64_t total = 0;

	for (size_t len; *text; text += len + 1) {
		uint64_t ns;

		len = strcspn(text, "\n");
		ns = weight_of(text, len);
		if (!ns)
			TAP_FAIL("bad line %.*s", (int)len, text);
		for (size_t i = 0; i < len; i++)
			CHECK((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
		total += ns;
	}
	CHECK_INT(total, want);
}

#define HOSTILE_ROWS 400

static struct weights hostile_weights(void)
{
	static struct weights_frame frames[DEEP + 5];
	static struct weights_row rows[HOSTILE_ROWS];
	struct weights w = WEIGHTS(rows);

	hostile(frames, rows, HOSTILE_ROWS);
	for (size_t i = DEEP; i < DEEP + 5; i++)
		frames[i] = frames[0];
	return w;
}

static void hostile_names(void)
{
	struct weights w = hostile_weights();
	Pprof__Profile *p;
	json_t *root;
	size_t len;
	char *text;

	text = render(export_folded, &w, &len);
	check_lines(text, HOSTILE_ROWS * (HOSTILE_ROWS + 1) / 2);
	free(text);
	p = pprof(&w);
	if (!tap_failed)
		check_valid(p);
	pprof__profile__free_unpacked(p, NULL);
	root = speedscope(&w);
	if (!tap_failed)
		CHECK(json_array_size(at(root, "profiles")) == HOSTILE_ROWS);
	json_decref(root);
}

static const struct {
	const char *name;
	export write;
} exports[] = {
	{ "folded", export_folded },
	{ "speedscope.json", export_speedscope },
	{ "pb.gz", export_pprof },
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

/* --- files for tests/oracle --- */

static int write_file(const char *dir, const char *name, size_t i, const struct weights *w)
{
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, exports[i].name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	err = exports[i].write(w, f);
	fclose(f);
	return err;
}

/* Into DIR/NAME.FORMAT; prints for each name what its weights sum up to. */
static int write_files(const char *dir)
{
	static const struct weights_row rows[] = { ROW(42, 43, plain, 5000),
						   ROW(42, 44, twin, 6000),
						   ROW(42, 43, plain, 7000) };
	const struct {
		const char *name;
		struct weights weights;
	} list[] = { { "plain", WEIGHTS(rows) },
		     { "hostile", hostile_weights() },
		     { "nothing",
		       { .name = "blame",
			 .title = "",
			 .count_name = "contentions",
			 .ns_name = "delay" } } };
	int err = 0;

	for (size_t l = 0; l < sizeof(list) / sizeof(list[0]); l++) {
		const struct weights *w = &list[l].weights;
		uint64_t total = 0;

		for (size_t i = 0; i < w->rows_n; i++)
			total += w->rows[i].ns;
		printf("%s %llu\n", list[l].name, (unsigned long long)total);
		for (size_t i = 0; i < EXPORTS && !err; i++)
			err = write_file(dir, list[l].name, i, w);
	}
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return write_files(argv[1]);
	TAP_RUN(names_of_frames);
	TAP_RUN(names_that_are_hostile);
	TAP_RUN(names_of_owners);
	TAP_RUN(folded_line);
	TAP_RUN(folded_merges);
	TAP_RUN(folded_nothing);
	TAP_RUN(folded_ends);
	TAP_RUN(speedscope_threads);
	TAP_RUN(speedscope_nothing);
	TAP_RUN(speedscope_extremes);
	TAP_RUN(pprof_profile);
	TAP_RUN(pprof_nothing);
	TAP_RUN(hostile_names);
	TAP_RUN(same_bytes_again);
	TAP_RUN(full_disk);
	return TAP_DONE();
}
