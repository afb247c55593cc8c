/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording in a child process, beside other work of ours: a live run gives up its privileges for good, and
 * here there are more to come.
 */
#ifndef GILPROF_PROFILER_H
#define GILPROF_PROFILER_H

#include "caller.h"
#include "opts.h"

struct profiler {
	pid_t pid; /* 0: there is none */
	int gate;  /* -1: the window has been opened, or nothing is waiting for it */
};

/*
 * Begins to record the process `target` and its children as `o` says, to `fd`, and returns when all is
 * attached; the window is opened later. 0 or -errno, said.
 */
int profiler__start(struct profiler *p, const struct opts *o, const struct caller *caller,
		    pid_t target, int fd);

void profiler__open_window(struct profiler *p);
bool profiler__is_waiting(const struct profiler *p); /* for its window */

/* Waits for its end, which the target's is; without a window it is cancelled. 0: the capture is whole. */
int profiler__end(struct profiler *p);

#endif
