/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that appears under its name only when it is whole: written without a name, then linked and
 * renamed. No link is followed, and it belongs to the caller.
 */
#ifndef GILPROF_OUTPUT_H
#define GILPROF_OUTPUT_H

#include <stdio.h>

#include "caller.h"

struct output;

/*
 * Both return 0 or -errno, after having said why. `err` is what writing to its file has come to, so
 * that a file that is not whole does not get its name.
 */
int output__open(const char *path, const struct caller *caller, struct output **o);
int output__commit(struct output *o, int err); /* frees o, too */

FILE *output__file(struct output *o);
void output__abandon(struct output *o); /* removes what was written; NULL is fine */

#endif
