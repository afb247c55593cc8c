/* SPDX-License-Identifier: BSD-2-Clause */
/* pyver_offsets.c: _Py_DebugOffsets of each minor version, and what is refused. */
#include <errno.h>

#include "../../user/pyver.h"
#include "tap.h"

/*
 * What builds of each minor say about themselves, as dumped from the .PyRuntime of 3.13.0, 3.14.8,
 * 3.14.6t and 3.15.0; 3.13t from DWARF, its sizes made up.
 */
#define FIELDS 14

struct offsets_case {
	int minor;
	uint32_t hex;
	bool free_threaded;
	size_t size;
	uint16_t at[FIELDS];
	uint32_t value[FIELDS];
	struct pyver_layout want;
};

/* clang-format off */
#define AT_13 { 24, 40, 48, 56, 64, 72, 112, 120, 136, 144, 152, 168, 176, 192 }
#define AT_14 { 24, 40, 48, 56, 64, 72, 120, 128, 144, 152, 176, 192, 200, 216 }
#define AT_15 { 24, 40, 48, 56, 64, 72, 120, 128, 144, 152, 176, 192, 200, 240 }

static const struct offsets_case cases[] = {
	{ 13, 0x030d00f0, false, 584, AT_13,
	  { 283320, 632, 194968, 7272, 7264, 7344, 16, 7752, 7768, 7760, 304, 8, 16, 152 },
	  { 632, 0, 7264, 7272, 7344, 16, 8, 16, 152, 0 } },
	{ 13, 0x030d0ff0, true, 584, AT_13,
	  { 400000, 632, 250000, 7272, 7264, 7344, 16, 7760, 7784, 7776, 400, 8, 16, 152 },
	  { 632, 0, 7264, 7272, 7344, 16, 8, 16, 152, 8 } },
	{ 14, 0x030e08f0, false, 760, AT_14,
	  { 316616, 808, 225864, 7280, 7272, 7344, 16, 7784, 7800, 7792, 832, 8, 16, 152 },
	  { 808, 0, 7272, 7280, 7344, 16, 8, 16, 152, 0 } },
	{ 14, 0x030e06f0, true, 760, AT_14,
	  { 362368, 808, 246720, 7280, 7272, 7344, 16, 7808, 7832, 7824, 832, 8, 16, 152 },
	  { 808, 0, 7272, 7280, 7344, 16, 8, 16, 152, 8 } },
	{ 15, 0x030f00f0, false, 888, AT_15,
	  { 346568, 936, 226240, 7272, 7264, 7336, 16, 7736, 7752, 7744, 888, 8, 16, 176 },
	  { 936, 0, 7264, 7272, 7336, 16, 8, 16, 176, 0 } },
};
/* clang-format on */

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void put(unsigned char *table, size_t at, uint64_t value)
{
	memcpy(table + at, &value, sizeof(value));
}

/* Whatever is not asked for holds a value that no field may have. */
static void set_table(unsigned char *table, const struct offsets_case *c)
{
	memset(table, 0xff, PYVER_DEBUG_OFFSETS_MAX);
	memcpy(table, "xdebugpy", 8);
	put(table, 8, c->hex);
	put(table, 16, c->free_threaded);
	for (size_t i = 0; i < FIELDS; i++)
		put(table, c->at[i], c->value[i]);
}

static void debug_offsets_of_each_minor(void)
{
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];

	for (size_t i = 0; i < CASES; i++) {
		struct pyver v = { 0 };
		struct pyver_layout layout;

		set_table(table, &cases[i]);
		CHECK_INT(pyver__debug_offsets(table, cases[i].size, &v, &layout), 0);
		CHECK_INT(v.minor, cases[i].minor);
		CHECK_INT(v.hex, cases[i].hex);
		CHECK(v.free_threaded == cases[i].free_threaded);
		CHECK(memcmp(&layout, &cases[i].want, sizeof(layout)) == 0);
	}
}

/* Each value in turn: too large, not aligned. */
static void debug_offsets_out_of_range(void)
{
	static const uint64_t bad[] = { UINT64_MAX, UINT64_MAX - 7, 1ull << 32, 1ull << 23, 3 };
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver_layout layout;
	struct pyver v;

	for (size_t i = 0; i < CASES; i++) {
		for (size_t word = 0; word < FIELDS; word++) {
			for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
				int err;

				set_table(table, &cases[i]);
				put(table, cases[i].at[word], bad[b]);
				err = pyver__debug_offsets(table, sizeof(table), &v, &layout);
				if (err != -ERANGE)
					TAP_FAIL("case %zu: word %zu, value %zu: %d", i, word, b,
						 err);
			}
		}
	}
}

static void debug_offsets_that_are_none(void)
{
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver_layout layout;
	struct pyver v;

	set_table(table, &cases[0]);
	CHECK_INT(pyver__debug_offsets(table, 0, &v, &layout), -ENOENT);
	CHECK_INT(pyver__debug_offsets(table, 23, &v, &layout), -ENOENT);
	CHECK_INT(pyver__debug_offsets(table, 24, &v, &layout), -ENODATA);
	CHECK_INT(pyver__debug_offsets(table, 583, &v, &layout), -ENODATA);
	put(table, 8, 0x031000f0);
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ENOTSUP);
	CHECK_INT(v.minor, 16);
	put(table, 8, 0x030c00f0);
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ENOTSUP);
	put(table, 8, 0x1030d00f0);
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ERANGE);
	table[0] = 'X';
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ENOENT);
}

/* A GIL that is not where user space and BPF look: refused, not guessed. */
static void debug_offsets_of_another_gil(void)
{
	unsigned char table[PYVER_DEBUG_OFFSETS_MAX];
	struct pyver_layout layout;
	struct pyver v;

	set_table(table, &cases[0]);
	put(table, 16, 1);
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ERANGE);
	set_table(table, &cases[0]);
	put(table, 136, 7776);
	CHECK_INT(pyver__debug_offsets(table, sizeof(table), &v, &layout), -ERANGE);
}

int main(void)
{
	TAP_RUN(debug_offsets_of_each_minor);
	TAP_RUN(debug_offsets_out_of_range);
	TAP_RUN(debug_offsets_that_are_none);
	TAP_RUN(debug_offsets_of_another_gil);
	return TAP_DONE();
}
