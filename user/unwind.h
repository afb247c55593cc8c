/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The callers of a thread from its registers and a copy of its stack, by the unwind tables of the files
 * that it has mapped (elfutils' libdwfl). Those files are the target's, so all of this happens in a child
 * process with a time limit: see user/unwinder.h.
 */
#ifndef GILPROF_UNWIND_H
#define GILPROF_UNWIND_H

#include <stdint.h>

#include "../bpf/wire.h"
#include "symbols.h"

#define UNWIND_MAX 512u

/* Fixed size and free of pointers: it travels through a socket. */
struct unwound {
	uint32_t n;
	uint32_t whole;	  /* the last one has no caller; else the stack ends before its root */
	uint32_t strange; /* it ends because the next would be where no code is known to be */
	uint32_t pad;
	uint64_t pc[UNWIND_MAX]; /* the newest first; of callers, within the call instruction */
};

struct unwind;

/* The symbols must outlive it and stay as they are. NULL and ENOMEM. */
struct unwind *unwind__new(const struct symbols *symbols);
void unwind__free(struct unwind *u); /* NULL is fine */

/* Every address in it lies in code that the process was noted with. */
void unwind__stack(struct unwind *u, const struct wire_memory_event *e, struct unwound *out);

#endif
