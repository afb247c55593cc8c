/* SPDX-License-Identifier: BSD-2-Clause */
/* pyver.c, pyver_text.c: versions told from names and texts, rows, the futex words. */
#include "../../user/pyver.h"
#include "tap.h"

static void check_name(const char *name, int minor, bool free_threaded, bool debug)
{
	struct pyver v;

	CHECK(pyver__from_name(name, &v));
	CHECK_INT(v.major, 3);
	CHECK_INT(v.minor, minor);
	CHECK_INT(v.hex & 0xffff, 0);
	CHECK(v.free_threaded == free_threaded && v.debug == debug);
}

static void names_with_a_version(void)
{
	struct pyver v;

	TAP_CALL(check_name("libpython3.8.so.1.0", 8, false, false));
	TAP_CALL(check_name("libpython3.7m.so.1.0", 7, false, false));
	TAP_CALL(check_name("libpython3.13t.so.1.0", 13, true, false));
	TAP_CALL(check_name("libpython3.14td.so.1.0", 14, true, true));
	TAP_CALL(check_name("python3.11", 11, false, false));
	TAP_CALL(check_name("python3.9d", 9, false, true));
	TAP_CALL(check_name("python3.12-intel64", 12, false, false));
	CHECK(pyver__from_name("python2.7", &v) && v.major == 2 && v.minor == 7);
}

static void names_without_one(void)
{
	static const char *const names[] = {
		"",	     "python",	   "python3",	 "libpython3.so", "python3.",
		"python3.x", "python3.8x", "python33.8", "pythonw",	  "libpython3.1234.so",
		"pypy3.9",   "3.8",	   "libpytho",	 "python-3.8",	  "python3.256"
	};
	struct pyver v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (pyver__from_name(names[i], &v))
			TAP_FAIL("\"%s\" has a version", names[i]);
		CHECK(v.major == 0 && v.minor == -1 && v.hex == 0);
	}
}

static void check_format(uint32_t hex, const char *want)
{
	struct pyver v = { 0 };
	char text[16];

	pyver__from_hex(hex, &v);
	pyver__format(&v, text, sizeof(text));
	CHECK_STR(text, want);
}

static void formats_versions(void)
{
	TAP_CALL(check_format(0x030812f0, "3.8.18"));
	TAP_CALL(check_format(0x030d00f0, "3.13.0"));
	TAP_CALL(check_format(0x030e00c2, "3.14.0rc2"));
	TAP_CALL(check_format(0x030f00a3, "3.15.0a3"));
	TAP_CALL(check_format(0x030f00b1, "3.15.0b1"));
	TAP_CALL(check_format(0x03080000, "3.8"));
	TAP_CALL(check_format(0xffffffff, "255.255.255"));
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void check_patch(const char *text, size_t len, uint32_t hex)
{
	struct pyver v = { .major = 3, .minor = 8, .hex = 0x03080000 };

	CHECK_INT(pyver__patch_from_text(text, len, &v), hex != 0);
	CHECK_INT(v.hex, hex ? hex : 0x03080000);
}

static void patch_level_from_text(void)
{
	TAP_CALL(check_patch(TEXT("\0"
				  "3.8.18\0"),
			     0x030812f0));
	TAP_CALL(check_patch(TEXT("/opt/python/3.8.17\0"), 0x030811f0)); /* merged into a tail */
	TAP_CALL(check_patch(TEXT("/opt/python/3.8.1\0"
				  "3.8.18\0"),
			     0x030812f0));
	TAP_CALL(check_patch(TEXT("\0"
				  "3.8.0rc1\0"),
			     0x030800c1));
	TAP_CALL(check_patch(TEXT("\0"
				  "3.8.0a4\0"),
			     0x030800a4));
	TAP_CALL(check_patch(TEXT("\0"
				  "3.8.2+\0"),
			     0x030802f0));
	TAP_CALL(check_patch(TEXT("\0"
				  "3.8.11.1\0"),
			     0)); /* SQLite's */
	TAP_CALL(check_patch(TEXT("\0"
				  "1.3.8.1\0"),
			     0));
	TAP_CALL(check_patch(TEXT("\0"
				  "13.8.1\0"),
			     0));
	TAP_CALL(check_patch(TEXT("3.8.18"), 0)); /* cut off */
	TAP_CALL(check_patch(TEXT("3.8."), 0));
	TAP_CALL(check_patch(TEXT("3.8.9999\0"), 0));
	TAP_CALL(check_patch(TEXT(""), 0));
}

static void minor_from_text(void)
{
	struct pyver v = { 0 };

	CHECK(pyver__minor_from_text(TEXT("a\0.cpython-39-x86_64-linux-gnu.so\0cpython-310\0"),
				     &v));
	CHECK(v.major == 3 && v.minor == 10 && v.hex == 0x030a0000);
	CHECK(!pyver__minor_from_text(TEXT("\0cpython-3\0"), &v));
	CHECK(!pyver__minor_from_text(TEXT("\0cpython-39"), &v));
	CHECK(!pyver__minor_from_text(TEXT(""), &v));
}

static void rows_of_the_table(void)
{
#if defined(__x86_64__)
	for (int minor = -1; minor <= 20; minor++) {
		struct pyver v = { .major = 3, .minor = minor };
		const struct pyver_layout *row = pyver__layout(&v);

		if ((row != NULL) != (minor >= PYVER_OLDEST && minor < PYVER_DEBUG_OFFSETS))
			TAP_FAIL("row of 3.%d", minor);
		if (row)
			CHECK((row->runtime_gil != 0) != (row->interp_gil != 0));
	}
#else
	TAP_SKIP("the rows are those of x86_64");
#endif
}

static void check_words(enum wire_libc libc, enum wire_gil_word kind, const int *offsets, int n)
{
	int found = 0;

	for (int i = 0; i < WIRE_GIL_WORDS; i++)
		found += pyver__gil_words[libc][i] == kind;
	CHECK_INT(found, n);
	for (int i = 0; i < n; i++)
		CHECK_INT(pyver__gil_words[libc][offsets[i] / 4], kind);
}

#define WORDS(libc, kind, ...) \
	TAP_CALL(check_words(libc, kind, (const int[]){ __VA_ARGS__ }, \
			     sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))

/* The distances measured as futex addresses on x86_64. */
static void futex_words(void)
{
#if defined(__x86_64__)
	WORDS(LIBC_GLIBC_2_25, GW_WAIT, 72, 76, 80);
	WORDS(LIBC_GLIBC_2_25, GW_DROP, 48, 52, 64, 136, 140, 152, 160, 164, 168);
	WORDS(LIBC_GLIBC_2_41, GW_WAIT, 64, 68, 80);
	WORDS(LIBC_GLIBC_2_41, GW_DROP, 56, 144, 152, 156, 168);
	WORDS(LIBC_MUSL, GW_WAIT, 84);
	WORDS(LIBC_MUSL, GW_DROP, 172);
	for (int i = 0; i < WIRE_GIL_WORDS; i++)
		CHECK_INT(pyver__gil_words[LIBC_UNKNOWN][i], GW_NONE);
#else
	TAP_SKIP("measured on x86_64");
#endif
}

int main(void)
{
	TAP_RUN(names_with_a_version);
	TAP_RUN(names_without_one);
	TAP_RUN(formats_versions);
	TAP_RUN(patch_level_from_text);
	TAP_RUN(minor_from_text);
	TAP_RUN(rows_of_the_table);
	TAP_RUN(futex_words);
	return TAP_DONE();
}
