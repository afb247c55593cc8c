/* SPDX-License-Identifier: BSD-2-Clause */
/* Where threads were seen: on a CPU by samples, off it by the stacks walked when they left. Pure. */
#ifndef GILPROF_SAMPLES_H
#define GILPROF_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"

#define SAMPLES_MAX 65536 /* rows; what has none is added to one without a stack */

struct samples_row {
	uint64_t key, stack;
	uint64_t ip; /* an instruction; those of one block of 16 bytes are one row; 0: not known */
	uint32_t pid, tid, state, nr;
	uint64_t ns, count, held;
	uint32_t callers; /* a number of user/callers.h; 0: none known */
};

struct samples;

struct samples *samples__new(void);    /* NULL and ENOMEM */
void samples__free(struct samples *s); /* NULL is fine */
/* `ip` and `callers` as in a row: where it was. 0 or -ENOMEM. */
int samples__add(struct samples *s, const struct wire_sample_event *e, uint64_t ip,
		 uint32_t callers);
size_t samples__rows(const struct samples *s, const struct samples_row **rows);

#endif
