/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code objects. The input's first byte picks a version's layout, or that it comes from the input, too,
 * as from a child process that was taken over; three 16-bit lengths and the parts of the event follow.
 * Names must be valid UTF-8, and a cut table must not tell another line than the whole one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/pycode.h"
#include "../../user/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static size_t take(struct input *in, void *to, size_t size)
{
	size_t n = size < in->size ? size : in->size;

	if (n)
		memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
	return n;
}

static void take_layout(struct input *in, struct pyver_frames *frames)
{
	uint8_t choice = 0;
	struct pyver version = { .major = 3 };

	take(in, &choice, 1);
	version.minor = PYVER_OLDEST + choice % 8;
	pyver__frames(&version, frames);
	if (frames->wire.valid)
		return;
	take(in, frames, sizeof(*frames));
	frames->wire.valid = 1;
}

/* A buffer of its own size, so that the sanitizer sees a read beyond; returns the event's length. */
static size_t take_event(struct input *in, struct wire_code_event **event)
{
	static struct wire_code_event e;
	size_t len = offsetof(struct wire_code_event, table);
	uint16_t name_len = 0, file_len = 0, table_size = 0;

	memset(&e, 0, len);
	take(in, &name_len, 2);
	take(in, &file_len, 2);
	take(in, &table_size, 2);
	e.code = 0x1000;
	e.name_len = name_len;
	e.filename_len = file_len;
	e.table_size = table_size;
	take(in, e.object, sizeof(e.object));
	take(in, e.name, name_len < WIRE_STR_BYTES ? name_len : WIRE_STR_BYTES);
	take(in, e.filename, file_len < WIRE_STR_BYTES ? file_len : WIRE_STR_BYTES);
	e.table_len = (uint32_t)take(in, e.table, WIRE_TABLE_BYTES);
	len += e.table_len;
	*event = malloc(len);
	if (*event)
		memcpy(*event, &e, len);
	return len;
}

static void check_text(const char *text)
{
	char *again = text ? text__utf8(text, strlen(text), SIZE_MAX / 8) : NULL;

	if (text && (!again || strcmp(again, text) != 0))
		abort();
	free(again);
}

static void check_lines(const struct pycode *c)
{
	struct pycode_table cut = c->table;

	cut.len /= 2;
	cut.cut = true;
	for (uint64_t offset = 0; offset < 64; offset += 2) {
		uint32_t line = pycode_table__line(&c->table, offset);
		uint32_t before = pycode_table__line(&cut, offset);

		if (line > INT32_MAX || (before && before != line))
			abort();
	}
	pycode_table__line(&c->table, UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct wire_code_event *e;
	struct pyver_frames frames;
	struct pycode *c;
	size_t len;

	take_layout(&in, &frames);
	len = take_event(&in, &e);
	c = e ? pycode__decode(e, len, &frames.wire, &frames.code) : NULL;
	if (c) {
		check_text(c->name);
		check_text(c->file);
		check_lines(c);
		pycode__line(c, UINT64_MAX);
		pycode__line(c, 0x1000 + frames.code.bytecode);
	}
	pycode__free(c);
	free(e);
	return 0;
}
