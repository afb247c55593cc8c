// SPDX-License-Identifier: BSD-2-Clause
#include "parallelism.h"

#include <stdlib.h>

struct parallelism {
	uint64_t length;	  /* of an interval, ns */
	uint64_t since;		  /* the present one began */
	struct session_work work; /* by then */
	size_t n;
	struct capture_interval rows[PARALLELISM_INTERVALS];
};

struct parallelism *parallelism__new(void)
{
	return calloc(1, sizeof(struct parallelism));
}

void parallelism__free(struct parallelism *p)
{
	free(p);
}

void parallelism__begin(struct parallelism *p, uint64_t start)
{
	*p = (struct parallelism){ .length = PARALLELISM_INTERVAL_NS, .since = start };
}

uint64_t parallelism__due(const struct parallelism *p)
{
	return p->since + p->length;
}

static void join(struct capture_interval *a, const struct capture_interval *b)
{
	a->ns += b->ns;
	a->ran_ns += b->ran_ns;
	a->wanted_ns += b->wanted_ns;
}

static void make_room(struct parallelism *p)
{
	for (size_t i = 0; i < PARALLELISM_INTERVALS / 2; i++) {
		p->rows[i] = p->rows[2 * i];
		join(&p->rows[i], &p->rows[2 * i + 1]);
	}
	p->n = PARALLELISM_INTERVALS / 2;
	p->length *= 2;
}

/* It is read while CPUs write it: one that seems to go backwards has stood still. */
static uint64_t gained(uint64_t *before, uint64_t now)
{
	uint64_t more = now > *before ? now - *before : 0;

	*before += more;
	return more;
}

void parallelism__add(struct parallelism *p, uint64_t now, struct session_work work)
{
	uint64_t ran = gained(&p->work.ran_ns, work.ran_ns);
	uint64_t waited = gained(&p->work.waited_ns, work.waited_ns);

	if (now <= p->since)
		return;
	if (p->n == PARALLELISM_INTERVALS)
		make_room(p);
	p->rows[p->n++] = (struct capture_interval){
		.begin_ns = p->since,
		.ns = now - p->since,
		.ran_ns = ran,
		.wanted_ns = ran + waited,
	};
	p->since = now;
}

int parallelism__write(const struct parallelism *p, struct capture_writer *w, uint64_t start)
{
	int err = 0;

	for (size_t i = 0; i < p->n && !err; i++) {
		struct capture_interval row = p->rows[i];

		row.begin_ns -= start;
		err = capture_writer__interval(w, &row);
	}
	return err;
}
