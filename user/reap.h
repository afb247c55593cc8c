/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a child process that has looked into a target's files for us. */
#ifndef GILPROF_REAP_H
#define GILPROF_REAP_H

#include <stdbool.h>
#include <sys/types.h>

/* Kills it; waits for it only if it is done, for else it may be stuck in a file system. */
void reap(pid_t child, bool done);

#endif
