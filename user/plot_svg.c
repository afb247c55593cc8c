/* SPDX-License-Identifier: BSD-2-Clause */
#include "plot_svg.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"
#include "report.h"
#include "text.h"
#include "xml.h"

#define WIDTH 800
#define HEIGHT 500
#define LEFT 70
#define RIGHT 30
#define TOP 70
#define BOTTOM 60
#define LEGEND_ROW 18
#define FONT 7.2 /* pixels a column, about */
#define TICKS 6	 /* of y, about */
#define TITLE_COLUMNS 84
#define SUBTITLE_COLUMNS 110
#define NAME_COLUMNS 60

/* Okabe and Ito's: they differ for the colour-blind, too. */
static const char *const colours[PLOT_COLOURS] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
						   "#767676" };

struct frame {
	const struct plot *plot;
	FILE *f;
	double x_most, y_most;
	double y_step; /* between ticks */
};

static double x_at(const struct frame *a, double x)
{
	return LEFT + x / a->x_most * (WIDTH - LEFT - RIGHT);
}

static double y_at(const struct frame *a, double y)
{
	return HEIGHT - BOTTOM - y / a->y_most * (HEIGHT - TOP - BOTTOM);
}

/* 1, 2 or 5 times a power of ten. */
static double step_of(double most)
{
	double rough = most / TICKS, power = pow(10, floor(log10(rough)));

	if (rough <= power)
		return power;
	return rough <= 2 * power ? 2 * power : rough <= 5 * power ? 5 * power : 10 * power;
}

static struct frame frame_of(const struct plot *plot, FILE *f)
{
	double most = isfinite(plot->y_most) && plot->y_most > 0 ? plot->y_most : 1;
	double right = plot->ticks_n ? plot->ticks[plot->ticks_n - 1] : 0;
	struct frame a = { .plot = plot, .f = f, .x_most = right > 0 ? right * 1.04 : 1 };

	a.y_step = step_of(most);
	a.y_most = a.y_step * ceil(most / a.y_step);
	return a;
}

/* The beginning of a text, escaped. */
static int put_text(const struct frame *a, const char *text, size_t columns)
{
	cleanup_free char *escaped = text__escape(text);
	cleanup_free char *cut = NULL;

	if (!escaped)
		return -ENOMEM;
	if (text__width(escaped) > columns) {
		cut = text__fit(escaped, columns);
		if (!cut)
			return -ENOMEM;
	}
	return xml__text(cut ? cut : escaped, a->f);
}

/* --- around the curves ----------------------------------------------------------------------------- */

static int put_head(const struct frame *a)
{
	int err;

	fprintf(a->f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" "
		"height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"Verdana, sans-serif\" "
		"font-size=\"12\">\n<title>",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	err = put_text(a, a->plot->title, TITLE_COLUMNS);
	fprintf(a->f,
		"</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text id=\"title\" x=\"%d\" y=\"24\" font-size=\"14\">",
		LEFT);
	if (!err)
		err = put_text(a, a->plot->title, TITLE_COLUMNS);
	fprintf(a->f, "</text>\n<text id=\"subtitle\" x=\"%d\" y=\"44\" fill=\"#555\">", LEFT);
	if (!err)
		err = put_text(a, a->plot->subtitle, SUBTITLE_COLUMNS);
	fputs("</text>\n", a->f);
	return err;
}

static void put_y_axis(const struct frame *a)
{
	for (int i = 0; i * a->y_step <= a->y_most * 1.0001; i++) {
		double y = y_at(a, i * a->y_step);

		fprintf(a->f,
			"<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%g</text>\n",
			LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, i * a->y_step);
	}
}

static void put_x_axis(const struct frame *a)
{
	double free_from = 0;

	for (size_t i = 0; i < a->plot->ticks_n; i++) {
		double x = x_at(a, a->plot->ticks[i]);
		char label[32];
		double half = FONT * snprintf(label, sizeof(label), "%g", a->plot->ticks[i]) / 2;

		fprintf(a->f, "<path d=\"M%.1f %dv5\" stroke=\"#333\"/>\n", x, HEIGHT - BOTTOM);
		if (x - half < free_from)
			continue; /* it would overlap the one before */
		free_from = x + half + FONT / 2;
		fprintf(a->f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x,
			HEIGHT - BOTTOM + 20, label);
	}
	fprintf(a->f, "<path d=\"M%d %dH%d\" stroke=\"#333\"/>\n", LEFT, HEIGHT - BOTTOM,
		WIDTH - RIGHT);
}

static int put_names(const struct frame *a)
{
	int err;

	fprintf(a->f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
		HEIGHT - 16);
	err = put_text(a, a->plot->x_name, NAME_COLUMNS);
	fprintf(a->f,
		"</text>\n<text transform=\"translate(18 %d) rotate(-90)\" "
		"text-anchor=\"middle\">",
		(TOP + HEIGHT - BOTTOM) / 2);
	if (!err)
		err = put_text(a, a->plot->y_name, NAME_COLUMNS);
	fputs("</text>\n", a->f);
	return err;
}

/* --- the curves ------------------------------------------------------------------------------------- */

static const char *colour_of(const struct plot_curve *c)
{
	return colours[c->colour % PLOT_COLOURS];
}

static void put_path(const struct frame *a, const struct plot_curve *c, const char *look)
{
	fputs("<path d=\"", a->f);
	for (size_t i = 0; i < c->n; i++)
		fprintf(a->f, "%c%.1f %.1f", i ? 'L' : 'M', x_at(a, c->points[i].x),
			y_at(a, c->points[i].y));
	fprintf(a->f, "\" fill=\"none\" stroke=\"%s\" %s/>\n", colour_of(c), look);
}

/* There along the upper edge, back along the lower one. */
static void put_band(const struct frame *a, const struct plot_curve *c)
{
	fputs("<path d=\"", a->f);
	for (size_t i = 0; i < c->n; i++)
		fprintf(a->f, "%c%.1f %.1f", i ? 'L' : 'M', x_at(a, c->points[i].x),
			y_at(a, c->points[i].high));
	for (size_t i = c->n; i-- > 0;)
		fprintf(a->f, "L%.1f %.1f", x_at(a, c->points[i].x), y_at(a, c->points[i].low));
	fprintf(a->f, "Z\" fill=\"%s\" fill-opacity=\"0.15\" stroke=\"none\"/>\n", colour_of(c));
	put_path(a, c, "stroke-width=\"1.5\" stroke-dasharray=\"6 4\"");
}

static void put_points(const struct frame *a, const struct plot_curve *c)
{
	put_path(a, c, "stroke-width=\"1.5\"");
	for (size_t i = 0; i < c->n; i++) {
		const struct plot_point *p = &c->points[i];
		double x = x_at(a, p->x);

		fprintf(a->f,
			"<path d=\"M%.1f %.1fV%.1fm-4 0h8M%.1f %.1fh8\" stroke=\"%s\"/>"
			"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%g: %.3g "
			"(%.3g to %.3g)</title></circle>\n",
			x, y_at(a, p->low), y_at(a, p->high), x - 4, y_at(a, p->low), colour_of(c),
			x, y_at(a, p->y), colour_of(c), p->x, p->y, p->low, p->high);
	}
}

static void put_line(const struct frame *a, const struct plot_curve *c)
{
	put_path(a, c, "stroke-width=\"1\" stroke-opacity=\"0.7\"");
}

static void (*const styles[])(const struct frame *a, const struct plot_curve *c) = {
	[PLOT_POINTS] = put_points,
	[PLOT_BAND] = put_band,
	[PLOT_LINE] = put_line,
};

/* The look of a curve beside its name, as a very short one. */
static int put_legend(const struct frame *a)
{
	int row = 0, err = 0;

	for (size_t i = 0; i < a->plot->curves_n && !err; i++) {
		const struct plot_curve *c = &a->plot->curves[i];
		double y = TOP + 14 + LEGEND_ROW * row;

		if (!c->n)
			continue;
		row++;
		fprintf(a->f, "<path d=\"M%d %.1fh24\" stroke=\"%s\"%s/>", LEFT + 14, y - 4,
			colour_of(c),
			c->style == PLOT_BAND ? " stroke-width=\"1.5\" stroke-dasharray=\"6 4\""
					      : "");
		if (c->style == PLOT_POINTS)
			fprintf(a->f, "<circle cx=\"%d\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>",
				LEFT + 26, y - 4, colour_of(c));
		fprintf(a->f, "<text x=\"%d\" y=\"%.1f\">", LEFT + 46, y);
		err = put_text(a, c->name, NAME_COLUMNS);
		fputs("</text>\n", a->f);
	}
	return err;
}

static void put_curves(const struct frame *a)
{
	fprintf(a->f,
		"<clipPath id=\"area\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>\n"
		"<g clip-path=\"url(#area)\">\n",
		LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
	for (size_t i = 0; i < a->plot->curves_n; i++) {
		const struct plot_curve *c = &a->plot->curves[i];

		if (c->n)
			styles[c->style](a, c);
	}
	fputs("</g>\n", a->f);
}

int plot_svg(const struct plot *plot, FILE *f)
{
	struct frame a = frame_of(plot, f);
	int err;

	errno = 0;
	err = put_head(&a);
	put_y_axis(&a);
	put_x_axis(&a);
	err = err ? err : put_names(&a);
	put_curves(&a);
	err = err ? err : put_legend(&a);
	fputs("</svg>\n", f);
	return err ? err : report__end(f);
}
