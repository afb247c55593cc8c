/* SPDX-License-Identifier: BSD-2-Clause */
/* A number in a line of text: a POSIX extended regular expression whose first group is the number. */
#ifndef GILPROF_PATTERN_H
#define GILPROF_PATTERN_H

#include <stddef.h>

struct pattern;

/* NULL if it is none that can be used; `why` says why, in a few words. */
struct pattern *pattern__new(const char *regex, char *why, size_t len);
void pattern__free(struct pattern *p); /* NULL is fine */

enum pattern_found {
	PATTERN_NOTHING = 0, /* the line does not match */
	PATTERN_NUMBER = 1,
	PATTERN_NO_NUMBER = 2, /* it does, but the group is no number above 0 (1e-15 to 1e15) */
};

/* *value is set if there is a number. */
enum pattern_found pattern__find(const struct pattern *p, const char *line, double *value);

#endif
