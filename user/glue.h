/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of CPython that only carry a call from one frame of Python, or of C, to the next. Pure. */
#ifndef GILPROF_GLUE_H
#define GILPROF_GLUE_H

#include <stdbool.h>

/* Is it one of those? They are left out of stacks, as there is one or more of them at each call. */
bool glue__is(const char *function);

#endif
