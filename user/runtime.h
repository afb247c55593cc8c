/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A living interpreter's GILs: walks from _PyRuntime over the interpreters, and checks what it
 * finds before it is believed. Reads memory only, so it runs on a made-up image of a process, too.
 * Called by user/python.c.
 */
#ifndef GILPROF_RUNTIME_H
#define GILPROF_RUNTIME_H

#include "procmem.h"
#include "python.h"

/*
 * Looks at the runtime at py->runtime with py->layout. Sets status, gils, interval_us and, where
 * they apply, note; leaves the rest of *py alone.
 */
enum python_status runtime__look(const struct procmem *mem, struct python *py);

#endif
