/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwinds copied stacks in a child process: what is read there, files of the target, may have been made
 * to crash a reader, or never to answer. The child has a copy of the symbols from when it was made, and
 * is made anew when processes have been noted since. What takes long is given up, by process.
 */
#ifndef GILPROF_UNWINDER_H
#define GILPROF_UNWINDER_H

#include <stddef.h>

#include "symbols.h"
#include "unwind.h"

struct unwinder;

/* The symbols must outlive it. NULL and ENOMEM. */
struct unwinder *unwinder__new(const struct symbols *symbols);
void unwinder__free(struct unwinder *w); /* NULL is fine */

/*
 * The callers of the thread in an event of `len` bytes, the newest first, in out->pc. 0, or -EINVAL: a
 * broken event; -ETIMEDOUT, -EIO: the child was too late or has died; -EBUSY: it is too early for
 * another child, or this process was given up before.
 */
int unwinder__stack(struct unwinder *w, const struct wire_memory_event *e, size_t len,
		    struct unwound *out);

/* Ends the child, so that what it cost can be asked for. The next stack begins another one. */
void unwinder__end(struct unwinder *w);

#endif
