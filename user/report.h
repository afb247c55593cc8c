/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outputs. Each writes what the model found to a FILE and sees nothing else, so the same capture
 * gives the same bytes, live or from a file. They flush but do not close, and return 0 or -errno.
 *
 *	struct capture *c = capture__read(fd, err, sizeof(err));
 *	struct model *m = model__new(c);
 *	int ret = report_text(m, &options, stdout);
 */
#ifndef GILPROF_REPORT_H
#define GILPROF_REPORT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct model;

struct report_options {
	unsigned int top;      /* rows of a table; 0: REPORT_TOP */
	bool verbose;	       /* all laws, losses and the own cost in full; all processes */
	unsigned int worst;    /* single waits to be shown */
	uint64_t hold_over_ns; /* show holds of a GIL that took longer; 0: none */
	bool explain;	       /* the rules and figures that led to the verdict */
	bool colour;	       /* the output is a terminal that wants it */
};

#define REPORT_TOP 10

int report_text(const struct model *m, const struct report_options *o, FILE *f);
int report_json(const struct model *m, const struct report_options *o, FILE *f);

/*
 * How a report that began with errno = 0 has ended, 0 or -errno: neither a write nor an allocation may
 * have failed on the way, and whichever did has left its errno.
 */
static inline int report__end(FILE *f)
{
	if (errno == ENOMEM)
		return -ENOMEM;
	if (fflush(f) == 0 && !ferror(f))
		return 0;
	return errno ? -errno : -EIO;
}

#endif
