/* SPDX-License-Identifier: BSD-2-Clause */
/* pyver_frames.c: where each CPython has its frames, and what is refused. */
#include "../../user/pyver.h"
#include "tap.h"

/*
 * What DWARF says of the builds named in pyver_frames.c: _PyInterpreterFrame (PyFrameObject before
 * 3.11), PyThreadState, PyCodeObject, PyASCIIObject, PyBytesObject.
 */
struct expected {
	int minor;
	bool free_threaded;
	uint16_t tstate_frame, cframe_frame, frame_bytes;
	uint16_t previous, code, ip, owner, shim_owner, tlbc_index, ip_is_index, entry;
	uint16_t code_bytes, filename, name, linetable, firstlineno, bytecode, tlbc;
	uint16_t length, state, kind_shift, ascii, compact, bytes_size, bytes_data;
	enum pycode_format format;
	uint16_t index_unit;
};

#define NO 0xffff

/* clang-format off */
static const struct expected expected[] = {
	{ 8, false, 24, NO, 112, 24, 32, 104, NO, 0, 0, 1, NO, 128, 104, 112, 120, 40, 0, 0,
	  16, 32, 2, 48, 72, 16, 32, PYCODE_LNOTAB, 1 },
	{ 9, false, 24, NO, 112, 24, 32, 104, NO, 0, 0, 1, NO, 128, 104, 112, 120, 40, 0, 0,
	  16, 32, 2, 48, 72, 16, 32, PYCODE_LNOTAB, 1 },
	{ 10, false, 24, NO, 104, 24, 32, 96, NO, 0, 0, 1, NO, 128, 104, 112, 120, 40, 0, 0,
	  16, 32, 2, 48, 72, 16, 32, PYCODE_RANGES, 2 },
	{ 11, false, 56, 8, 72, 48, 32, 56, NO, 0, 0, 0, 68, 144, 112, 128, 136, 72, 184, 0,
	  16, 32, 2, 48, 72, 16, 32, PYCODE_LOCATIONS, 0 },
	{ 12, false, 56, 0, 72, 8, 0, 56, 70, 3, 0, 0, 0, 144, 112, 128, 136, 68, 192, 0,
	  16, 32, 2, 40, 56, 16, 32, PYCODE_LOCATIONS, 0 },
	{ 13, false, 72, NO, 72, 8, 0, 56, 70, 3, 0, 0, 0, 144, 112, 128, 136, 68, 200, 0,
	  16, 32, 2, 40, 56, 16, 32, PYCODE_LOCATIONS, 0 },
	{ 13, true, 72, NO, 72, 8, 0, 56, 70, 3, 0, 0, 0, 160, 128, 144, 152, 84, 216, 0,
	  32, 48, 2, 56, 72, 32, 48, PYCODE_LOCATIONS, 0 },
	{ 14, false, 72, NO, 80, 8, 0, 56, 74, 3, 0, 0, 0, 144, 112, 128, 136, 68, 208, 0,
	  16, 32, 2, 40, 56, 16, 32, PYCODE_LOCATIONS, 0 },
	{ 14, true, 72, NO, 80, 8, 0, 56, 78, 3, 72, 0, 0, 232, 128, 144, 152, 84, 232, 224,
	  32, 48, 8, 56, 72, 32, 48, PYCODE_LOCATIONS, 0 },
	{ 15, false, 72, NO, 80, 8, 0, 56, 74, 3, 0, 0, 0, 144, 112, 128, 136, 68, 208, 0,
	  16, 32, 2, 40, 56, 16, 32, PYCODE_LOCATIONS, 0 },
};
/* clang-format on */

#define ROWS (sizeof(expected) / sizeof(expected[0]))

/* Positions in _Py_DebugOffsets: Include/internal/pycore_runtime.h of v3.13.0, */
/* pycore_debug_offsets.h of v3.14.6 and v3.15.0. In the order of put_all(). */
#define FIELDS 17
static const uint16_t positions[][FIELDS] = {
	[13] = { 184, 232, 240, 248, 264, 0, 280, 296, 304, 312, 344, 0, 552, 544, 560, 520, 528 },
	[14] = { 208, 256, 264, 272, 288, 304, 320, 336, 344, 352, 384, 392, 632, 624, 640, 600,
		 608 },
	[15] = { 208, 320, 328, 336, 352, 368, 384, 400, 408, 416, 448, 456, 728, 720, 736, 696,
		 704 },
};
static const size_t sizes[] = { [13] = 584, [14] = 760, [15] = 888 };

static void put(unsigned char *table, size_t at, uint64_t value)
{
	if (at)
		memcpy(table + at, &value, sizeof(value));
}

/* Whatever is not asked for holds a value that no field may have. */
static void put_all(unsigned char *table, const struct expected *e)
{
	const uint16_t *at = positions[e->minor];
	const uint16_t value[FIELDS] = { e->tstate_frame, e->previous,	e->code,
					 e->ip,		  e->owner,	e->tlbc_index,
					 e->filename,	  e->name,	e->linetable,
					 e->firstlineno,  e->bytecode,	e->tlbc,
					 e->length,	  e->state,	e->ascii,
					 e->bytes_size,	  e->bytes_data };

	memset(table, 0xff, PYVER_DEBUG_OFFSETS_MAX);
	for (size_t i = 0; i < FIELDS; i++)
		put(table, at[i], value[i]);
}

static struct pyver version_of(const struct expected *e)
{
	return (struct pyver){ .major = 3, .minor = e->minor, .free_threaded = e->free_threaded };
}

static void look_up(const struct expected *e, struct pyver_frames *f)
{
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver v = version_of(e);

	if (e->minor < PYVER_DEBUG_OFFSETS) {
		pyver__frames(&v, f);
	} else {
		put_all(table, e);
		pyver__debug_frames(table, sizes[e->minor], &v, f);
	}
}

static void check_row(const struct expected *e)
{
	struct pyver_frames f;
	struct wire_frames want = {
		.tstate_frame = e->tstate_frame,
		.cframe_frame = e->cframe_frame,
		.frame_bytes = e->frame_bytes,
		.previous = e->previous,
		.code = e->code,
		.ip = e->ip,
		.owner = e->owner,
		.shim_owner = e->shim_owner,
		.tlbc_index = e->tlbc_index,
		.ip_is_index = e->ip_is_index,
		.entry = e->entry,
		.valid = 1,
		.code_bytes = e->code_bytes,
		.filename = e->filename,
		.name = e->name,
		.linetable = e->linetable,
		.str_length = e->length,
		.str_state = e->state,
		.str_kind_shift = e->kind_shift,
		.str_ascii = e->ascii,
		.str_compact = e->compact,
		.bytes_size = e->bytes_size,
		.bytes_data = e->bytes_data,
	};

	look_up(e, &f);
	for (size_t i = 0; i < sizeof(want) / sizeof(uint16_t); i++) {
		if (((uint16_t *)&f.wire)[i] != ((uint16_t *)&want)[i])
			TAP_FAIL("3.%d%s: value %zu is %u, not %u", e->minor,
				 e->free_threaded ? "t" : "", i, ((uint16_t *)&f.wire)[i],
				 ((uint16_t *)&want)[i]);
	}
	CHECK_INT(f.code.format, e->format);
	CHECK_INT(f.code.firstlineno, e->firstlineno);
	CHECK_INT(f.code.bytecode, e->bytecode);
	CHECK_INT(f.code.tlbc, e->tlbc);
	CHECK_INT(f.code.index_unit, e->index_unit);
}

static void frames_of_each_version(void)
{
#if defined(__x86_64__)
	for (size_t i = 0; i < ROWS; i++)
		TAP_CALL(check_row(&expected[i]));
#else
	TAP_SKIP("the rows are those of x86_64");
#endif
}

static bool is_empty(const struct pyver_frames *f)
{
	static const struct pyver_frames none;

	return memcmp(f, &none, sizeof(none)) == 0;
}

/* Each value in turn: too large, not aligned. */
static void frames_out_of_range(void)
{
	static const uint64_t bad[] = { UINT64_MAX, UINT64_MAX - 7, 1ull << 32, 65536, 8192 };
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver_frames f;

	for (size_t i = 0; i < ROWS; i++) {
		struct pyver v = version_of(&expected[i]);

		for (size_t word = 0; v.minor >= PYVER_DEBUG_OFFSETS && word < FIELDS; word++) {
			for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
				if (!positions[v.minor][word])
					continue;
				put_all(table, &expected[i]);
				put(table, positions[v.minor][word], bad[b]);
				pyver__debug_frames(table, sizeof(table), &v, &f);
				if (!is_empty(&f))
					TAP_FAIL("row %zu: word %zu, value %zu", i, word, b);
			}
		}
	}
}

/* A frame or code object that is read whole must fit. */
static void frames_that_do_not_fit(void)
{
	static const struct {
		int word;
		uint64_t fits, does_not;
	} edges[] = {
		{ 3, WIRE_FRAME_BYTES - 8, WIRE_FRAME_BYTES },
		{ 4, WIRE_FRAME_BYTES - 1, WIRE_FRAME_BYTES },
		{ 5, WIRE_FRAME_BYTES - 4, WIRE_FRAME_BYTES },
		{ 8, WIRE_CODE_BYTES - 8, WIRE_CODE_BYTES },
		{ 9, WIRE_CODE_BYTES - 4, WIRE_CODE_BYTES },
	};
	const struct expected *e = &expected[8]; /* 3.14t */
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver v = version_of(e);
	struct pyver_frames f;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		put_all(table, e);
		put(table, positions[14][edges[i].word], edges[i].fits);
		pyver__debug_frames(table, sizeof(table), &v, &f);
		CHECK(f.wire.valid && f.wire.frame_bytes <= WIRE_FRAME_BYTES);
		CHECK(f.wire.code_bytes <= WIRE_CODE_BYTES);
		put(table, positions[14][edges[i].word], edges[i].does_not);
		pyver__debug_frames(table, sizeof(table), &v, &f);
		CHECK(is_empty(&f));
	}
}

static void frames_not_known(void)
{
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver v = { .major = 3, .minor = -1 };
	struct pyver_frames f;

	put_all(table, &expected[ROWS - 1]);
	for (; v.minor < 20; v.minor++) {
		pyver__frames(&v, &f);
		CHECK(is_empty(&f) || (v.minor >= PYVER_OLDEST && v.minor < PYVER_DEBUG_OFFSETS));
		pyver__debug_frames(table, v.minor == 15 ? 887 : 100, &v, &f);
		CHECK(is_empty(&f));
	}
	v = (struct pyver){ .major = 3, .minor = 15, .free_threaded = true };
	pyver__debug_frames(table, sizeof(table), &v, &f);
	CHECK(is_empty(&f));
	v = (struct pyver){ .major = 4, .minor = 12 };
	pyver__frames(&v, &f);
	CHECK(is_empty(&f));
}

int main(void)
{
	TAP_RUN(frames_of_each_version);
	TAP_RUN(frames_out_of_range);
	TAP_RUN(frames_that_do_not_fit);
	TAP_RUN(frames_not_known);
	return TAP_DONE();
}
