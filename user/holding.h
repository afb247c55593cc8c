/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the time for which a timeline has a thread hold its GIL it really did. Between two looks a
 * timeline knows who had it last, not whether he had already given it up: in a convoy of threads that do
 * I/O, which hold it for a microsecond at a time, it was free for half of that time. What tells are the
 * cpu-clock samples, taken while somebody waited, of a thread that was the last holder: in so many of them
 * it held the GIL. Where waits take milliseconds the looks say it better. Pure.
 */
#ifndef GILPROF_HOLDING_H
#define GILPROF_HOLDING_H

#include <stdint.h>

#include "../bpf/wire.h"

struct holding;

struct holding *holding__new(void);    /* NULL and ENOMEM */
void holding__free(struct holding *h); /* NULL is fine */

/* What a thread's record says of one GIL. 0 or -ENOMEM. */
int holding__count(struct holding *h, const struct wire_thread *t, const struct wire_gil_use *use);

/*
 * Of `ns` for which others waited while thread `tid` of process `key` seemed to hold the GIL, on a CPU: for
 * how long it was free, ns. 0 where that is not known, or waits for this GIL are not short.
 */
uint64_t holding__free_ns(const struct holding *h, uint64_t key, uint64_t gil, uint32_t tid,
			  uint64_t ns);

#endif
