/* SPDX-License-Identifier: BSD-2-Clause */
/* What `gilprof diff` prints: as the reports (user/report.h), of two captures. */
#ifndef GILPROF_REPORT_DIFF_H
#define GILPROF_REPORT_DIFF_H

#include <stdbool.h>
#include <stdio.h>

struct model_diff;

struct report_diff_options {
	const char *name[2]; /* of the captures: file names */
	unsigned int top;    /* process trees to show */
	bool verbose;	     /* laws and losses of both in full */
	bool colour;
};

int report_diff_text(const struct model_diff *d, const struct report_diff_options *o, FILE *f);
int report_diff_json(const struct model_diff *d, const struct report_diff_options *o, FILE *f);

#endif
