/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processes of the target, from the first to the last: hears of them and of their threads from
 * the session, finds out about their interpreters, and turns all of it into rows of a capture.
 */
#ifndef GILPROF_TREE_H
#define GILPROF_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "session.h"

struct tree;

/* `native` as for session__open. NULL and errno. */
struct tree *tree__new(struct capture_writer *writer, enum wire_native native);
void tree__free(struct tree *t);                       /* NULL is fine */

/* What to give to session__open. Then tell the tree of the session. */
struct session_listener tree__listener(struct tree *t);
void tree__use(struct tree *t, struct session *s);

/* Looks at the processes found by session__seed, all at once, before the window opens. */
void tree__look_at_all(struct tree *t);

/* The window has just opened, resp. is about to close: what must be read then, and takes no time. */
void tree__open(struct tree *t);
void tree__close(struct tree *t);

/* Reads where each GIL's counters stand now, at the window's start and end. */
void tree__mark(struct tree *t);

/*
 * Looks at the processes that are due: new programs, interpreters that were not up yet, GILs that
 * come and go. Never takes more than a few per cent of the time. Returns when it wants to be called
 * again, CLOCK_MONOTONIC ns.
 */
uint64_t tree__tick(struct tree *t, uint64_t now);

/* As memory_peak__tick. */
uint64_t tree__tick_memory(struct tree *t, uint64_t now);

/* As explain__end_child. */
void tree__end_child(struct tree *t);

/* As explain__lost, explain__lost_unwinds. */
uint64_t tree__lost(const struct tree *t);
uint64_t tree__lost_unwinds(const struct tree *t);

/* As explain__work. */
uint64_t tree__work(const struct tree *t);
uint64_t tree__mean_sleep(const struct tree *t); /* as blame__mean_sleep */

/* Writes the rows of processes and of merged threads, of a window that began at `start`. 0 or -errno. */
int tree__finish(struct tree *t, uint64_t start, uint64_t end);

/* As memory_peak__result; of the end, too, after tree__finish. */
struct capture_memory_peak tree__memory_peak(const struct tree *t, uint64_t start);

/* False if a thread's record could not be kept: no memory. */
bool tree__complete(const struct tree *t);

/* Threads that have no row of their own but were added up. */
uint64_t tree__merged(const struct tree *t);

#endif
