/* SPDX-License-Identifier: BSD-2-Clause */
/* A sweep as a plot: throughput by workers, what was predicted beside what was measured. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "plot_svg.h"
#include "report_scale.h"

#define FIT_POINTS 100
#define HEADROOM 1.1 /* above the highest point; what is only dreamt of is cut off there */

enum { IDEAL, PREDICTED, FITTED = PREDICTED + 2, MEASURED = FITTED + 2, CURVES = MEASURED + 2 };

static const char *const names[CURVES] = {
	[IDEAL] = "in proportion to the workers",
	[PREDICTED] = "threads, predicted",
	[PREDICTED + 1] = "processes, predicted",
	[FITTED] = "threads, Universal Scalability Law",
	[FITTED + 1] = "processes, Universal Scalability Law",
	[MEASURED] = "threads, measured",
	[MEASURED + 1] = "processes, measured",
};

static const enum plot_style styles[CURVES] = {
	[IDEAL] = PLOT_LINE,	      [PREDICTED] = PLOT_BAND,	[PREDICTED + 1] = PLOT_BAND,
	[FITTED] = PLOT_LINE,	      [FITTED + 1] = PLOT_LINE, [MEASURED] = PLOT_POINTS,
	[MEASURED + 1] = PLOT_POINTS,
};

static const unsigned int colours[CURVES] = {
	[IDEAL] = 4,	  [PREDICTED] = 0, [PREDICTED + 1] = 1, [FITTED] = 2,
	[FITTED + 1] = 3, [MEASURED] = 0,  [MEASURED + 1] = 1,
};

struct points {
	struct plot_point of[CURVES][SWEEP_MAX_ROWS + FIT_POINTS];
	double ticks[SWEEP_MAX_ROWS];
	size_t ticks_n;
	double most; /* of what was measured and predicted */
};

static double workers(const struct sweep_row *r)
{
	return (double)r->layout.processes * r->layout.threads;
}

static void add_tick(struct points *p, double x)
{
	size_t i = p->ticks_n;

	for (size_t k = 0; k < p->ticks_n; k++) {
		if (p->ticks[k] == x)
			return;
	}
	for (; i > 0 && p->ticks[i - 1] > x; i--)
		p->ticks[i] = p->ticks[i - 1];
	p->ticks[i] = x;
	p->ticks_n++;
}

static void add(struct points *p, struct plot_curve *curves, int curve, struct plot_point point)
{
	p->of[curve][curves[curve].n++] = point;
	p->most = fmax(p->most, point.high);
}

static void add_row(struct points *p, struct plot_curve *curves, const struct sweep_row *r,
		    bool processes)
{
	double x = workers(r);

	add_tick(p, x);
	add(p, curves, MEASURED + processes, (struct plot_point){ x, r->ratio, r->least, r->most });
	if (r->predicted)
		add(p, curves, PREDICTED + processes,
		    (struct plot_point){ x, r->range.ratio, r->range.low, r->range.high });
}

static bool has_row_of(const struct sweep *s, bool processes)
{
	for (size_t i = 0; i < s->rows_n; i++) {
		const struct scaling_layout *l = &s->rows[i].layout;

		if (s->rows[i].runs_n && (processes ? l->processes : l->threads) > 1)
			return true;
	}
	return false;
}

/* All begin in the first row, if that belongs to both: one process of one thread. */
static void add_way(struct points *p, struct plot_curve *curves, const struct sweep *s,
		    bool processes)
{
	if (!has_row_of(s, processes) && (processes || has_row_of(s, true)))
		return;
	for (size_t i = 0; i < s->rows_n; i++) {
		const struct sweep_row *r = &s->rows[i];

		if (!r->runs_n || (processes ? r->layout.threads : r->layout.processes) != 1)
			continue;
		if (i == 0 && has_row_of(s, processes) && !s->unknown)
			add(p, curves, PREDICTED + processes,
			    (struct plot_point){ workers(r), 1, 1, 1 });
		add_row(p, curves, r, processes);
	}
}

static void add_fit(struct points *p, struct plot_curve *curves, const struct sweep_fit *fit,
		    double base)
{
	double most = p->ticks[p->ticks_n - 1];

	for (int i = 0; i < FIT_POINTS; i++) {
		double x = 1 + (most - 1) * i / (FIT_POINTS - 1);
		struct plot_point point = { .x = x, .y = usl__at(&fit->usl, x) / base };

		add(p, curves, FITTED + fit->processes, point);
	}
}

static void add_ideal(struct points *p, struct plot_curve *curves, double base)
{
	double most = p->ticks[p->ticks_n - 1];

	add(p, curves, IDEAL, (struct plot_point){ .x = 0, .y = 0 });
	add(p, curves, IDEAL, (struct plot_point){ .x = most, .y = most / base });
}

static void fill(struct points *p, struct plot_curve *curves, const struct sweep *s)
{
	add_way(p, curves, s, false);
	add_way(p, curves, s, true);
	for (size_t i = 0; i < s->fits_n; i++)
		add_fit(p, curves, &s->fits[i], s->rows[0].throughput);
	add_ideal(p, curves, workers(&s->rows[0]));
}

int report_scale_svg(const struct scale_info *info, FILE *f)
{
	struct points *p = calloc(1, sizeof(*p));
	char *command = report_scale__command(info), base[64];
	struct plot_curve curves[CURVES];
	struct plot plot = { .title = command ? command : "?",
			     .x_name = "workers",
			     .y_name = base,
			     .curves = curves,
			     .curves_n = CURVES };
	char summary[256];
	int err = -ENOMEM;

	if (p) {
		for (int i = 0; i < CURVES; i++)
			curves[i] =
				(struct plot_curve){ names[i], styles[i], colours[i], 0, p->of[i] };
		fill(p, curves, info->sweep);
		report_scale__summary(info->sweep, summary, sizeof(summary));
		snprintf(base, sizeof(base), "throughput, %u x %u = 1",
			 info->sweep->rows[0].layout.processes,
			 info->sweep->rows[0].layout.threads);
		plot.subtitle = summary;
		plot.ticks = p->ticks;
		plot.ticks_n = p->ticks_n;
		plot.y_most = p->most * HEADROOM;
		err = plot_svg(&plot, f);
	}
	free(command);
	free(p);
	return err;
}
