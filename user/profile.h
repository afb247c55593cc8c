/* SPDX-License-Identifier: BSD-2-Clause */
/* A live run: from the options to a capture. */
#ifndef GILPROF_PROFILE_H
#define GILPROF_PROFILE_H

#include "caller.h"
#include "opts.h"
#include "status.h"

/*
 * Profiles what the options name and writes the capture to fd. `born` is when this process began,
 * CLOCK_MONOTONIC ns. Whatever fails has been told.
 */
enum status profile__run(const struct opts *o, const struct caller *caller, uint64_t born, int fd);

/*
 * The same, of running processes: a byte is written to `gate` when all is attached, and the window opens when
 * one comes back. If none does (end of file), STATUS_FAILED, and nothing has been told.
 */
enum status profile__run_at(const struct opts *o, const struct caller *caller, uint64_t born,
			    int fd, int gate);

#endif
