/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The difference of weighted stacks, for flame graphs. Windows differ in length, so the weights are ns per
 * second of the window they come from. Processes, threads and lines of code differ between any two runs:
 * the exports tell functions apart, and nothing finer.
 * For the same reason a stack begins behind the standard library's frames that start a thread, or a process:
 * what a thread ran stands beside what a process runs now.
 *
 * Widths are those of the second; where it has less than a hundredth of the first, hardly anything could be
 * seen, and widths are those of the first. Pure.
 */
#ifndef GILPROF_DIFF_WEIGHTS_H
#define GILPROF_DIFF_WEIGHTS_H

#include "weights.h"

/* Both, and what they point to, must outlive them. NULL and ENOMEM. */
struct weights *diff_weights__new(const struct weights *before, const struct weights *after);
void diff_weights__free(struct weights *w); /* NULL is fine */

#endif
