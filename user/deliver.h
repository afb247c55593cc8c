/* SPDX-License-Identifier: BSD-2-Clause */
/* From a capture to what the user asked for: the page or JSON, on stdout or in a file, or itself. */
#ifndef GILPROF_DELIVER_H
#define GILPROF_DELIVER_H

#include "caller.h"
#include "opts.h"
#include "output.h"
#include "status.h"

struct deliver {
	const struct opts *opts;
	struct output *outputs[OPTS_MAX_OUTPUTS];
};

/*
 * Opens the files that the options name: before an hour of recording, not after it. Returns 0, or
 * -errno after having said why.
 */
int deliver__open(struct deliver *d, const struct opts *o, const struct caller *caller);

/*
 * Writes them, or stdout if there are none, from the capture in fd, and closes them. When one fails
 * that was fresh from a live run, the page goes to stdout: nothing that was measured is lost.
 */
enum status deliver__write(struct deliver *d, int fd);

/* There is nothing to write: removes them. */
void deliver__abandon(struct deliver *d);

enum status deliver__schema(void);

/* A terminal that has not been told to show none. */
bool deliver__wants_colour(FILE *f);
/* An error of a write to stdout: whoever closed it (| head) knows, and is told nothing. STATUS_FAILED. */
enum status deliver__stdout_failed(int err);

#endif
