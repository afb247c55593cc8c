/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /tmp/perf-PID.map, where a JIT (and CPython with -X perf) says what it has put where. The target, or
 * whoever may write to its /tmp, can put anything there: it must be a regular file of the target's user
 * or of root, is looked for in the target's own namespaces, and has limits.
 */
#ifndef GILPROF_PERFMAP_H
#define GILPROF_PERFMAP_H

#include <sys/types.h>

#include "symtab.h"

/*
 * An O_PATH descriptor of it, or -errno. Never waits for a file system: one that would have to ask
 * its server (it may be the target itself) gives -EAGAIN.
 */
int perfmap__find(pid_t pid);

/* All lines of the file into the table, which it finishes; the newest wins. 0 or -errno. */
int perfmap__load(int fd, struct symtab *t);

/* The lines in text into the table; what is no such line is skipped. */
void perfmap__parse(const char *text, size_t len, struct symtab *t);

#endif
