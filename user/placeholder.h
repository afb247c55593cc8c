/* SPDX-License-Identifier: BSD-2-Clause */
/* The places in a command's arguments that stand for its size: {n}, {threads}, {processes}. Pure. */
#ifndef GILPROF_PLACEHOLDER_H
#define GILPROF_PLACEHOLDER_H

#include <stdbool.h>
#include <stdint.h>

enum placeholder {
	PLACEHOLDER_N = 0,
	PLACEHOLDER_THREADS = 1,
	PLACEHOLDER_PROCESSES = 2,
	PLACEHOLDERS = 3,
};

/* Whether an argument contains it. */
bool placeholder__is_in(char *const *argv, enum placeholder which);

/* The arguments with numbers in their places: one block to be free()d. NULL and ENOMEM. */
char **placeholder__fill(char *const *argv, const uint32_t values[PLACEHOLDERS]);

#endif
