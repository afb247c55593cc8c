// SPDX-License-Identifier: BSD-2-Clause
#include "report_cpus.h"

#include "figure.h"
#include "model_cpus.h"
#include "model_occupancy.h"
#include "model_parallelism.h"
#include "page.h"
#include "report.h"

#define CGROUPS_SHOWN 4
#define CGROUP_COLUMNS 40
#define NAMED 2 /* threads on a CPU */
#define NAME_COLUMNS 9
#define INTERVALS_LEAST 5
#define QUEUED 0.2 /* threads that wait for a CPU, on average */

/* --- throttling --- */

static uint64_t queued_ns(const struct model *m)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < m->processes_n; i++)
		ns = model__sum(ns, m->processes[i].state_ns[ST_RUNQ]);
	return ns;
}

static void throttling(struct page *page, const struct model *m, const struct capture_cgroup *g)
{
	page__add(page, "The CPU quota of cgroup ");
	page__name(page, g->name, 0, CGROUP_COLUMNS);
	page__add(page, ", %s CPUs, was used up in %llu of %llu periods",
		  figure__fixed((double)g->quota_millicpus / 1000, 2).text,
		  (unsigned long long)g->throttled, (unsigned long long)g->periods);
	page__add(page,
		  ": it kept threads from running for %s, added up over CPUs, which "
		  "counts as waiting for a CPU here (%s of all threads).",
		  figure__time(g->throttled_ns).text, figure__time(queued_ns(m)).text);
	page__paragraph(page, PAGE_PLAIN);
}

void report_cpus__throttling(struct page *page, const struct model *m)
{
	const struct capture *c = m->capture;
	size_t shown = 0;

	for (size_t i = 0; i < c->cgroups_n && shown < CGROUPS_SHOWN; i++) {
		if (!c->cgroups[i].throttled)
			continue;
		throttling(page, m, &c->cgroups[i]);
		shown++;
	}
}

/* --- who ran where --- */

/* Its affinity keeps it from CPUs, and it waits for one: the verdict says so, the table shows it. */
static bool is_held_to_few(const struct model *m, const struct model_cpus *cpus)
{
	uint64_t window = m->capture->info.duration_ns;

	return m->capture->info.cpus && !cpus->by_quota && cpus->cpus > 0 &&
	       cpus->cpus < m->capture->info.cpus && model__share(queued_ns(m), window) >= QUEUED;
}

/* Finds the NAMED threads that ran longest. Returns how many there are. */
static size_t find_longest(const struct model_occupied *o, const struct model_occupant **most)
{
	size_t n = 0, at;

	for (size_t i = 0; i < o->occupants_n; i++) {
		const struct model_occupant *one = &o->occupants[i];

		if (!one->thread) /* those not told apart */
			continue;
		for (at = n; at > 0 && most[at - 1]->ns < one->ns; at--)
			if (at < NAMED)
				most[at] = most[at - 1];
		if (at == NAMED)
			continue;
		most[at] = one;
		n += n < NAMED;
	}
	return n;
}

static void row(struct page *page, const struct model_occupied *o, uint64_t window)
{
	const struct model_occupant *most[NAMED];
	const struct capture_cpu *c = o->cpu;
	size_t n = find_longest(o, most);

	page__add(page, "%5u%7s", c->cpu, figure__cell(model__share(c->target_ns, window)).text);
	page__add(page, "%7s", figure__cell(model__share(c->other_ns, window)).text);
	page__add(page, "%6s", figure__cell(model__share(c->idle_ns, window)).text);
	page__add(page, "%8s ", figure__cell(model__share(c->offline_ns, window)).text);
	for (size_t i = 0; i < n; i++) {
		page__add(page, " ");
		page__name(page, most[i]->thread->row->name, 0, NAME_COLUMNS);
		page__add(page, " %u %s", most[i]->thread->row->tid,
			  figure__cell(model__share(most[i]->ns, window)).text);
	}
	page__line(page, PAGE_PLAIN);
}

static void table(struct page *page, const struct model *m, const struct model_occupancy *o,
		  size_t most)
{
	uint64_t window = m->capture->info.duration_ns;

	page__gap(page);
	page__add(page, "  CPU target others  idle offline  %% of the time; who ran on it longest");
	page__line(page, PAGE_BOLD);
	for (size_t i = 0; i < o->cpus_n && i < most; i++)
		row(page, &o->cpus[i], window);
	if (o->cpus_n > most) {
		page__add(page, "and %zu more CPUs", o->cpus_n - most);
		page__line(page, PAGE_PLAIN);
	}
	page__add(page, "Threads moved from one CPU to another %llu times, %s a second.",
		  (unsigned long long)o->migrations,
		  figure__rate(1e9 * model__share(o->migrations, window)).text);
	page__paragraph(page, PAGE_PLAIN);
}

void report_cpus__table(struct page *page, const struct model *m, const struct report_options *o)
{
	struct model_cpus cpus = model_cpus__of(m);
	struct model_occupancy *occupancy;

	if (!m->capture->cpus_n || (!o->verbose && !is_held_to_few(m, &cpus)))
		return;
	occupancy = model_occupancy__new(m);
	if (occupancy)
		table(page, m, occupancy, o->top ? o->top : REPORT_TOP);
	model_occupancy__free(occupancy);
}

/* --- over time --- */

static void spread(struct page *page, const char *const after[4], const struct model_spread *s)
{
	const double values[4] = { s->p10, s->p50, s->p90, s->max };

	for (size_t i = 0; i < 4; i++)
		page__add(page, "%s%s", figure__fixed(values[i], 2).text, after[i]);
}

void report_cpus__over_time(struct page *page, const struct model *m)
{
	static const char *const named[4] = { " (p10), ", " (p50), ", " (p90), ", " at most" };
	static const char *const bare[4] = { ", ", ", ", ", ", "" };
	struct model_parallelism p = model_parallelism__of(m->capture);

	if (p.intervals < INTERVALS_LEAST)
		return;
	page__add(page,
		  "Threads that wanted to run, in parts of %s: ", figure__time(p.interval_ns).text);
	spread(page, named, &p.wanted);
	page__add(page, "; that ran: ");
	spread(page, bare, &p.achieved);
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}
