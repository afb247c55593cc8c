/* SPDX-License-Identifier: BSD-2-Clause */
#include "holding.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>

#include "timeline.h"

#define MIN_SAMPLES 30 /* of one thread; else those of all threads of the GIL */

struct holding_row {
	uint64_t key, gil;
	uint32_t tid; /* 0: all of them */
	uint64_t held, released;
	uint64_t wait_ns, waits;
};

struct holding {
	void *rows; /* tsearch(3) */
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_thread(const void *a, const void *b)
{
	const struct holding_row *p = a, *q = b;
	int c = compare_u64(p->key, q->key);

	c = c ? c : compare_u64(p->gil, q->gil);
	return c ? c : compare_u64(p->tid, q->tid);
}

struct holding *holding__new(void)
{
	return calloc(1, sizeof(struct holding));
}

void holding__free(struct holding *h)
{
	if (h)
		tdestroy(h->rows, free);
	free(h);
}

static int add(struct holding *h, const struct holding_row *more)
{
	struct holding_row **found = tfind(more, &h->rows, by_thread), *row;

	if (!found) {
		row = malloc(sizeof(*row));
		if (!row)
			return -ENOMEM;
		*row = *more;
		if (tsearch(row, &h->rows, by_thread))
			return 0;
		free(row);
		return -ENOMEM;
	}
	row = *found;
	row->held += more->held;
	row->released += more->released;
	row->wait_ns += more->wait_ns;
	row->waits += more->waits;
	return 0;
}

int holding__count(struct holding *h, const struct wire_thread *t, const struct wire_gil_use *use)
{
	struct holding_row row = {
		.key = t->key,
		.gil = use->gil,
		.held = use->wanted_held,
		.released = use->wanted_released,
		.wait_ns = use->wait_ns,
		.waits = use->waits,
	};
	int err = add(h, &row);

	row.tid = t->tid;
	return err ? err : add(h, &row);
}

static const struct holding_row *find(const struct holding *h, uint64_t key, uint64_t gil,
				      uint32_t tid)
{
	const struct holding_row probe = { .key = key, .gil = gil, .tid = tid };
	struct holding_row **found = tfind(&probe, &h->rows, by_thread);

	return found ? *found : NULL;
}

uint64_t holding__free_ns(const struct holding *h, uint64_t key, uint64_t gil, uint32_t tid,
			  uint64_t ns)
{
	const struct holding_row *all = find(h, key, gil, 0), *own = find(h, key, gil, tid);

	if (!all || !all->waits || all->wait_ns / all->waits >= TIMELINE_SHORT_NS)
		return 0;
	if (!own || own->held + own->released < MIN_SAMPLES)
		own = all;
	if (own->held + own->released < MIN_SAMPLES)
		return 0;
	return (uint64_t)((__uint128_t)ns * own->released / (own->held + own->released));
}
