/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "blame_rows.h"
#include "blame_worst.h"
#include "hold_run.h"
#include "holding.h"
#include "ledger.h"

#define MAX_GILS 512 /* with a timeline of 200 KB each */
#define MAX_THREADS 65536
#define RETRY_NS 100000 /* as ACCOUNT_RETRY_NS: it came back from a time-out and waits on */
#define ALIAS_CERTAIN 3
#define MAX_PENDING 64
#define STEP_WORK 4	/* as much as so many charges */
#define LONG_HOLD 4	/* switch intervals */
#define PYTHON_MUTEX 80 /* gil->mutex: who is woken from there has not been given the GIL */

struct blame_gil {
	uint64_t key, gil;
	struct timeline *timeline; /* NULL: no memory, or too many */
	struct {
		uint64_t switch_number, holder;
	} own, told; /* the latest tenure by what its holder said of itself, and others of it */
	uint64_t alias, alias_of; /* that fs base stands for this one */
	uint32_t alias_seen;
	uint64_t long_ns; /* holds of more than that are long */
	struct hold_totals holds;
};

enum wait_state {
	WAIT_NONE,
	WAIT_ASLEEP,
	WAIT_OVER /* not yet charged: the next look may tell more */
};

/* A part of a wait that is not charged yet. */
struct pending {
	uint64_t begin, end;
	bool runq; /* else asleep */
};

struct blame_thread {
	uint64_t key, tls;
	uint32_t pid, tid;
	uint64_t ran_since;    /* when it last got a CPU */
	struct blame_gil *gil; /* that it waits for */
	struct ledger_account *account;
	const struct blame_gil *account_gil; /* that it is for */
	enum wait_state state;
	uint64_t begin, end;	 /* of its sleep */
	uint64_t queued;	 /* since when it was in a run queue before it ran; 0: it was not */
	struct blame_case wait;	 /* the chain of sleeps that are one wait; ns 0: none */
	uint64_t worst_ns;	 /* of its culprit */
	struct pending *pending; /* of this wait; NULL: it has never waited */
	size_t pending_n;
	uint64_t pending_since; /* timeline__length as the first of them was added */
	struct hold_run under;	/* the holds that it waits under */
};

struct blame {
	void *gils;		       /* tsearch(3) */
	struct blame_gil *last_gil;    /* looked for: the next event is mostly of the same */
	struct blame_thread **threads; /* by hash of the fs base, a power of two of places */
	size_t gils_n, threads_n, threads_max;
	uint32_t sparse;    /* of the latest event */
	uint64_t slice_end; /* of its slice of time; 0: there was none */
	uint64_t since;	    /* nothing is known from before this; 0: nothing was left out */
	bool sampled;	    /* something was */
	struct ledger *ledger;
	struct holding *holding;
	struct blame_rows *rows; /* made of it, at the end */
	struct blame_worst waits, holds;
	uint64_t work, slept_ns, sleeps;
	int err;
};

/* --- finding things --------------------------------------------------------------------------- */

static int by_gil(const void *a, const void *b)
{
	const struct blame_gil *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->gil < q->gil ? -1 : p->gil > q->gil;
}

static void *find(void *const *tree, const void *probe, int (*compare)(const void *, const void *))
{
	void *node = tfind(probe, tree, compare);

	return node ? *(void **)node : NULL;
}

static struct blame_gil *gil_of(struct blame *b, uint64_t key, uint64_t gil)
{
	struct blame_gil probe = { .key = key, .gil = gil }, *g = b->last_gil;

	if (g && g->gil == gil && g->key == key)
		return g;
	g = find(&b->gils, &probe, by_gil);
	if (g)
		b->last_gil = g;
	if (g || b->gils_n == MAX_GILS)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	*g = probe;
	g->timeline = timeline__new();
	if (!g->timeline || !tsearch(g, &b->gils, by_gil)) {
		timeline__free(g->timeline);
		free(g);
		return NULL;
	}
	b->gils_n++;
	return g;
}

static struct blame_thread **place_of(struct blame *b, uint64_t key, uint64_t tls)
{
	size_t mask = b->threads_max - 1;
	/* fs bases are multiples of 64, and mostly far apart */
	size_t i = (size_t)(((tls >> 6) ^ key) * 0x9e3779b97f4a7c15ull >> 32) & mask;

	while (b->threads[i] && (b->threads[i]->tls != tls || b->threads[i]->key != key))
		i = (i + 1) & mask;
	return &b->threads[i];
}

static struct blame_thread *thread_at(struct blame *b, uint64_t key, uint64_t tls)
{
	return tls && b->threads_max ? *place_of(b, key, tls) : NULL;
}

/* Room for one more thread, half of the places staying empty. */
static bool grow(struct blame *b)
{
	size_t old_max = b->threads_max, max = old_max ? 2 * old_max : 64;
	struct blame_thread **old = b->threads, **threads;

	if (2 * (b->threads_n + 1) <= old_max)
		return true;
	threads = max <= 2 * MAX_THREADS ? calloc(max, sizeof(struct blame_thread *)) : NULL;
	if (!threads)
		return false;
	b->threads = threads;
	b->threads_max = max;
	for (size_t i = 0; i < old_max; i++) {
		if (old[i])
			*place_of(b, old[i]->key, old[i]->tls) = old[i];
	}
	free(old);
	return true;
}

/* --- charging --------------------------------------------------------------------------------- */

struct charge {
	struct blame *b;
	struct blame_thread *waiter;
	bool runq;
};

static uint32_t deed_of(const struct charge *c, const struct timeline_part *p)
{
	const struct blame_thread *h = thread_at(c->b, c->waiter->key, p->holder);
	const struct ledger_deed d = {
		.holder = p->holder,
		.holder_tid = h ? h->tid : 0,
		.stack = p->kind == BLAME_HANDOFF ? 0 : p->stack,
		.nr = p->nr,
	};

	return ledger__deed(c->b->ledger, &d);
}

static void note_worst(struct blame_thread *waiter, const struct blame_thread *holder,
		       const struct timeline_part *p)
{
	waiter->worst_ns = p->end - p->begin;
	waiter->wait.holder = p->holder;
	waiter->wait.holder_tid = holder ? holder->tid : 0;
	waiter->wait.kind = p->kind;
	waiter->wait.nr = p->nr;
	waiter->wait.stack = p->kind == BLAME_HANDOFF ? 0 : p->stack;
}

/* Who waits has given the lock up, though nobody saw it. */
static struct timeline_part without_itself(const struct charge *c, const struct timeline_part *p)
{
	struct timeline_part part = *p;

	if (!c->runq && p->holder && p->holder == c->waiter->tls) {
		part.kind = BLAME_HANDOFF;
		part.memo = NULL;
	}
	return part;
}

static bool is_blamed(const struct charge *c, const struct timeline_part *p)
{
	return !c->runq || (p->holder != c->waiter->tls && p->kind != BLAME_HANDOFF &&
			    p->kind != BLAME_UNKNOWN);
}

static void note_asleep(struct charge *c, const struct timeline_part *p)
{
	struct blame_thread *w = c->waiter;
	uint64_t ns = p->end - p->begin;

	hold_run__part(&w->under, p->kind == BLAME_HANDOFF ? 0 : p->holder, ns, w->gil->long_ns,
		       &w->gil->holds);
	if (ns > w->worst_ns)
		note_worst(w, thread_at(c->b, w->key, p->holder), p);
}

static void charge_part(void *ctx, const struct timeline_part *told)
{
	struct charge *c = ctx;
	struct timeline_part p = without_itself(c, told);
	uint32_t deed = p.memo ? *p.memo : 0;

	c->b->work++;
	if (!is_blamed(c, &p))
		return;
	if (!c->runq)
		note_asleep(c, &p);
	if (!deed)
		deed = deed_of(c, &p);
	if (p.memo)
		*p.memo = deed;
	if (ledger__charge(c->b->ledger, c->waiter->account, deed, p.kind, c->runq,
			   p.end - p.begin))
		c->b->err = -ENOMEM;
}

static bool has_account(struct blame *b, struct blame_thread *t)
{
	const struct ledger_waiter w = {
		.key = t->key, .gil = t->gil->gil, .pid = t->pid, .tid = t->tid
	};

	if (!t->account || t->account_gil != t->gil) {
		t->account = ledger__account(b->ledger, &w);
		t->account_gil = t->gil;
	}
	return t->account;
}

static void charge(struct blame *b, struct blame_thread *t, uint64_t begin, uint64_t end, bool runq)
{
	struct charge c = { b, t, runq };

	if (!t->gil || !t->gil->timeline || end <= begin)
		return;
	if (has_account(b, t))
		timeline__cut(t->gil->timeline, begin, end, charge_part, &c);
	else
		b->err = -ENOMEM;
	if (runq)
		return;
	b->slept_ns += end - begin;
	b->sleeps++;
	hold_run__end_sleep(&t->under, t->gil->long_ns, &t->gil->holds);
}

static void charge_pending(struct blame *b, struct blame_thread *t)
{
	for (size_t i = 0; i < t->pending_n; i++)
		charge(b, t, t->pending[i].begin, t->pending[i].end, t->pending[i].runq);
	t->pending_n = 0;
}

/* Is what the timeline tells of the parts about to be forgotten? */
static bool is_late(const struct blame_thread *t)
{
	return t->pending_n == MAX_PENDING ||
	       timeline__length(t->gil->timeline) > t->pending_since + TIMELINE_SEGMENTS / 2;
}

/*
 * A part of a wait is charged when the wait is over: how a holder came back to its CPU, and when it had been
 * woken, only its own steps tell, and it must have come back to give the GIL up.
 */
static void put_off(struct blame *b, struct blame_thread *t, uint64_t begin, uint64_t end,
		    bool runq)
{
	if (!t->gil || end <= begin)
		return;
	if (!t->pending)
		t->pending = malloc(MAX_PENDING * sizeof(*t->pending));
	if (!t->pending) {
		charge(b, t, begin, end, runq);
		return;
	}
	if (t->pending_n && is_late(t))
		charge_pending(b, t);
	if (!t->pending_n)
		t->pending_since = timeline__length(t->gil->timeline);
	t->pending[t->pending_n++] = (struct pending){ begin, end, runq };
}

/* The sleep has ended, and the queueing behind it. */
static void settle(struct blame *b, struct blame_thread *t)
{
	if (t->state != WAIT_OVER)
		return;
	put_off(b, t, t->begin, t->end, false);
	put_off(b, t, t->end, t->ran_since, true);
	t->state = WAIT_NONE;
	t->queued = 0;
}

/* The chain of sleeps that made one wait is over. */
static void end_wait(struct blame *b, struct blame_thread *t)
{
	charge_pending(b, t);
	if (!t->wait.begin)
		return;
	t->wait.ns = t->ran_since > t->wait.begin ? t->ran_since - t->wait.begin : 0;
	if (t->gil)
		hold_run__end_wait(&t->under, t->gil->long_ns, &t->gil->holds);
	blame_worst__add(&b->waits, &t->wait);
	memset(&t->wait, 0, sizeof(t->wait));
	t->worst_ns = 0;
}

/* It has ended, or the window has. */
static void close_thread(struct blame *b, struct blame_thread *t, uint64_t end)
{
	if (t->state == WAIT_ASLEEP) {
		t->end = end > t->begin ? end : t->begin;
		t->ran_since = t->end;
		t->state = WAIT_OVER;
	}
	settle(b, t);
	end_wait(b, t);
	t->queued = 0;
}

/* A thread, and its TID: the memory of one that has ended serves the next. */
static struct blame_thread *thread_of(struct blame *b, uint64_t key, uint64_t tls, uint32_t pid,
				      uint32_t tid)
{
	struct blame_thread fresh = { .key = key, .tls = tls, .pid = pid, .tid = tid };
	struct blame_thread *t = thread_at(b, key, tls);

	if (!t) {
		t = grow(b) ? malloc(sizeof(*t)) : NULL;
		if (!t)
			return NULL;
		*t = fresh;
		*place_of(b, key, tls) = t;
		b->threads_n++;
	} else if (t->tid != tid) {
		close_thread(b, t, t->ran_since);
		fresh.pending = t->pending;
		*t = fresh;
	}
	return t;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void note_hold(struct blame *b, struct blame_gil *g, uint32_t pid)
{
	const struct blame_thread *h;
	struct timeline_part p;
	struct blame_case c;

	if (!timeline__ended(g->timeline, &p))
		return;
	h = thread_at(b, g->key, p.holder);
	c = (struct blame_case){
		.key = g->key,
		.gil = g->gil,
		.begin = p.begin,
		.ns = p.end - p.begin,
		.holder = p.holder,
		.stack = p.stack,
		.pid = pid,
		.holder_tid = h ? h->tid : 0,
		.kind = p.kind,
		.nr = p.nr,
	};
	blame_worst__add(&b->holds, &c);
}

static uint64_t meant(const struct blame_gil *g, uint64_t holder)
{
	return holder && holder == g->alias && g->alias_seen >= ALIAS_CERTAIN ? g->alias_of
									      : holder;
}

/*
 * In CPython 3.12 the first PyThreadState of an interpreter names the thread that created the interpreter,
 * whichever runs it (python__holds_any in bpf/python.bpf.c): others are told of a wrong holder. Who that
 * is shows when the holder speaks of the same tenure. Nobody stands for another who is seen to hold the
 * GIL himself.
 */
static void learn_alias(struct blame_gil *g, const struct wire_gil_event *e)
{
	if (e->locked <= 0 || e->gils < 2)
		return;
	if (e->holds) {
		g->own.switch_number = e->switch_number;
		g->own.holder = e->tls;
		if (e->tls == g->alias)
			g->alias_seen = 0;
	} else {
		g->told.switch_number = e->switch_number;
		g->told.holder = e->holder;
	}
	if (!g->own.holder || !g->told.holder || g->own.switch_number != g->told.switch_number ||
	    g->own.holder == g->told.holder)
		return;
	if (g->alias != g->told.holder || g->alias_of != g->own.holder)
		g->alias_seen = 0;
	g->alias = g->told.holder;
	g->alias_of = g->own.holder;
	g->alias_seen++;
	g->told.holder = 0;
}

static void look(struct blame *b, struct blame_gil *g, const struct wire_gil_event *e)
{
	const uint64_t holder = meant(g, e->holder);
	const struct blame_thread *h = thread_at(b, e->h.key, holder);
	struct timeline_look l = {
		.at = e->h.time,
		.locked = e->locked > 0,
		.holder = holder,
		.switch_number = e->switch_number,
		.holder_ran_since = h ? h->ran_since : 0,
		.holder_waited = h && h->state == WAIT_OVER && h->gil == g,
	};

	if (e->locked < 0)
		return;
	timeline__confirm(g->timeline, e->confirmed);
	timeline__look(g->timeline, &l);
}

/* The switch interval, ns. */
static uint64_t interval_of(const struct wire_gil_event *e)
{
	return (e->interval_us ? e->interval_us : 5000) * 1000ull;
}

/* Its latest sleep, from which it was woken at `woken`, ended by itself: nobody has given the GIL up. */
static bool has_timed_out(const struct wire_gil_event *e, uint64_t slept, uint64_t woken)
{
	uint64_t interval = interval_of(e);

	return woken - slept >= interval - interval / 50;
}

static void fall_asleep(struct blame *b, struct blame_thread *t, struct blame_gil *g,
			const struct wire_gil_event *e)
{
	bool same = t->gil == g;

	settle(b, t);
	if (t->wait.begin && (!same || e->h.time - t->ran_since > RETRY_NS))
		end_wait(b, t);
	t->gil = g;
	if (e->asked)
		timeline__drop_requested(g->timeline, e->h.time);
	if (t->queued && e->h.time - t->ran_since <= RETRY_NS)
		put_off(b, t, t->queued, t->ran_since, true);
	t->queued = 0;
	if (!t->wait.begin) {
		t->wait.key = t->key;
		t->wait.gil = g->gil;
		t->wait.pid = t->pid;
		t->wait.waiter = t->tid;
		t->wait.begin = e->h.time;
		t->wait.kind = BLAME_UNKNOWN;
	}
	t->state = WAIT_ASLEEP;
	t->begin = e->h.time;
}

static void step_ran(struct blame_thread *t, struct blame_gil *g, const struct wire_gil_event *e,
		     uint64_t since)
{
	if (e->holds) {
		if (e->state != ST_RUNQ && e->since < e->h.time)
			timeline__off(g->timeline, e->since, e->tls, true, 0);
		timeline__on(g->timeline, e->h.time, e->tls);
	}
	t->ran_since = e->h.time;
	t->queued = e->since < e->h.time ? e->since : 0;
	if (t->state == WAIT_NONE && e->state == ST_GIL_WAIT && since) {
		t->gil = g; /* it fell asleep before this slice */
		t->begin = since;
		t->state = WAIT_ASLEEP;
	}
	if (t->state != WAIT_ASLEEP)
		return;
	t->end = e->since > t->begin ? e->since : t->begin;
	t->state = WAIT_OVER;
	if (e->state == ST_GIL_WAIT && t->gil == g && e->word != PYTHON_MUTEX &&
	    !has_timed_out(e, t->begin, t->end))
		timeline__released(g->timeline, t->end, t->tls);
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
static void take_gaps(struct blame *b, struct blame_thread *t, const struct wire_gil_event *e)
{
	for (uint32_t i = 0; i < e->gaps_n && i < WIRE_GAPS && t->state == WAIT_ASLEEP; i++) {
		const struct wire_gap *gap = &e->gaps[i];
		uint64_t woken = t->begin + gap->asleep_ns, ran = woken + gap->queued_ns;

		put_off(b, t, t->begin, woken, false);
		put_off(b, t, woken, ran, true);
		t->begin = ran + gap->ran_ns;
	}
}

static void step_left(struct blame *b, struct blame_thread *t, struct blame_gil *g,
		      const struct wire_gil_event *e, uint64_t since)
{
	if (e->woken && e->since)
		note_run(t, g, e, since);
	else if (t->state == WAIT_ASLEEP) { /* it has run, and nobody has told us */
		t->end = e->h.time;
		t->ran_since = e->h.time;
		t->state = WAIT_OVER;
	} else if (e->since && e->since < e->h.time) {
		t->ran_since = e->since;
	}
	learn_alias(g, e);
	look(b, g, e);
	if (e->holds)
		timeline__off(g->timeline, e->h.time, e->tls, e->state == ST_RUNQ, e->nr);
	if (e->stack)
		timeline__stack(g->timeline, e->h.time, meant(g, e->holder), e->stack);
	if (e->state == ST_GIL_WAIT && !e->holds) {
		fall_asleep(b, t, g, e);
		return;
	}
	settle(b, t);
	if (e->state != ST_RUNQ || e->h.time - t->ran_since > RETRY_NS)
		end_wait(b, t);
}

static int step(struct blame *b, const struct wire_gil_event *e)
{
	struct blame_gil *g = gil_of(b, e->h.key, e->gil);
	struct blame_thread *t = thread_of(b, e->h.key, e->tls, e->h.tgid, e->tid);

	if (!g || !t)
		return -ENOMEM;
	b->err = 0;
	b->work += STEP_WORK;
	if (t->gil && t->gil != g)
		charge_pending(b, t);
	take_gaps(b, t, e);
	g->long_ns = LONG_HOLD * interval_of(e);
	if (e->what == GIL_LEFT)
		step_left(b, t, g, e, b->since);
	else
		step_ran(t, g, e, b->since);
	note_hold(b, g, e->h.tgid);
	return b->err;
}

static void begin_anew(const void *node, VISIT visit, void *ctx)
{
	const struct blame_gil *g = *(const struct blame_gil *const *)node;

	(void)ctx;
	if (visit == postorder || visit == leaf)
		timeline__forget(g->timeline);
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
		twalk_r(b->gils, begin_anew, NULL);
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
	return b->work;
}

uint64_t blame__mean_sleep(const struct blame *b)
{
	return b->sleeps ? b->slept_ns / b->sleeps : 0;
}

void blame__waiter_stack(struct blame *b, const struct wire_sample_event *e)
{
	struct blame_thread *t = thread_at(b, e->h.key, e->ip);

	if (t && t->tid == e->tid && t->wait.begin && !t->wait.waiter_stack)
		t->wait.waiter_stack = e->stack;
}

void blame__seed(struct blame *b, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at)
{
	struct blame_gil *g = gil_of(b, key, gil);
	const struct timeline_look l = { .at = at,
					 .locked = true,
					 .holder = holder,
					 .switch_number = UINT64_MAX - 1,
					 .holder_ran_since = at };

	if (g && holder)
		timeline__look(g->timeline, &l);
}

/* --- the end ---------------------------------------------------------------------------------- */

int blame__close(struct blame *b, uint64_t end)
{
	b->err = 0;
	for (size_t i = 0; i < b->threads_max; i++) {
		if (b->threads[i])
			close_thread(b, b->threads[i], end);
	}
	return b->err;
}

int blame__account(struct blame *b, const struct wire_thread *t)
{
	struct blame_thread *known = thread_at(b, t->key, t->tls);
	int err = 0;

	if (known && known->tid == t->tid) /* no step of its own has ended its last wait */
		close_thread(b, known, t->end);
	if (t->tls && t->gils && !known) /* else it may be another's by now */
		thread_of(b, t->key, t->tls, t->tgid, t->tid);
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
	const struct blame_gil probe = { .key = row->key, .gil = row->gil };
	const struct blame_gil *g = find(&((struct blame *)ctx)->gils, &probe, by_gil);
	const struct blame_thread *t;

	if (g && meant(g, row->holder) != row->holder) {
		row->holder = meant(g, row->holder);
		row->holder_tid = 0;
	}
	t = thread_at(ctx, row->key, row->holder);
	if (!row->holder_tid && t)
		row->holder_tid = t->tid;
}

static int add_row(void *rows, const struct blame_row *row)
{
	return blame_rows__add(rows, row);
}

static uint64_t free_ns(void *holding, const struct ledger_waiter *w, const struct ledger_deed *d,
			uint64_t ns)
{
	return d->holder_tid ? holding__free_ns(holding, w->key, w->gil, d->holder_tid, ns) : 0;
}

size_t blame__rows(struct blame *b, const struct blame_row **rows)
{
	ledger__give_back(b->ledger, free_ns, b->holding);
	ledger__each(b->ledger, add_row, b->rows); /* what finds no memory becomes nobody's */
	blame_rows__each(b->rows, name_holder, b);
	return blame_rows__finish(b->rows, b->sampled, rows);
}

size_t blame__waits(const struct blame *b, const struct blame_case **waits)
{
	*waits = b->waits.cases;
	return b->waits.n;
}

size_t blame__holds(const struct blame *b, const struct blame_case **holds)
{
	*holds = b->holds.cases;
	return b->holds.n;
}

struct hold_totals blame__under_holds(const struct blame *b, uint64_t key, uint64_t gil)
{
	const struct blame_gil probe = { .key = key, .gil = gil };
	const struct blame_gil *g = find(&b->gils, &probe, by_gil);

	return g ? g->holds : (struct hold_totals){ 0 };
}

struct blame *blame__new(void)
{
	struct blame *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->rows = blame_rows__new();
	b->ledger = ledger__new();
	b->holding = holding__new();
	if (b->rows && b->ledger && b->holding)
		return b;
	blame__free(b);
	return NULL;
}

static void free_gil(void *node)
{
	timeline__free(((struct blame_gil *)node)->timeline);
	free(node);
}

void blame__free(struct blame *b)
{
	if (!b)
		return;
	tdestroy(b->gils, free_gil);
	for (size_t i = 0; i < b->threads_max; i++) {
		if (b->threads[i])
			free(b->threads[i]->pending);
		free(b->threads[i]);
	}
	free(b->threads);
	ledger__free(b->ledger);
	holding__free(b->holding);
	blame_rows__free(b->rows);
	free(b);
}
