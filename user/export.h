/* SPDX-License-Identifier: BSD-2-Clause */
/* Weighted stacks in the formats of other tools. Pure; each returns 0 or -errno. */
#ifndef GILPROF_EXPORT_H
#define GILPROF_EXPORT_H

#include <stdio.h>

#include "weights.h"

/*
 * Of a difference, the first two: folded as difffolded.pl has it, "STACK BEFORE AFTER", and the flame graph
 * with what grew in red, what shrank in blue. Weights are ns per second then.
 */

int export_folded(const struct weights *w, FILE *f);     /* flamegraph.pl, speedscope, inferno */
int export_svg(const struct weights *w, FILE *f);        /* an interactive flame graph, one file */
int export_speedscope(const struct weights *w, FILE *f); /* https://www.speedscope.app */
int export_pprof(const struct weights *w, FILE *f);      /* gzip of github.com/google/pprof's profile.proto */

#endif
