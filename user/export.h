/* SPDX-License-Identifier: BSD-2-Clause */
/* Pictures, and weighted stacks in the formats of other tools. Pure; each returns 0 or -errno. */
#ifndef GILPROF_EXPORT_H
#define GILPROF_EXPORT_H

#include <stdio.h>

#include "model.h"
#include "weights.h"

/*
 * Of a difference, the first two: folded as difffolded.pl has it, "STACK BEFORE AFTER", and the flame graph
 * with what grew in red, what shrank in blue. Weights are ns per second then.
 */

int export_folded(const struct weights *w, FILE *f);     /* flamegraph.pl, speedscope, inferno */
int export_svg(const struct weights *w, FILE *f);        /* an interactive flame graph, one file */
int export_speedscope(const struct weights *w, FILE *f); /* https://www.speedscope.app */
int export_pprof(const struct weights *w, FILE *f);      /* gzip of github.com/google/pprof's profile.proto */

/*
 * Who ran on which CPU: a row for each CPU, as wide as the window is long, cut into what its time went to.
 * Each piece is an element <rect> of class "threads", "rest", "other", "idle" or "offline" with the attribute
 * data-ns, its time; those of the target have data-pid, too, and one thread data-tid. Narrow ones of a process
 * are one piece.
 */
int export_cpus_svg(const struct model *m, FILE *f);

#endif
