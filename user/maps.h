/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files a process has mapped that matter for finding its Python: its program, whatever is
 * named like an interpreter, and its C library. Called by user/python.c; user/symbols.c takes all lines.
 */
#ifndef GILPROF_MAPS_H
#define GILPROF_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAPS_PATH 4096 /* PATH_MAX; what does not fit is not of interest */
#define MAPS_LIBRARIES 6

/* The first executable mapping of a file: only the loader makes those, anybody may map a file. */
struct maps_file {
	uint64_t start; /* 0: no such file */
	uint64_t end;
	uint64_t offset;
	char path[MAPS_PATH]; /* as the kernel names it, perhaps in another mount namespace */
};

struct maps {
	char exe_path[MAPS_PATH]; /* what /proc/PID/exe says */
	struct maps_file exe;
	struct maps_file
		library[MAPS_LIBRARIES]; /* named [lib]python* or [lib]pypy*, not the exe */
	unsigned int libraries;
	struct maps_file libc;
};

/* Fills *maps from /proc. An empty result means a kernel thread, or a process that is ending. */
int maps__read(pid_t pid, struct maps *maps);

/*
 * Adds the mappings in text, which is in the format of /proc/PID/maps; exe_path must be set.
 * Returns how many bytes of it were whole lines.
 */
size_t maps__parse(struct maps *maps, const char *text, size_t len);

/* One line of /proc/PID/maps, in the reader's buffer: the path has no NUL at its end. */
struct maps_line {
	uint64_t start, end, offset, inode;
	bool executable;
	const char *path;
	size_t path_len;
};

typedef void (*maps_sink)(void *ctx, const struct maps_line *line);

/* Hands each line of /proc/PID/maps to the sink, in the order of addresses. 0 or -errno. */
int maps__each(pid_t pid, maps_sink sink, void *ctx);

/* The same for text in that format. Returns how many bytes of it were whole lines. */
size_t maps__parse_lines(const char *text, size_t len, maps_sink sink, void *ctx);

/* The part of a path behind its last slash, without the kernel's " (deleted)". */
void maps__base_name(const char *path, char *name, size_t size);

/* Opens the file itself, also in another mount namespace or deleted; only a regular file. */
int maps__open(pid_t pid, const struct maps_file *file);

#endif
