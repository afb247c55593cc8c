/* SPDX-License-Identifier: BSD-2-Clause */
#include "holding.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>

#include "compare.h"
#include "timeline.h"

#define MIN_SAMPLES 30 /* of one thread; else those of all threads of the GIL */

struct holding_row {
	uint64_t key, gil;
	uint32_t tid;	     /* 0: all of them */
	uint64_t wanted;     /* samples */
	uint64_t held_ns;    /* what others waited meanwhile, by them */
	uint64_t charged_ns; /* and what they are charged under its holds, */
	uint64_t asleep_ns;  /* of that asleep, it being in bytecode */
	uint64_t all_ns;     /* charged to all, asleep */
	uint64_t wait_ns;    /* slept, by the kernel side, */
	uint64_t waits;	     /* so often */
};

struct holding {
	void *rows; /* tsearch(3) */
};

static int by_thread(const void *a, const void *b)
{
	const struct holding_row *p = a, *q = b;
	int c = compare__u64(p->key, q->key);

	c = c ? c : compare__u64(p->gil, q->gil);
	return c ? c : compare__u64(p->tid, q->tid);
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
	row->wanted += more->wanted;
	row->held_ns += more->held_ns;
	row->charged_ns += more->charged_ns;
	row->asleep_ns += more->asleep_ns;
	row->all_ns += more->all_ns;
	row->wait_ns += more->wait_ns;
	row->waits += more->waits;
	return 0;
}

/* Of the thread, and of all. */
static int add_both(struct holding *h, struct holding_row *row, uint32_t tid)
{
	int err = add(h, row);

	row->tid = tid;
	return err || !tid ? err : add(h, row);
}

int holding__count(struct holding *h, const struct wire_thread *t, const struct wire_gil_use *use)
{
	uint64_t run_ns = t->state_ns[ST_RUN];
	struct holding_row row = {
		.key = t->key,
		.gil = use->gil,
		.wanted = use->wanted,
		/* a sample stands for as much of its time on a CPU as any other */
		.held_ns = t->samples ? (uint64_t)((__uint128_t)run_ns * use->waiters / t->samples)
				      : 0,
		.wait_ns = use->wait_ns,
		.waits = use->waits,
	};

	return add_both(h, &row, t->tid);
}

int holding__charged(struct holding *h, const struct blame_row *r)
{
	bool on_cpu = r->kind == BLAME_PYTHON || r->kind == BLAME_NATIVE;
	struct holding_row row = {
		.key = r->key,
		.gil = r->gil,
		.charged_ns = on_cpu ? r->wait_ns + r->runq_ns : 0,
		.asleep_ns = r->kind == BLAME_PYTHON ? r->wait_ns : 0,
		.all_ns = r->wait_ns,
	};

	return add_both(h, &row, r->holder_tid);
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
	double part, free_ns;

	if (!all || !all->waits || !all->wait_ns || all->wait_ns / all->waits >= TIMELINE_SHORT_NS)
		return 0;
	if (!own || own->wanted < MIN_SAMPLES)
		own = all;
	if (own->wanted < MIN_SAMPLES)
		return 0;
	part = (double)all->all_ns / (double)all->wait_ns; /* that is told of */
	free_ns = (double)own->charged_ns - part * (double)own->held_ns;
	if (free_ns <= 0 || !own->asleep_ns)
		return 0;
	return (uint64_t)((double)ns * fmin(1, free_ns / (double)own->asleep_ns));
}
