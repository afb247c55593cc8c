/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame.h"

#include <errno.h>
#include <stdlib.h>

#include "../bpf/account.h"
#include "blame_gil.h"
#include "blame_rows.h"
#include "blame_thread.h"
#include "blame_worst.h"
#include "holding.h"
#include "ledger.h"
#include "waits.h"

#define RETRY_NS 100000 /* as ACCOUNT_RETRY_NS: it came back from a time-out and waits on */
#define STEP_WORK 4	/* as much as so many charges */
#define PYTHON_MUTEX 80 /* gil->mutex: who is woken from there has not been given the GIL */

struct blame {
	struct blame_gils *gils;
	struct blame_threads *threads;
	uint32_t sparse;    /* of the latest event */
	uint64_t slice_end; /* of its slice of time; 0: there was none */
	uint64_t since;	    /* nothing is known from before this; 0: nothing was left out */
	bool sampled;	    /* something was */
	struct waits *waits;
	struct holding *holding;
	struct blame_rows *rows; /* made of the ledger, at the end */
	struct blame_worst holds;
	uint64_t steps;
};

static uint32_t tid_of(void *blame, uint64_t key, uint64_t tls)
{
	const struct blame *b = blame;
	const struct blame_thread *t = blame_threads__find(b->threads, key, tls);

	return t ? t->id.tid : 0;
}

static void note_hold(struct blame *b, struct blame_gil *g, const struct wire_gil_event *e)
{
	struct timeline_part p;
	struct blame_case c;

	if (!timeline__ended(blame_gil__timeline(g), &p))
		return;
	c = (struct blame_case){
		.key = e->h.key,
		.gil = blame_gil__address(g),
		.begin = p.begin,
		.ns = p.end - p.begin,
		.holder = p.holder,
		.stack = p.stack,
		.pid = e->h.tgid,
		.holder_tid = tid_of(b, e->h.key, p.holder),
		.kind = p.kind,
		.nr = p.nr,
	};
	blame_worst__add(&b->holds, &c);
}

static void look(struct blame *b, struct blame_gil *g, const struct wire_gil_event *e)
{
	const uint64_t holder = blame_gil__meant(g, e->holder);
	const struct blame_thread *h = blame_threads__find(b->threads, e->h.key, holder);
	struct timeline_look l = {
		.at = e->h.time,
		.locked = e->locked > 0,
		.holder = holder,
		.switch_number = e->switch_number,
		.holder_ran_since = h ? h->ran_since : 0,
		.holder_waited = h && h->state == BLAME_WOKEN && wait__gil(h->wait) == g,
	};

	if (e->locked < 0)
		return;
	timeline__confirm(blame_gil__timeline(g), e->confirmed);
	timeline__look(blame_gil__timeline(g), &l);
}

/* Its latest sleep, from which it was woken at `woken`, ended by itself: nobody has given the GIL up. */
static bool has_timed_out(const struct wire_gil_event *e, uint64_t slept, uint64_t woken)
{
	return account__has_timed_out(e->interval_us, woken - slept);
}

static void fall_asleep(struct blame_thread *t, struct blame_gil *g, const struct wire_gil_event *e)
{
	bool ran_long = e->h.time - t->ran_since > RETRY_NS;

	blame_thread__settle(t);
	if (wait__is_open(t->wait) && (ran_long || wait__gil(t->wait) != g))
		wait__end(t->wait, t->ran_since);
	wait__set_gil(t->wait, g);
	if (e->asked)
		timeline__drop_requested(blame_gil__timeline(g), e->h.time);
	if (t->queued && !ran_long)
		wait__queued(t->wait, t->queued, t->ran_since);
	t->queued = 0;
	if (!wait__is_open(t->wait))
		wait__begin(t->wait, e->h.time);
	t->state = BLAME_ASLEEP;
	t->begin = e->h.time;
}

static void step_ran(struct blame_thread *t, struct blame_gil *g, const struct wire_gil_event *e,
		     uint64_t since)
{
	if (e->holds) {
		if (e->state != ST_RUNQ && e->since < e->h.time)
			timeline__off(blame_gil__timeline(g), e->since, e->tls, true, 0);
		timeline__on(blame_gil__timeline(g), e->h.time, e->tls);
	}
	t->ran_since = e->h.time;
	t->queued = e->since < e->h.time ? e->since : 0;
	if (t->state == BLAME_AWAKE && e->state == ST_GIL_WAIT && since) {
		wait__set_gil(t->wait, g); /* it fell asleep before this slice */
		t->begin = since;
		t->state = BLAME_ASLEEP;
	}
	if (t->state != BLAME_ASLEEP)
		return;
	t->end = e->since > t->begin ? e->since : t->begin;
	t->state = BLAME_WOKEN;
	if (e->state == ST_GIL_WAIT && wait__gil(t->wait) == g && e->word != PYTHON_MUTEX &&
	    !has_timed_out(e, t->begin, t->end))
		timeline__released(blame_gil__timeline(g), t->end, t->id.tls);
}

/* It timed out of its sleep and ran, which only its going to sleep again tells. */
static void note_run(struct blame_thread *t, struct blame_gil *g, const struct wire_gil_event *e,
		     uint64_t since)
{
	struct wire_gil_event ran = *e;

	ran.what = GIL_RAN;
	ran.h.time = e->since;
	ran.since = e->woken;
	ran.state = ST_GIL_WAIT;
	ran.holds = 0;
	step_ran(t, g, &ran, since);
}

/* Its sleep had gaps, which only this step tells. */
static void take_gaps(struct blame_thread *t, const struct wire_gil_event *e)
{
	for (uint32_t i = 0; i < e->gaps_n && i < WIRE_GAPS && t->state == BLAME_ASLEEP; i++) {
		const struct wire_gap *gap = &e->gaps[i];
		uint64_t woken = t->begin + gap->asleep_ns, ran = woken + gap->queued_ns;

		wait__asleep(t->wait, t->begin, woken);
		wait__queued(t->wait, woken, ran);
		t->begin = ran + gap->ran_ns;
	}
}

static void step_left(struct blame *b, struct blame_thread *t, struct blame_gil *g,
		      const struct wire_gil_event *e, uint64_t since)
{
	if (e->woken && e->since)
		note_run(t, g, e, since);
	else if (t->state == BLAME_ASLEEP) { /* it has run, and nobody has told us */
		t->end = e->h.time;
		t->ran_since = e->h.time;
		t->state = BLAME_WOKEN;
	} else if (e->since && e->since < e->h.time) {
		t->ran_since = e->since;
	}
	blame_gil__learn(g, e);
	look(b, g, e);
	if (e->holds)
		timeline__off(blame_gil__timeline(g), e->h.time, e->tls, e->state == ST_RUNQ,
			      e->nr);
	if (e->stack)
		timeline__stack(blame_gil__timeline(g), e->h.time, blame_gil__meant(g, e->holder),
				e->stack);
	if (e->state == ST_GIL_WAIT && !e->holds) {
		fall_asleep(t, g, e);
		return;
	}
	blame_thread__settle(t);
	if (e->state != ST_RUNQ || e->h.time - t->ran_since > RETRY_NS)
		wait__end(t->wait, t->ran_since);
}

static int step(struct blame *b, const struct wire_gil_event *e)
{
	const struct wait_thread id = { e->h.key, e->tls, e->h.tgid, e->tid };
	struct blame_gil *g = blame_gils__get(b->gils, e->h.key, e->gil);
	struct blame_thread *t = blame_threads__get(b->threads, &id);

	if (!g || !t)
		return -ENOMEM;
	b->steps++;
	if (wait__gil(t->wait) != g)
		wait__charge(t->wait);
	take_gaps(t, e);
	blame_gil__note(g, e);
	if (e->what == GIL_LEFT)
		step_left(b, t, g, e, b->since);
	else
		step_ran(t, g, e, b->since);
	note_hold(b, g, e);
	return waits__error(b->waits);
}

/*
 * Only some slices of time are told of: what is open at the end of one is charged up to there, and at
 * the begin of the next nothing is known.
 */
static void note_slice(struct blame *b, const struct wire_gil_event *e)
{
	uint64_t begin = e->h.time >> e->slice_shift << e->slice_shift;

	if (b->slice_end && e->h.time >= b->slice_end && (b->sparse > 1 || e->sparse > 1)) {
		blame__close(b, b->slice_end);
		blame_gils__forget(b->gils);
		b->since = begin;
		b->sampled = true;
	}
	if (e->h.time >= b->slice_end)
		b->slice_end = begin + (1ull << e->slice_shift);
	b->sparse = e->sparse;
}

int blame__step(struct blame *b, const struct wire_gil_event *e)
{
	if (e->slice_shift < 64)
		note_slice(b, e);
	return step(b, e);
}

uint64_t blame__work(const struct blame *b)
{
	return STEP_WORK * b->steps + waits__charges(b->waits);
}

uint64_t blame__mean_sleep(const struct blame *b)
{
	return waits__mean_sleep(b->waits);
}

void blame__waiter_stack(struct blame *b, const struct wire_sample_event *e)
{
	struct blame_thread *t = blame_threads__find(b->threads, e->h.key, e->ip);

	if (t && t->id.tid == e->tid)
		wait__stack(t->wait, e->stack);
}

void blame__seed(struct blame *b, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at)
{
	struct blame_gil *g = blame_gils__get(b->gils, key, gil);
	const struct timeline_look l = { .at = at,
					 .locked = true,
					 .holder = holder,
					 .switch_number = UINT64_MAX - 1,
					 .holder_ran_since = at };

	if (g && holder)
		timeline__look(blame_gil__timeline(g), &l);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Between the slices that are told of nothing is known, so nothing is charged. */
static uint64_t known_until(const struct blame *b, uint64_t end)
{
	return b->sparse > 1 && b->slice_end < end ? b->slice_end : end;
}

int blame__close(struct blame *b, uint64_t end)
{
	blame_threads__close(b->threads, known_until(b, end));
	return waits__error(b->waits);
}

int blame__account(struct blame *b, const struct wire_thread *t)
{
	const struct wait_thread id = { t->key, t->tls, t->tgid, t->tid };
	struct blame_thread *known = blame_threads__find(b->threads, t->key, t->tls);
	int err = 0;

	if (known && known->id.tid == t->tid) /* no step of its own has ended its last wait */
		blame_thread__close(known, known_until(b, t->end));
	if (t->tls && t->gils && !known) /* else it may be another's by now */
		blame_threads__get(b->threads, &id);
	for (size_t i = 0; i < WIRE_GIL_USES && t->uses[i].gil && !err; i++) {
		struct blame_row row = {
			.key = t->key,
			.gil = t->uses[i].gil,
			.pid = t->tgid,
			.waiter = t->tid,
			.kind = BLAME_UNKNOWN,
			.wait_ns = t->uses[i].wait_ns,
		};

		err = blame_rows__expect(b->rows, &row);
		if (!err)
			err = holding__count(b->holding, t, &t->uses[i]);
	}
	return err;
}

static void name_holder(void *ctx, struct blame_row *row)
{
	const struct blame *b = ctx;
	const struct blame_gil *g = blame_gils__find(b->gils, row->key, row->gil);

	if (g && blame_gil__meant(g, row->holder) != row->holder) {
		row->holder = blame_gil__meant(g, row->holder);
		row->holder_tid = 0;
	}
	if (!row->holder_tid)
		row->holder_tid = tid_of(ctx, row->key, row->holder);
}

static int add_row(void *rows, const struct blame_row *row)
{
	return blame_rows__add(rows, row);
}

static int note_charged(void *holding, const struct blame_row *row)
{
	return holding__charged(holding, row);
}

static uint64_t free_ns(void *holding, const struct ledger_waiter *w, const struct ledger_deed *d,
			uint64_t ns)
{
	return d->holder_tid ? holding__free_ns(holding, w->key, w->gil, d->holder_tid, ns) : 0;
}

size_t blame__rows(struct blame *b, const struct blame_row **rows)
{
	struct ledger *ledger = waits__ledger(b->waits);

	if (!ledger__each(ledger, note_charged, b->holding))
		ledger__give_back(ledger, free_ns, b->holding);
	ledger__each(ledger, add_row, b->rows); /* what finds no memory becomes nobody's */
	blame_rows__each(b->rows, name_holder, b);
	return blame_rows__finish(b->rows, b->sampled, rows);
}

size_t blame__waits(const struct blame *b, const struct blame_case **waits)
{
	return waits__longest(b->waits, waits);
}

size_t blame__holds(const struct blame *b, const struct blame_case **holds)
{
	*holds = b->holds.cases;
	return b->holds.n;
}

struct hold_totals blame__under_holds(const struct blame *b, uint64_t key, uint64_t gil)
{
	struct blame_gil *g = blame_gils__find(b->gils, key, gil);

	return g ? *blame_gil__holds(g) : (struct hold_totals){ 0 };
}

struct blame *blame__new(void)
{
	struct blame *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->gils = blame_gils__new();
	b->waits = waits__new(tid_of, b);
	b->threads = b->waits ? blame_threads__new(b->waits) : NULL;
	b->holding = holding__new();
	b->rows = blame_rows__new();
	if (b->gils && b->threads && b->holding && b->rows)
		return b;
	blame__free(b);
	return NULL;
}

void blame__free(struct blame *b)
{
	if (!b)
		return;
	blame_threads__free(b->threads);
	waits__free(b->waits);
	blame_gils__free(b->gils);
	holding__free(b->holding);
	blame_rows__free(b->rows);
	free(b);
}
