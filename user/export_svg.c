// SPDX-License-Identifier: BSD-2-Clause
/*
 * A flame graph as one SVG file: the root at the bottom, widths in percent of the picture's, so that
 * user/flame_svg.js has little to do when it zooms or the window is resized. Without script it is a
 * picture WIDTH pixels wide. The ids are those of flamegraph.pl's pictures.
 *
 * What comes from the target is escaped text, and never gets into the script or the style: both are the
 * same in every file.
 */
#include "export.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "export_name.h"
#include "figure.h"
#include "flame.h"
#include "text.h"
#include "xml.h"

#include "flame_svg.css.inc"
#include "flame_svg.js.inc"

#define WIDTH 1200
#define COLUMN 7.3 /* pixels, of the 12-pixel monospaced fonts of most systems */
#define ROW 16
#define HEADER 106
#define FOOTER 34
#define TITLE_COLUMNS 300
#define SCALE 10000 /* parts of a percent, in which boxes are placed */

/*
 * 0.1 % is about a pixel. As a tooltip takes at most 6 bytes a column, and a box a few hundred bytes
 * beside it, the whole is smaller than 20 MB; so many boxes are too many for a browser anyway.
 */
static const struct flame_limits limits = { .depth = 400, .parts = 1000, .nodes = 8000 };

struct colour {
	uint8_t r, g, b;
};

/* Names differ by their shade, kinds by their hue; black text is legible on all. */
static const struct kind {
	const char *label;
	struct colour base, span;
} kinds[FRAME_KINDS] = {
	[FRAME_PYTHON] = { "Python", { 238, 190, 60 }, { 17, 40, 50 } },
	[FRAME_NATIVE] = { "native", { 225, 118, 78 }, { 25, 40, 40 } },
	[FRAME_KERNEL] = { "kernel", { 118, 172, 222 }, { 35, 35, 30 } },
	[FRAME_NOTE] = { "process, thread or note", { 190, 190, 196 }, { 28, 28, 28 } },
};

/* Of a difference. */
static const struct colour more = { 238, 60, 50 }, same = { 236, 236, 236 },
			   less = { 70, 110, 235 };

struct svg {
	const struct weights *w;
	FILE *f;
	const struct flame_node *nodes; /* the root first */
	size_t nodes_n;
	uint32_t rows; /* of boxes */
	uint64_t most; /* that a box has changed by */
	uint64_t left_out, left_out_ns;
	uint64_t gone_ns; /* of the other capture, that no box shows */
};

/* --- figures --- */

/* "1,234,567" */
static struct figure commas(uint64_t n)
{
	struct figure out = { "" };
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *p = out.text;

	/* 20 digits are all there are, and leave no room for 6 commas */
	if (n > 999999999999999999ull)
		return (struct figure){ "1,000,000,000,000,000+" };
	for (int i = 0; i < len; i++) {
		*p++ = digits[i];
		if (i + 1 < len && (len - i - 1) % 3 == 0)
			*p++ = ',';
	}
	return out;
}

/* Short ones would all be 0. */
static struct figure microseconds(uint64_t ns)
{
	return ns < 100000 ? figure__fixed((double)ns / 1e3, 1) : commas((ns + 500) / 1000);
}

/* Parts of SCALE of a percent; not floating point, so that right edges meet left edges. */
static uint32_t position(const struct svg *s, uint64_t ns)
{
	return (uint32_t)((unsigned __int128)ns * 100 * SCALE / s->nodes[0].ns);
}

static struct figure percent_of(const struct svg *s, uint64_t ns, uint32_t decimals)
{
	uint32_t parts = position(s, ns), power = decimals == 4 ? 1 : 100;
	struct figure out;

	parts = (parts + power / 2) / power;
	snprintf(out.text, sizeof(out.text), "%u.%0*u", parts / (SCALE / power), (int)decimals,
		 parts % (SCALE / power));
	return out;
}

static struct figure place(uint32_t parts)
{
	struct figure out;

	snprintf(out.text, sizeof(out.text), "%u.%04u%%", parts / SCALE, parts % SCALE);
	return out;
}

/* --- boxes --- */

/* FNV-1a */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

static bool has_grown(const struct svg *s, const struct flame_node *n)
{
	return (n->ns > n->other_ns) == (s->w->difference == WEIGHTS_BY_AFTER);
}

static uint64_t change_of(const struct flame_node *n)
{
	return n->ns > n->other_ns ? n->ns - n->other_ns : n->other_ns - n->ns;
}

static uint8_t blend(uint8_t from, uint8_t to, double share)
{
	return (uint8_t)(from + share * (to - from));
}

/* The deeper the more it has changed, of the most that any box has, as difffolded.pl's pictures have it. */
static struct colour colour_of_change(const struct svg *s, const struct flame_node *n)
{
	double share = s->most ? (double)change_of(n) / (double)s->most : 0;
	const struct colour *to = has_grown(s, n) ? &more : &less;

	return (struct colour){ blend(same.r, to->r, share), blend(same.g, to->g, share),
				blend(same.b, to->b, share) };
}

static struct colour colour_of(const struct svg *s, const struct flame_node *n)
{
	const struct kind *k = &kinds[n->kind];
	uint32_t shade = hash(n->name) % 256;

	if (s->w->difference)
		return colour_of_change(s, n);
	return (struct colour){ (uint8_t)(k->base.r + k->span.r * shade / 256),
				(uint8_t)(k->base.g + k->span.g * shade / 256),
				(uint8_t)(k->base.b + k->span.b * shade / 256) };
}

/* The name as far as `columns` columns go. */
static int put_name(const struct svg *s, const char *name, size_t columns)
{
	cleanup_free char *cut = NULL;

	if (text__width(name) <= columns)
		return xml__text(name, s->f);
	if (columns < 3)
		return 0;
	cut = text__fit(name, columns);
	return cut ? xml__text(cut, s->f) : -ENOMEM;
}

/* "+1,234 us/s, 1.25 times as much" */
static void put_change(const struct svg *s, const struct flame_node *n)
{
	bool by_after = s->w->difference == WEIGHTS_BY_AFTER;
	uint64_t before = by_after ? n->other_ns : n->ns, after = by_after ? n->ns : n->other_ns;

	if (before == after) {
		fputs("as before", s->f);
		return;
	}
	fprintf(s->f, "%c%s us/s, ", after > before ? '+' : '-', microseconds(change_of(n)).text);
	if (!before)
		fputs("new", s->f);
	else if (!after)
		fputs("gone", s->f);
	else
		fprintf(s->f, "%s times as much",
			figure__fixed((double)after / (double)before, 2).text);
}

static int put_tooltip(const struct svg *s, const struct flame_node *n)
{
	int err;

	fputs("<title>", s->f);
	err = put_name(s, n->name, TITLE_COLUMNS);
	fprintf(s->f, " (%s us%s, %s%%)\n", microseconds(n->ns).text, s->w->difference ? "/s" : "",
		percent_of(s, n->ns, 2).text);
	if (s->w->difference) {
		put_change(s, n);
	} else {
		fprintf(s->f, "%s ", commas(n->count).text);
		if (!err)
			err = xml__text(s->w->count_name, s->f);
	}
	if (n->merged)
		fprintf(s->f, ", %s boxes too narrow to be drawn", commas(n->merged).text);
	fputs("</title>", s->f);
	return err;
}

static int put_box(const struct svg *s, const struct flame_node *n)
{
	uint32_t left = position(s, n->start_ns), right = position(s, n->start_ns + n->ns);
	uint32_t y = HEADER + (s->rows - 1 - n->depth) * ROW;
	struct colour c = colour_of(s, n);
	double pixels = (double)(right - left) * WIDTH / (100 * SCALE);
	int err;

	fputs("<g class=\"f\">", s->f);
	err = put_tooltip(s, n);
	fprintf(s->f,
		"<rect x=\"%s\" y=\"%u\" width=\"%s\" height=\"%d\" fill=\"#%02x%02x%02x\"/>"
		"<text x=\"%s\" dx=\"3\" y=\"%u\">",
		place(left).text, y, place(right - left).text, ROW - 1, c.r, c.g, c.b,
		place(left).text, y + 11);
	if (!err && pixels > 6)
		err = put_name(s, n->name, (size_t)((pixels - 6) / COLUMN));
	fputs("</text></g>\n", s->f);
	return err;
}

/* A "..." of all the narrow boxes of a parent can still be narrow. */
static bool is_drawn(const struct svg *s, const struct flame_node *n)
{
	return n->ns > 0 && n->ns >= s->nodes[0].ns / limits.parts;
}

static int put_boxes(const struct svg *s)
{
	int err = 0;

	fputs("<g id=\"frames\">\n", s->f);
	for (size_t i = 0; i < s->nodes_n && !err; i++)
		if (is_drawn(s, &s->nodes[i]))
			err = put_box(s, &s->nodes[i]);
	fputs("</g>\n", s->f);
	return err;
}

/* --- what is around them --- */

static uint32_t height(const struct svg *s)
{
	return HEADER + s->rows * ROW + FOOTER;
}

static int put_head(const struct svg *s)
{
	int err;

	fprintf(s->f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
		"<svg class=\"flame\" xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
		"width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">\n<title>",
		WIDTH, height(s), WIDTH, height(s));
	err = xml__text(s->w->title, s->f);
	fprintf(s->f,
		"</title>\n<style><![CDATA[\n%s]]></style>\n"
		"<rect id=\"background\" width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text id=\"title\" x=\"50%%\" y=\"24\" text-anchor=\"middle\">",
		flame_svg_css);
	if (!err)
		err = xml__text(s->w->title, s->f);
	fputs("</text>\n", s->f);
	return err;
}

static void put_start(const struct svg *s)
{
	time_t seconds = (time_t)(s->w->start_unix_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (s->w->start_unix_ns && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		fprintf(s->f, " from %s", text);
}

/* "width: delay per second, after; 1.2 s/s before, 0.4 s/s after" */
static int put_comparison(const struct svg *s)
{
	bool by_after = s->w->difference == WEIGHTS_BY_AFTER;
	const struct flame_node *all = &s->nodes[0];
	int err;

	fputs("<text id=\"subtitle\" x=\"50%\" y=\"44\" text-anchor=\"middle\">width: ", s->f);
	err = xml__text(s->w->ns_name, s->f);
	fprintf(s->f, " in a second %s; in total %s before, ", by_after ? "after" : "before",
		figure__time(by_after ? all->other_ns : all->ns).text);
	fprintf(s->f, "%s after; colour: what changed</text>\n",
		figure__time(by_after ? all->ns : all->other_ns).text);
	return err;
}

/* "width: delay; in total 12.3 s, 1,234 contentions in a window of 10.0 s from 2026-..." */
static int put_subtitle(const struct svg *s)
{
	int err;

	if (s->w->difference)
		return put_comparison(s);
	fputs("<text id=\"subtitle\" x=\"50%\" y=\"44\" text-anchor=\"middle\">width: ", s->f);
	err = xml__text(s->w->ns_name, s->f);
	fprintf(s->f, "; in total %s, %s ", figure__time(s->nodes[0].ns).text,
		commas(s->nodes[0].count).text);
	if (!err)
		err = xml__text(s->w->count_name, s->f);
	fprintf(s->f, " in a window of %s", figure__time(s->w->duration_ns).text);
	put_start(s);
	fputs("</text>\n", s->f);
	return err;
}

/* Of a difference: what is not seen in it. */
static void put_gone(const struct svg *s)
{
	if (s->gone_ns)
		fprintf(s->f,
			"<text id=\"omitted\" x=\"50%%\" y=\"62\" text-anchor=\"middle\">%s a second "
			"of the other capture are in code that has no box: compare the other way around "
			"to see it</text>\n",
			figure__time(s->gone_ns).text);
}

static void put_left_out(const struct svg *s)
{
	if (s->w->difference) {
		put_gone(s);
		return;
	}
	if (!s->left_out)
		return;
	fprintf(s->f,
		"<text id=\"omitted\" x=\"50%%\" y=\"62\" text-anchor=\"middle\">%s narrow boxes "
		"(%s us, %s%%) are not drawn, but merged into \"" FLAME_REST
		"\" where that is wide enough</text>\n",
		commas(s->left_out).text, microseconds(s->left_out_ns).text,
		percent_of(s, s->left_out_ns, 2).text);
}

static double put_key(const struct svg *s, double x, const struct colour *c, const char *label)
{
	fprintf(s->f,
		"<rect x=\"%u\" y=\"%d\" width=\"12\" height=\"12\" "
		"fill=\"#%02x%02x%02x\"/><text x=\"%u\" y=\"%d\">%s</text>\n",
		(unsigned int)x, HEADER - 24, c->r, c->g, c->b, (unsigned int)x + 18, HEADER - 14,
		label);
	return x + 40 + COLUMN * (double)strlen(label);
}

static void put_legend(const struct svg *s)
{
	double x = 10;

	if (s->w->difference) {
		x = put_key(s, x, &more, "more than before");
		x = put_key(s, x, &same, "as before");
		put_key(s, x, &less, "less");
		return;
	}
	for (int k = 0; k < FRAME_KINDS; k++)
		x = put_key(s, x, &kinds[k].base, kinds[k].label);
}

/* The script shows them where there is one. */
static void put_controls(const struct svg *s)
{
	static const struct {
		const char *id, *x, *anchor, *text;
		int dx;
	} controls[] = {
		{ "unzoom", "0%", "start", "reset zoom", 10 },
		{ "search", "100%", "end", "search", -110 },
		{ "ignorecase", "100%", "end", "ignore case", -10 },
	};

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		fprintf(s->f,
			"<text id=\"%s\" class=\"button off\" role=\"button\" tabindex=\"0\" "
			"x=\"%s\" dx=\"%d\" y=\"24\" text-anchor=\"%s\">%s</text>\n",
			controls[i].id, controls[i].x, controls[i].dx, controls[i].anchor,
			controls[i].text);
}

static void put_foot(const struct svg *s)
{
	if (s->nodes[0].ns == 0)
		fprintf(s->f,
			"<text id=\"empty\" x=\"50%%\" y=\"%d\" text-anchor=\"middle\">no samples</text>\n",
			HEADER + 8);
	fprintf(s->f,
		"<text id=\"details\" x=\"10\" y=\"%u\"></text>\n"
		"<text id=\"matched\" x=\"100%%\" dx=\"-10\" y=\"%d\" text-anchor=\"end\"></text>\n"
		"<script><![CDATA[\n%s]]></script>\n</svg>\n",
		height(s) - 14, HEADER - 14, flame_svg_js);
}

/* --- the whole --- */

static void measure(struct svg *s)
{
	s->rows = 1; /* also of nothing */
	for (size_t i = 0; i < s->nodes_n; i++) {
		const struct flame_node *n = &s->nodes[i];

		if (is_drawn(s, n) && n->depth >= s->rows)
			s->rows = n->depth + 1;
		if (is_drawn(s, n) && change_of(n) > s->most)
			s->most = change_of(n);
		if (n->merged && !is_drawn(s, n))
			s->gone_ns += n->other_ns;
		s->left_out += n->merged;
		if (n->merged)
			s->left_out_ns += n->ns;
	}
}

int export_svg(const struct weights *w, FILE *f)
{
	struct flame *flame = flame__new(w, &limits);
	struct svg s = { .w = w, .f = f };
	int err;

	if (!flame)
		return -errno;
	s.nodes = flame__nodes(flame, &s.nodes_n);
	measure(&s);
	err = put_head(&s);
	err = err ? err : put_subtitle(&s);
	if (s.nodes[0].ns > 0)
		put_left_out(&s);
	put_legend(&s);
	put_controls(&s);
	err = err ? err : put_boxes(&s);
	put_foot(&s);
	flame__free(flame);
	return err ? err : ferror(f) ? -EIO : 0;
}
