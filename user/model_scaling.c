/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_scaling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model_predict.h"
#include "model_workers.h"

#define UNSTABLE_MOST 0.05 /* of all activity: so much may threads have that did not */
#define WINDOW_LEAST 1e9   /* ns: section 4 */
#define DEMAND_LEAST 0.02  /* of a worker's time: section 4 */
#define UNLIKE 2	   /* times: section 4 */
#define SATURATED 0.9	   /* section 4 */
#define SLEEPS_LEAST 30	   /* section 4 */
#define CONTENDED 0.02	 /* of a worker's time: section 4 wants the range widened, not how early */
#define HELD_ASLEEP 0.05 /* of a worker's time, likewise */
#define OTHERS 0.1	 /* of the CPUs, that other programs used: less is noise */
#define DELTA_LEAST 0.05 /* section 1, step 6 */
#define DELTA_MOST 0.20

const char *const model_layout_names[LAYOUT_COUNT] = {
	[LAYOUT_THREADS] = "threads",
	[LAYOUT_PROCESSES] = "processes",
	[LAYOUT_FREE_THREADED] = "free-threaded",
};

/* --- what cannot be told ------------------------------------------------------------------------ */

static const char *why_unknown(const struct model *m, const struct model_workers *w, double cpus)
{
	if ((double)m->capture->info.duration_ns < WINDOW_LEAST)
		return "the window was shorter than a second";
	if (w->unstable > UNSTABLE_MOST * w->active)
		return "threads that did work came and went within the window";
	if (!w->n)
		return "no thread was active for 1 % of the window";
	if (w->no_gil_known)
		return "it is not known when threads held the GIL";
	if (w->several_gils)
		return "a process uses several GILs";
	if (w->uneven)
		return "the processes have different numbers of active threads";
	if (w->n > MODEL_MAX_WORKERS)
		return "more than 512 threads are active";
	if (cpus <= 0)
		return "it is not known how many CPUs there are";
	if ((w->s + w->d + w->z) / (double)w->n < DEMAND_LEAST)
		return "the threads did next to nothing but wait for each other";
	return NULL;
}

/*
 * The recipe takes delta from how the demands differ between parts of the window, which a capture does not
 * have: with delta at its least its range held in 97.9 % of the cases instead of 98.3 (scaling.md section
 * 2). What is known is how exact the samples are that divide run_gil from run_nogil: a standard error.
 */
static double delta_of(const struct model_workers *w)
{
	double gil = w->s / (w->s + w->d), error = 0;

	if (w->samples && w->s > 0)
		error = sqrt((1 - gil) / (gil * (double)w->samples));
	return fmin(fmax(error, DELTA_LEAST), DELTA_MOST);
}

static void caveat(struct model_scaling *s, const char *sentence)
{
	if (s->caveats_n < MODEL_MAX_CAVEATS)
		s->caveats[s->caveats_n++] = sentence;
}

static void add_caveats(struct model_scaling *s, const struct model_workers *w)
{
	double n = (double)w->n;

	if (s->unlike)
		caveat(s, "The active threads differ more than twofold in their use of the CPU: it "
			  "holds for more of the same mix.");
	if (w->n == 1)
		caveat(s,
		       "Waiting for locks, caches and pools cannot be seen with one active thread.");
	if (w->contended / n > CONTENDED)
		caveat(s,
		       "Threads wait for contended locks: how much more with more threads is not "
		       "known, so the range reaches down to the worst case.");
	if (w->held_asleep / n > HELD_ASLEEP)
		caveat(s,
		       "Threads sleep with the GIL held, which is left out: the range reaches down to the worst case.");
	if (s->others > 0)
		caveat(s,
		       "Other programs used the CPUs, too: present and prediction are both taken "
		       "without them, and the range covers what they leave.");
	if (s->few_sleeps)
		caveat(s,
		       "Sleeps were few in a saturated program: for fewer workers the range counts "
		       "with none, too.");
	s->doubts_n = s->caveats_n;
	caveat(s,
	       "Workers do the same work again and again, independently, and more of them get as "
	       "much to do.");
	caveat(s,
	       "Left out: start-up, pickling and IPC, memory of each process, back ends that are "
	       "shared, caches.");
	if (s->has_gil)
		caveat(s,
		       "A free-threaded build is taken to cost 5 to 10 % of a thread's speed (PEP "
		       "703, 779).");
}

/* --- all ---------------------------------------------------------------------------------------- */

static void fill_base(struct model_scaling *s, const struct model_workers *w)
{
	double n = (double)w->n, utilisation;
	struct scaling_base *b = &s->base;

	b->now.processes = (uint32_t)w->processes;
	b->now.threads = (uint32_t)w->threads_each;
	b->cpus = s->cpus.cpus;
	/* samples may show a GIL that is held for more than all of the time: section 5, pitfall 5 */
	utilisation = b->now.threads * w->s / n;
	b->demand = (struct scaling_demand){ w->s / n / fmax(1, utilisation), w->d / n, w->z / n };
	b->delta = delta_of(w);
	b->waits_unseen = w->n == 1 || w->contended / n > CONTENDED ||
			  w->held_asleep / n > HELD_ASLEEP;
	s->lone_threads = n * (b->demand.s + b->demand.d + b->demand.z);
	s->has_gil = w->s > 0;
	s->unlike = w->most > UNLIKE * w->least;
	s->few_sleeps = b->demand.z >= DEMAND_LEAST && w->sleeps < SLEEPS_LEAST &&
			(utilisation > SATURATED || (w->s + w->d) / b->cpus > SATURATED);
}

/* The CPUs that other programs used, on average; 0 if it is hardly any. */
static double others_of(const struct model *m)
{
	double others = model__share(m->cpu_other_ns, m->capture->info.duration_ns);

	return others > OTHERS * m->capture->info.cpus ? others : 0;
}

/*
 * The measured present is what all is compared with; not so where other programs slowed it down, for then
 * whatever is predicted would seem to win what they took.
 */
static int choose_reference(struct model_scaling *s)
{
	if (s->others <= 0)
		return scaling__fit_stall(&s->base);
	s->base.stall = scaling__usual_stall(&s->base.demand);
	s->base.reference = scaling__likely(&s->base, s->base.now);
	return s->base.reference < 0 ? -ENOMEM : 0;
}

struct model_scaling *model_scaling__new(const struct model *m, const struct model_contention *c)
{
	return model_scaling__of(m, c, MODEL_WORKER);
}

struct model_scaling *model_scaling__of(const struct model *m, const struct model_contention *c,
					double worker)
{
	struct model_scaling *s = calloc(1, sizeof(*s));
	const struct model_workers w = model_workers__of(m, c, worker);

	if (!s)
		return NULL;
	s->workers = w.n;
	s->cpus = model_cpus__of(m);
	s->unknown = why_unknown(m, &w, s->cpus.cpus);
	if (s->unknown)
		return s;
	fill_base(s, &w);
	s->others = others_of(m);
	add_caveats(s, &w);
	if (choose_reference(s) == 0 && model_predict__all(s) == 0)
		return s;
	model_scaling__free(s);
	errno = ENOMEM;
	return NULL;
}

void model_scaling__free(struct model_scaling *s)
{
	if (!s)
		return;
	free(s->predictions);
	free(s);
}

const struct model_prediction *model_scaling__find(const struct model_scaling *s,
						   enum model_layouts kind,
						   struct scaling_layout layout)
{
	for (size_t i = 0; i < s->predictions_n; i++) {
		const struct model_prediction *p = &s->predictions[i];

		if (p->kind == kind && p->layout.processes == layout.processes &&
		    p->layout.threads == layout.threads)
			return p;
	}
	return NULL;
}
