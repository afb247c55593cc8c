// SPDX-License-Identifier: BSD-2-Clause
#include "model_parallelism.h"

#include <stdlib.h>

struct point {
	double value;
	uint64_t ns;
};

static int by_value(const void *a, const void *b)
{
	const struct point *p = a, *q = b;

	return (p->value > q->value) - (p->value < q->value);
}

/* The least value that `share` of the time, `all` ns, is at or below. */
static double quantile(const struct point *points, size_t n, double all, double share)
{
	double below = 0, wanted = share * all;

	for (size_t i = 0; i < n; i++) {
		below += (double)points[i].ns;
		if (below >= wanted)
			return points[i].value;
	}
	return points[n - 1].value;
}

static struct model_spread spread(struct point *points, size_t n)
{
	double all = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		all += (double)points[i].ns;
		sum += points[i].value * (double)points[i].ns;
	}
	qsort(points, n, sizeof(*points), by_value);
	return (struct model_spread){
		.mean = all > 0 ? sum / all : 0,
		.p10 = quantile(points, n, all, 0.1),
		.p50 = quantile(points, n, all, 0.5),
		.p90 = quantile(points, n, all, 0.9),
		.max = points[n - 1].value,
	};
}

struct model_parallelism model_parallelism__of(const struct capture *c)
{
	struct model_parallelism p = { .intervals = c->intervals_n };
	struct point *wanted = calloc(c->intervals_n + 1, sizeof(*wanted));
	struct point *achieved = calloc(c->intervals_n + 1, sizeof(*achieved));

	if (!wanted || !achieved)
		p.intervals = 0;
	for (size_t i = 0; i < p.intervals; i++) {
		const struct capture_interval *row = &c->intervals[i];

		wanted[i] = (struct point){ model__share(row->wanted_ns, row->ns), row->ns };
		achieved[i] = (struct point){ model__share(row->ran_ns, row->ns), row->ns };
	}
	if (p.intervals) {
		p.interval_ns = c->intervals[0].ns;
		p.wanted = spread(wanted, p.intervals);
		p.achieved = spread(achieved, p.intervals);
	}
	free(wanted);
	free(achieved);
	return p;
}
