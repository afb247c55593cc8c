/* SPDX-License-Identifier: BSD-2-Clause */
#include "waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blame_worst.h"

#define MAX_PENDING 64

struct waits {
	struct ledger *ledger;
	struct blame_worst longest;
	uint64_t charges, slept_ns, sleeps;
	int err;
	waits_tid_of *tid_of;
	void *ctx;
};

/* A part of a wait that is not charged yet. */
struct pending {
	uint64_t begin, end;
	bool runq; /* else asleep */
};

struct wait {
	struct waits *all;
	struct wait_thread thread;
	struct blame_gil *gil;
	struct ledger_account *account;
	const struct blame_gil *account_gil; /* that it is for */
	struct blame_case told;		     /* as it will be told of; begin 0: it is not open */
	uint64_t worst_ns;		     /* of its culprit */
	struct pending *pending;	     /* NULL: it never had any */
	size_t pending_n;
	uint64_t pending_since; /* timeline__length as the first of them was added */
	struct hold_run under;	/* the holds that it waits under */
};

/* --- charging --------------------------------------------------------------------------------- */

struct charge {
	struct wait *wait;
	bool runq;
};

static uint32_t holder_tid(const struct wait *w, const struct timeline_part *p)
{
	return w->all->tid_of(w->all->ctx, w->thread.key, p->holder);
}

static uint32_t deed_of(const struct wait *w, const struct timeline_part *p)
{
	const struct ledger_deed d = {
		.holder = p->holder,
		.holder_tid = holder_tid(w, p),
		.stack = p->kind == BLAME_HANDOFF ? 0 : p->stack,
		.nr = p->nr,
	};

	return ledger__deed(w->all->ledger, &d);
}

static void note_worst(struct wait *w, const struct timeline_part *p)
{
	w->worst_ns = p->end - p->begin;
	w->told.holder = p->holder;
	w->told.holder_tid = holder_tid(w, p);
	w->told.kind = p->kind;
	w->told.nr = p->nr;
	w->told.stack = p->kind == BLAME_HANDOFF ? 0 : p->stack;
}

/* Who waits has given the lock up, though nobody saw it. */
static struct timeline_part without_itself(const struct charge *c, const struct timeline_part *p)
{
	struct timeline_part part = *p;

	if (!c->runq && p->holder && p->holder == c->wait->thread.tls) {
		part.kind = BLAME_HANDOFF;
		part.memo = NULL;
	}
	return part;
}

static bool is_blamed(const struct charge *c, const struct timeline_part *p)
{
	return !c->runq || (p->holder != c->wait->thread.tls && p->kind != BLAME_HANDOFF &&
			    p->kind != BLAME_UNKNOWN);
}

static void note_asleep(struct wait *w, const struct timeline_part *p)
{
	uint64_t ns = p->end - p->begin;

	hold_run__part(&w->under, p->kind == BLAME_HANDOFF ? 0 : p->holder, ns,
		       blame_gil__holds(w->gil));
	if (ns > w->worst_ns)
		note_worst(w, p);
}

static void charge_part(void *ctx, const struct timeline_part *told)
{
	const struct charge *c = ctx;
	struct waits *all = c->wait->all;
	struct timeline_part p = without_itself(c, told);
	uint32_t deed = p.memo ? *p.memo : 0;

	all->charges++;
	if (!is_blamed(c, &p))
		return;
	if (!c->runq)
		note_asleep(c->wait, &p);
	if (!deed)
		deed = deed_of(c->wait, &p);
	if (p.memo)
		*p.memo = deed;
	if (ledger__charge(all->ledger, c->wait->account, deed, p.kind, c->runq,
			   (p.end - p.begin) * blame_gil__holds(c->wait->gil)->weight))
		all->err = -ENOMEM;
}

static bool has_account(struct wait *w)
{
	const struct ledger_waiter waiter = {
		.key = w->thread.key,
		.gil = blame_gil__address(w->gil),
		.pid = w->thread.pid,
		.tid = w->thread.tid,
	};

	if (!w->account || w->account_gil != w->gil) {
		w->account = ledger__account(w->all->ledger, &waiter);
		w->account_gil = w->gil;
	}
	return w->account;
}

static void charge(struct wait *w, const struct pending *p)
{
	struct charge c = { w, p->runq };

	if (has_account(w))
		timeline__cut(blame_gil__timeline(w->gil), p->begin, p->end, charge_part, &c);
	else
		w->all->err = -ENOMEM;
	if (p->runq)
		return;
	w->all->slept_ns += p->end - p->begin;
	w->all->sleeps++;
	hold_run__end_sleep(&w->under, blame_gil__holds(w->gil));
}

void wait__charge(struct wait *w)
{
	for (size_t i = 0; i < w->pending_n; i++)
		charge(w, &w->pending[i]);
	w->pending_n = 0;
}

/* --- a wait ----------------------------------------------------------------------------------- */

struct wait *wait__new(struct waits *ws, const struct wait_thread *t)
{
	struct wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->all = ws;
	w->thread = *t;
	return w;
}

void wait__free(struct wait *w)
{
	if (!w)
		return;
	free(w->pending);
	free(w);
}

void wait__set_gil(struct wait *w, struct blame_gil *gil)
{
	w->gil = gil;
}

struct blame_gil *wait__gil(const struct wait *w)
{
	return w->gil;
}

void wait__begin(struct wait *w, uint64_t at)
{
	w->told.key = w->thread.key;
	w->told.gil = blame_gil__address(w->gil);
	w->told.pid = w->thread.pid;
	w->told.waiter = w->thread.tid;
	w->told.begin = at;
	w->told.kind = BLAME_UNKNOWN;
}

bool wait__is_open(const struct wait *w)
{
	return w->told.begin;
}

void wait__stack(struct wait *w, uint64_t stack)
{
	if (wait__is_open(w) && !w->told.waiter_stack)
		w->told.waiter_stack = stack;
}

/* Is what the timeline tells of the parts about to be forgotten? */
static bool is_late(const struct wait *w)
{
	return w->pending_n == MAX_PENDING || timeline__length(blame_gil__timeline(w->gil)) >
						      w->pending_since + TIMELINE_SEGMENTS / 2;
}

static void put_off(struct wait *w, const struct pending *p)
{
	if (!w->gil || p->end <= p->begin)
		return;
	if (!w->pending)
		w->pending = malloc(MAX_PENDING * sizeof(*w->pending));
	if (!w->pending) {
		charge(w, p);
		return;
	}
	if (w->pending_n && is_late(w))
		wait__charge(w);
	if (!w->pending_n)
		w->pending_since = timeline__length(blame_gil__timeline(w->gil));
	w->pending[w->pending_n++] = *p;
}

void wait__asleep(struct wait *w, uint64_t begin, uint64_t end)
{
	put_off(w, &(struct pending){ begin, end, false });
}

void wait__queued(struct wait *w, uint64_t begin, uint64_t end)
{
	put_off(w, &(struct pending){ begin, end, true });
}

void wait__end(struct wait *w, uint64_t at)
{
	wait__charge(w);
	if (w->gil)
		hold_run__end_wait(&w->under, blame_gil__holds(w->gil));
	w->told.ns = at > w->told.begin ? at - w->told.begin : 0;
	if (wait__is_open(w)) /* else nobody saw its begin: how long it was is not known */
		blame_worst__add(&w->all->longest, &w->told);
	memset(&w->told, 0, sizeof(w->told));
	w->worst_ns = 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct waits *waits__new(waits_tid_of *tid_of, void *ctx)
{
	struct waits *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return NULL;
	ws->tid_of = tid_of;
	ws->ctx = ctx;
	ws->ledger = ledger__new();
	if (ws->ledger)
		return ws;
	waits__free(ws);
	return NULL;
}

void waits__free(struct waits *ws)
{
	if (!ws)
		return;
	ledger__free(ws->ledger);
	free(ws);
}

struct ledger *waits__ledger(struct waits *ws)
{
	return ws->ledger;
}

size_t waits__longest(const struct waits *ws, const struct blame_case **cases)
{
	*cases = ws->longest.cases;
	return ws->longest.n;
}

uint64_t waits__mean_sleep(const struct waits *ws)
{
	return ws->sleeps ? ws->slept_ns / ws->sleeps : 0;
}

uint64_t waits__charges(const struct waits *ws)
{
	return ws->charges;
}

int waits__error(struct waits *ws)
{
	int err = ws->err;

	ws->err = 0;
	return err;
}
