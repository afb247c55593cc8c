/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff_words.h"

#include <math.h>
#include <string.h>

#include "figure.h"
#include "model_diff.h"
#include "page.h"

#define NAME_COLUMNS 32
#define CPUS_DIFFER 0.01  /* quotas are kept in thousandths */
#define OTHERS_DIFFER 0.1 /* CPUs: less hardly changes a throughput */

static const struct capture_info *info(const struct model_diff *d, int side)
{
	return &d->model[side]->capture->info;
}

bool diff_words__is_doubtful(const struct model_diff *d, int side)
{
	const struct model *m = d->model[side];
	bool doubtful = !m->capture->info.complete;

	for (int l = 0; l < LAW_COUNT; l++)
		doubtful |= m->laws[l].broken > 0;
	for (enum wire_lost cause = 0; cause < LOST_COUNT; cause++)
		doubtful |= model__lost_matters(m, cause);
	return doubtful;
}

/* Each adds its note if it is due. */

static void note_host(struct page *page, const struct model_diff *d)
{
	const char *a = info(d, DIFF_BEFORE)->host, *b = info(d, DIFF_AFTER)->host;

	if (!a || !b || !strcmp(a, b))
		return;
	page__add(page, "The captures are of different machines, ");
	page__name(page, a, 0, NAME_COLUMNS);
	page__add(page, " and ");
	page__name(page, b, 0, NAME_COLUMNS);
	page__add(page, ": their speed may differ, too.");
}

static void note_online(struct page *page, const struct model_diff *d)
{
	uint32_t a = info(d, DIFF_BEFORE)->cpus, b = info(d, DIFF_AFTER)->cpus;

	if (a != b)
		page__add(page, "The machine of A had %u CPUs, that of B %u.", a, b);
}

static void note_allowed(struct page *page, const struct model_diff *d)
{
	double a = d->cpus[DIFF_BEFORE].cpus, b = d->cpus[DIFF_AFTER].cpus;

	if (a <= 0 || b <= 0 || fabs(a - b) < CPUS_DIFFER)
		return;
	page__add(page, "By affinity and quota A could use %s CPUs, ", figure__fixed(a, 2).text);
	page__add(page, "B %s.", figure__fixed(b, 2).text);
}

static void note_others(struct page *page, const struct model_diff *d)
{
	double a = d->others[DIFF_BEFORE], b = d->others[DIFF_AFTER];

	if (fabs(a - b) < OTHERS_DIFFER)
		return;
	page__add(page, "Other programs used %s CPUs beside A, ", figure__fixed(a, 2).text);
	page__add(page, "%s beside B.", figure__fixed(b, 2).text);
}

/* Of the process that wanted to run most. */
static const char *python_of(const struct model *m)
{
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct capture_process *p = m->processes[i].process;

		if (p->is_python && p->python_version)
			return p->python_version;
	}
	return NULL;
}

static void note_python(struct page *page, const struct model_diff *d)
{
	const char *a = python_of(d->model[DIFF_BEFORE]), *b = python_of(d->model[DIFF_AFTER]);

	if (!a || !b || !strcmp(a, b))
		return;
	page__add(page, "A ran Python ");
	page__name(page, a, 0, NAME_COLUMNS);
	page__add(page, ", B Python ");
	page__name(page, b, 0, NAME_COLUMNS);
	page__add(page, ".");
}

static void note_mode(struct page *page, const struct model_diff *d)
{
	bool a = !strcmp(info(d, DIFF_BEFORE)->mode, "command");
	bool b = !strcmp(info(d, DIFF_AFTER)->mode, "command");

	if (a != b)
		page__add(page,
			  "%s begins with the start of a program, %s in the midst of its run.",
			  a ? "A" : "B", a ? "B" : "A");
}

static void note_children(struct page *page, const struct model_diff *d)
{
	bool a = info(d, DIFF_BEFORE)->children, b = info(d, DIFF_AFTER)->children;

	if (a != b)
		page__add(page, "Child processes were followed in %s only.", a ? "A" : "B");
}

static void note_throughput(struct page *page, const struct model_diff *d)
{
	if (d->throughput.basis == DIFF_RUNS)
		page__add(page, "Throughput takes it that both commands did the same work; if not, "
				"--units A,B says how much each did.");
	else if (d->throughput.basis == DIFF_NOTHING)
		page__add(page,
			  "Throughput is not in a capture: --units A,B says how many units of "
			  "work were done in each window.");
}

static void note_memory_of(struct page *page, const struct model_diff *d, int side)
{
	const struct capture_memory_peak *peak = &info(d, side)->memory_peak;
	const char *name = side == DIFF_BEFORE ? "A" : "B";

	if (isnan(d->overall[side].figure[DIFF_PSS_BYTES]))
		page__add(page,
			  "How much memory %s had is not known: it ended too soon to be looked at.",
			  name);
	else if (peak->pss_unknown)
		page__add(page,
			  "Of %llu processes of %s the RSS stands for the PSS, which was too "
			  "dear to find out: what they share counts for each.",
			  (unsigned long long)peak->pss_unknown, name);
}

static void note_memory_before(struct page *page, const struct model_diff *d)
{
	note_memory_of(page, d, DIFF_BEFORE);
}

static void note_memory_after(struct page *page, const struct model_diff *d)
{
	note_memory_of(page, d, DIFF_AFTER);
}

static void (*const notes[])(struct page *page, const struct model_diff *d) = {
	note_host, note_online,	  note_allowed,	   note_others,	       note_python,
	note_mode, note_children, note_throughput, note_memory_before, note_memory_after,
};

bool diff_words__note(struct page *page, const struct model_diff *d, size_t i)
{
	size_t had = page->len, found = 0;

	for (size_t n = 0; n < sizeof(notes) / sizeof(notes[0]); n++) {
		notes[n](page, d);
		if (page->len == had)
			continue;
		if (found++ == i)
			return true;
		page->len = had;
		page->buffer[had] = '\0';
	}
	return false;
}
