// SPDX-License-Identifier: BSD-2-Clause
#include "report_diff_tables.h"

#include <math.h>
#include <string.h>

#include "figure.h"
#include "model_diff.h"
#include "page.h"

#define LABEL 30
#define NAME_COLUMNS 14 /* of a process */
#define MANY 1e3	/* means above that are printed without decimals */

struct figure diff_cell__mean(double v)
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

struct figure diff_cell__time(double ns)
{
	return bounded(ns, figure__time);
}

struct figure diff_cell__bytes(double v)
{
	return bounded(v, figure__bytes);
}

struct figure diff_cell__change(double a, double b, struct figure (*print)(double))
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

struct figure diff_cell__times(double a, double b)
{
	double ratio = model_diff__ratio(a, b);

	if (isnan(ratio) || b <= 0)
		return (struct figure){ "-" };
	return diff_cell__mean(ratio);
}

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
	page__add(page, "%8s", diff_cell__mean(a[s]).text);
	page__add(page, "%8s", diff_cell__mean(b[s]).text);
	page__add(page, "%9s", diff_cell__change(a[s], b[s], diff_cell__mean).text);
	page__add(page, "%8s", percent(p[s]).text);
	page__add(page, "%7s", percent(q[s]).text);
	page__add(page, "%8s", diff_cell__change(p[s], q[s], percent).text);
	page__line(page, PAGE_PLAIN);
}

void report_diff__states(struct page *page, const struct diff_figures f[2], bool sampled)
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
	[DIFF_THREADS] = { "threads, on average", diff_cell__mean, false },
	[DIFF_WANTED] = { "  wanted to run", diff_cell__mean, false },
	[DIFF_ACHIEVED] = { "  ran: CPU time per second", diff_cell__mean, false },
	[DIFF_PROCESSES] = { "processes", count, false },
	[DIFF_GIL_BUSIEST] = { "the busiest GIL was held, %", percent, true },
	[DIFF_GILS_HELD] = { "GILs held, on average", diff_cell__mean, true },
	[DIFF_SWITCHES] = { "context switches per second", rate, false },
	[DIFF_LONGEST_WAIT_NS] = { "longest wait for a GIL", time_of, false },
	[DIFF_RSS_BYTES] = { "RSS of all, at most", diff_cell__bytes, false },
	[DIFF_PSS_BYTES] = { "PSS of all, at most", diff_cell__bytes, false },
};

void report_diff__figures(struct page *page, const struct diff_figures f[2], bool sampled)
{
	page__gap(page);
	page__add(page, "%-*s%12s%12s%14s%12s", LABEL, "", "A", "B", "change", "B/A");
	page__line(page, PAGE_BOLD);
	for (int i = 0; i < DIFF_FIGURES; i++) {
		double a = f[DIFF_BEFORE].figure[i], b = f[DIFF_AFTER].figure[i];

		label(page, figure_rows[i].label, sampled && figure_rows[i].sampled);
		page__add(page, "%12s", known(a, figure_rows[i].print).text);
		page__add(page, "%12s", known(b, figure_rows[i].print).text);
		page__add(page, "%14s", diff_cell__change(a, b, figure_rows[i].print).text);
		page__add(page, "%12s", diff_cell__times(a, b).text);
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
	} cells[] = { { DIFF_WANTED, 7, diff_cell__mean },
		      { DIFF_ACHIEVED, 7, diff_cell__mean },
		      { DIFF_PSS_BYTES, 11, diff_cell__bytes } };
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

void report_diff__trees(struct page *page, const struct model_diff *d, size_t top)
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
