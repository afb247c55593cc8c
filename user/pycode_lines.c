/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three formats of CPython's line tables. Each is a list of ranges of bytecode, read from its
 * beginning as CPython's own PyCode_Addr2Line does.
 */
#include "pycode.h"

/* Some place in a table. */
struct walk {
	const uint8_t *next, *end;
	uint64_t offset; /* in the bytecode: where the current range ends */
	int64_t line;	 /* of the current range, */
	bool has_line;	 /* if it has one */
};

static uint32_t line_of(const struct walk *w)
{
	return w->has_line && w->line > 0 && w->line <= INT32_MAX ? (uint32_t)w->line : 0;
}

/*
 * To 3.9: pairs of a byte of bytecode and a signed byte of lines, to be added up while the bytecode
 * is not beyond the offset (v3.9.18: Objects/lnotab_notes.txt, Objects/codeobject.c,
 * PyCode_Addr2Line). 3.6 made the lines signed. The last line goes on to the end.
 */
static uint32_t line_by_lnotab(struct walk *w, uint64_t offset, bool cut)
{
	while (w->end - w->next >= 2) {
		w->offset += w->next[0];
		if (w->offset > offset)
			return line_of(w);
		w->line += (int8_t)w->next[1];
		w->next += 2;
	}
	return cut ? 0 : line_of(w);
}

#define NO_LINE (-128)

/* 3.10: pairs, too, but each is a range with its own line (v3.10.13: Objects/lnotab_notes.txt). */
static bool next_range(struct walk *w)
{
	int8_t lines;

	if (w->end - w->next < 2)
		return false;
	lines = (int8_t)w->next[1];
	w->offset += w->next[0];
	w->has_line = lines != NO_LINE;
	w->line += w->has_line ? lines : 0;
	w->next += 2;
	return true;
}

#define ENTRY 128 /* set in the first byte of each entry only */

/* Six bits a byte, the lowest first; bit 6: another one follows. Where it ends too early it is 0. */
static uint32_t read_varint(const uint8_t *at, const uint8_t *end)
{
	uint32_t value = 0;

	for (unsigned int shift = 0; at < end && !(*at & ENTRY) && shift < 32; shift += 6, at++) {
		value |= (uint32_t)(*at & 63) << shift;
		if (!(*at & 64))
			return value;
	}
	return 0;
}

/* The sign is the lowest bit. */
static int64_t read_svarint(const uint8_t *at, const uint8_t *end)
{
	uint32_t value = read_varint(at, end);

	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

#define UNIT 2 /* bytes of one instruction or cache entry */

/* What an entry says beside its lines are columns, of no use here. */
enum {
	ONE_LINE_FIRST = 10,
	ONE_LINE_LAST = 12,
	NO_COLUMNS = 13,
	LONG_FORM = 14,
	NONE = 15,
};

/* From 3.11 on (v3.11.7: Objects/locations.md; Objects/codeobject.c, get_line_delta, advance). */
static bool next_location(struct walk *w)
{
	unsigned int code;

	if (w->next == w->end)
		return false;
	code = *w->next >> 3 & 15;
	w->offset += UNIT * ((*w->next & 7) + 1u);
	w->next++;
	w->has_line = code != NONE;
	if (code == NO_COLUMNS || code == LONG_FORM)
		w->line += read_svarint(w->next, w->end);
	else if (code >= ONE_LINE_FIRST && code <= ONE_LINE_LAST)
		w->line += code - ONE_LINE_FIRST;
	while (w->next < w->end && !(*w->next & ENTRY))
		w->next++;
	return true;
}

static uint32_t line_by_ranges(struct walk *w, uint64_t offset, bool (*next)(struct walk *))
{
	while (w->offset <= offset) {
		if (!next(w))
			return 0;
	}
	return line_of(w);
}

/* The bytes at the end of a cut table may be half an entry. */
static const uint8_t *whole_entries(const struct pycode_table *t)
{
	size_t len = t->len;

	if (t->cut && t->format == PYCODE_LOCATIONS) {
		while (len > 0 && !(t->bytes[len - 1] & ENTRY))
			len--;
		len -= len > 0;
	}
	return t->bytes + len;
}

uint32_t pycode_table__line(const struct pycode_table *t, uint64_t offset)
{
	struct walk w = { .next = t->bytes, .line = t->first_line, .has_line = true };

	if (t->len == 0)
		return t->format == PYCODE_LNOTAB && !t->cut ? line_of(&w) : 0;
	w.end = whole_entries(t);
	switch (t->format) {
	case PYCODE_LNOTAB:
		return line_by_lnotab(&w, offset, t->cut);
	case PYCODE_RANGES:
		return line_by_ranges(&w, offset, next_range);
	case PYCODE_LOCATIONS:
		return line_by_ranges(&w, offset, next_location);
	default:
		return 0;
	}
}
