/* SPDX-License-Identifier: BSD-2-Clause */
/* From a thread's record as the kernel side keeps it to a row of the capture. */
#ifndef GILPROF_ROW_H
#define GILPROF_ROW_H

#include "capture.h"

/* Fills *row, which must be released; `cpus` is the number of possible CPUs. 0 or -ENOMEM. */
int row__from_wire(const struct wire_thread *t, uint32_t cpus, struct capture_thread *row);
void row__release(struct capture_thread *row);

#endif
