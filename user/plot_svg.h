/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plot of curves over numbers from 0 on, as one SVG file without script. Texts may be anything: they are
 * escaped. Pure.
 */
#ifndef GILPROF_PLOT_SVG_H
#define GILPROF_PLOT_SVG_H

#include <stddef.h>
#include <stdio.h>

#define PLOT_COLOURS 5

enum plot_style {
	PLOT_POINTS = 0, /* joined by a line, each with a bar from low to high */
	PLOT_BAND = 1,	 /* a dashed line in an area from low to high */
	PLOT_LINE = 2,	 /* thin, without points */
};

struct plot_point {
	double x, y, low, high; /* finite, at least 0; low and high not of PLOT_LINE */
};

struct plot_curve {
	const char *name;
	enum plot_style style;
	unsigned int colour; /* 0 to PLOT_COLOURS - 1 */
	size_t n;	     /* by x, ascending; 0: it is left out */
	const struct plot_point *points;
};

struct plot {
	const char *title, *subtitle;
	const char *x_name, *y_name;
	size_t ticks_n;
	const double *ticks; /* of x, ascending; the largest is the right edge */
	double y_most;	     /* the top edge is at or above; what is higher is cut off */
	size_t curves_n;     /* what comes first is drawn below what comes later */
	const struct plot_curve *curves;
};

/* Flushes; 0 or -errno. */
int plot_svg(const struct plot *plot, FILE *f);

#endif
