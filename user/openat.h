/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes hold of a target's files without ever waiting for their file system, which the target may
 * serve itself (FUSE): O_PATH opens nothing, and what is not in the kernel's caches is not looked up.
 */
#ifndef GILPROF_OPENAT_H
#define GILPROF_OPENAT_H

#include <sys/stat.h>
#include <sys/types.h>

/*
 * An O_PATH descriptor of what the process calls /path (a link at its end is not followed), or -errno;
 * -EAGAIN: not in the caches.
 */
int openat__in_root(pid_t pid, const char *path);

/* The same of what one of its mappings, so named in its map_files, shows; also if it is deleted. */
int openat__mapped(pid_t pid, unsigned long long start, unsigned long long end);

/* What the kernel knows of it without asking. 0, or -1 and errno. */
int openat__stat(int fd, struct statx *st);

/* Opens it for reading, if it is a regular file. May wait. -errno. */
int openat__read(int handle);

#endif
