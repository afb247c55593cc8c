/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sweep found, for people, as JSON (gilprof.scale/1) and as a plot. As in user/report.h: 0 or -errno. */
#ifndef GILPROF_REPORT_SCALE_H
#define GILPROF_REPORT_SCALE_H

#include <stdbool.h>
#include <stdio.h>

#include "sweep.h"

enum scale_end {
	SCALE_COMPLETE = 0,
	SCALE_FAILED = 1, /* a run did: there were no more */
	SCALE_INTERRUPTED = 2,
	SCALE_ENDS = 3,
};

struct scale_info {
	const struct sweep *sweep;
	const char *start; /* ISO 8601 */
	char *const *command;
	unsigned int cpus; /* that may be used here */
	enum scale_end end;
};

int report_scale_text(const struct scale_info *info, bool colour, FILE *f);
int report_scale_json(const struct scale_info *info, FILE *f);
int report_scale_svg(const struct scale_info *info, FILE *f);
int report_scale_schema(FILE *f); /* of that JSON */

/* The command as one line of UTF-8, to be free()d. NULL and ENOMEM. */
char *report_scale__command(const struct scale_info *info);

/* One sentence or two: what it comes to. At most `len` bytes. */
void report_scale__summary(const struct sweep *s, char *text, size_t len);

#endif
