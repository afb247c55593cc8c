/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_predict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LEFT_LEAST 0.25	 /* of the CPUs are left to the target: it gets its share of them */
#define LEAST_WORKERS 16 /* that are predicted for: design section 5 */
#define GRID_MOST 64	 /* beyond so many workers only some layouts are */

static uint64_t product(struct scaling_layout l)
{
	return (uint64_t)l.processes * l.threads;
}

/* With few sleeps behind z, fewer workers may need less of it: none, at the least. */
static int widen_for_sleeps(const struct model_scaling *s, struct model_prediction *p)
{
	struct scaling_base base = s->base;
	struct scaling_range without;
	int err;

	base.demand.z = 0;
	if (base.demand.s + base.demand.d <= 0)
		return 0;
	err = scaling__predict(&base, p->layout, &without);
	if (err)
		return err;
	p->range.low = fmin(p->range.low, without.low);
	p->range.high = fmax(p->range.high, without.high);
	return 0;
}

/* Beside other programs, with what CPUs they leave now. */
static int widen_for_others(const struct model_scaling *s, struct model_prediction *p)
{
	struct scaling_base base = s->base;
	struct scaling_range beside;
	int err;

	base.cpus = fmax(LEFT_LEAST * base.cpus, base.cpus - s->others);
	base.reference = scaling__likely(&base, base.now);
	if (base.reference < 0)
		return -ENOMEM;
	err = p->kind == LAYOUT_FREE_THREADED
		      ? scaling__free_threaded(&base, p->layout.threads, &beside)
		      : scaling__predict(&base, p->layout, &beside);
	if (err)
		return err;
	p->range.low = fmin(p->range.low, beside.low);
	p->range.high = fmax(p->range.high, beside.high);
	return 0;
}

int model_predict__one(const struct model_scaling *s, struct model_prediction *p)
{
	bool free_threaded = p->kind == LAYOUT_FREE_THREADED;
	int err = free_threaded ? scaling__free_threaded(&s->base, p->layout.threads, &p->range)
				: scaling__predict(&s->base, p->layout, &p->range);

	if (!err && s->few_sleeps && !free_threaded && product(p->layout) < product(s->base.now))
		err = widen_for_sleeps(s, p);
	if (!err && s->others > 0)
		err = widen_for_others(s, p);
	return err;
}

static int predict(struct model_scaling *s, enum model_layouts kind, struct scaling_layout l)
{
	struct model_prediction *all, *p;
	int err;

	if (model_scaling__find(s, kind, l))
		return 0;
	all = reallocarray(s->predictions, s->predictions_n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	s->predictions = all;
	p = &all[s->predictions_n];
	*p = (struct model_prediction){ .kind = kind, .layout = l };
	err = model_predict__one(s, p);
	s->predictions_n += !err;
	return err;
}

static int predict_with_gil(struct model_scaling *s, uint64_t processes, uint64_t threads)
{
	const struct scaling_layout l = { (uint32_t)processes, (uint32_t)threads };

	return predict(s, processes == 1 ? LAYOUT_THREADS : LAYOUT_PROCESSES, l);
}

/* 1 2 3 4 6 8 12 16 24 ... and what doubles the present layout. 0: no more. */
static uint64_t step(const struct model_scaling *s, size_t i)
{
	const uint64_t extra[] = { s->base.now.threads, 2 * s->base.now.threads,
				   s->base.now.processes, 2 * s->base.now.processes };
	const uint64_t first[] = { 1, 2, 3 };

	if (i < 4)
		return extra[i];
	i -= 4;
	if (i < 3)
		return first[i];
	i -= 3;
	return i < 20 ? (i % 2 ? 6ull : 4ull) << i / 2 : 0;
}

static int predict_grid(struct model_scaling *s, uint64_t most)
{
	int err = 0;

	for (size_t i = 0; step(s, i) && !err; i++) {
		for (size_t j = 0; step(s, j) && !err; j++) {
			if (step(s, i) * step(s, j) <= most)
				err = predict_with_gil(s, step(s, i), step(s, j));
		}
	}
	return err;
}

/* Many: the cost of a layout grows with the square of its workers. */
static int predict_few(struct model_scaling *s, uint64_t most)
{
	uint64_t p = s->base.now.processes, n = s->base.now.threads;
	int err = predict_with_gil(s, p, n);

	for (uint64_t threads = 1; threads <= most && !err; threads *= 4)
		err = predict_with_gil(s, 1, threads);
	if (!err)
		err = predict_with_gil(s, p, 2 * n);
	if (!err)
		err = predict_with_gil(s, 2 * p, n);
	if (!err && p == 1)
		err = predict_with_gil(s, n, 1);
	return err;
}

static int by_layout(const void *a, const void *b)
{
	const struct model_prediction *p = a, *q = b;

	if (p->kind != q->kind)
		return p->kind < q->kind ? -1 : 1;
	if (p->layout.processes != q->layout.processes)
		return p->layout.processes < q->layout.processes ? -1 : 1;
	return p->layout.threads < q->layout.threads ? -1 : p->layout.threads > q->layout.threads;
}

int model_predict__all(struct model_scaling *s)
{
	uint64_t now = product(s->base.now), most = 2 * now;
	int err;

	most = most < LEAST_WORKERS ? LEAST_WORKERS : most;
	err = most <= GRID_MOST ? predict_grid(s, most) : predict_few(s, most);
	for (size_t i = 0; step(s, i) && s->has_gil && !err; i++) {
		if (step(s, i) <= most)
			err = predict(s, LAYOUT_FREE_THREADED,
				      (struct scaling_layout){ 1, (uint32_t)step(s, i) });
	}
	if (!err && s->has_gil)
		err = predict(s, LAYOUT_FREE_THREADED, (struct scaling_layout){ 1, (uint32_t)now });
	if (s->predictions_n)
		qsort(s->predictions, s->predictions_n, sizeof(*s->predictions), by_layout);
	return err;
}
