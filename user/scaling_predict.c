// SPDX-License-Identifier: BSD-2-Clause
/* What is predicted from the models of user/scaling.c: steps 5 to 7. */
#include <errno.h>
#include <math.h>

#include "scaling.h"

#define TO_ALL_AT_ONCE 0.3 /* lam and its counterpart of step 6: how far the range goes towards */
#define TO_BOUND 0.7	   /* the two bounds */
#define NOISE 0.05	   /* eta of step 6: of a window, and of where threads are placed */

/*
 * Chosen, as BUNCHING was, on measurements: two mixes of work, each with C calls of 0.2 ms and with one long
 * call, in ten layouts from six bases each. 0.3 to 0.5 fit alike.
 */
#define STALL_USUAL 0.4	   /* before anything is known; and how far off that may be */
#define STALL_LEAST_D 0.2  /* of a worker's cycle: with less in C it can stall less */
#define ERROR_OF_DELTA 0.8 /* of the models, where there is no stall, to that of the demands */

/* Step 7. */
#define FREE_COST 1.08
#define FREE_COST_MOST 1.10
#define FREE_COST_LEAST 1.05

static double workers(struct scaling_layout l)
{
	return (double)l.processes * l.threads;
}

/* --- stall ------------------------------------------------------------------------------------ */

/* Between the two models. -1 if there is no memory. */
static double between(const struct scaling_demand *w, double stall, struct scaling_layout l,
		      double cpus)
{
	double going = scaling__point(w, l, cpus), still;

	if (going < 0 || stall <= 0)
		return going;
	still = scaling__point_still(w, l, cpus);
	return still < 0 ? -1 : pow(going, 1 - stall) * pow(still, stall);
}

struct scaling_stall scaling__usual_stall(const struct scaling_demand *w)
{
	double most = w->s > 0 ? fmin(1, w->d / (w->s + w->d + w->z) / STALL_LEAST_D) : 0;

	return (struct scaling_stall){ STALL_USUAL * most, STALL_USUAL * most };
}

/*
 * The least squares of two figures for it, each weighed by its error: the usual one, and that at which the model
 * gives what was measured. That is sure where the two models differ much.
 */
int scaling__fit_stall(struct scaling_base *b)
{
	struct scaling_stall usual = scaling__usual_stall(&b->demand);
	double going, still, differ, missed, prior, seen, share;

	b->stall = usual;
	if (usual.error <= 0 || b->waits_unseen)
		return 0;
	going = scaling__point(&b->demand, b->now, b->cpus);
	still = scaling__point_still(&b->demand, b->now, b->cpus);
	if (going < 0 || still < 0)
		return -ENOMEM;
	differ = log(going / still);
	missed = log(going / workers(b->now));
	prior = pow(usual.error, -2);
	seen = pow(ERROR_OF_DELTA * b->delta, -2);
	share = (usual.share * prior + missed * differ * seen) / (prior + differ * differ * seen);
	b->stall.share = fmin(1, fmax(0, share));
	b->stall.error = 1 / sqrt(prior + differ * differ * seen);
	if (fabs(share - b->stall.share) > b->stall.error) /* neither model has the present */
		b->stall.error = usual.error;
	return 0;
}

double scaling__likely(const struct scaling_base *b, struct scaling_layout l)
{
	return between(&b->demand, b->stall.share, l, b->cpus);
}

/* --- steps 5 to 7 ----------------------------------------------------------------------------- */

/* The same work, needing `by` times the CPU. */
static struct scaling_demand stretch(const struct scaling_demand *w, double by)
{
	return (struct scaling_demand){ w->s * by, w->d * by, w->z };
}

/* The present cycle of a worker is the unit of time. */
static double reference(const struct scaling_base *b)
{
	return b->reference > 0 ? b->reference : workers(b->now);
}

int scaling__predict(const struct scaling_base *b, struct scaling_layout l,
		     struct scaling_range *range)
{
	struct scaling_demand more = stretch(&b->demand, 1 + b->delta);
	struct scaling_demand less = stretch(&b->demand, 1 - b->delta);
	double now = reference(b), point = scaling__likely(b, l);
	double slow = between(&more, fmin(1, b->stall.share + b->stall.error), l, b->cpus);
	double fast = between(&less, fmax(0, b->stall.share - b->stall.error), l, b->cpus);
	double lam = b->waits_unseen || workers(b->now) <= 1 ? 1 : TO_ALL_AT_ONCE, worst, best;

	if (point < 0 || slow < 0 || fast < 0)
		return -ENOMEM;
	*range = (struct scaling_range){ 1, 1, 1 };
	if (l.processes == b->now.processes && l.threads == b->now.threads)
		return 0;
	worst = fmin(slow, scaling__all_at_once(&more, l, b->cpus));
	best = scaling__bound(&less, l, b->cpus);
	range->ratio = point / now;
	range->low = fmin(point, slow + lam * (worst - slow)) / now / (1 + NOISE);
	range->high = fmax(point, fast + TO_BOUND * (best - fast)) / now * (1 + NOISE);
	return 0;
}

int scaling__free_threaded(const struct scaling_base *b, uint32_t threads,
			   struct scaling_range *range)
{
	const struct scaling_layout l = { .processes = 1, .threads = threads };
	const struct scaling_demand w = { .d = b->demand.s + b->demand.d, .z = b->demand.z };
	struct scaling_demand likely = stretch(&w, FREE_COST);
	struct scaling_demand more = stretch(&w, FREE_COST_MOST * (1 + b->delta));
	struct scaling_demand less = stretch(&w, FREE_COST_LEAST * (1 - b->delta));
	double now = reference(b), point = scaling__point(&likely, l, b->cpus);

	if (point < 0)
		return -ENOMEM;
	range->ratio = point / now;
	range->low = fmin(point, scaling__all_at_once(&more, l, b->cpus)) / now / (1 + NOISE);
	range->high = fmax(point, scaling__bound(&less, l, b->cpus)) / now * (1 + NOISE);
	return 0;
}
