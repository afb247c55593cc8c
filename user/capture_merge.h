/* SPDX-License-Identifier: BSD-2-Clause */
/* Adding up the rows of threads. */
#ifndef GILPROF_CAPTURE_MERGE_H
#define GILPROF_CAPTURE_MERGE_H

#include "capture.h"

/*
 * Adds all that `from` counts to `to`, and zeroes it in `from`, so that doing this twice changes
 * nothing. Who the rows are of (name, tid, merged, born, exited) stays as it is.
 */
void capture_thread__add(struct capture_thread *to, struct capture_thread *from);

#endif
