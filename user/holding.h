/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the time for which a timeline has a thread hold its GIL it really did. Between two looks a
 * timeline knows who had it last, not whether he had already given it up: in a convoy of threads that do
 * I/O, which hold it for a microsecond at a time, it was free for much of that time. What tells are the
 * cpu-clock samples of a thread that holds it, each with how many wait: as much has been waited under its
 * holds, and what more is charged was not. Where waits take milliseconds the looks say it better. Pure.
 */
#ifndef GILPROF_HOLDING_H
#define GILPROF_HOLDING_H

#include <stdint.h>

#include "../bpf/wire.h"
#include "blame.h"

struct holding;

struct holding *holding__new(void);    /* NULL and ENOMEM */
void holding__free(struct holding *h); /* NULL is fine */

/* What a thread's record says of one GIL. 0 or -ENOMEM. */
int holding__count(struct holding *h, const struct wire_thread *t, const struct wire_gil_use *use);

/* What is charged of waits: all of it, before the first holding__free_ns. 0 or -ENOMEM. */
int holding__charged(struct holding *h, const struct blame_row *r);

/*
 * Of `ns` that others are charged for as asleep while thread `tid` of process `key` was in bytecode: for how long
 * the GIL was free, ns. Not of the time in a run queue: who has been woken was woken by giving it up, which
 * the timeline knows. 0 where it is not known, or waits for this GIL are not short.
 */
uint64_t holding__free_ns(const struct holding *h, uint64_t key, uint64_t gil, uint32_t tid,
			  uint64_t ns);

#endif
