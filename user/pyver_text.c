/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions as texts: names of files, strings inside an interpreter, what the report prints. */
#include "pyver.h"

#include <stdio.h>
#include <string.h>

#define FINAL 0xf0u /* the release level of a final release, Include/patchlevel.h */

/* A number of at most three digits; moves *at behind it. -1 if there is none. */
static int take_number(const char **at, const char *end)
{
	const char *p = *at;
	int n = 0;

	while (p < end && p - *at < 3 && *p >= '0' && *p <= '9')
		n = 10 * n + (*p++ - '0');
	if (p == *at)
		return -1;
	*at = p;
	return n;
}

static uint32_t make_hex(int major, int minor, int micro, uint32_t level)
{
	return (uint32_t)major << 24 | (uint32_t)minor << 16 | ((uint32_t)micro & 0xff) << 8 |
	       level;
}

/* The ABI flags behind the version: m (pymalloc, before 3.8), d, t, u (before 3.3). */
static const char *take_flags(const char *at, struct pyver *version)
{
	for (; *at && strchr("mdtu", *at); at++) {
		version->debug |= *at == 'd';
		version->free_threaded |= *at == 't';
	}
	return at;
}

bool pyver__from_name(const char *name, struct pyver *version)
{
	const char *at = name, *end = name + strlen(name);
	int major, minor;

	memset(version, 0, sizeof(*version));
	version->minor = -1;
	if (strncmp(at, "lib", 3) == 0)
		at += 3;
	if (strncmp(at, "python", 6) != 0)
		return false;
	at += 6;
	major = take_number(&at, end);
	if (major < 0 || major > 9 || at == end || *at++ != '.')
		return false;
	minor = take_number(&at, end);
	if (minor < 0 || minor > 255)
		return false;
	at = take_flags(at, version);
	if (*at != '\0' && *at != '.' && *at != '-')
		return false;
	version->major = major;
	version->minor = minor;
	version->hex = make_hex(major, minor, 0, 0);
	return true;
}

void pyver__from_hex(uint32_t hex, struct pyver *version)
{
	version->hex = hex;
	version->major = (int)(hex >> 24);
	version->minor = (int)(hex >> 16 & 0xff);
}

/* The next place after `from` where `what` stands, or NULL. */
static const char *find(const char *text, size_t len, size_t from, const char *what,
			size_t what_len)
{
	return from <= len ? memmem(text + from, len - from, what, what_len) : NULL;
}

/*
 * sys.implementation.cache_tag, "cpython-311", is a string of its own in every interpreter's
 * read-only data (Python/sysmodule.c, _PySys_ImplCacheTag). Longer ones name extension modules.
 */
bool pyver__minor_from_text(const char *text, size_t len, struct pyver *version)
{
	static const char tag[] = "\0cpython-3";
	size_t tag_len = sizeof(tag) - 1;
	const char *hit = text;

	while ((hit = find(text, len, (size_t)(hit - text), tag, tag_len))) {
		const char *at = hit + tag_len;
		int minor = take_number(&at, text + len);

		if (minor >= 0 && minor <= 255 && at < text + len && *at == '\0') {
			version->major = 3;
			version->minor = minor;
			version->hex = make_hex(3, minor, 0, 0);
			return true;
		}
		hit += 1;
	}
	return false;
}

/* The low byte of the hex version: "" is 0xf0, "a1" 0xa1, "b3" 0xb3, "rc2" 0xc2; "+" is ignored. */
static bool take_level(const char *at, const char *end, uint32_t *level)
{
	static const struct {
		const char *text;
		uint32_t level;
	} levels[] = { { "a", 0xa0 }, { "b", 0xb0 }, { "rc", 0xc0 } };
	int serial = 0;

	*level = FINAL;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		size_t len = strlen(levels[i].text);

		if ((size_t)(end - at) > len && memcmp(at, levels[i].text, len) == 0) {
			at += len;
			serial = take_number(&at, end);
			*level = levels[i].level;
			break;
		}
	}
	if (serial < 0 || serial > 15)
		return false;
	*level |= (uint32_t)serial;
	if (at < end && *at == '+')
		at++;
	return at < end && *at == '\0';
}

/*
 * PY_VERSION, "3.8.18", is an argument of Py_GetVersion's format (Python/getversion.c). The linker
 * may have merged it into the tail of a longer string, as of the prefix "/opt/python/3.8.18": so a
 * string of its own is preferred, but a tail will do.
 */
bool pyver__patch_from_text(const char *text, size_t len, struct pyver *version)
{
	char want[16];
	size_t want_len =
		(size_t)snprintf(want, sizeof(want), "%d.%d.", version->major, version->minor);
	const char *hit = text;
	bool found = false;

	while ((hit = find(text, len, (size_t)(hit - text), want, want_len))) {
		const char *at = hit + want_len;
		char before = hit > text ? hit[-1] : '\0';
		int micro = take_number(&at, text + len);
		uint32_t level;

		hit += 1;
		if (micro < 0 || micro > 255 || !take_level(at, text + len, &level) ||
		    before == '.' || (before >= '0' && before <= '9'))
			continue;
		if (found && before != '\0')
			continue;
		version->hex = make_hex(version->major, version->minor, micro, level);
		found = true;
		if (before == '\0')
			break;
	}
	return found;
}

void pyver__format(const struct pyver *version, char *text, size_t size)
{
	static const char *const name[] = { "a", "b", "rc" };
	uint32_t level = version->hex >> 4 & 0xf, serial = version->hex & 0xf;
	int n;

	if ((version->hex & 0xffff) == 0) {
		snprintf(text, size, "%d.%d", version->major, version->minor);
		return;
	}
	n = snprintf(text, size, "%d.%d.%u", version->major, version->minor,
		     version->hex >> 8 & 0xff);
	if (level >= 0xa && level <= 0xc && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, "%s%u", name[level - 0xa], serial);
}
