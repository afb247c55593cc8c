/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processes that are kept, in the order they were met, and one that stands for all others, so that memory is
 * bounded whatever the target does.
 */
#ifndef GILPROF_PROCESSES_H
#define GILPROF_PROCESSES_H

#include <stddef.h>
#include <stdint.h>

#include "process.h"

struct processes;

struct processes *processes__new(void);	    /* NULL and ENOMEM */
void processes__free(struct processes *ps); /* NULL is fine; frees each process */

size_t processes__count(const struct processes *ps);
struct process *processes__at(const struct processes *ps, size_t i); /* of that many */

/* By key and PID: two can begin in the same nanosecond, on two CPUs. NULL: it is not kept. */
struct process *processes__find(const struct processes *ps, uint64_t key, uint32_t pid);
/* One that is not kept yet. NULL: no memory, or too many. */
struct process *processes__add(struct processes *ps, uint64_t key, uint32_t pid);

/* The one that stands for those that are not kept, with PID 0: it is made now if there is none. NULL: no memory. */
struct process *processes__need_others(struct processes *ps);
struct process *processes__others(const struct processes *ps); /* NULL: nobody needed it */

#endif
