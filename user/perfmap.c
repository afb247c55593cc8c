// SPDX-License-Identifier: BSD-2-Clause
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "openat.h"

#define MAX_BYTES (64u << 20) /* what is behind that is not read */

/* --- finding it --- */

struct owner {
	unsigned int uid;
	int pid; /* in its innermost PID namespace */
};

/* "Uid:	1000	1000	..." (real, effective) and "NSpid:	4242	17". */
static int read_owner(pid_t pid, struct owner *owner)
{
	char path[32], line[512];
	FILE *f;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		const char *last = strrchr(line, '\t');

		if (sscanf(line, "Uid:\t%*u\t%u", &owner->uid) == 1)
			found |= 1;
		else if (strncmp(line, "NSpid:", 6) == 0 && last &&
			 sscanf(last, "%d", &owner->pid) == 1)
			found |= 2;
	}
	fclose(f);
	return found == 3 ? 0 : -ESRCH;
}

static int judge(int fd, const struct owner *owner)
{
	struct statx st;

	if (openat__stat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.stx_mode))
		return -EINVAL;
	return st.stx_uid == owner->uid || st.stx_uid == 0 ? 0 : -EPERM;
}

int perfmap__find(pid_t pid)
{
	struct owner owner = { 0 };
	char path[32];
	int fd, err = read_owner(pid, &owner);

	if (err)
		return err;
	snprintf(path, sizeof(path), "tmp/perf-%d.map", owner.pid);
	fd = openat__in_root(pid, path);
	if (fd < 0)
		return fd;
	err = judge(fd, &owner);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* --- reading it --- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A hexadecimal number, perhaps with 0x, and the blank behind it. */
static bool take_hex(const char **at, const char *end, uint64_t *value)
{
	const char *p = *at;
	int digits = 0;

	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
		p += 2;
	for (*value = 0; p < end && digit(*p) >= 0; p++, digits++)
		*value = *value << 4 | (uint64_t)digit(*p);
	if (digits == 0 || digits > 16 || p == end || *p != ' ')
		return false;
	*at = p + 1;
	return true;
}

/* "7f0c1e2d4000 1c0 py::handle:/srv/app.py"; a later line at the same address replaces it. */
static bool parse_line(const char *text, const char *end, uint32_t rank, struct symtab *t)
{
	struct symtab_function f = { .rank = rank };

	if (!take_hex(&text, end, &f.start) || !take_hex(&text, end, &f.size) || f.size == 0)
		return true;
	f.name = text;
	f.name_len = (size_t)(end - text);
	if (f.name_len > SYMTAB_MAX_NAME)
		f.name_len = SYMTAB_MAX_NAME;
	return symtab__add(t, &f);
}

void perfmap__parse(const char *text, size_t len, struct symtab *t)
{
	const char *end = text + len, *newline;
	uint32_t rank = UINT32_MAX;

	while (text < end && (newline = memchr(text, '\n', (size_t)(end - text)))) {
		if (!parse_line(text, newline, rank--, t))
			return;
		text = newline + 1;
	}
}

int perfmap__load(int fd, struct symtab *t)
{
	cleanup_free char *text = malloc(MAX_BYTES);
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		return -ENOMEM;
	while (n > 0 && len < MAX_BYTES) {
		n = read(fd, text + len, MAX_BYTES - len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	}
	perfmap__parse(text, len, t);
	symtab__finish(t);
	return 0;
}
