/* SPDX-License-Identifier: BSD-2-Clause */
#include "pycode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define CUT "..."  /* ends a name that did not come whole */
#define UTF8_MAX 4 /* bytes of a character */
#define INSTRUCTION 2

/* Bytes of an object as they came. */
struct object {
	const uint8_t *bytes;
	size_t len;
};

/* The characters of a str object. */
struct characters {
	const uint8_t *at;
	size_t n;
	unsigned int size; /* bytes of each */
	bool cut;
};

static bool read_at(const struct object *o, size_t at, void *value, size_t size)
{
	if (size > o->len || at > o->len - size)
		return false;
	memcpy(value, o->bytes + at, size);
	return true;
}

/*
 * In the state of a str (Include/cpython/unicodeobject.h): 3 bits of kind, which is the size of a
 * character, then `compact` (the characters follow the object, as they do in all but strings of
 * subclasses and of the old C interface) and `ascii`.
 */
static bool find_characters(const struct object *o, const struct wire_frames *f,
			    struct characters *c)
{
	uint64_t length, start, room;
	uint32_t state;
	bool ascii;

	if (f->str_kind_shift > 24 || !read_at(o, f->str_state, &state, sizeof(state)) ||
	    !read_at(o, f->str_length, &length, sizeof(length)))
		return false;
	state >>= f->str_kind_shift;
	c->size = state & 7;
	ascii = state & 16;
	start = ascii ? f->str_ascii : f->str_compact;
	if (!(state & 8) || (c->size != 1 && c->size != 2 && c->size != 4) || start > o->len)
		return false;
	room = (o->len - start) / c->size;
	c->at = o->bytes + start;
	c->n = length < room ? length : room;
	c->cut = c->n < length;
	return true;
}

static uint32_t character(const struct characters *c, size_t i)
{
	uint32_t wide;
	uint16_t half;

	switch (c->size) {
	case 1:
		return c->at[i];
	case 2:
		memcpy(&half, c->at + 2 * i, sizeof(half));
		return half;
	default:
		memcpy(&wide, c->at + 4 * i, sizeof(wide));
		return wide;
	}
}

/*
 * How os.fsdecode() writes a byte of a file name that is not valid UTF-8 (PEP 383). It becomes that
 * byte again here; what other surrogates become is not valid either, and text__utf8 shows it as \xNN.
 */
static bool is_escaped_byte(uint32_t cp)
{
	return cp >= 0xdc80 && cp <= 0xdcff;
}

static size_t put_tail(uint8_t *to, uint32_t cp, unsigned int bytes)
{
	for (unsigned int i = 1; i < bytes; i++)
		to[i] = (uint8_t)(0x80 | (cp >> 6 * (bytes - 1 - i) & 63));
	return bytes;
}

/* At most UTF8_MAX bytes. */
static size_t put_character(uint8_t *to, uint32_t cp)
{
	if (cp > 0x10ffff)
		cp = 0xfffd;
	if (cp < 0x80 || is_escaped_byte(cp)) {
		to[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (uint8_t)(0xc0 | cp >> 6);
		return put_tail(to, cp, 2);
	}
	if (cp < 0x10000) {
		to[0] = (uint8_t)(0xe0 | cp >> 12);
		return put_tail(to, cp, 3);
	}
	to[0] = (uint8_t)(0xf0 | cp >> 18);
	return put_tail(to, cp, 4);
}

/* 0 or -ENOMEM; *text stays NULL where the object is not understood. */
static int decode_string(const uint8_t *bytes, size_t len, const struct wire_frames *f, char **text)
{
	struct object o = { bytes, len < WIRE_STR_BYTES ? len : WIRE_STR_BYTES };
	uint8_t utf8[WIRE_STR_BYTES * UTF8_MAX + sizeof(CUT)];
	struct characters c;
	size_t n = 0;

	if (!find_characters(&o, f, &c))
		return 0;
	for (size_t i = 0; i < c.n; i++)
		n += put_character(utf8 + n, character(&c, i));
	for (const char *cut = CUT; c.cut && *cut; cut++)
		utf8[n++] = (uint8_t)*cut;
	*text = text__utf8(utf8, n, UTF8_MAX * sizeof(utf8));
	return *text ? 0 : -ENOMEM;
}

static void read_numbers(struct pycode *c, const struct wire_code_event *e,
			 const struct pycode_layout *l)
{
	struct object o = { e->object, sizeof(e->object) };
	int32_t line;

	c->bytecode = l->bytecode ? e->code + l->bytecode : 0;
	c->index_unit = l->index_unit ? l->index_unit : 1;
	if (!read_at(&o, l->firstlineno, &line, sizeof(line)))
		return;
	c->table.first_line = line;
	c->first_line = line > 0 ? (uint32_t)line : 0;
}

static int copy_table(struct pycode *c, const struct wire_code_event *e, size_t room)
{
	struct pycode_table *t = &c->table;

	t->len = e->table_len < room ? e->table_len : room;
	if (t->len > WIRE_TABLE_BYTES)
		t->len = WIRE_TABLE_BYTES;
	t->cut = t->len < e->table_size;
	if (t->len == 0)
		return 0;
	t->bytes = malloc(t->len);
	if (!t->bytes)
		return -ENOMEM;
	memcpy(t->bytes, e->table, t->len);
	return 0;
}

static int decode(struct pycode *c, const struct wire_code_event *e, size_t len,
		  const struct wire_frames *f, const struct pycode_layout *l)
{
	c->table.format = l->format;
	read_numbers(c, e, l);
	if (decode_string(e->name, e->name_len, f, &c->name) ||
	    decode_string(e->filename, e->filename_len, f, &c->file) ||
	    copy_table(c, e, len - offsetof(struct wire_code_event, table)))
		return -ENOMEM;
	return 0;
}

struct pycode *pycode__decode(const struct wire_code_event *e, size_t len,
			      const struct wire_frames *f, const struct pycode_layout *l)
{
	struct pycode *c;

	if (len < offsetof(struct wire_code_event, table) || !f->valid) {
		errno = EINVAL;
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c || decode(c, e, len, f, l) == 0)
		return c;
	pycode__free(c);
	errno = ENOMEM;
	return NULL;
}

void pycode__free(struct pycode *c)
{
	if (!c)
		return;
	free(c->name);
	free(c->file);
	free(c->table.bytes);
	free(c);
}

/*
 * What a frame keeps is the instruction that it executes, in all versions: f_lasti to 3.10, then
 * prev_instr, from 3.13 on instr_ptr (v3.12.1 Include/internal/pycore_frame.h, v3.13.0
 * Python/generated_cases.c.h: it is set before the instruction is taken). Around a call the former may
 * point at its last cache entry, which has the line of the call. So nothing is to be subtracted.
 */
static int64_t offset_of(const struct pycode *c, uint64_t ip)
{
	if (c->bytecode)
		return (int64_t)(ip - c->bytecode);
	return (int64_t)(int32_t)ip * c->index_unit;
}

static int64_t not_started(const struct pycode *c)
{
	return c->bytecode ? -INSTRUCTION : -(int64_t)c->index_unit;
}

uint32_t pycode__line(const struct pycode *c, uint64_t ip)
{
	int64_t offset = offset_of(c, ip);

	if (offset == not_started(c))
		return c->first_line;
	return offset < 0 ? 0 : pycode_table__line(&c->table, (uint64_t)offset);
}
