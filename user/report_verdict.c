/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_verdict.h"

#include <stdio.h>

#include "figure.h"
#include "model_verdict.h"
#include "page.h"
#include "verdict_words.h"

#define STALL_SHOWN 0.05
#define COLUMNS 5 /* of predictions */
#define LABEL 20
#define COLUMN 12

void report_verdict__paragraph(struct page *page, const struct model *m,
			       const struct model_verdict *v)
{
	page__add(page, "Verdict: %s: ", model_verdict_names[v->cause]);
	verdict_words__summary(page, m, v);
	page__paragraph(page, PAGE_BOLD);
	for (size_t i = 0; verdict_words__advice(page, m, v, i); i++)
		page__add(page, " ");
	page__paragraph(page, PAGE_PLAIN);
}

/* --- predictions -------------------------------------------------------------------------------- */

struct columns {
	size_t n;
	const struct model_prediction *p[COLUMNS];
};

static void add(struct columns *c, const struct model_scaling *s, enum model_layouts kind,
		uint32_t processes, uint32_t threads)
{
	const struct scaling_layout l = { processes, threads };
	const struct model_prediction *p = model_scaling__find(s, kind, l);

	for (size_t i = 0; i < c->n; i++) {
		if (c->p[i] == p)
			return;
	}
	if (p && c->n < COLUMNS)
		c->p[c->n++] = p;
}

/* Twice the threads; as many in processes of their own; two and four times the processes; no GIL. */
static struct columns choose(const struct model_scaling *s)
{
	uint32_t p = s->base.now.processes, n = s->base.now.threads;
	struct columns c = { 0 };

	add(&c, s, p > 1 ? LAYOUT_PROCESSES : LAYOUT_THREADS, p, 2 * n);
	add(&c, s, LAYOUT_PROCESSES, p * n, 1);
	add(&c, s, LAYOUT_PROCESSES, 2 * p, n);
	add(&c, s, LAYOUT_PROCESSES, 4 * p, n);
	add(&c, s, LAYOUT_FREE_THREADED, 1, p * n);
	/* where that is the present layout, nothing changes */
	for (size_t i = 0; i < c.n; i++) {
		if (c.p[i]->kind != LAYOUT_FREE_THREADED && c.p[i]->layout.processes == p &&
		    c.p[i]->layout.threads == n) {
			for (c.n--; i < c.n; i++)
				c.p[i] = c.p[i + 1];
		}
	}
	return c;
}

static void titles(struct page *page, const struct columns *c)
{
	page__add(page, "%-*s", LABEL, "processes x threads");
	for (size_t i = 0; i < c->n; i++) {
		const struct model_prediction *p = c->p[i];
		char title[40];

		if (p->kind == LAYOUT_FREE_THREADED)
			snprintf(title, sizeof(title), "no GIL 1x%u", p->layout.threads);
		else
			snprintf(title, sizeof(title), "%u x %u", p->layout.processes,
				 p->layout.threads);
		page__add(page, "%*s", COLUMN, title);
	}
	page__line(page, PAGE_BOLD);
}

static void ratios(struct page *page, const struct model_scaling *s, const struct columns *c)
{
	char label[40];

	snprintf(label, sizeof(label), "predicted, %ux%u = 1", s->base.now.processes,
		 s->base.now.threads);
	page__add(page, "%-*s", LABEL, label);
	for (size_t i = 0; i < c->n; i++)
		page__add(page, "%*s", COLUMN, figure__fixed(c->p[i]->range.ratio, 2).text);
	page__line(page, PAGE_PLAIN);
}

static void ranges(struct page *page, const struct columns *c)
{
	page__add(page, "%-*s", LABEL, "  its range");
	for (size_t i = 0; i < c->n; i++) {
		char range[64];

		snprintf(range, sizeof(range), "%s-%s", figure__fixed(c->p[i]->range.low, 2).text,
			 figure__fixed(c->p[i]->range.high, 2).text);
		page__add(page, "%*s", COLUMN, range);
	}
	page__line(page, PAGE_PLAIN);
}

void report_verdict__predictions(struct page *page, const struct model_verdict *v)
{
	const struct model_scaling *s = v->scaling;
	struct columns c;

	if (v->cause == VERDICT_IDLE)
		return;
	page__gap(page);
	if (s->unknown) {
		page__add(page, "What more threads or processes would give cannot be told: %s.",
			  s->unknown);
		page__paragraph(page, PAGE_PLAIN);
		return;
	}
	c = choose(s);
	titles(page, &c);
	ratios(page, s, &c);
	ranges(page, &c);
	for (size_t i = 0; i < s->doubts_n; i++)
		page__add(page, "%s%s", i ? " " : "", s->caveats[i]);
	if (s->doubts_n)
		page__paragraph(page, PAGE_PLAIN);
}

/* --- --explain ---------------------------------------------------------------------------------- */

static struct figure two(double v)
{
	return figure__fixed(v, 2);
}

static void figures_cpu_bound(struct page *page, const struct model_evidence *e)
{
	page__add(page, "%s run or are in the run queue (0.9 of the ", two(e->run + e->runq).text);
	page__add(page, "%s CPUs%s), ", two(e->cpus).text, e->by_quota ? " of its quota" : "");
	page__add(page, "%s in the run queue (of one CPU or less: 0.2)", two(e->runq).text);
	if (e->others > 0)
		page__add(page,
			  "; or, as other programs use %s, in the run queue 0.5 and more "
			  "than run or wait for the GIL",
			  two(e->others).text);
}

static void figures_gil(struct page *page, const struct model_evidence *e)
{
	page__add(page, "%s wait for the GIL (0.25, and 0.2 of ", two(e->gil_wait).text);
	page__add(page, "%s that want to run)", two(e->wanted).text);
}

static void figures_gil_hogged(struct page *page, const struct model_evidence *e)
{
	page__add(page, "as gil-bound; %s of it under holds of over 4 switch intervals (50 %%)",
		  figure__percent(e->long_holds).text);
}

static void figures_convoy(struct page *page, const struct model_evidence *e)
{
	page__add(page, "as gil-bound; %s of it by threads with < 10 %% CPU that do I/O (50 %%), ",
		  figure__percent(e->io_suffered).text);
	page__add(page, "%s of that behind threads with > 30 %% CPU (70 %%)",
		  figure__percent(e->io_blamed).text);
}

static void figures_lock_bound(struct page *page, const struct model_evidence *e)
{
	page__add(page, "%s wait for contended locks (0.5, and half of ", two(e->lock_wait).text);
	page__add(page, "%s with those that run or are in the run queue), ",
		  two(e->run + e->runq + e->lock_wait).text);
	page__add(page, "%s of them for pools", two(e->pool_wait).text);
}

static void figures_single_thread(struct page *page, const struct model_evidence *e)
{
	page__add(page, "%s want to run (0.7), ", two(e->wanted).text);
	page__add(page, "%s of that is one thread (80 %%)", figure__percent(e->one_thread).text);
}

static void figures_idle(struct page *page, const struct model_evidence *e)
{
	page__add(page, "%s want to run (below 0.02), ", two(e->wanted).text);
	page__add(page, "%s waits a second (below 10)", figure__fixed(e->sleeps_per_s, 1).text);
}

static void figures_io_bound(struct page *page, const struct model_evidence *e)
{
	page__add(page, "otherwise; %s of all time in I/O and timed sleeps",
		  figure__percent(e->io).text);
}

static void (*const figures[VERDICT_COUNT])(struct page *page, const struct model_evidence *e) = {
	[VERDICT_CPU_BOUND] = figures_cpu_bound,
	[VERDICT_GIL_HOGGED] = figures_gil_hogged,
	[VERDICT_CONVOY] = figures_convoy,
	[VERDICT_GIL_BOUND] = figures_gil,
	[VERDICT_LOCK_BOUND] = figures_lock_bound,
	[VERDICT_SINGLE_THREAD] = figures_single_thread,
	[VERDICT_IDLE] = figures_idle,
	[VERDICT_IO_BOUND] = figures_io_bound,
};

static void demands(struct page *page, const struct model_scaling *s)
{
	const struct scaling_demand *w = &s->base.demand;

	page__add(page, "Of its time each of %llu workers (%u x %u) ",
		  (unsigned long long)s->workers, s->base.now.processes, s->base.now.threads);
	page__add(page, "needs a CPU with the GIL for %s, ", figure__percent(w->s).text);
	page__add(page, "a CPU without it for %s, ", figure__percent(w->d).text);
	page__add(page, "and neither for %s; the rest it queues. ", figure__percent(w->z).text);
	page__add(page, "Together they do what %s would that ran alone. ",
		  two(s->lone_threads).text);
	page__add(page, "C = %s CPUs, ", two(s->base.cpus).text);
	page__add(page, "delta = %s", two(s->base.delta).text);
	if (s->base.stall.share >= STALL_SHOWN) {
		page__add(page, "; while one holds the GIL the others stand still by %s ",
			  two(s->base.stall.share).text);
		page__add(page, "+- %s (0 to 1)", two(s->base.stall.error).text);
	}
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
	for (size_t i = 0; i < s->caveats_n; i++) {
		page__add(page, "- %s", s->caveats[i]);
		page__paragraph(page, PAGE_PLAIN);
	}
}

void report_verdict__explain(struct page *page, const struct model_verdict *v)
{
	page__gap(page);
	page__add(page,
		  "The rules, in order: the first that holds is the verdict. Figures are mean "
		  "numbers of threads; in brackets what a rule needs.");
	page__paragraph(page, PAGE_BOLD);
	for (enum model_verdicts c = 0; c < VERDICT_COUNT; c++) {
		page__add(page, "%-13s %-4s ", model_verdict_names[c], v->met[c] ? "yes:" : "no:");
		figures[c](page, &v->evidence);
		page__paragraph(page, PAGE_PLAIN);
	}
	page__gap(page);
	page__add(page, "What the prediction rests on");
	page__line(page, PAGE_BOLD);
	if (v->scaling->unknown) {
		page__add(page, "There is none: %s.", v->scaling->unknown);
		page__paragraph(page, PAGE_PLAIN);
	} else {
		demands(page, v->scaling);
	}
}
