/* SPDX-License-Identifier: BSD-2-Clause */
/* The schema of what report_json prints, for --json-schema. */
#ifndef GILPROF_SCHEMA_H
#define GILPROF_SCHEMA_H

#include <stdio.h>

int schema__print(FILE *f); /* flushes; 0 or -errno */

#endif
