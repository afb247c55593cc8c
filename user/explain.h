/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why threads waited: takes the kernel side's events about stacks and GILs during the window, and at its
 * end writes who is to blame and where everybody was.
 */
#ifndef GILPROF_EXPLAIN_H
#define GILPROF_EXPLAIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "../bpf/wire.h"
#include "capture.h"
#include "hold_run.h"
#include "pyver.h"

struct explain;

/* `native` is how callers in machine code are told of. NULL and ENOMEM. */
struct explain *explain__new(enum wire_native native);
void explain__free(struct explain *x); /* NULL is fine */

/*
 * An event of the kinds EV_CODE to EV_MEMORY. `frames`: where its process has Python's frames; or NULL.
 * True: its process should be looked at by explain__process, if that can be, and then this be called again.
 */
bool explain__event(struct explain *x, const struct wire_event *h, size_t len,
		    const struct pyver_frames *frames);

/* A process lives: what it has mapped now will be told by name. Again, when it may have more. */
void explain__process(struct explain *x, uint64_t key, pid_t pid);

/* Who held a GIL at the window's start. */
void explain__holder(struct explain *x, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at);

/* As blame__under_holds; after explain__close. */
struct hold_totals explain__under_holds(const struct explain *x, uint64_t key, uint64_t gil);

/* The window has closed. Before explain__thread of the threads that live. */
void explain__close(struct explain *x, uint64_t end);

/* Ends the child process that unwinds, if there is one, so that what it cost can be asked for. */
void explain__end_child(struct explain *x);

/* A thread's final record. */
void explain__thread(struct explain *x, const struct wire_thread *t);

/* Writes the rows, of a window that began at `start`. 0 or -errno. */
int explain__write(struct explain *x, struct capture_writer *w, uint64_t start);

/* As blame__work: it is for the caller to limit (session__set_sparse). */
uint64_t explain__work(const struct explain *x);
uint64_t explain__mean_sleep(const struct explain *x); /* as blame__mean_sleep */

/* What could not be kept, for want of room or memory. */
uint64_t explain__lost(const struct explain *x);

/* Copies of stacks that could not be unwound. */
uint64_t explain__lost_unwinds(const struct explain *x);

#endif
