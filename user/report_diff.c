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
#include "report_words.h"

#define LABEL 30
#define NAME_COLUMNS 14 /* of a process */
#define MANY 1e3	/* means above that are printed without decimals */

static const char *const sides[] = { [DIFF_BEFORE] = "A", [DIFF_AFTER] = "B" };

/* --- figures ------------------------------------------------------------------------------------ */

static struct figure mean(double v)
{
	return figure__fixed(v, v < MANY ? 2 : 0);
}

static struct figure percent(double v)
{
	return figure__cell(v);
}

static struct figure count(double v)
{
	return figure__fixed(v, 0);
}

static struct figure rate(double v)
{
	return figure__rate(v);
}

static struct figure bounded(double v, struct figure (*print)(uint64_t))
{
	return print(v < (double)MODEL_MAX ? (uint64_t)v : (uint64_t)MODEL_MAX);
}

static struct figure time_of(double v)
{
	return bounded(v, figure__time_cell);
}

static struct figure bytes(double v)
{
	return bounded(v, figure__bytes);
}

/* "+1.20"; "=" where no difference can be seen */
static struct figure change(double a, double b, struct figure (*print)(double))
{
	struct figure size = print(fabs(b - a)), none = print(0), out = { "?" };

	if (isnan(a) || isnan(b))
		return out;
	if (!strcmp(size.text, none.text))
		return (struct figure){ "=" };
	out.text[0] = b > a ? '+' : '-';
	snprintf(out.text + 1, sizeof(out.text) - 1, "%.*s", (int)sizeof(out.text) - 2, size.text);
	return out;
}

static struct figure known(double v, struct figure (*print)(double))
{
	if (isnan(v))
		return (struct figure){ "?" };
	return print(v);
}

static struct figure times(double a, double b)
{
	double ratio = model_diff__ratio(a, b);

	if (isnan(ratio) || b <= 0)
		return (struct figure){ "-" };
	return mean(ratio);
}

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
	page__add(page, " (%s units a second", mean(t->per_second[DIFF_BEFORE]).text);
	page__add(page, " became %s", mean(t->per_second[DIFF_AFTER]).text);
	page__add(page, ", the CPU time of one %s",
		  bounded(t->cpu_ns[DIFF_BEFORE], figure__time).text);
	page__add(page, " became %s)", bounded(t->cpu_ns[DIFF_AFTER], figure__time).text);
}

static void add_runs(struct page *page, const struct model_diff *d)
{
	const struct diff_throughput *t = &d->throughput;

	page__add(page, " (a run took %s",
		  figure__time(d->model[DIFF_BEFORE]->capture->info.duration_ns).text);
	page__add(page, " and %s of CPU time", bounded(t->cpu_ns[DIFF_BEFORE], figure__time).text);
	page__add(page, ", and takes %s",
		  figure__time(d->model[DIFF_AFTER]->capture->info.duration_ns).text);
	page__add(page, " and %s)", bounded(t->cpu_ns[DIFF_AFTER], figure__time).text);
}

static void throughput(struct page *page, const struct model_diff *d)
{
	const struct diff_throughput *t = &d->throughput;

	if (t->basis == DIFF_NOTHING || isnan(t->ratio))
		return;
	page__add(page, "B has %s times the throughput of A", mean(t->ratio).text);
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
	page__add(page, "It has %s times the memory", times(pss[0], pss[1]).text);
	page__add(page, " (PSS at most %s", bytes(pss[0]).text);
	page__add(page, " became %s", bytes(pss[1]).text);
	page__add(page, ", %s).", change(pss[0], pss[1], bytes).text);
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

/* --- tables ------------------------------------------------------------------------------------- */

static const char *const state_labels[DIFF_STATES] = {
	[DIFF_RUN_GIL] = "on a CPU, with the GIL",
	[DIFF_RUN_NOGIL] = "on a CPU, without it",
	[DIFF_RUNQ] = "waiting for a CPU",
	[DIFF_GIL_WAIT] = "waiting for the GIL",
	[DIFF_GIL_DROP] = "giving the GIL away",
	[DIFF_LOCK_WAIT] = "waiting for other locks",
	[DIFF_IO_WAIT] = "waiting for I/O",
	[DIFF_SLEEP] = "sleeping",
	[DIFF_CHILD_WAIT] = "waiting for child processes",
	[DIFF_BLOCKED] = "blocked in other ways",
};

/* A label; "~" marks what is known from samples. */
static void label(struct page *page, const char *text, bool sampled)
{
	page__add(page, "%-*s%s", LABEL - sampled, text, sampled ? "~" : "");
}

static void state_row(struct page *page, const struct diff_figures f[2], int s, bool sampled)
{
	const double *a = f[DIFF_BEFORE].threads, *b = f[DIFF_AFTER].threads;
	const double *p = f[DIFF_BEFORE].share, *q = f[DIFF_AFTER].share;

	if (a[s] < 0.005 && b[s] < 0.005)
		return;
	label(page, state_labels[s], sampled && s <= DIFF_RUN_NOGIL);
	page__add(page, "%8s", mean(a[s]).text);
	page__add(page, "%8s", mean(b[s]).text);
	page__add(page, "%9s", change(a[s], b[s], mean).text);
	page__add(page, "%8s", percent(p[s]).text);
	page__add(page, "%7s", percent(q[s]).text);
	page__add(page, "%8s", change(p[s], q[s], percent).text);
	page__line(page, PAGE_PLAIN);
}

static void states(struct page *page, const struct diff_figures f[2], bool sampled)
{
	page__gap(page);
	page__add(page, "%-*s%25s%23s", LABEL, "", "threads, on average", "% of their time");
	page__line(page, PAGE_BOLD);
	page__add(page, "%-*s%8s%8s%9s%8s%7s%8s", LABEL, "", "A", "B", "change", "A", "B",
		  "change");
	page__line(page, PAGE_BOLD);
	for (int s = 0; s < DIFF_STATES; s++)
		state_row(page, f, s, sampled);
}

static const struct {
	const char *label;
	struct figure (*print)(double);
	bool sampled;
} figure_rows[DIFF_FIGURES] = {
	[DIFF_THREADS] = { "threads, on average", mean, false },
	[DIFF_WANTED] = { "  wanted to run", mean, false },
	[DIFF_ACHIEVED] = { "  ran: CPU time per second", mean, false },
	[DIFF_PROCESSES] = { "processes", count, false },
	[DIFF_GIL_BUSIEST] = { "the busiest GIL was held, %", percent, true },
	[DIFF_GILS_HELD] = { "GILs held, on average", mean, true },
	[DIFF_SWITCHES] = { "context switches per second", rate, false },
	[DIFF_LONGEST_WAIT_NS] = { "longest wait for a GIL", time_of, false },
	[DIFF_RSS_BYTES] = { "RSS of all, at most", bytes, false },
	[DIFF_PSS_BYTES] = { "PSS of all, at most", bytes, false },
};

static void figures(struct page *page, const struct diff_figures f[2], bool sampled)
{
	page__gap(page);
	page__add(page, "%-*s%12s%12s%14s%12s", LABEL, "", "A", "B", "change", "B/A");
	page__line(page, PAGE_BOLD);
	for (int i = 0; i < DIFF_FIGURES; i++) {
		double a = f[DIFF_BEFORE].figure[i], b = f[DIFF_AFTER].figure[i];

		label(page, figure_rows[i].label, sampled && figure_rows[i].sampled);
		page__add(page, "%12s", known(a, figure_rows[i].print).text);
		page__add(page, "%12s", known(b, figure_rows[i].print).text);
		page__add(page, "%14s", change(a, b, figure_rows[i].print).text);
		page__add(page, "%12s", times(a, b).text);
		page__line(page, PAGE_PLAIN);
	}
}

static void tree_pid(struct page *page, const struct model_process *p)
{
	if (p)
		page__add(page, "%8u", p->process->pid);
	else
		page__add(page, "%8s", "-");
}

static void tree_row(struct page *page, const struct diff_tree *t)
{
	static const struct {
		enum diff_figure figure;
		int width;
		struct figure (*print)(double);
	} cells[] = { { DIFF_WANTED, 7, mean },
		      { DIFF_ACHIEVED, 7, mean },
		      { DIFF_PSS_BYTES, 11, bytes } };
	const struct model_process *p = t->root[DIFF_BEFORE] ? t->root[DIFF_BEFORE]
							     : t->root[DIFF_AFTER];

	tree_pid(page, t->root[DIFF_BEFORE]);
	tree_pid(page, t->root[DIFF_AFTER]);
	page__add(page, " ");
	page__name(page, p->process->comm, NAME_COLUMNS, NAME_COLUMNS);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++)
			page__add(page, "%*s", cells[i].width,
				  t->root[side] ? known(t->figures[side].figure[cells[i].figure],
							cells[i].print)
							  .text
						: "-");
	}
	page__line(page, PAGE_PLAIN);
}

static void trees(struct page *page, const struct model_diff *d, size_t top)
{
	if (d->trees_n < 2)
		return;
	page__gap(page);
	page__add(page, "%-31s%14s%14s%21s", "process trees", "wanted", "ran", "PSS at most");
	page__line(page, PAGE_BOLD);
	page__add(page, "%8s%8s %-*s%7s%7s%7s%7s%11s%11s", "PID A", "PID B", NAME_COLUMNS, "NAME",
		  "A", "B", "A", "B", "A", "B");
	page__line(page, PAGE_BOLD);
	for (size_t i = 0; i < d->trees_n && i < top; i++)
		tree_row(page, &d->trees[i]);
	if (d->trees_n > top) {
		page__add(page, "and %zu more", d->trees_n - top);
		page__line(page, PAGE_PLAIN);
	}
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
	states(&page, d->overall, sampled);
	figures(&page, d->overall, sampled);
	trees(&page, d, o->top ? o->top : REPORT_TOP);
	for (int side = DIFF_BEFORE; side <= DIFF_AFTER && o->verbose; side++)
		honesty(&page, d, side);
	return report__end(f);
}
