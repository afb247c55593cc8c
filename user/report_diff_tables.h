/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a comparison's page, and figures as they stand in them. */
#ifndef GILPROF_REPORT_DIFF_TABLES_H
#define GILPROF_REPORT_DIFF_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "figure.h"
#include "model_diff.h"

struct page;

struct figure diff_cell__mean(double v);
struct figure diff_cell__bytes(double v);
struct figure diff_cell__time(double ns);
/* From a to b, each as `print` has it: "+1.20"; "=" where no difference can be seen, "?" if one is not known. */
struct figure diff_cell__change(double a, double b, struct figure (*print)(double));
struct figure diff_cell__times(double a, double b); /* b to a; "-" without one of them */

/* `sampled`: mark what is known from samples. */
void report_diff__states(struct page *page, const struct diff_figures f[2], bool sampled);
void report_diff__figures(struct page *page, const struct diff_figures f[2], bool sampled);
void report_diff__trees(struct page *page, const struct model_diff *d,
			size_t top); /* if there are several */

#endif
