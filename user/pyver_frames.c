/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where frames, code objects and strings have what a stack is made of. What is out of range makes
 * the layout invalid (no Python stacks), never the process unknown: its GIL is found without.
 */
#include "pyver.h"

#include <string.h>

/*
 * The rows of 3.8 to 3.12, for x86_64 like those of pyver.c. Strings: Include/cpython/unicodeobject.h
 * (PyASCIIObject, PyCompactUnicodeObject; 3.12 has dropped wstr), state: interned 2 bits, kind 3,
 * compact 1, ascii 1. Bytes: Include/cpython/bytesobject.h.
 */
#define BYTES .bytes_size = 16, .bytes_data = 32
#define STRINGS_3_8 \
	.str_length = 16, .str_state = 32, .str_kind_shift = 2, .str_ascii = 48, \
	.str_compact = 72, BYTES
#define STRINGS_3_12 \
	.str_length = 16, .str_state = 32, .str_kind_shift = 2, .str_ascii = 40, \
	.str_compact = 56, BYTES

#if defined(__x86_64__)
/* clang-format off */
static const struct pyver_frames rows[] = {
	/*
	 * v3.8.18: Include/cpython/pystate.h (struct _ts: frame), Include/frameobject.h (struct
	 * _frame: f_back, f_code, f_lasti), Include/code.h (PyCodeObject), Objects/lnotab_notes.txt.
	 * DWARF of 3.8.18; headers of 3.8.10.
	 */
	[8] = { { .tstate_frame = 24, .cframe_frame = WIRE_NO_CFRAME,
		  .previous = 24, .code = 32, .ip = 104, .ip_is_index = 1, .owner = WIRE_NO_OWNER,
		  .entry = WIRE_EVERY_FRAME,
		  .filename = 104, .name = 112, .linetable = 120, STRINGS_3_8 },
		{ .format = PYCODE_LNOTAB, .firstlineno = 40, .index_unit = 1 } },
	/* v3.9.18: Include/cpython/frameobject.h, Include/cpython/code.h. DWARF of 3.9.18. */
	[9] = { { .tstate_frame = 24, .cframe_frame = WIRE_NO_CFRAME,
		  .previous = 24, .code = 32, .ip = 104, .ip_is_index = 1, .owner = WIRE_NO_OWNER,
		  .entry = WIRE_EVERY_FRAME,
		  .filename = 104, .name = 112, .linetable = 120, STRINGS_3_8 },
		{ .format = PYCODE_LNOTAB, .firstlineno = 40, .index_unit = 1 } },
	/*
	 * v3.10.13: the same files; f_lasti counts instructions of two bytes, and co_linetable has
	 * the ranges of PEP 626 (Objects/lnotab_notes.txt). DWARF of 3.10.13.
	 */
	[10] = { { .tstate_frame = 24, .cframe_frame = WIRE_NO_CFRAME,
		   .previous = 24, .code = 32, .ip = 96, .ip_is_index = 1, .owner = WIRE_NO_OWNER,
		   .entry = WIRE_EVERY_FRAME,
		   .filename = 104, .name = 112, .linetable = 120, STRINGS_3_8 },
		 { .format = PYCODE_RANGES, .firstlineno = 40, .index_unit = 2 } },
	/*
	 * v3.11.7: Include/cpython/pystate.h (struct _ts: cframe; _PyCFrame: current_frame),
	 * Include/internal/pycore_frame.h (struct _PyInterpreterFrame: f_code, previous, prev_instr,
	 * is_entry; every frame has code), Include/cpython/code.h, Objects/locations.md. DWARF of
	 * 3.11.7 and of Debian's 3.11.2.
	 */
	[11] = { { .tstate_frame = 56, .cframe_frame = 8,
		   .previous = 48, .code = 32, .ip = 56, .owner = WIRE_NO_OWNER, .entry = 68,
		   .filename = 112, .name = 128, .linetable = 136, STRINGS_3_8 },
		 { .format = PYCODE_LOCATIONS, .firstlineno = 72, .bytecode = 184 } },
	/*
	 * v3.12.1: the same files; the owner FRAME_OWNED_BY_CSTACK marks the frames by which C calls
	 * Python. DWARF of 3.12.1; headers of 3.12.3.
	 */
	[12] = { { .tstate_frame = 56, .cframe_frame = 0,
		   .previous = 8, .code = 0, .ip = 56, .owner = 70, .shim_owner = 3,
		   .filename = 112, .name = 128, .linetable = 136, STRINGS_3_12 },
		 { .format = PYCODE_LOCATIONS, .firstlineno = 68, .bytecode = 192 } },
};
/* clang-format on */
#else
static const struct pyver_frames rows[1];
#endif

/* What _Py_DebugOffsets says, from 3.13 on. */
enum field {
	CURRENT_FRAME,
	PREVIOUS,
	EXECUTABLE,
	INSTR_PTR,
	OWNER,
	TLBC_INDEX, /* from here on 0 means that there is none: builds with a GIL say so */
	TLBC,
	FILENAME,
	QUALNAME,
	LINETABLE,
	FIRSTLINENO,
	BYTECODE,
	STR_STATE,
	STR_LENGTH,
	ASCII_SIZE,
	BYTES_SIZE,
	BYTES_DATA,
	FIELDS,
};

#define WIRE(name) offsetof(struct pyver_frames, wire.name)
#define CODE(name) offsetof(struct pyver_frames, code.name)
#define MAX_TSTATE 8192	  /* 3.15 has less than 1 KiB */
#define MAX_BYTECODE 4096 /* what comes before is the code object without its instructions */
#define MAX_HEADER 128	  /* of a str or bytes object */

/* Where each goes, how large what it points at is, how it is aligned, and what must contain it. */
static const struct {
	uint16_t to, size, align, limit;
} fields[FIELDS] = {
	[CURRENT_FRAME] = { WIRE(tstate_frame), 8, 8, MAX_TSTATE },
	[PREVIOUS] = { WIRE(previous), 8, 8, WIRE_FRAME_BYTES },
	[EXECUTABLE] = { WIRE(code), 8, 8, WIRE_FRAME_BYTES },
	[INSTR_PTR] = { WIRE(ip), 8, 8, WIRE_FRAME_BYTES },
	[OWNER] = { WIRE(owner), 1, 1, WIRE_FRAME_BYTES },
	[TLBC_INDEX] = { WIRE(tlbc_index), 4, 4, WIRE_FRAME_BYTES },
	[TLBC] = { CODE(tlbc), 8, 8, WIRE_CODE_BYTES },
	[FILENAME] = { WIRE(filename), 8, 8, WIRE_CODE_BYTES },
	[QUALNAME] = { WIRE(name), 8, 8, WIRE_CODE_BYTES },
	[LINETABLE] = { WIRE(linetable), 8, 8, WIRE_CODE_BYTES },
	[FIRSTLINENO] = { CODE(firstlineno), 4, 4, WIRE_CODE_BYTES },
	[BYTECODE] = { CODE(bytecode), 8, 2, MAX_BYTECODE },
	[STR_STATE] = { WIRE(str_state), 4, 4, MAX_HEADER },
	[STR_LENGTH] = { WIRE(str_length), 8, 8, MAX_HEADER },
	[ASCII_SIZE] = { WIRE(str_ascii), 8, 8, MAX_HEADER },
	[BYTES_SIZE] = { WIRE(bytes_size), 8, 8, MAX_HEADER },
	[BYTES_DATA] = { WIRE(bytes_data), 8, 1, MAX_HEADER },
};

/* Positions in _Py_DebugOffsets, and what it does not tell. */
struct positions {
	uint16_t size;	     /* of the table; 0: no row */
	uint16_t shim_owner; /* the first that is no Python function's */
	uint16_t kind_shift; /* in the state of a str; 0: not known */
	uint16_t at[FIELDS]; /* 0: has no such field */
};

#define KIND_SHIFT 2

/* clang-format off */
static const struct positions debug_rows[][2] = { /* with a GIL, free-threaded */
	/*
	 * v3.13.0: Include/internal/pycore_runtime.h, struct _Py_DebugOffsets; pycore_frame.h, enum
	 * _frameowner (FRAME_OWNED_BY_CSTACK); Include/cpython/unicodeobject.h. DWARF of 3.13.0 and
	 * of 3.13.15 --disable-gil.
	 */
#define AT_13 { \
	[CURRENT_FRAME] = 184, [PREVIOUS] = 232, [EXECUTABLE] = 240, [INSTR_PTR] = 248, \
	[OWNER] = 264, [FILENAME] = 280, [QUALNAME] = 296, [LINETABLE] = 304, \
	[FIRSTLINENO] = 312, [BYTECODE] = 344, [STR_STATE] = 544, [STR_LENGTH] = 552, \
	[ASCII_SIZE] = 560, [BYTES_SIZE] = 520, [BYTES_DATA] = 528 }
	[13] = { { 584, 3, KIND_SHIFT, AT_13 }, { 584, 3, KIND_SHIFT, AT_13 } },
	/*
	 * v3.14.6: Include/internal/pycore_debug_offsets.h; pycore_interpframe_structs.h, enum
	 * _frameowner (FRAME_OWNED_BY_INTERPRETER); Include/cpython/unicodeobject.h, struct
	 * _PyUnicodeObject_state: `interned` has a whole byte in free-threaded builds. DWARF of
	 * 3.14.6, with a GIL and without.
	 */
#define AT_14 { \
	[CURRENT_FRAME] = 208, [PREVIOUS] = 256, [EXECUTABLE] = 264, [INSTR_PTR] = 272, \
	[OWNER] = 288, [TLBC_INDEX] = 304, [TLBC] = 392, [FILENAME] = 320, [QUALNAME] = 336, \
	[LINETABLE] = 344, [FIRSTLINENO] = 352, [BYTECODE] = 384, [STR_STATE] = 624, \
	[STR_LENGTH] = 632, [ASCII_SIZE] = 640, [BYTES_SIZE] = 600, [BYTES_DATA] = 608 }
	[14] = { { 760, 3, KIND_SHIFT, AT_14 }, { 760, 3, 8, AT_14 } },
	/* v3.15.0: the same files; DWARF of Debian's 3.15.0-1. No free-threaded build was seen. */
#define AT_15 { \
	[CURRENT_FRAME] = 208, [PREVIOUS] = 320, [EXECUTABLE] = 328, [INSTR_PTR] = 336, \
	[OWNER] = 352, [TLBC_INDEX] = 368, [TLBC] = 456, [FILENAME] = 384, [QUALNAME] = 400, \
	[LINETABLE] = 408, [FIRSTLINENO] = 416, [BYTECODE] = 448, [STR_STATE] = 720, \
	[STR_LENGTH] = 728, [ASCII_SIZE] = 736, [BYTES_SIZE] = 696, [BYTES_DATA] = 704 }
	[15] = { { 888, 3, KIND_SHIFT, AT_15 } },
};
/* clang-format on */

#define DEBUG_ROWS (int)(sizeof(debug_rows) / sizeof(debug_rows[0]))

/* PyCompactUnicodeObject is PyASCIIObject and utf8_length and utf8, from 3.12 on. */
#define COMPACT_MORE 16

static unsigned int grow(unsigned int bytes, unsigned int end)
{
	return end > bytes ? end : bytes;
}

static unsigned int frame_bytes(const struct wire_frames *w)
{
	unsigned int bytes = grow(w->previous + 8u, w->code + 8u);

	bytes = grow(bytes, w->ip + 8u);
	if (w->owner != WIRE_NO_OWNER)
		bytes = grow(bytes, w->owner + 1u);
	if (w->tlbc_index)
		bytes = grow(bytes, w->tlbc_index + 4u);
	if (w->entry != WIRE_EVERY_FRAME)
		bytes = grow(bytes, w->entry + 1u);
	return (bytes + 7) & ~7u;
}

static unsigned int code_bytes(const struct pyver_frames *f)
{
	unsigned int bytes = grow(f->wire.filename + 8u, f->wire.name + 8u);

	bytes = grow(bytes, f->wire.linetable + 8u);
	bytes = grow(bytes, f->code.firstlineno + 4u);
	if (f->code.tlbc)
		bytes = grow(bytes, f->code.tlbc + 8u);
	return (bytes + 7) & ~7u;
}

static void finish(struct pyver_frames *f)
{
	unsigned int frame = frame_bytes(&f->wire), code = code_bytes(f);

	f->wire.frame_bytes = (uint16_t)frame;
	f->wire.code_bytes = (uint16_t)code;
	f->wire.valid = frame <= WIRE_FRAME_BYTES && code <= WIRE_CODE_BYTES;
}

void pyver__frames(const struct pyver *version, struct pyver_frames *frames)
{
	int minor = version->minor;

	memset(frames, 0, sizeof(*frames));
	if (version->major != 3 || minor < PYVER_OLDEST ||
	    minor >= (int)(sizeof(rows) / sizeof(rows[0])))
		return;
	*frames = rows[minor];
	finish(frames);
}

/* A field that 0 says is missing; all others are there. */
static bool may_be_missing(enum field field)
{
	return field == TLBC_INDEX || field == TLBC;
}

static bool take(const void *bytes, const struct positions *row, enum field field,
		 struct pyver_frames *frames)
{
	uint16_t offset;
	uint64_t value;

	if (!row->at[field])
		return may_be_missing(field);
	memcpy(&value, (const char *)bytes + row->at[field], sizeof(value));
	if (value % fields[field].align != 0 ||
	    value > (uint64_t)fields[field].limit - fields[field].size)
		return false;
	offset = (uint16_t)value;
	memcpy((char *)frames + fields[field].to, &offset, sizeof(offset));
	return true;
}

static bool take_all(const void *bytes, const struct positions *row, struct pyver_frames *frames)
{
	for (enum field field = 0; field < FIELDS; field++) {
		if (!take(bytes, row, field, frames))
			return false;
	}
	return true;
}

/* What the row knows beside the offsets. */
static void complete(const struct positions *row, struct pyver_frames *frames)
{
	frames->wire.cframe_frame = WIRE_NO_CFRAME;
	frames->wire.shim_owner = row->shim_owner;
	frames->wire.str_kind_shift = row->kind_shift;
	frames->wire.str_compact = frames->wire.str_ascii + COMPACT_MORE;
	frames->code.format = PYCODE_LOCATIONS;
	finish(frames);
}

void pyver__debug_frames(const void *bytes, size_t len, const struct pyver *version,
			 struct pyver_frames *frames)
{
	const struct positions *row;

	memset(frames, 0, sizeof(*frames));
	if (version->major != 3 || version->minor < 0 || version->minor >= DEBUG_ROWS)
		return;
	row = &debug_rows[version->minor][version->free_threaded];
	if (!row->size || len < row->size)
		return;
	if (take_all(bytes, row, frames))
		complete(row, frames);
	else
		memset(frames, 0, sizeof(*frames));
}
