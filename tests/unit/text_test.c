/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <locale.h>
#include <stdlib.h>

#include "tap.h"

/* UTF-8 from bytes, without and with a cap. */
static void check_utf8(const char *bytes, size_t len, size_t cap, const char *want)
{
	char *got = text__utf8(bytes, len, cap);
	bool same = got && strcmp(got, want) == 0;

	if (!same)
		printf("# got \"%s\"\n", got ? got : "(null)");
	free(got);
	if (!same)
		TAP_FAIL("not \"%s\"", want);
}

#define UTF8(bytes, want) TAP_CALL(check_utf8(bytes, sizeof(bytes) - 1, 1000, want))

static void is_utf8(void)
{
	CHECK(text__is_utf8("", 0) && text__is_utf8("a\0b", 3));
	CHECK(text__is_utf8("12345678gr\xc3\xbcn \xe2\x82\xac", 17));
	CHECK(!text__is_utf8("12345678gr\xc3\xbcn \xe2\x82\xac", 16));
	CHECK(!text__is_utf8("1234567\xff", 8));
	CHECK(!text__is_utf8("12345678\xc0\x80", 10));
}

static void utf8(void)
{
	UTF8("", "");
	UTF8("plain", "plain");
	UTF8("\x1b[31m\n", "\x1b[31m\n"); /* valid; the outputs escape it */
	UTF8("a\0b", "a\\x00b");
	UTF8("caf\xc3\xa9", "caf\xc3\xa9");
	UTF8("\xe6\x97\xa5\xf0\x9f\x90\x8d", "\xe6\x97\xa5\xf0\x9f\x90\x8d");
	UTF8("\xff", "\\xff");
	UTF8("\x80x", "\\x80x");	/* continues nothing */
	UTF8("\xc3", "\\xc3");		/* cut */
	UTF8("\xe6\x97", "\\xe6\\x97"); /* cut later */
	UTF8("\xc0\xaf", "\\xc0\\xaf"); /* overlong */
	UTF8("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	UTF8("\xed\xa0\x80", "\\xed\\xa0\\x80");	  /* surrogate */
	UTF8("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
	UTF8("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	UTF8("\xc3\xc3\xa9", "\\xc3\xc3\xa9"); /* picks up again at once */
}

static void caps(void)
{
	TAP_CALL(check_utf8("abcdef", 6, 3, "abc"));
	TAP_CALL(check_utf8("abcdef", 6, 0, ""));
	TAP_CALL(check_utf8("a\xc3\xa9", 3, 2, "a"));
	TAP_CALL(check_utf8("a\xc3\xa9", 3, 3, "a\xc3\xa9"));
	TAP_CALL(check_utf8("\xff\xff", 2, 4, "\\xff"));
	TAP_CALL(check_utf8("\xff\xff", 2, 3, ""));
	/* a character that the cap cuts must not become bytes: there is never room for them */
	TAP_CALL(check_utf8("abcdefgh\xf0\x9f\x90\x8d", 12, 11, "abcdefgh"));
}

static void check_escape(const char *raw, const char *want)
{
	char *got = text__escape(raw);
	bool same = got && strcmp(got, want) == 0;

	if (!same)
		printf("# got \"%s\"\n", got ? got : "(null)");
	free(got);
	if (!same)
		TAP_FAIL("not \"%s\"", want);
}

static void escape(void)
{
	static const char *const cases[][2] = {
		{ "plain text", "plain text" },
		{ "caf\xc3\xa9 \xe6\x97\xa5\xf0\x9f\x90\x8d",
		  "caf\xc3\xa9 \xe6\x97\xa5\xf0\x9f\x90\x8d" },
		{ "\x1b[31mX\n", "\\x1b[31mX\\x0a" },
		{ "\t\r\a\x7f", "\\x09\\x0d\\x07\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u{009b}31m" },		 /* CSI in one character */
		{ "\xc2\x85", "\\u{0085}" },	 /* next line */
		{ "\xe2\x80\xae", "\\u{202e}" }, /* right-to-left override */
		{ "\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}" },
		{ "\xe2\x80\x8e\xe2\x80\x8f", "\\u{200e}\\u{200f}" },
		{ "\xd8\x9c", "\\u{061c}" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}" },
		{ "\xe2\x80\x8b\xef\xbb\xbf", "\\u{200b}\\u{feff}" },
		{ "\xf3\xa0\x81\x81", "\\u{e0041}" }, /* a tag */
		{ "\xef\xbf\xbf", "\\u{ffff}" },      /* never assigned */
		{ "\xff\xc3", "\\xff\\xc3" },	      /* not UTF-8 at all */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		TAP_CALL(check_escape(cases[i][0], cases[i][1]));
}

/* Whatever the bytes, nothing but printable characters comes out, and no more than fits. */
static void any_bytes(void)
{
	unsigned int seed = 1;

	for (int i = 0; i < 20000; i++) {
		unsigned char bytes[16];
		size_t len = (size_t)rand_r(&seed) % sizeof(bytes);
		char *utf8, *escaped, *fitted;

		for (size_t b = 0; b < len; b++)
			bytes[b] = (unsigned char)(rand_r(&seed) >> 7);
		utf8 = text__utf8(bytes, len, 1000);
		escaped = text__escape(utf8);
		fitted = text__fit(escaped, 10);
		CHECK_INT(text__width(fitted), 10);
		for (const unsigned char *c = (unsigned char *)escaped; *c; c++)
			CHECK(*c >= 0x20 && *c != 0x7f && (*c != 0xc2 || c[1] >= 0xa0));
		free(utf8);
		free(escaped);
		free(fitted);
	}
}

static void widths(void)
{
	CHECK_INT(text__width(""), 0);
	CHECK_INT(text__width("abc"), 3);
	CHECK_INT(text__width("caf\xc3\xa9"), 4);
	CHECK_INT(text__width("e\xcc\x81"), 1);	   /* combining accent */
	CHECK_INT(text__width("\xe6\x97\xa5"), 2); /* wide */
	CHECK_INT(text__prefix("abc", 2), 2);
	CHECK_INT(text__prefix("\xe6\x97\xa5", 1), 0);
	CHECK_INT(text__prefix("e\xcc\x81x", 1), 3); /* the accent stays with its letter */
}

static void check_fit(const char *escaped, size_t columns, const char *want)
{
	char *got = text__fit(escaped, columns);
	bool same = got && strcmp(got, want) == 0;

	if (!same)
		printf("# got \"%s\"\n", got ? got : "(null)");
	free(got);
	if (!same)
		TAP_FAIL("not \"%s\"", want);
}

static void fit(void)
{
	TAP_CALL(check_fit("abc", 5, "abc  "));
	TAP_CALL(check_fit("abc", 3, "abc"));
	TAP_CALL(check_fit("abcdef", 5, "abc.."));
	TAP_CALL(check_fit("abc", 1, "a"));
	TAP_CALL(check_fit("abc", 0, ""));
	TAP_CALL(check_fit("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", 5, "\xe6\x97\xa5.. "));
}

/* Widths are those of C.UTF-8, whoever runs the tests. */
static void other_locales(void)
{
	setlocale(LC_ALL, "C");
	CHECK_INT(text__width("\xe6\x97\xa5"), 2);
	setlocale(LC_ALL, "");
	CHECK_INT(text__width("\xe6\x97\xa5"), 2);
	TAP_CALL(check_escape("\xe6\x97\xa5", "\xe6\x97\xa5"));
}

int main(void)
{
	TAP_RUN(utf8);
	TAP_RUN(is_utf8);
	TAP_RUN(caps);
	TAP_RUN(escape);
	TAP_RUN(any_bytes);
	TAP_RUN(widths);
	TAP_RUN(fit);
	TAP_RUN(other_locales);
	return TAP_DONE();
}
