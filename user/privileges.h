/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives up what is no longer needed, for good. Whatever a hostile target may make of us later, it is
 * no longer root. What we have not got cannot be kept and is no error.
 */
#ifndef GILPROF_PRIVILEGES_H
#define GILPROF_PRIVILEGES_H

#include <stdbool.h>

/* All is attached: keep what is needed to hear of the target, to look at it and to write a file. */
void privileges__keep_for_recording(bool outputs);

/* In the child that reads the target's files and memory: nothing but reading. */
void privileges__keep_for_looking(void);

/* All is measured: keep what renaming the output files may take, or nothing. */
void privileges__keep_for_report(bool outputs);

#endif
