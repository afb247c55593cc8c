// SPDX-License-Identifier: BSD-2-Clause
#include "memory_peak.h"

#include <time.h>

#include "clock.h"

#define SOONEST_NS (100 * NSEC_PER_MSEC)
#define LOOKS_OF_WINDOW 8    /* looks get rarer: what comes late in a long window stays for long */
#define LOOK_COST_SHARE 4000 /* of the time goes to them, at most: one part of so many, */
#define COST_SHARE 2000	     /* and to all, walks included; but for this, as a short window */
#define CREDIT_STEADY_NS (20 * NSEC_PER_MSEC) /* has no time to save it up: if RSS has grown */
#define CREDIT_STALE_NS (10 * NSEC_PER_MSEC) /* and stands still; if pages may be shared no more; */
#define CREDIT_GROWING_NS (5 * NSEC_PER_MSEC)	    /* if RSS still grows */
#define STEADY(was, is) ((is) - (is) / 50 <= (was)) /* grown by no more than 2 % */
#define WALK_NS (50 * NSEC_PER_MSEC) /* then no more page tables are walked, */
#define LOOK_NS (2 * WALK_NS)	     /* and then nothing is asked any more */

static uint64_t cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t longest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Before its exec, who borrows its parent's memory would count it twice. */
static bool is_asked(const struct process *p, uint64_t began)
{
	return !p->ended && !p->borrows_memory && clock__now() - began <= LOOK_NS;
}

static struct memory_seen memory_of(struct process *p, uint64_t began)
{
	struct memory *m = &p->memory;

	if (is_asked(p, began))
		memory__look(m, (pid_t)p->pid, clock__now() - began <= WALK_NS);
	if (m->at < began) /* it was not asked, or has gone */
		return (struct memory_seen){ 0 };
	return (struct memory_seen){ m->rss_bytes, m->pss_bytes };
}

static void add(struct capture_memory_peak *sum, const struct memory_seen *m)
{
	sum->processes += m->rss_bytes > 0;
	sum->pss_unknown += m->rss_bytes > 0 && !m->pss_bytes;
	sum->rss_bytes += m->rss_bytes;
	sum->pss_bytes += m->pss_bytes ? m->pss_bytes : m->rss_bytes;
}

static void keep(struct memory_peak *m, const struct processes *all,
		 const struct capture_memory_peak *sum, uint64_t now)
{
	m->peak = *sum;
	m->peak_at = now;
	for (size_t i = 0; i < processes__count(all); i++)
		processes__at(all, i)->peak = processes__at(all, i)->seen;
}

void memory_peak__walk(struct memory_peak *m, const struct processes *all, uint64_t now)
{
	struct capture_memory_peak sum = { .looks = ++m->peak.looks };
	uint64_t began = clock__now(), cpu = cpu_now();

	for (size_t i = 0; i < processes__count(all); i++) {
		processes__at(all, i)->seen = memory_of(processes__at(all, i), began);
		add(&sum, &processes__at(all, i)->seen);
	}
	if (sum.pss_bytes > m->peak.pss_bytes)
		keep(m, all, &sum, now);
	m->walked_at = now;
	m->walk = cpu_now() - cpu;
	m->spent += m->walk;
}

/* Returns what it cost. */
static uint64_t look(struct memory_peak *m, const struct processes *all)
{
	uint64_t began = clock__now(), cpu = cpu_now();

	m->rss = m->processes = 0;
	for (size_t i = 0; i < processes__count(all); i++) {
		const struct process *p = processes__at(all, i);
		uint64_t rss = is_asked(p, began) ? memory__rss((pid_t)p->pid) : 0;

		m->rss += rss;
		m->processes += rss > 0;
	}
	cpu = cpu_now() - cpu;
	m->spent += cpu;
	return cpu;
}

/* What a walk now may have cost beyond its share of the time; 0: there is no need of one. */
static uint64_t credit(const struct memory_peak *m, uint64_t was, uint64_t now)
{
	bool grown = !STEADY(m->walked_rss, m->rss);
	bool stale = now - m->began >= (m->walked_at - m->began) / 2 * 3;

	if (grown && STEADY(was, m->rss))
		return CREDIT_STEADY_NS;
	if (stale && m->processes > 1) /* of one, there is nobody it shares with */
		return CREDIT_STALE_NS;
	return grown ? CREDIT_GROWING_NS : 0;
}

/* `was`: their RSS at the look before. */
static bool is_walk_due(const struct memory_peak *m, uint64_t was, uint64_t now)
{
	uint64_t beyond = credit(m, was, now), share = (now - m->began) / COST_SHARE;
	double growth = m->walked_rss ? (double)m->rss / (double)m->walked_rss : 1;

	return beyond && (double)m->spent + (double)m->walk * growth <= (double)(beyond + share);
}

uint64_t memory_peak__tick(struct memory_peak *m, const struct processes *all, uint64_t now)
{
	uint64_t was = m->rss, cost;

	if (!m->began) {
		m->began = m->walked_at = now;
		m->due = now + SOONEST_NS;
	}
	if (now < m->due)
		return m->due;
	cost = look(m, all);
	if (is_walk_due(m, was, now)) {
		memory_peak__walk(m, all, now);
		m->walked_rss = m->rss; /* by the same cheap count as the next look's */
	}
	m->due = clock__now() + longest(SOONEST_NS, longest((now - m->began) / LOOKS_OF_WINDOW,
							    cost * LOOK_COST_SHARE));
	return m->due;
}

struct capture_memory_peak memory_peak__result(const struct memory_peak *m, uint64_t start)
{
	struct capture_memory_peak peak = m->peak;

	peak.at_ns = m->peak_at > start ? m->peak_at - start : 0;
	return peak;
}
