/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as the kernel side sends them: code objects of CPython 3.12, stacks, samples. */
#ifndef GILPROF_WIRE_FIXTURE_H
#define GILPROF_WIRE_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "../bpf/wire.h"
#include "pyver.h"

#define WIRE_KEY 1000042u
#define WIRE_ASCII (1u << 2 | 1u << 5 | 1u << 6) /* compact, of one byte a character */

/* The first line of each instruction is the code's own: it has no table. */
static const struct pyver_frames wire_frames_3_12 = {
	.wire = { .valid = 1,
		  .str_length = 16,
		  .str_state = 32,
		  .str_kind_shift = 2,
		  .str_ascii = 40,
		  .str_compact = 56 },
	.code = { .format = PYCODE_LOCATIONS, .firstlineno = 68, .bytecode = 192 },
};

static inline uint32_t wire_string(uint8_t *object, const char *text)
{
	const struct wire_frames *f = &wire_frames_3_12.wire;
	uint64_t length = strlen(text);
	uint32_t state = WIRE_ASCII;
	size_t room = WIRE_STR_BYTES - f->str_ascii;
	size_t came = length < room ? length : room;

	memcpy(object + f->str_length, &length, sizeof(length));
	memcpy(object + f->str_state, &state, sizeof(state));
	memcpy(object + f->str_ascii, text, came);
	return (uint32_t)(f->str_ascii + came);
}

/* A code object at this address, whose first three instructions are at `line`; malloc'ed. */
static inline struct wire_code_event *wire_code(uint64_t key, uint64_t address, const char *name,
						const char *file, int32_t line)
{
	static const uint8_t table[] = { 0x80 | 13 << 3 | 2, 0 }; /* without columns, 3 units, +0 */
	struct wire_code_event *e = calloc(1, sizeof(*e));

	e->h = (struct wire_event){ .type = EV_CODE, .tgid = 42, .key = key };
	e->code = address;
	e->name_len = wire_string(e->name, name);
	e->filename_len = wire_string(e->filename, file);
	memcpy(e->object + wire_frames_3_12.code.firstlineno, &line, sizeof(line));
	memcpy(e->table, table, sizeof(table));
	e->table_len = e->table_size = sizeof(table);
	return e;
}

static inline size_t wire_code_len(const struct wire_code_event *e)
{
	return offsetof(struct wire_code_event, table) + e->table_len;
}

/* A stack of these code objects, the newest first, each at its first instruction; malloc'ed. */
static inline struct wire_stack_event *wire_stack(uint64_t key, uint64_t id, size_t n,
						  const uint64_t *codes)
{
	struct wire_stack_event *e = calloc(1, sizeof(*e));

	e->h = (struct wire_event){ .type = EV_STACK, .tgid = 42, .key = key };
	e->id = id;
	e->frames_n = (uint32_t)n;
	for (size_t i = 0; i < n && i < WIRE_STACK_FRAMES; i++)
		e->frames[i] = (struct wire_frame){
			codes[i], codes[i] ? codes[i] + wire_frames_3_12.code.bytecode : 0
		};
	return e;
}

static inline size_t wire_stack_len(const struct wire_stack_event *e)
{
	return offsetof(struct wire_stack_event, frames) + e->frames_n * sizeof(e->frames[0]);
}

#endif
