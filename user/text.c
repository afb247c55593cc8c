// SPDX-License-Identifier: BSD-2-Clause
#include "text.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define ESCAPED_MAX 12 /* "\u{10FFFF}" and a NUL */

/*
 * Assigned characters with a width that a name must not bring to a terminal: they reorder the line,
 * break it, or hide in it. Controls are found by their value, unassigned ones by wcwidth.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x180e, 0x180e },   /* Mongolian vowel separator */
	{ 0x200b, 0x200b },   /* zero width space */
	{ 0x200e, 0x200f },   /* left-to-right and right-to-left mark */
	{ 0x2028, 0x202e },   /* line and paragraph separator, bidirectional embeddings */
	{ 0x2060, 0x206f },   /* word joiner, bidirectional isolates */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff9, 0xfffb },   /* interlinear annotation */
	{ 0xe0000, 0xe007f }, /* tags */
};

static bool continues(const unsigned char *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Bytes of the character at s, as RFC 3629 allows them; 0: none, and NUL is none. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 1, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (n == 0 || n > len || s[0] > 0xf4 || !continues(s, n))
		return 0;
	*cp = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*cp = *cp << 6 | (s[i] & 0x3f);
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

static bool is_ascii8(const unsigned char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return (word & 0x8080808080808080ull) == 0;
}

bool text__is_utf8(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;

	for (size_t i = 0, n; i < len; i += n) {
		uint32_t cp;

		if (len - i >= 8 && is_ascii8(s + i))
			n = 8;
		else
			n = s[i] < 0x80 ? 1 : decode(s + i, len - i, &cp);
		if (n == 0)
			return false;
	}
	return true;
}

char *text__utf8(const void *bytes, size_t len, size_t cap)
{
	const unsigned char *s = bytes;
	char *out, *shorter;
	size_t o = 0;

	if (len > cap)
		len = cap; /* no byte becomes less than one byte */
	out = malloc(4 * len + 1);
	if (!out)
		return NULL;
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t cp;

		n = decode(s + i, len - i, &cp);
		if (o + (n ? n : 4) > cap)
			break;
		if (n) {
			memcpy(out + o, s + i, n);
			o += n;
		} else {
			o += (size_t)sprintf(out + o, "\\x%02x", s[i]);
			n = 1;
		}
	}
	out[o] = '\0';
	shorter = realloc(out, o + 1);
	return shorter ? shorter : out;
}

/*
 * Widths must not depend on who runs the program where: always those of C.UTF-8. Where the system
 * lacks it, only ASCII has a width and all else is escaped.
 */
static int width_of(uint32_t cp)
{
	static locale_t utf8;
	locale_t before;
	int width;

	if (cp < 0x80)
		return cp >= 0x20 && cp < 0x7f ? 1 : -1;
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!utf8)
		return -1;
	before = uselocale(utf8);
	width = wcwidth((wchar_t)cp);
	uselocale(before);
	return width;
}

static bool may_show(uint32_t cp)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (cp >= hidden[i].first && cp <= hidden[i].last)
			return false;
	return width_of(cp) >= 0;
}

char *text__escape(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len = strlen(s), o = 0;
	char *out = malloc(ESCAPED_MAX * len + 1);

	if (!out)
		return NULL;
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t cp;

		n = decode(u + i, len - i, &cp);
		if (n && may_show(cp)) {
			memcpy(out + o, s + i, n);
			o += n;
		} else if (n > 1) {
			o += (size_t)sprintf(out + o, "\\u{%04x}", cp);
		} else {
			o += (size_t)sprintf(out + o, "\\x%02x", u[i]);
			n = 1;
		}
	}
	out[o] = '\0';
	return out;
}

/* Bytes and columns of the next character. */
static size_t next(const char *s, size_t len, size_t *columns)
{
	uint32_t cp;
	size_t n = decode((const unsigned char *)s, len, &cp);
	int width = n ? width_of(cp) : 1;

	*columns = width > 0 ? (size_t)width : 0;
	return n ? n : 1;
}

size_t text__prefix(const char *escaped, size_t columns)
{
	size_t len = strlen(escaped), at = 0;

	while (at < len) {
		size_t wide, n = next(escaped + at, len - at, &wide);

		if (wide > columns)
			break;
		columns -= wide;
		at += n;
	}
	return at;
}

static size_t width_of_bytes(const char *s, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0, wide; i < len; columns += wide)
		i += next(s + i, len - i, &wide);
	return columns;
}

size_t text__width(const char *escaped)
{
	return width_of_bytes(escaped, strlen(escaped));
}

char *text__fit(const char *escaped, size_t columns)
{
	size_t bytes = strlen(escaped), width = text__width(escaped);
	const char *dots = "";
	char *out;

	if (width > columns) {
		dots = columns >= 2 ? ".." : "";
		bytes = text__prefix(escaped, columns - strlen(dots));
		width = width_of_bytes(escaped, bytes) + strlen(dots);
	}
	if (asprintf(&out, "%.*s%s%*s", (int)bytes, escaped, dots, (int)(columns - width), "") < 0)
		return NULL;
	return out;
}
