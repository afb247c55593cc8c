/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cgroups that have a CPU quota and processes of the target, and how often that quota stopped them while
 * the window was open: cpu.stat of versions 1 and 2 (Documentation/scheduler/sched-bwc.rst). Threads that a
 * quota has stopped count as waiting for a CPU everywhere else.
 */
#ifndef GILPROF_CGROUPS_H
#define GILPROF_CGROUPS_H

#include <stdbool.h>
#include <stdio.h>

#include "capture.h"

struct cgroups;

struct cgroups *cgroups__new(void);    /* NULL and errno */
void cgroups__free(struct cgroups *c); /* NULL is fine */

/* There is one in that directory, a process is in it or below it. 256 at most are kept. */
void cgroups__note(struct cgroups *c, const char *dir, const char *name, uint64_t quota_millicpus);

/* The window opens now. What is noted later is counted from then on. */
void cgroups__begin(struct cgroups *c);

/* Looks if that is due at `now`: a cgroup may be removed when its processes have ended. */
void cgroups__tick(struct cgroups *c, uint64_t now);

/* The window is about to close. */
void cgroups__end(struct cgroups *c);

/* Their rows, for a window that began at `start`. 0 or -errno. */
int cgroups__write(const struct cgroups *c, struct capture_writer *w, uint64_t start);

/* What a quota has done since its cgroup was made. */
struct cgroups_stat {
	uint64_t periods, throttled, throttled_ns;
};

/* Reads cpu.stat. False, and *s as it was, if that is not one. */
bool cgroups__parse(FILE *f, struct cgroups_stat *s);

#endif
