// SPDX-License-Identifier: BSD-2-Clause
/* The page of a comparison: see user/report_diff.h. */
#include "report_diff.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "diff_words.h"
#include "figure.h"
#include "model_diff.h"
#include "page.h"
#include "report.h"
#include "report_diff_tables.h"
#include "report_words.h"

static const char *const sides[] = { [DIFF_BEFORE] = "A", [DIFF_AFTER] = "B" };

/* --- the first lines ---------------------------------------------------------------------------- */

/* The name of a file without its folders. */
static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void title(struct page *page, const struct model_diff *d, const char *file, int side)
{
	const struct capture_info *info = &d->model[side]->capture->info;

	page__add(page, "%s: ", sides[side]);
	page__name(page, base(file), 0, 24);
	page__add(page, ": ");
	page__name(page, info->target, 0, 24);
	page__add(page, " (");
	page__name(page, info->mode, 0, 8);
	page__add(page, "), %s, %u CPU%s", figure__time(info->duration_ns).text, info->cpus,
		  info->cpus == 1 ? "" : "s");
	page__line(page, PAGE_BOLD);
}

static void warnings(struct page *page, const struct model_diff *d, int side)
{
	if (!diff_words__is_doubtful(d, side))
		return;
	page__add(page, "Doubtful, of capture %s:", sides[side]);
	page__line(page, PAGE_WARNING);
	report_words__warnings(page, d->model[side]);
}

static void add_units(struct page *page, const struct diff_throughput *t)
{
	page__add(page, " (%s units a second", diff_cell__mean(t->per_second[DIFF_BEFORE]).text);
	page__add(page, " became %s", diff_cell__mean(t->per_second[DIFF_AFTER]).text);
	page__add(page, ", the CPU time of one %s", diff_cell__time(t->cpu_ns[DIFF_BEFORE]).text);
	page__add(page, " became %s)", diff_cell__time(t->cpu_ns[DIFF_AFTER]).text);
}

static void add_runs(struct page *page, const struct model_diff *d)
{
	const struct diff_throughput *t = &d->throughput;

	page__add(page, " (a run took %s",
		  figure__time(d->model[DIFF_BEFORE]->capture->info.duration_ns).text);
	page__add(page, " and %s of CPU time", diff_cell__time(t->cpu_ns[DIFF_BEFORE]).text);
	page__add(page, ", and takes %s",
		  figure__time(d->model[DIFF_AFTER]->capture->info.duration_ns).text);
	page__add(page, " and %s)", diff_cell__time(t->cpu_ns[DIFF_AFTER]).text);
}

static void throughput(struct page *page, const struct model_diff *d)
{
	const struct diff_throughput *t = &d->throughput;

	if (t->basis == DIFF_NOTHING || isnan(t->ratio))
		return;
	page__add(page, "B has %s times the throughput of A", diff_cell__mean(t->ratio).text);
	if (t->basis == DIFF_UNITS)
		add_units(page, t);
	else
		add_runs(page, d);
	page__add(page, ".");
	page__paragraph(page, PAGE_BOLD);
}

static void memory(struct page *page, const struct model_diff *d)
{
	const double *a = d->overall[DIFF_BEFORE].figure, *b = d->overall[DIFF_AFTER].figure;
	double pss[2] = { a[DIFF_PSS_BYTES], b[DIFF_PSS_BYTES] };

	if (isnan(pss[0]) || isnan(pss[1]))
		return;
	page__add(page, "It has %s times the memory", diff_cell__times(pss[0], pss[1]).text);
	page__add(page, " (PSS at most %s", diff_cell__bytes(pss[0]).text);
	page__add(page, " became %s", diff_cell__bytes(pss[1]).text);
	page__add(page, ", %s).", diff_cell__change(pss[0], pss[1], diff_cell__bytes).text);
	page__paragraph(page, PAGE_BOLD);
}

static void verdicts(struct page *page, const struct model_diff *d)
{
	const char *a = model_verdict_names[d->verdict[DIFF_BEFORE]->cause];
	const char *b = model_verdict_names[d->verdict[DIFF_AFTER]->cause];

	page__add(page, a == b ? "The verdict of both is %s." : "The verdict was %s, and is %s.", a,
		  b);
	page__paragraph(page, PAGE_PLAIN);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static void notes(struct page *page, const struct model_diff *d)
{
	bool any = false;

	for (size_t i = 0; diff_words__note(page, d, i); i++) {
		page__add(page, " ");
		any = true;
	}
	if (any)
		page__paragraph(page, PAGE_PLAIN);
}

static void honesty(struct page *page, const struct model_diff *d, int side)
{
	page__gap(page);
	page__add(page, "Capture %s:", sides[side]);
	page__line(page, PAGE_BOLD);
	report_words__honesty(page, d->model[side]);
}

int report_diff_text(const struct model_diff *d, const struct report_diff_options *o, FILE *f)
{
	struct page page = { .f = f, .colour = o->colour };
	bool sampled = d->model[DIFF_BEFORE]->samples || d->model[DIFF_AFTER]->samples;

	errno = 0;
	for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++)
		title(&page, d, o->name[side], side);
	for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++)
		warnings(&page, d, side);
	throughput(&page, d);
	memory(&page, d);
	verdicts(&page, d);
	notes(&page, d);
	report_diff__states(&page, d->overall, sampled);
	report_diff__figures(&page, d->overall, sampled);
	report_diff__trees(&page, d, o->top ? o->top : REPORT_TOP);
	for (int side = DIFF_BEFORE; side <= DIFF_AFTER && o->verbose; side++)
		honesty(&page, d, side);
	return report__end(f);
}
