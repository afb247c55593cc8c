/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame_gil.h"

#include <search.h>
#include <stdlib.h>

#include "../bpf/account.h"

#define MAX_GILS 512 /* with a timeline of 200 KB each */
#define ALIAS_CERTAIN 3
#define LONG_HOLD 4 /* switch intervals */

struct blame_gil {
	uint64_t key, gil;
	struct timeline *timeline;
	struct {
		uint64_t switch_number, holder;
	} own, told; /* the latest tenure by what its holder said of itself, and others of it */
	uint64_t alias, alias_of; /* that fs base stands for this one */
	uint32_t alias_seen;
	struct hold_totals holds;
};

struct blame_gils {
	void *tree; /* tsearch(3) */
	size_t n;
	struct blame_gil *last; /* looked for: the next event is mostly of the same */
};

static int by_gil(const void *a, const void *b)
{
	const struct blame_gil *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->gil < q->gil ? -1 : p->gil > q->gil;
}

static void free_gil(void *node)
{
	timeline__free(((struct blame_gil *)node)->timeline);
	free(node);
}

struct blame_gils *blame_gils__new(void)
{
	return calloc(1, sizeof(struct blame_gils));
}

void blame_gils__free(struct blame_gils *gs)
{
	if (gs)
		tdestroy(gs->tree, free_gil);
	free(gs);
}

struct blame_gil *blame_gils__find(const struct blame_gils *gs, uint64_t key, uint64_t gil)
{
	const struct blame_gil probe = { .key = key, .gil = gil };
	void *node = tfind(&probe, &gs->tree, by_gil);

	return node ? *(struct blame_gil **)node : NULL;
}

static struct blame_gil *add(struct blame_gils *gs, uint64_t key, uint64_t gil)
{
	struct blame_gil *g = gs->n < MAX_GILS ? calloc(1, sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	g->key = key;
	g->gil = gil;
	g->holds.weight = 1;
	g->timeline = timeline__new();
	if (!g->timeline || !tsearch(g, &gs->tree, by_gil)) {
		free_gil(g);
		return NULL;
	}
	gs->n++;
	return g;
}

struct blame_gil *blame_gils__get(struct blame_gils *gs, uint64_t key, uint64_t gil)
{
	struct blame_gil *g = gs->last;

	if (g && g->gil == gil && g->key == key)
		return g;
	g = blame_gils__find(gs, key, gil);
	if (!g)
		return add(gs, key, gil);
	gs->last = g;
	return g;
}

static void forget(const void *node, VISIT visit, void *ctx)
{
	const struct blame_gil *g = *(const struct blame_gil *const *)node;

	(void)ctx;
	if (visit == postorder || visit == leaf)
		timeline__forget(g->timeline);
}

void blame_gils__forget(struct blame_gils *gs)
{
	twalk_r(gs->tree, forget, NULL);
}

uint64_t blame_gil__address(const struct blame_gil *g)
{
	return g->gil;
}

struct timeline *blame_gil__timeline(const struct blame_gil *g)
{
	return g->timeline;
}

uint64_t blame_gil__interval(const struct wire_gil_event *e)
{
	return account__interval(e->interval_us);
}

void blame_gil__note(struct blame_gil *g, const struct wire_gil_event *e)
{
	g->holds.limit_ns = LONG_HOLD * blame_gil__interval(e);
	g->holds.weight = e->sparse > 1 ? e->sparse : 1;
}

struct hold_totals *blame_gil__holds(struct blame_gil *g)
{
	return &g->holds;
}

void blame_gil__learn(struct blame_gil *g, const struct wire_gil_event *e)
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

uint64_t blame_gil__meant(const struct blame_gil *g, uint64_t holder)
{
	return holder && holder == g->alias && g->alias_seen >= ALIAS_CERTAIN ? g->alias_of
									      : holder;
}
