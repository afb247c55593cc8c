/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>

#include "compare.h"

#define MAX_DEEDS BLAME_MAX_ROWS
#define DEED_SLOTS (2 * MAX_DEEDS)
#define FIRST_ENTRIES 4

/*
 * A deed, a kind, and whether it is time asleep or in the run queue. Small, four to a cache line: with 64
 * waiters this is 100,000 charges a second, and what they cost is the memory that they touch.
 */
struct ledger_entry {
	uint32_t what; /* 0: free */
	uint32_t n;    /* charges */
	uint64_t ns;
};

/* Entries lie by the number of their deed: what holders do in turn is charged in turn. */
struct ledger_account {
	struct ledger_waiter waiter; /* first: it is what the tree compares */
	struct ledger_account *next;
	struct ledger_entry *entries;
	uint32_t n, max; /* a power of two */
};

struct ledger {
	void *by_waiter; /* tsearch(3) */
	struct ledger_account *accounts;
	uint32_t entries_n; /* of all accounts */
	struct ledger_deed *deeds;
	uint32_t deeds_n, deeds_max;
	uint32_t slots[DEED_SLOTS]; /* numbers of deeds by their hash */
};

struct ledger *ledger__new(void)
{
	return calloc(1, sizeof(struct ledger));
}

static void keep(void *node)
{
	(void)node; /* the list has it, too */
}

void ledger__free(struct ledger *l)
{
	if (!l)
		return;
	tdestroy(l->by_waiter, keep);
	for (struct ledger_account *a = l->accounts, *next; a; a = next) {
		next = a->next;
		free(a->entries);
		free(a);
	}
	free(l->deeds);
	free(l);
}

/* --- accounts --------------------------------------------------------------------------------- */

static int by_waiter(const void *a, const void *b)
{
	const struct ledger_waiter *v = a, *w = b;
	int c = compare__u64(v->key, w->key);

	c = c ? c : compare__u64(v->gil, w->gil);
	c = c ? c : compare__u64(v->pid, w->pid);
	return c ? c : compare__u64(v->tid, w->tid);
}

struct ledger_account *ledger__account(struct ledger *l, const struct ledger_waiter *w)
{
	struct ledger_account **found = tfind(w, &l->by_waiter, by_waiter), *a;

	if (found)
		return *found;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->waiter = *w;
	if (!tsearch(a, &l->by_waiter, by_waiter)) {
		free(a);
		return NULL;
	}
	a->next = l->accounts;
	l->accounts = a;
	return a;
}

/* --- deeds ------------------------------------------------------------------------------------ */

static bool is_same(const struct ledger_deed *a, const struct ledger_deed *b)
{
	return a->holder == b->holder && a->stack == b->stack && a->holder_tid == b->holder_tid &&
	       a->nr == b->nr;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

static uint32_t *slot_of(struct ledger *l, const struct ledger_deed *d)
{
	uint64_t h = mix(mix(d->holder, d->stack), (uint64_t)d->holder_tid << 32 | d->nr);
	uint32_t *slot = &l->slots[h % DEED_SLOTS];

	while (*slot && !is_same(&l->deeds[*slot - 1], d))
		slot = slot == &l->slots[DEED_SLOTS - 1] ? l->slots : slot + 1;
	return slot;
}

static bool has_room_for_deed(struct ledger *l)
{
	uint32_t max = l->deeds_max ? 2 * l->deeds_max : 256;
	struct ledger_deed *grown;

	if (l->deeds_n < l->deeds_max)
		return true;
	grown = max <= MAX_DEEDS ? reallocarray(l->deeds, max, sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	l->deeds = grown;
	l->deeds_max = max;
	return true;
}

uint32_t ledger__deed(struct ledger *l, const struct ledger_deed *d)
{
	struct ledger_deed plain = *d;
	uint32_t *slot = slot_of(l, d), known = *slot;

	if (known)
		return known;
	plain.stack = 0;
	if (d->stack && l->deeds_n >= MAX_DEEDS / 2)
		return ledger__deed(l, &plain);
	if (!has_room_for_deed(l))
		return 0;
	l->deeds[l->deeds_n++] = *d;
	*slot = l->deeds_n;
	return l->deeds_n;
}

/* --- charges ---------------------------------------------------------------------------------- */

static uint32_t what_of(uint32_t deed, uint32_t kind, bool runq)
{
	return deed << 4 | kind << 1 | runq;
}

static uint32_t deed_of(uint32_t what)
{
	return what >> 4;
}

static uint32_t kind_of(uint32_t what)
{
	return what >> 1 & 7;
}

static bool is_runq(uint32_t what)
{
	return what & 1;
}

/* A deed's two usual kinds, in bytecode and in C, lie side by side, time in the run queue apart. */
static struct ledger_entry *place_of(const struct ledger_account *a, uint32_t what)
{
	uint32_t mask = a->max - 1, i = 2 * deed_of(what) + (kind_of(what) & 1);

	for (i += is_runq(what) ? a->max / 2 : 0; a->entries[i & mask].what; i++) {
		if (a->entries[i & mask].what == what)
			break;
	}
	return &a->entries[i & mask];
}

/* Room for one more entry, half of the places staying empty. */
static bool grow(struct ledger_account *a)
{
	struct ledger_account old = *a;

	if (2 * (a->n + 1) <= a->max)
		return true;
	a->max = old.max ? 2 * old.max : FIRST_ENTRIES;
	a->entries = calloc(a->max, sizeof(*a->entries));
	if (!a->entries) {
		*a = old;
		return false;
	}
	for (uint32_t i = 0; i < old.max; i++) {
		if (old.entries[i].what)
			*place_of(a, old.entries[i].what) = old.entries[i];
	}
	free(old.entries);
	return true;
}

static struct ledger_entry *new_entry(struct ledger *l, struct ledger_account *a, uint32_t what)
{
	struct ledger_entry *e;

	if (l->entries_n >= 2 * BLAME_MAX_ROWS || !grow(a))
		return NULL;
	e = place_of(a, what);
	e->what = what;
	a->n++;
	l->entries_n++;
	return e;
}

/*
 * The entry, made if there is room. If not, one of a stack makes do with that of the same deed without one, and
 * then with one of no holder: a hundred threads that wait for each other fill it, and the others, too, must
 * have waited for somebody.
 */
static struct ledger_entry *entry_of(struct ledger *l, struct ledger_account *a, uint32_t what)
{
	struct ledger_entry *e = a->max ? place_of(a, what) : NULL;
	struct ledger_deed less;

	if (e && e->what)
		return e;
	less = l->deeds[deed_of(what) - 1];
	if (less.stack && l->entries_n >= BLAME_MAX_ROWS / 2)
		less.stack = 0;
	else if (less.holder && l->entries_n >= BLAME_MAX_ROWS)
		less = (struct ledger_deed){ 0 };
	else
		return new_entry(l, a, what);
	what = what_of(ledger__deed(l, &less), kind_of(what), is_runq(what));
	return deed_of(what) ? entry_of(l, a, what) : NULL;
}

int ledger__charge(struct ledger *l, struct ledger_account *a, uint32_t deed, enum blame_kind kind,
		   bool runq, uint64_t ns)
{
	struct ledger_entry *e = deed ? entry_of(l, a, what_of(deed, kind, runq)) : NULL;

	if (!e)
		return -ENOMEM;
	e->ns += ns;
	e->n++;
	return 0;
}

typedef uint64_t free_fn(void *ctx, const struct ledger_waiter *w, const struct ledger_deed *d,
			 uint64_t ns);

static int give_back(struct ledger *l, struct ledger_account *a, uint32_t what, free_fn *free_ns,
		     void *ctx)
{
	struct ledger_deed deed = l->deeds[deed_of(what) - 1];
	uint64_t ns = free_ns(ctx, &a->waiter, &deed, place_of(a, what)->ns);
	int err = 0;

	deed.stack = 0;
	deed.nr = 0;
	if (ns)
		err = ledger__charge(l, a, ledger__deed(l, &deed), BLAME_HANDOFF, false, ns);
	if (!err)
		place_of(a, what)->ns -= ns; /* the charge may have moved it */
	return err;
}

/* Of a copy of its entries, since giving back makes new ones. */
static int give_back_all(struct ledger *l, struct ledger_account *a, free_fn *free_ns, void *ctx)
{
	uint32_t n = a->max;
	struct ledger_entry *copy = n ? malloc(n * sizeof(*copy)) : NULL;
	int err = n && !copy ? -ENOMEM : 0, failed;

	for (uint32_t i = 0; copy && i < n; i++)
		copy[i] = a->entries[i];
	for (uint32_t i = 0; copy && i < n; i++) {
		if (!copy[i].what || kind_of(copy[i].what) != BLAME_PYTHON || is_runq(copy[i].what))
			continue;
		failed = give_back(l, a, copy[i].what, free_ns, ctx);
		err = err ? err : failed;
	}
	free(copy);
	return err;
}

int ledger__give_back(struct ledger *l, free_fn *free_ns, void *ctx)
{
	int err = 0, failed;

	for (struct ledger_account *a = l->accounts; a; a = a->next) {
		failed = give_back_all(l, a, free_ns, ctx);
		err = err ? err : failed;
	}
	return err;
}

/* An entry of time asleep and, if there is one, its like of time in the run queue; or that alone. */
static int tell_row(const struct ledger *l, const struct ledger_account *a,
		    const struct ledger_entry *e,
		    int (*row)(void *ctx, const struct blame_row *row), void *ctx)
{
	const struct ledger_entry *like = place_of(a, e->what ^ 1);
	const struct ledger_deed *d = &l->deeds[deed_of(e->what) - 1];
	const struct ledger_entry *asleep = is_runq(e->what) ? like : e;
	const struct ledger_entry *queued = is_runq(e->what) ? e : like;
	const struct blame_row told = {
		.key = a->waiter.key,
		.gil = a->waiter.gil,
		.holder = d->holder,
		.stack = d->stack,
		.pid = a->waiter.pid,
		.waiter = a->waiter.tid,
		.holder_tid = d->holder_tid,
		.kind = kind_of(e->what),
		.nr = d->nr,
		.wait_ns = asleep->ns,
		.runq_ns = queued->ns,
		.count = asleep->n,
		.samples = d->stack ? asleep->n + queued->n : 0,
	};

	if (is_runq(e->what) && asleep->what)
		return 0; /* it is told with that one */
	return row(ctx, &told);
}

int ledger__each(const struct ledger *l, int (*row)(void *ctx, const struct blame_row *row),
		 void *ctx)
{
	int err = 0;

	for (const struct ledger_account *a = l->accounts; a && !err; a = a->next) {
		for (uint32_t i = 0; i < a->max && !err; i++) {
			if (a->entries[i].what)
				err = tell_row(l, a, &a->entries[i], row, ctx);
		}
	}
	return err;
}
