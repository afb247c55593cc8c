/* SPDX-License-Identifier: BSD-2-Clause */
/* From a capture to what the user asked for: the page or JSON, on stdout or in a file, or itself. */
#ifndef GILPROF_DELIVER_H
#define GILPROF_DELIVER_H

#include "caller.h"
#include "opts.h"
#include "output.h"
#include "status.h"

/* Of a capture file; opens the output if one was asked for. */
enum status deliver__report(const struct opts *o, const struct caller *caller, int fd);

/*
 * Of a fresh capture, to an output that is already open or, if that is NULL, to stdout. When the
 * output fails in the end, the page goes to stdout: nothing that was measured is lost.
 */
enum status deliver__capture(const struct opts *o, int fd, struct output *output);

enum status deliver__schema(void);

#endif
