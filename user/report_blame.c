/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_blame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "model_blame.h"
#include "page.h"
#include "report.h"
#include "weights.h"

#define LINES_SHOWN 5
#define MATRIX 4 /* rows and columns */
#define WHO 18	 /* columns of a thread's name and TID */
#define CELL 14

static const char *const doing[BLAME_KINDS] = {
	[BLAME_PYTHON] = "runs Python",	    [BLAME_NATIVE] = "in C code",
	[BLAME_OFFCPU] = "asleep",	    [BLAME_PREEMPTED] = "has no CPU",
	[BLAME_HANDOFF] = "changing hands", [BLAME_UNKNOWN] = "not known",
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void add_frame(struct page *page, const struct capture_frame *f, size_t most)
{
	page__name(page, f->name, 0, most);
	if (!f->file)
		return;
	page__add(page, " (");
	page__name(page, base_name(f->file), 0, 24);
	if (f->line)
		page__add(page, ":%u", f->line);
	page__add(page, ")");
}

/* NULL for 0. */
static const struct capture_frame *frame_of(const struct model *m, uint32_t number)
{
	return number ? &m->capture->frames[number - 1] : NULL;
}

/* The line first, since what does not fit is cut. */
static void where(struct page *page, const struct model *m, const struct model_line *line)
{
	const struct capture_frame *python = frame_of(m, line->python);
	const struct capture_frame *native = frame_of(m, line->native);

	if (python && python->file) {
		page__name(page, base_name(python->file), 0, 20);
		page__add(page, ":%u ", python->line);
	}
	if (python)
		page__name(page, python->name, 0, 40);
	else if (line->row->kind < BLAME_HANDOFF)
		page__add(page, "(stack not known)");
	if (native) {
		page__add(page, ", in ");
		page__name(page, native->name, 0, 30);
	}
	if (line->row->call) {
		page__add(page, ", in ");
		page__name(page, line->row->call, 0, 20);
	}
}

static void line_row(struct page *page, const struct model *m, const struct model_blame *b,
		     const struct model_line *line)
{
	page__add(page, "%8s %7s  %-14s ", figure__time_cell(line->wait_ns).text,
		  figure__percent(model__share(line->wait_ns, b->wait_ns)).text,
		  doing[line->row->kind]);
	where(page, m, line);
	page__line(page, PAGE_PLAIN);
}

static void lines(struct page *page, const struct model *m, const struct model_blame *b,
		  size_t most)
{
	page__add(page, "  waited   share  the holder     where it stood (sampled)");
	page__line(page, PAGE_BOLD);
	for (size_t i = 0; i < b->lines_n && i < most; i++)
		line_row(page, m, b, &b->lines[i]);
}

/* --- who waited for whom -------------------------------------------------------------------- */

struct axis {
	size_t n;
	uint32_t tid[MATRIX];
};

static bool has(const struct axis *a, uint32_t tid)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->tid[i] == tid)
			return true;
	}
	return false;
}

static void extend(struct axis *a, uint32_t tid)
{
	if (tid && a->n < MATRIX && !has(a, tid))
		a->tid[a->n++] = tid;
}

static void who(struct page *page, const struct model *m, const struct model_pair *of, uint32_t tid)
{
	size_t before = page__width(page);
	char number[16];

	snprintf(number, sizeof(number), " %u", tid);
	page__name(page, model__thread_name(m, of->key, of->pid, tid), 0, WHO - strlen(number));
	page__add(page, "%s", number);
	page__add(page, "%*s",
		  (int)(before + WHO > page__width(page) ? before + WHO - page__width(page) : 0),
		  "");
}

/* What `waiter` waited for `holder`; holder 0: for all that are no column. */
static uint64_t cell(const struct model_blame *b, const struct model_pair *of, uint32_t waiter,
		     uint32_t holder, const struct axis *columns)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < b->pairs_n; i++) {
		const struct model_pair *p = &b->pairs[i];

		if (p->key == of->key && p->pid == of->pid && p->waiter == waiter &&
		    (holder ? p->holder == holder : !has(columns, p->holder)))
			ns = model__sum(ns, p->wait_ns);
	}
	return ns;
}

static void matrix_rows(struct page *page, const struct model *m, const struct model_blame *b,
			const struct axis *rows, const struct axis *columns)
{
	const struct model_pair *of = &b->pairs[0];

	for (size_t r = 0; r < rows->n; r++) {
		page__add(page, "  ");
		who(page, m, of, rows->tid[r]);
		for (size_t c = 0; c < columns->n; c++)
			page__add(page, "%*s", CELL - 2,
				  figure__time_cell(
					  cell(b, of, rows->tid[r], columns->tid[c], columns))
					  .text);
		page__add(page, "%*s", CELL - 2,
			  figure__time_cell(cell(b, of, rows->tid[r], 0, columns)).text);
		page__line(page, PAGE_PLAIN);
	}
}

/* Of the process that the longest waits are in. */
static void matrix(struct page *page, const struct model *m, const struct model_blame *b)
{
	const struct model_pair *of = &b->pairs[0];
	struct axis rows = { 0 }, columns = { 0 };

	for (size_t i = 0; i < b->pairs_n; i++) {
		if (b->pairs[i].key != of->key || b->pairs[i].pid != of->pid)
			continue;
		extend(&rows, b->pairs[i].waiter);
		extend(&columns, b->pairs[i].holder);
	}
	if (!columns.n)
		return;
	page__add(page, "  %-*s", WHO, "waited, by holder:");
	for (size_t c = 0; c < columns.n; c++)
		page__add(page, "%*u", CELL - 2, columns.tid[c]);
	page__add(page, "%*s", CELL - 2, "others");
	page__line(page, PAGE_BOLD);
	matrix_rows(page, m, b, &rows, &columns);
}

/* --- single cases --------------------------------------------------------------------------- */

static void add_stack(struct page *page, const struct model *m, uint32_t node)
{
	const struct capture *c = m->capture;
	int n = 0;

	if (!node)
		page__add(page, "(stack not known)");
	for (; node && n < 4; node = c->nodes[node - 1].parent, n++) {
		page__add(page, "%s", n ? " < " : "");
		add_frame(page, &c->frames[c->nodes[node - 1].frame - 1], 30);
	}
}

static void one_case(struct page *page, const struct model *m, const struct capture_case *c)
{
	page__add(page, "%s at %s: ", figure__time(c->ns).text, figure__time(c->begin_ns).text);
	if (c->tid) {
		page__name(page, model__thread_name(m, c->key, c->pid, c->tid), 0, 16);
		page__add(page, " %u in ", c->tid);
		add_stack(page, m, c->waiter_stack);
		page__add(page, ", for ");
	}
	page__name(page, model__thread_name(m, c->key, c->pid, c->holder_tid), 0, 16);
	page__add(page, " %u, %s in ", c->holder_tid, doing[c->kind]);
	add_stack(page, m, c->stack);
	page__paragraph(page, PAGE_PLAIN);
}

static void cases(struct page *page, const struct model *m, const struct report_options *o)
{
	const struct capture *c = m->capture;
	size_t waits = 0, holds = 0;

	for (size_t i = 0; i < c->cases_n && waits < o->worst; i++) {
		if (!c->cases[i].tid)
			continue;
		if (!waits++) {
			page__add(page, "The longest single waits for the GIL:");
			page__line(page, PAGE_BOLD);
		}
		one_case(page, m, &c->cases[i]);
	}
	for (size_t i = 0; i < c->cases_n && o->hold_over_ns; i++) {
		if (c->cases[i].tid || c->cases[i].ns < o->hold_over_ns)
			continue;
		if (!holds++) {
			page__add(page,
				  "Holds of the GIL over %s:", figure__time(o->hold_over_ns).text);
			page__line(page, PAGE_BOLD);
		}
		one_case(page, m, &c->cases[i]);
	}
}

void report_blame__lines(struct page *page, const struct model *m, const struct report_options *o)
{
	struct model_blame *b = m->capture->blame_n ? model_blame__new(m) : NULL;

	if (!b || !b->wait_ns) {
		model_blame__free(b);
		return;
	}
	page__gap(page);
	page__add(page, "Who made others wait for the GIL: %s in all%s",
		  figure__time(b->wait_ns).text,
		  model_blame__imprecise(b) ? "; short waits, holders roughly" : "");
	page__paragraph(page, PAGE_BOLD);
	lines(page, m, b, o->verbose ? b->lines_n : LINES_SHOWN);
	matrix(page, m, b);
	cases(page, m, o);
	model_blame__free(b);
}
