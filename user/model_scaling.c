/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_scaling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORKER 0.01	      /* of the window: scaling.md section 5, pitfall 2 */
#define STABLE 0.9	      /* of the window: so long must a worker have existed */
#define UNSTABLE_MOST 0.05    /* of all activity: so much may threads have that did not */
#define WINDOW_LEAST 1e9      /* ns: section 4 */
#define DEMAND_LEAST 0.02     /* of a worker's time: section 4 */
#define UNLIKE 2	      /* times: section 4 */
#define SATURATED 0.9	      /* section 4 */
#define SLEEPS_LEAST 30	      /* section 4 */
#define UNKNOWN_GIL_MOST 0.05 /* of the CPU time: else nobody knows what is s and what d */
#define CONTENDED 0.02	 /* of a worker's time: section 4 wants the range widened, not how early */
#define HELD_ASLEEP 0.05 /* of a worker's time, likewise */
#define OTHERS 0.1	 /* of the CPUs, that other programs used: less is noise */
#define LEFT_LEAST 0.25	 /* of the CPUs are left to the target: it gets its share of them */
#define DELTA_LEAST 0.05 /* section 1, step 6 */
#define DELTA_MOST 0.20
#define LEAST_WORKERS 16 /* that are predicted for: design section 5 */
#define GRID_MOST 64	 /* beyond so many workers only some layouts are */

const char *const model_layout_names[LAYOUT_COUNT] = {
	[LAYOUT_THREADS] = "threads",
	[LAYOUT_PROCESSES] = "processes",
	[LAYOUT_FREE_THREADED] = "free-threaded",
};

/* The workers, added up. */
struct sum {
	double s, d, z; /* shares of their time, one by one */
	double contended, held_asleep;
	double least, most; /* of the demand that tells them apart */
	uint64_t workers, processes, threads_each;
	bool uneven; /* processes with different numbers of workers */
	uint64_t samples, sleeps;
	double active,
		unstable; /* mean numbers of threads, of all threads and of those that came and went */
	bool no_gil_known, several_gils;
};

/* --- demands ------------------------------------------------------------------------------------ */

static uint64_t active_ns(const struct capture_thread *t)
{
	return model__sum(model__sum(t->state_ns[ST_RUN], t->state_ns[ST_RUNQ]),
			  t->state_ns[ST_GIL_WAIT]);
}

/* Of the time off the CPU with the GIL held; how much of that is in the run queue is not told: all it may be. */
static uint64_t held_asleep_ns(const struct model_thread *t)
{
	uint64_t runq = t->row->state_ns[ST_RUNQ];

	return t->held_offcpu_ns > runq ? t->held_offcpu_ns - runq : 0;
}

/* Asleep, and neither in a queue nor with the GIL. */
static uint64_t delay_ns(const struct model_thread *t, uint64_t contended)
{
	const uint64_t *state = t->row->state_ns;
	uint64_t ns = model__sum(t->io_ns, state[ST_SLEEP]),
		 queued = model__sum(contended, held_asleep_ns(t));

	ns = model__sum(ns, state[ST_LOCK_WAIT]);
	ns = model__sum(ns, state[ST_CHILD_WAIT]);
	ns = model__sum(ns, state[ST_BLOCKED]);
	return ns > queued ? ns - queued : 0;
}

/* Sleeps that were not for the GIL; those in locks, and in giving it away, are among them. */
static uint64_t sleeps_of(const struct capture_thread *t)
{
	uint64_t gil = 0;

	for (size_t i = 0; i < t->uses_n; i++)
		gil = model__sum(gil, t->uses[i].waits);
	return t->voluntary > gil ? t->voluntary - gil : 0;
}

static void add_worker(struct sum *sum, const struct model_thread *t, uint64_t contended_ns)
{
	const struct capture_thread *row = t->row;
	double s = model__share(t->run_gil_ns, row->exists_ns);
	double d = model__share(t->run_nogil_ns, row->exists_ns);
	double mark = t->run_gil_ns ? s : d;

	sum->s += s;
	sum->d += d;
	sum->z += model__share(delay_ns(t, contended_ns), row->exists_ns);
	sum->contended += model__share(contended_ns, row->exists_ns);
	sum->held_asleep += model__share(held_asleep_ns(t), row->exists_ns);
	sum->least = sum->workers ? fmin(sum->least, mark) : mark;
	sum->most = fmax(sum->most, mark);
	sum->samples = model__sum(sum->samples, row->samples);
	sum->sleeps = model__sum(sum->sleeps, sleeps_of(row));
	sum->workers++;
}

static void add_thread(struct sum *sum, const struct model *m, const struct model_contention *c,
		       const struct model_thread *t)
{
	uint64_t window = m->capture->info.duration_ns;
	double active = model__share(active_ns(t->row), window);

	sum->active += active;
	if (active < WORKER)
		return;
	if (t->row->merged > 1 || model__share(t->row->exists_ns, window) < STABLE)
		sum->unstable += active;
	else
		add_worker(sum, t, model_contention__of(c, t->row));
}

static bool is_free_threaded(const struct capture_process *p)
{
	return p->python_build && strstr(p->python_build, "free-threaded");
}

static size_t count_used(const struct model_process *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->gils_n; i++)
		n += p->gils[i].held_ns > 0 || p->gils[i].wait_ns > 0;
	return n;
}

static void add_process(struct sum *sum, const struct model *m, const struct model_contention *c,
			const struct model_process *p)
{
	uint64_t before = sum->workers, added;

	for (size_t i = 0; i < p->threads_n; i++)
		add_thread(sum, m, c, &p->threads[i]);
	added = sum->workers - before;
	if (!added)
		return;
	sum->uneven |= sum->processes && added != sum->threads_each;
	sum->threads_each = added;
	sum->processes++;
	sum->several_gils |= count_used(p) > 1;
	sum->no_gil_known |=
		(p->process->is_python && !p->gils_n && !is_free_threaded(p->process)) ||
		model__share(p->gil_unknown_ns, p->cpu_ns) > UNKNOWN_GIL_MOST;
}

/* --- what cannot be told ------------------------------------------------------------------------ */

static const char *why_unknown(const struct model *m, const struct sum *sum, double cpus)
{
	if ((double)m->capture->info.duration_ns < WINDOW_LEAST)
		return "the window was shorter than a second";
	if (sum->unstable > UNSTABLE_MOST * sum->active)
		return "threads that did work came and went within the window";
	if (!sum->workers)
		return "no thread was active for 1 % of the window";
	if (sum->no_gil_known)
		return "it is not known when threads held the GIL";
	if (sum->several_gils)
		return "a process uses several GILs";
	if (sum->uneven)
		return "the processes have different numbers of active threads";
	if (sum->workers > MODEL_MAX_WORKERS)
		return "more than 512 threads are active";
	if (cpus <= 0)
		return "it is not known how many CPUs there are";
	if ((sum->s + sum->d + sum->z) / (double)sum->workers < DEMAND_LEAST)
		return "the threads did next to nothing but wait for each other";
	return NULL;
}

/*
 * The recipe takes delta from how the demands differ between parts of the window, which a capture does not
 * have: with delta at its least its range held in 97.9 % of the cases instead of 98.3 (scaling.md section
 * 2). What is known is how exact the samples are that divide run_gil from run_nogil: a standard error.
 */
static double delta_of(const struct sum *sum)
{
	double gil = sum->s / (sum->s + sum->d), error = 0;

	if (sum->samples && sum->s > 0)
		error = sqrt((1 - gil) / (gil * (double)sum->samples));
	return fmin(fmax(error, DELTA_LEAST), DELTA_MOST);
}

static void caveat(struct model_scaling *s, const char *sentence)
{
	if (s->caveats_n < MODEL_MAX_CAVEATS)
		s->caveats[s->caveats_n++] = sentence;
}

static void add_caveats(struct model_scaling *s, const struct sum *sum)
{
	double n = (double)sum->workers;

	if (s->unlike)
		caveat(s, "The active threads differ more than twofold in their use of the CPU: it "
			  "holds for more of the same mix.");
	if (sum->workers == 1)
		caveat(s,
		       "Waiting for locks, caches and pools cannot be seen with one active thread.");
	if (sum->contended / n > CONTENDED)
		caveat(s,
		       "Threads wait for contended locks: how much more with more threads is not "
		       "known, so the range reaches down to the worst case.");
	if (sum->held_asleep / n > HELD_ASLEEP)
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

/* --- predictions -------------------------------------------------------------------------------- */

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
	base.reference = scaling__point(&base.demand, base.now, base.cpus);
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
	err = kind == LAYOUT_FREE_THREADED ? scaling__free_threaded(&s->base, l.threads, &p->range)
					   : scaling__predict(&s->base, l, &p->range);
	if (!err && s->few_sleeps && kind != LAYOUT_FREE_THREADED &&
	    product(l) < product(s->base.now))
		err = widen_for_sleeps(s, p);
	if (!err && s->others > 0)
		err = widen_for_others(s, p);
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

static int predict_all(struct model_scaling *s)
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

/* --- all ---------------------------------------------------------------------------------------- */

static void fill_base(struct model_scaling *s, const struct sum *sum)
{
	double n = (double)sum->workers, utilisation;
	struct scaling_base *b = &s->base;

	b->now.processes = (uint32_t)sum->processes;
	b->now.threads = (uint32_t)sum->threads_each;
	b->cpus = s->cpus.cpus;
	/* samples may show a GIL that is held for more than all of the time: section 5, pitfall 5 */
	utilisation = b->now.threads * sum->s / n;
	b->demand = (struct scaling_demand){ sum->s / n / fmax(1, utilisation), sum->d / n,
					     sum->z / n };
	b->delta = delta_of(sum);
	b->waits_unseen = sum->workers == 1 || sum->contended / n > CONTENDED ||
			  sum->held_asleep / n > HELD_ASLEEP;
	s->lone_threads = n * (b->demand.s + b->demand.d + b->demand.z);
	s->has_gil = sum->s > 0;
	s->unlike = sum->most > UNLIKE * sum->least;
	s->few_sleeps = b->demand.z >= DEMAND_LEAST && sum->sleeps < SLEEPS_LEAST &&
			(utilisation > SATURATED || (sum->s + sum->d) / b->cpus > SATURATED);
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
		return 0;
	s->base.reference = scaling__point(&s->base.demand, s->base.now, s->base.cpus);
	return s->base.reference < 0 ? -ENOMEM : 0;
}

struct model_scaling *model_scaling__new(const struct model *m, const struct model_contention *c)
{
	struct model_scaling *s = calloc(1, sizeof(*s));
	struct sum sum = { 0 };

	if (!s)
		return NULL;
	for (size_t i = 0; i < m->processes_n; i++)
		add_process(&sum, m, c, &m->processes[i]);
	s->workers = sum.workers;
	s->cpus = model_cpus__of(m);
	s->unknown = why_unknown(m, &sum, s->cpus.cpus);
	if (s->unknown)
		return s;
	fill_base(s, &sum);
	s->others = others_of(m);
	add_caveats(s, &sum);
	if (choose_reference(s) == 0 && predict_all(s) == 0)
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
