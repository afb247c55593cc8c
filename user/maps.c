/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What is looked at: a process has at most vm.max_map_count mappings, 65530 unless raised, of some
 * 100 bytes; the target may lengthen the paths to 16 KiB (PATH_MAX, each byte written as \012).
 */
#define MAX_BYTES (32u << 20)
#define BUFFER (64u << 10)

#define DELETED " (deleted)"

/* A number in the given base, followed by `stop`; moves *at behind that. */
static bool take_number(const char **at, const char *end, int base, char stop, uint64_t *value)
{
	const char *p = *at;

	for (*value = 0; p < end && *p != stop; p++) {
		int digit = *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : *p - '0';

		if (digit < 0 || digit >= base || p - *at >= 16)
			return false;
		*value = *value * (uint64_t)base + (uint64_t)digit;
	}
	if (p == *at || p == end)
		return false;
	*at = p + 1;
	return true;
}

/* "00400000-0041f000 r-xp 0001f000 fe:01 123     /usr/bin/python3.11" */
static bool parse_line(const char *text, size_t len, struct maps_line *line)
{
	const char *end = text + len;
	uint64_t major, minor;

	if (!take_number(&text, end, 16, '-', &line->start) ||
	    !take_number(&text, end, 16, ' ', &line->end))
		return false;
	if (end - text < 5 || text[4] != ' ' || line->end <= line->start)
		return false;
	line->executable = text[2] == 'x';
	text += 5;
	if (!take_number(&text, end, 16, ' ', &line->offset) ||
	    !take_number(&text, end, 16, ':', &major) ||
	    !take_number(&text, end, 16, ' ', &minor) ||
	    !take_number(&text, end, 10, ' ', &line->inode))
		return false;
	while (text < end && *text == ' ')
		text++;
	line->path = text;
	line->path_len = (size_t)(end - text);
	return true;
}

void maps__base_name(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base);
	size_t suffix = strlen(DELETED);

	if (len > suffix && strcmp(base + len - suffix, DELETED) == 0)
		len -= suffix;
	if (len >= size)
		len = size - 1;
	memcpy(name, base, len);
	name[len] = '\0';
}

static bool starts(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* libc-2.31.so and the like: what libc.so.6 was a link to before glibc 2.34. */
static bool is_libc(const char *name)
{
	return strcmp(name, "libc.so.6") == 0 || starts(name, "libc-2.") ||
	       strcmp(name, "libc.so") == 0 || starts(name, "ld-musl") || starts(name, "libc.musl");
}

/* An interpreter in a library, or a program started as an argument of the dynamic loader. */
static bool is_python(const char *name)
{
	if (starts(name, "lib"))
		return (starts(name, "libpython") || starts(name, "libpypy")) &&
		       strstr(name, ".so");
	return starts(name, "python") || starts(name, "pypy");
}

static void keep(struct maps_file *file, const struct maps_line *line)
{
	file->start = line->start;
	file->end = line->end;
	file->offset = line->offset;
	memcpy(file->path, line->path, line->path_len);
	file->path[line->path_len] = '\0';
}

static bool is_path(const struct maps_line *line, const char *path)
{
	return strlen(path) == line->path_len && memcmp(path, line->path, line->path_len) == 0;
}

static void keep_library(struct maps *maps, const struct maps_line *line)
{
	for (unsigned int i = 0; i < maps->libraries; i++)
		if (is_path(line, maps->library[i].path))
			return;
	if (maps->libraries < MAPS_LIBRARIES)
		keep(&maps->library[maps->libraries++], line);
}

static void add_line(void *ctx, const struct maps_line *line)
{
	struct maps *maps = ctx;
	char path[MAPS_PATH], name[256];

	if (!line->executable || line->path_len == 0 || line->path_len >= MAPS_PATH ||
	    line->path[0] != '/')
		return;
	if (is_path(line, maps->exe_path)) {
		if (!maps->exe.start)
			keep(&maps->exe, line);
		return;
	}
	memcpy(path, line->path, line->path_len);
	path[line->path_len] = '\0';
	maps__base_name(path, name, sizeof(name));
	if (is_python(name))
		keep_library(maps, line);
	else if (is_libc(name) && !maps->libc.start)
		keep(&maps->libc, line);
}

size_t maps__parse_lines(const char *text, size_t len, maps_sink sink, void *ctx)
{
	size_t done = 0;
	const char *newline;

	while ((newline = memchr(text + done, '\n', len - done))) {
		size_t line_len = (size_t)(newline - text) - done;
		struct maps_line line;

		if (parse_line(text + done, line_len, &line))
			sink(ctx, &line);
		done += line_len + 1;
	}
	return done;
}

size_t maps__parse(struct maps *maps, const char *text, size_t len)
{
	return maps__parse_lines(text, len, add_line, maps);
}

/* Feeds the file to the parser, what is left of a line carried over to the next read. */
static int read_lines(int fd, char *buffer, maps_sink sink, void *ctx)
{
	size_t have = 0, total = 0;
	ssize_t n;

	while ((n = read(fd, buffer + have, BUFFER - have)) > 0) {
		size_t done;

		have += (size_t)n;
		total += (size_t)n;
		done = maps__parse_lines(buffer, have, sink, ctx);
		have -= done;
		memmove(buffer, buffer + done, have);
		if (total > MAX_BYTES || have == BUFFER)
			return 0;
	}
	return n < 0 ? -errno : 0;
}

/* The kernel writes a newline in a path as \012 in maps, but not in the link. */
static void read_exe_path(pid_t pid, char *path)
{
	char link[32], raw[MAPS_PATH];
	ssize_t n;
	size_t out = 0;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, raw, sizeof(raw));
	for (ssize_t i = 0; i < n && out + 5 < MAPS_PATH; i++) {
		if (raw[i] == '\n')
			out += (size_t)sprintf(path + out, "\\012");
		else
			path[out++] = raw[i];
	}
	path[out] = '\0';
}

int maps__each(pid_t pid, maps_sink sink, void *ctx)
{
	char path[32];
	char *buffer;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	buffer = malloc(BUFFER);
	err = buffer ? read_lines(fd, buffer, sink, ctx) : -ENOMEM;
	free(buffer);
	close(fd);
	return err;
}

int maps__read(pid_t pid, struct maps *maps)
{
	memset(maps, 0, sizeof(*maps));
	read_exe_path(pid, maps->exe_path);
	return maps__each(pid, add_line, maps);
}

/*
 * Only a regular file is ever opened for reading: opening a device can act, and a target can bind
 * one over a file name. O_PATH opens nothing, so it tells the type first.
 */
static int open_regular(const char *path, int flags)
{
	char self[32];
	struct stat st;
	int handle = open(path, O_PATH | O_CLOEXEC | flags);
	int fd;

	if (handle < 0)
		return -errno;
	if (fstat(handle, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(handle);
		return -EINVAL;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	close(handle);
	return fd;
}

/* map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN; the root of the target does not. */
int maps__open(pid_t pid, const struct maps_file *file)
{
	char path[MAPS_PATH + 32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		 file->start, file->end);
	fd = open_regular(path, 0);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, file->path);
	return open_regular(path, O_NOFOLLOW);
}
