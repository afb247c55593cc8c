/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pycode.c and pycode_lines.c: made-up code objects, and the tables of each interpreter at hand
 * against what it says itself (tests/oracle/pycode_gen.py).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../user/pycode.h"
#include "cleanup.h"
#include "interpreter.h"
#include "tap.h"

/* 3.12: user/pyver_frames.c. */
static const struct wire_frames frames = { .valid = 1,
					   .str_length = 16,
					   .str_state = 32,
					   .str_kind_shift = 2,
					   .str_ascii = 40,
					   .str_compact = 56 };
static const struct pycode_layout layout = { .format = PYCODE_LOCATIONS,
					     .firstlineno = 68,
					     .bytecode = 192 };
static const struct pycode_layout layout_3_10 = { .format = PYCODE_RANGES,
						  .firstlineno = 40,
						  .index_unit = 2 };

#define ASCII_STATE (1 << 2 | 1 << 5 | 1 << 6)
#define STATE(kind) ((kind) << 2 | 1 << 5)
#define CODE 0x7f0000001000ull

/* A str object of n characters, as much of it as fits; returns its bytes. */
static uint32_t set_string(uint8_t *object, uint32_t state, uint64_t length, const void *data,
			   size_t size)
{
	size_t start = state & 1 << 6 ? frames.str_ascii : frames.str_compact;

	if (size > WIRE_STR_BYTES - start)
		size = WIRE_STR_BYTES - start;
	memset(object, 0xee, WIRE_STR_BYTES);
	memcpy(object + frames.str_length, &length, sizeof(length));
	memcpy(object + frames.str_state, &state, sizeof(state));
	memcpy(object + start, data, size);
	return (uint32_t)(start + size);
}

static struct wire_code_event *new_event(const struct pycode_layout *l, int32_t first_line)
{
	struct wire_code_event *e = calloc(1, sizeof(*e));

	e->code = CODE;
	memcpy(e->object + l->firstlineno, &first_line, sizeof(first_line));
	e->name_len = set_string(e->name, ASCII_STATE, 4, "f.<g", 4);
	e->filename_len = set_string(e->filename, ASCII_STATE, 4, "a.py", 4);
	return e;
}

static void set_table(struct wire_code_event *e, const void *bytes, size_t len)
{
	memcpy(e->table, bytes, len);
	e->table_len = e->table_size = (uint32_t)len;
}

static struct pycode *decode(const struct wire_code_event *e)
{
	return pycode__decode(e, sizeof(*e), &frames, &layout);
}

static void check_name(uint32_t state, uint64_t length, const void *data, size_t size,
		       const char *want)
{
	struct wire_code_event *e = new_event(&layout, 1);
	char *name, *file;
	struct pycode *c;

	e->name_len = set_string(e->name, state, length, data, size);
	memcpy(e->filename, e->name, WIRE_STR_BYTES);
	e->filename_len = e->name_len;
	c = decode(e);
	free(e);
	CHECK(c);
	name = c->name;
	file = c->file;
	c->name = c->file = NULL;
	pycode__free(c);
	CHECK_STR(name, want);
	CHECK_STR(file, want);
	free(name);
	free(file);
}

static void names_of_each_kind(void)
{
	static const uint8_t latin[] = { 'g', 'r', 0xf6, 0xdf, 'e' };
	static const uint16_t bmp[] = { 0x5185, 'a', 0x20ac };
	static const uint32_t all[] = { 0x1f600, 'a', 0x10ffff, 0x110000, UINT32_MAX };

	TAP_CALL(check_name(ASCII_STATE, 13, "f.<locals>.g\n", 13, "f.<locals>.g\n"));
	TAP_CALL(check_name(STATE(1), 5, latin, 5,
			    "grö\xc3\x9f"
			    "e"));
	TAP_CALL(check_name(STATE(2), 3, bmp, 6, "内a€"));
	TAP_CALL(check_name(STATE(4), 5, all, 20, "😀a\xf4\x8f\xbf\xbf\xef\xbf\xbd\xef\xbf\xbd"));
	TAP_CALL(check_name(ASCII_STATE, 0, "", 0, ""));
}

/* Bytes that os.fsdecode() could not decode, lone surrogates, NUL. */
static void names_that_are_no_text(void)
{
	static const uint16_t escaped[] = { 'a', 0xdcff, 'b' };
	static const uint16_t split[] = { 0xdcc3, 0xdcb6 };
	static const uint16_t lone[] = { 0xd800, 0xdc7f };

	TAP_CALL(check_name(STATE(2), 3, escaped, 6, "a\\xffb"));
	TAP_CALL(check_name(STATE(2), 2, split, 4, "ö"));
	TAP_CALL(check_name(STATE(2), 2, lone, 4, "\\xed\\xa0\\x80\\xed\\xb1\\xbf"));
	TAP_CALL(check_name(ASCII_STATE, 3, "a\0b", 3, "a\\x00b"));
}

static void names_cut(void)
{
	char text[WIRE_STR_BYTES], want[2 * WIRE_STR_BYTES + 4];
	uint16_t wide[WIRE_STR_BYTES];

	memset(text, 'x', sizeof(text));
	memset(want, 'x', sizeof(want));
	strcpy(want + WIRE_STR_BYTES - 40, "...");
	TAP_CALL(check_name(ASCII_STATE, 10240, text, sizeof(text), want));
	TAP_CALL(check_name(ASCII_STATE, UINT64_MAX, text, sizeof(text), want));
	for (size_t i = 0; i < WIRE_STR_BYTES; i++) {
		wide[i] = 0xe4;
		memcpy(want + 2 * i, "ä", 2);
	}
	strcpy(want + 2 * ((WIRE_STR_BYTES - 56) / 2), "...");
	TAP_CALL(check_name(STATE(2), 10240, wide, sizeof(wide), want));
}

static void names_not_understood(void)
{
	TAP_CALL(check_name(STATE(0), 1, "a", 1, NULL));
	TAP_CALL(check_name(STATE(3), 1, "a", 1, NULL));
	TAP_CALL(check_name(STATE(7), 1, "a", 1, NULL));
	TAP_CALL(check_name(1 << 2 | 1 << 6, 1, "a", 1, NULL)); /* not compact */
}

/* What came of a str may end anywhere. */
static void names_of_each_length(void)
{
	static const char *const want[] = { "...", "f...", "f....", "f.<...", "f.<g" };
	struct wire_code_event *e = new_event(&layout, 1);

	for (uint32_t len = 0; len <= WIRE_STR_BYTES + 8; len++) {
		struct pycode *c;

		e->name_len = e->filename_len = len;
		c = decode(e);
		CHECK(c);
		CHECK_STR(c->name, len < 40 ? NULL : want[len < 44 ? len - 40 : 4]);
		pycode__free(c);
	}
	free(e);
}

static void events_too_short(void)
{
	struct wire_code_event *e = new_event(&layout, 7);
	static const struct wire_frames invalid;
	size_t head = offsetof(struct wire_code_event, table);
	struct pycode *c;

	set_table(e, "\xd0\x01\x02", 3); /* line 7 */
	CHECK(!pycode__decode(e, head - 1, &frames, &layout) && errno == EINVAL);
	CHECK(!pycode__decode(e, sizeof(*e), &invalid, &layout) && errno == EINVAL);
	c = pycode__decode(e, head, &frames, &layout);
	CHECK(c && c->first_line == 7 && pycode__line(c, CODE + 192) == 0);
	pycode__free(c);
	e->table_len = UINT32_MAX;
	c = pycode__decode(e, sizeof(*e), &frames, &layout);
	CHECK(c && c->table.len == WIRE_TABLE_BYTES);
	pycode__free(c);
	free(e);
}

/* Offsets come from a child process that may have been taken over. */
static void layouts_out_of_range(void)
{
	struct wire_code_event *e = new_event(&layout, 7);
	struct wire_frames f;
	struct pycode_layout l;
	struct pycode *c;

	memset(&f, 0xff, sizeof(f));
	memset(&l, 0xff, sizeof(l));
	c = pycode__decode(e, sizeof(*e), &f, &l);
	CHECK(c && !c->name && !c->file && c->first_line == 0);
	CHECK_INT(pycode__line(c, CODE + UINT16_MAX), 0);
	pycode__free(c);
	free(e);
}

static void lines_by_address(void)
{
	struct wire_code_event *e = new_event(&layout, 7);
	struct pycode *c;

	set_table(e, "\xd0\x01\x02\xe9\x02\xf8",
		  6); /* 7; two instructions of line 8; one without */
	c = decode(e);
	CHECK(c);
	CHECK_INT(c->first_line, 7);
	CHECK_INT(pycode__line(c, CODE + 190), 7); /* not started */
	CHECK_INT(pycode__line(c, CODE + 192), 7);
	CHECK_INT(pycode__line(c, CODE + 194), 8);
	CHECK_INT(pycode__line(c, CODE + 197), 8);
	CHECK_INT(pycode__line(c, CODE + 198), 0);
	CHECK_INT(pycode__line(c, CODE + 200), 0);
	CHECK_INT(pycode__line(c, CODE + 188), 0);
	CHECK_INT(pycode__line(c, 0), 0);
	CHECK_INT(pycode__line(c, UINT64_MAX), 0);
	pycode__free(c);
	free(e);
}

static void lines_by_index(void)
{
	struct wire_code_event *e = new_event(&layout_3_10, 7);
	struct pycode *c;

	set_table(e, "\x02\x00\x04\x01\x02\x80\x02\xff", 8); /* 7, 8, none, 7 */
	c = pycode__decode(e, sizeof(*e), &frames, &layout_3_10);
	CHECK(c);
	CHECK_INT(pycode__line(c, (uint64_t)-1), 7); /* not started */
	CHECK_INT(pycode__line(c, UINT32_MAX), 7);
	CHECK_INT(pycode__line(c, 0), 7);
	CHECK_INT(pycode__line(c, 1), 8);
	CHECK_INT(pycode__line(c, 2), 8);
	CHECK_INT(pycode__line(c, 3), 0);
	CHECK_INT(pycode__line(c, 4), 7);
	CHECK_INT(pycode__line(c, 5), 0);
	CHECK_INT(pycode__line(c, (uint64_t)-2), 0);
	pycode__free(c);
	free(e);
}

static uint32_t line_in(enum pycode_format format, int32_t first_line, const char *bytes,
			size_t len, uint64_t offset)
{
	uint8_t copy[64];
	struct pycode_table t = { format, first_line, false, len, copy };

	memcpy(copy, bytes, len);
	return pycode_table__line(&t, offset);
}

static void lines_of_odd_tables(void)
{
	CHECK_INT(line_in(PYCODE_LNOTAB, 3, "", 0, 10), 3);
	CHECK_INT(line_in(PYCODE_RANGES, 3, "", 0, 0), 0);
	CHECK_INT(line_in(PYCODE_LOCATIONS, 3, "", 0, 0), 0);
	CHECK_INT(line_in(PYCODE_UNKNOWN, 3, "\x02\x01", 2, 0), 0);
	CHECK_INT(line_in(PYCODE_LNOTAB, 3, "\x02\xfd", 2, 2), 0);  /* line 0 */
	CHECK_INT(line_in(PYCODE_LNOTAB, -3, "\x02\x05", 2, 0), 0); /* line -3 */
	CHECK_INT(line_in(PYCODE_LNOTAB, -3, "\x02\x05", 2, 2), 2);
	CHECK_INT(line_in(PYCODE_LNOTAB, INT32_MAX, "\x02\x05", 2, 2), 0);
	CHECK_INT(line_in(PYCODE_RANGES, 3, "\x02\x01\x02", 3, 2), 0); /* half a pair */
	/* a varint that does not end, or is longer than any */
	CHECK_INT(line_in(PYCODE_LOCATIONS, 3, "\xe8\x7f\x7f", 3, 0), 3);
	CHECK_INT(line_in(PYCODE_LOCATIONS, 3, "\xe8\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x01", 9, 0), 3);
	CHECK_INT(line_in(PYCODE_LOCATIONS, 3, "\x68", 1, 0), 3);
}

/* What an interpreter says of one code object. */
struct said {
	struct pycode_table table;
	uint32_t *lines; /* of each instruction of two bytes */
	size_t n;
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t n = 0;
	unsigned int byte;

	for (; *hex != '-' && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[n++] = (uint8_t)byte;
	return n;
}

static void add_run(struct said *s, const char *run)
{
	unsigned int line, times;

	if (sscanf(run, "%u*%u", &line, &times) != 2)
		return;
	s->lines = reallocarray(s->lines, s->n + times, sizeof(*s->lines));
	for (; times > 0; times--)
		s->lines[s->n++] = line;
}

static bool parse(char *text, struct said *s)
{
	char *save, *format = strtok_r(text, " \n", &save), *line = strtok_r(NULL, " \n", &save);
	char *hex = strtok_r(NULL, " \n", &save), *run;

	memset(s, 0, sizeof(*s));
	if (!format || strcmp(format, "end") == 0 || !line || !hex)
		return false;
	s->table.format = (enum pycode_format)atoi(format);
	s->table.first_line = atoi(line);
	s->table.bytes = malloc(strlen(hex) + 1);
	s->table.len = from_hex(hex, s->table.bytes);
	while ((run = strtok_r(NULL, " \n", &save)))
		add_run(s, run);
	return true;
}

static void check_all_lines(const struct said *s)
{
	for (size_t i = 0; i < s->n; i++) {
		uint32_t line = pycode_table__line(&s->table, 2 * i);

		if (line != s->lines[i])
			TAP_FAIL("first line %d, offset %zu: line %u, not %u", s->table.first_line,
				 2 * i, line, s->lines[i]);
	}
}

/* Wherever a table is cut, a line is right or not known; up to the cut most are known. */
static void check_cut(const struct said *s, size_t len)
{
	struct pycode_table t = s->table;
	size_t known = 0;

	t.bytes = malloc(len ? len : 1); /* the sanitizer sees a read beyond */
	memcpy(t.bytes, s->table.bytes, len);
	t.len = len;
	t.cut = true;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t line = pycode_table__line(&t, 2 * i);

		known += line != 0;
		if (line && line != s->lines[i])
			TAP_FAIL("first line %d, cut at %zu, offset %zu: line %u, not %u",
				 t.first_line, len, 2 * i, line, s->lines[i]);
	}
	free(t.bytes);
	CHECK(len < 300 || known > 10);
}

static void check_cuts(const struct said *s)
{
	if (s->table.len > 400)
		return;
	for (size_t len = 0; len < s->table.len; len += 1 + s->table.len / 5)
		TAP_CALL(check_cut(s, len));
}

static void check_output(FILE *out, unsigned int *objects, unsigned int *instructions, char **last)
{
	size_t size = 0;

	while (getline(last, &size, out) > 0) {
		struct said s;

		if (!parse(*last, &s))
			break;
		check_all_lines(&s);
		if (!tap_failed)
			check_cuts(&s);
		free(s.table.bytes);
		free(s.lines);
		if (tap_failed)
			return;
		++*objects;
		*instructions += (unsigned int)s.n;
	}
}

static void check_interpreter(const char *version)
{
	const char *path = python_path(version);
	unsigned int objects = 0, instructions = 0;
	cleanup_free char *last = NULL;
	char command[1024];
	FILE *out;

	if (!path)
		TAP_SKIP("this interpreter is not installed");
	snprintf(command, sizeof(command), "%s - <tests/oracle/pycode_gen.py", path);
	out = popen(command, "r");
	CHECK(out);
	check_output(out, &objects, &instructions, &last);
	if (tap_failed)
		return;
	CHECK(last && strcmp(last, "end") == 0 && objects > 500);
	CHECK_INT(pclose(out), 0);
	printf("# %s: %u instructions of %u code objects\n", version, instructions, objects);
}

static void lines_of_3_8(void)
{
	check_interpreter("3.8.18");
}

static void lines_of_3_9(void)
{
	check_interpreter("3.9.18");
}

static void lines_of_3_10(void)
{
	check_interpreter("3.10.13");
}

static void lines_of_3_11(void)
{
	check_interpreter("3.11.7");
}

static void lines_of_3_12(void)
{
	check_interpreter("3.12.1");
}

static void lines_of_3_13(void)
{
	check_interpreter("3.13.0");
}

static void lines_of_debian_3_11(void)
{
	check_interpreter("/usr/bin/python3.11");
}

/* Others, by their path: make check GILPROF_TEST_PYTHON=/opt/python3.14/bin/python3 */
static void lines_of_another(void)
{
	const char *path = getenv("GILPROF_TEST_PYTHON");

	if (!path)
		TAP_SKIP("GILPROF_TEST_PYTHON is not set");
	check_interpreter(path);
}

int main(void)
{
	TAP_RUN(names_of_each_kind);
	TAP_RUN(names_that_are_no_text);
	TAP_RUN(names_cut);
	TAP_RUN(names_not_understood);
	TAP_RUN(names_of_each_length);
	TAP_RUN(events_too_short);
	TAP_RUN(layouts_out_of_range);
	TAP_RUN(lines_by_address);
	TAP_RUN(lines_by_index);
	TAP_RUN(lines_of_odd_tables);
	TAP_RUN(lines_of_3_8);
	TAP_RUN(lines_of_3_9);
	TAP_RUN(lines_of_3_10);
	TAP_RUN(lines_of_3_11);
	TAP_RUN(lines_of_3_12);
	TAP_RUN(lines_of_3_13);
	TAP_RUN(lines_of_debian_3_11);
	TAP_RUN(lines_of_another);
	return TAP_DONE();
}
