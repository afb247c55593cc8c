// SPDX-License-Identifier: BSD-2-Clause
#include "report_trees.h"

#include <stdlib.h>

#include "figure.h"
#include "model_cpus.h"
#include "model_trees.h"
#include "page.h"

#define NAME_COLUMNS 14
#define MOST_INDENT 4 /* columns */
#define TREES_SHOWN 4 /* of two or more processes */
#define GROUPS_SHOWN 3
#define IDLE_NAMED 8
#define UNLIKE 1.1 /* an imbalance worth a word */
#define MB 1048576.0

static struct figure per_thread(const struct model_process *p, uint64_t ns)
{
	return figure__cell(model__share(ns, p->exists_ns));
}

/* The share of the window that the GIL held longest was held. */
static struct figure busiest_gil(const struct model_process *p)
{
	double most = 0;

	for (size_t i = 0; i < p->gils_n; i++)
		if (p->gils[i].utilization > most)
			most = p->gils[i].utilization;
	return figure__cell(most);
}

static void titles(struct page *page)
{
	page__add(page, "%*sthreads that  GIL  %% of time, waiting for    memory, MiB",
		  9 + NAME_COLUMNS, "");
	page__line(page, PAGE_BOLD);
	page__add(page, "%7s %-*s%7s%6s%5s%5s%5s%5s%5s%5s%5s%5s%5s", "PID", NAME_COLUMNS, "NAME",
		  "wanted", "ran", "held", "CPU", "GIL", "pipe", "sock", "sem", "RSS", "PSS",
		  "COW");
	page__line(page, PAGE_BOLD);
}

/* Whole MiB in four columns, "-" if not known */
static struct figure mebibytes(uint64_t bytes, bool known)
{
	double mb = (double)bytes / MB;

	if (!known)
		return (struct figure){ "-" };
	return mb < 9.95     ? figure__fixed(mb, 1)
	       : mb < 9999.5 ? figure__fixed(mb, 0)
			     : (struct figure){ ">9G" };
}

static void row(struct page *page, const struct model_member *member)
{
	const struct model_process *p = member->process;
	const struct capture_process *c = p->process;
	size_t indent = member->depth < MOST_INDENT ? member->depth : MOST_INDENT;

	page__add(page, "%7u %*s", c->pid, (int)indent, "");
	page__name(page, c->comm, NAME_COLUMNS - indent, NAME_COLUMNS - indent);
	page__add(page, "%7s", figure__fixed(p->wanted, 2).text);
	page__add(page, "%6s", figure__fixed(p->achieved, 2).text);
	page__add(page, "%5s", busiest_gil(p).text);
	page__add(page, "%5s", per_thread(p, p->state_ns[ST_RUNQ]).text);
	page__add(page, "%5s", per_thread(p, p->state_ns[ST_GIL_WAIT]).text);
	page__add(page, "%5s", per_thread(p, p->state_ns[ST_IO_PIPE]).text);
	page__add(page, "%5s", per_thread(p, p->state_ns[ST_IO_SOCKET]).text);
	page__add(page, "%5s", per_thread(p, p->shared_lock_ns).text);
	page__add(page, "%5s", mebibytes(c->rss_bytes, c->rss_bytes).text);
	page__add(page, "%5s", mebibytes(c->pss_bytes, c->pss_bytes).text);
	page__add(page, "%5s", mebibytes(model_process__spared(p), c->pss_bytes).text);
	page__line(page, PAGE_PLAIN);
}

/* Its busiest `top` processes, each below its parent as far as that is shown. */
static void rows(struct page *page, const struct model_trees *t, size_t tree, size_t n, size_t top,
		 bool *shown)
{
	size_t left = top;

	for (size_t i = 0; i < n; i++) {
		shown[i] = left && t->members[i].tree == tree;
		left -= shown[i];
	}
	for (size_t i = t->trees[tree].root; i != MODEL_NONE; i = model_trees__next(t, i))
		if (shown[i])
			row(page, &t->members[i]);
	if (t->trees[tree].processes > top) {
		page__add(page, "and %llu more processes",
			  (unsigned long long)t->trees[tree].processes - top);
		page__line(page, PAGE_PLAIN);
	}
}

static void work_sentence(struct page *page, const struct model *m, const struct model_tree *tree)
{
	struct model_cpus cpus = model_cpus__of(m);

	page__add(page, "Together they did %s of CPU work in %s, %s times what one CPU does",
		  figure__time(tree->cpu_ns).text, figure__time(m->capture->info.duration_ns).text,
		  figure__fixed(tree->speedup, 2).text);
	if (cpus.cpus > 0)
		page__add(page, " (they may use %s)",
			  figure__fixed(cpus.cpus, cpus.cpus == (unsigned int)cpus.cpus ? 0 : 2)
				  .text);
	if (tree->pss_bytes) {
		page__add(page, ", in %s of memory (PSS%s)", figure__bytes(tree->pss_bytes).text,
			  tree->without_pss ? " of those whose it is known" : "");
		page__add(page, "; copy-on-write saves %s", figure__bytes(tree->spared_bytes).text);
	}
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}

static void add_idle(struct page *page, const struct model_group *g)
{
	size_t named = 0;

	if (!g->idle_n)
		return;
	page__add(page, "; %zu had nothing to do:", g->idle_n);
	for (size_t i = 0; i < g->workers_n && named < IDLE_NAMED; i++)
		if (g->workers[i]->idle)
			page__add(page, "%s %u", named++ ? "," : "",
				  g->workers[i]->process->process->pid);
	if (g->idle_n > named)
		page__add(page, " and others");
}

static void group_sentence(struct page *page, const struct model_group *g)
{
	const struct model_process *busiest = g->workers[0]->process;

	page__add(page, "%zu workers of ", g->workers_n);
	page__name(page, g->parent->process->comm, 0, 16);
	page__add(page, " (PID %u): they used %s of CPU time", g->parent->process->pid,
		  figure__time(g->cpu_ns).text);
	if (g->imbalance >= UNLIKE)
		page__add(page, ", the busiest, %u, %s times their mean", busiest->process->pid,
			  figure__fixed(g->imbalance, 2).text);
	add_idle(page, g);
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}

static void table(struct page *page, const struct model *m, const struct model_trees *t,
		  size_t tree, size_t top, bool *shown)
{
	size_t groups = 0;

	page__gap(page);
	titles(page);
	rows(page, t, tree, m->processes_n, top, shown);
	work_sentence(page, m, &t->trees[tree]);
	for (size_t i = 0; i < t->groups_n && groups < GROUPS_SHOWN; i++) {
		if (t->groups[i].tree != tree)
			continue;
		group_sentence(page, &t->groups[i]);
		groups++;
	}
}

/* Roots without children share one table: each alone is no tree. */
static void singles(struct page *page, const struct model_trees *t, size_t n, size_t top)
{
	size_t shown = 0, left_out = 0;

	for (size_t i = 0; i < n; i++) {
		if (t->trees[t->members[i].tree].processes > 1)
			continue;
		if (shown == top) {
			left_out++;
			continue;
		}
		if (!shown++) {
			page__gap(page);
			titles(page);
		}
		row(page, &t->members[i]);
	}
	if (left_out) {
		page__add(page, "and %zu more processes", left_out);
		page__line(page, PAGE_PLAIN);
	}
}

void report_trees__tables(struct page *page, const struct model *m, size_t top)
{
	struct model_trees *t = model_trees__new(m);
	bool *shown = calloc(m->processes_n + 1, sizeof(*shown));
	size_t tables = 0, left_out = 0;

	for (size_t i = 0; t && shown && i < t->trees_n; i++) {
		if (t->trees[i].processes < 2)
			continue;
		if (tables++ < TREES_SHOWN)
			table(page, m, t, i, top, shown);
		else
			left_out++;
	}
	if (left_out) {
		page__add(page, "and %zu more trees of processes", left_out);
		page__line(page, PAGE_PLAIN);
	}
	if (t)
		singles(page, t, m->processes_n, top);
	free(shown);
	model_trees__free(t);
}
