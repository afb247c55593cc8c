/* SPDX-License-Identifier: BSD-2-Clause */
/* The schemas of what report_json and report_diff_json print, for --json-schema. */
#ifndef GILPROF_SCHEMA_H
#define GILPROF_SCHEMA_H

#include <stdio.h>

/* They flush; 0 or -errno. */
int schema__print(FILE *f);
int schema__print_diff(FILE *f);

#endif
