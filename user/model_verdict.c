/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_verdict.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "timeline.h"

/* The starting rules of design section 4. */
#define CPU_SHARE 0.9	 /* of the CPUs, that threads run on or want to */
#define CPU_QUEUE 0.2	 /* threads, where there is one CPU: a single thread can fill that */
#define OTHERS_LEAST 0.1 /* of the CPUs: less is noise */
#define STARVED \
	0.5 /* threads in the run queue, while other programs run: beyond the design's rules */
#define GIL_LEAST 0.25	  /* threads that wait for a GIL */
#define GIL_SHARE 0.2	  /* of those that want to run */
#define HOGGED_SHARE 0.5  /* of gil_wait */
#define CONVOY_SHARE 0.5  /* of gil_wait, by threads */
#define CONVOY_CPU 0.1	  /* with less CPU, that also wait for I/O; */
#define CONVOY_BLAMED 0.7 /* of that, charged to threads */
#define CONVOY_BUSY 0.3	  /* with more */
#define LOCK_LEAST 0.5
#define LOCK_SHARE 0.5
#define SINGLE_LEAST 0.7
#define SINGLE_SHARE 0.8
#define IDLE_MOST 0.02
#define IDLE_SLEEPS 10 /* a second */

const char *const model_verdict_names[VERDICT_COUNT] = {
	[VERDICT_CPU_BOUND] = "cpu-bound",
	[VERDICT_GIL_HOGGED] = "gil-hogged",
	[VERDICT_CONVOY] = "convoy",
	[VERDICT_GIL_BOUND] = "gil-bound",
	[VERDICT_LOCK_BOUND] = "lock-bound",
	[VERDICT_SINGLE_THREAD] = "single-thread",
	[VERDICT_IDLE] = "idle",
	[VERDICT_IO_BOUND] = "io-bound",
};

/* --- the rules ---------------------------------------------------------------------------------- */

static bool waits_for_gil(const struct model_evidence *e)
{
	return e->gil_wait >= GIL_LEAST && e->gil_wait >= GIL_SHARE * e->wanted;
}

/* Others have the CPUs: then it cannot fill them, and still waits for nothing else. */
static bool is_starved(const struct model_evidence *e)
{
	return e->others > 0 && e->runq >= STARVED && e->runq > e->run && e->runq > e->gil_wait;
}

static bool is_cpu_bound(const struct model_evidence *e)
{
	if (is_starved(e))
		return true;
	return e->cpus > 0 && e->run + e->runq >= CPU_SHARE * e->cpus &&
	       (e->cpus > 1 || e->runq >= CPU_QUEUE);
}

static bool is_gil_hogged(const struct model_evidence *e)
{
	return waits_for_gil(e) && e->long_holds >= HOGGED_SHARE;
}

static bool is_convoy(const struct model_evidence *e)
{
	return waits_for_gil(e) && e->io_suffered >= CONVOY_SHARE && e->io_blamed >= CONVOY_BLAMED;
}

static bool is_lock_bound(const struct model_evidence *e)
{
	return e->lock_wait >= LOCK_LEAST &&
	       e->lock_wait >= LOCK_SHARE * (e->run + e->runq + e->lock_wait);
}

static bool is_single_thread(const struct model_evidence *e)
{
	return e->wanted >= SINGLE_LEAST && e->one_thread >= SINGLE_SHARE;
}

static bool is_idle(const struct model_evidence *e)
{
	return e->wanted < IDLE_MOST && e->sleeps_per_s < IDLE_SLEEPS;
}

static bool always(const struct model_evidence *e)
{
	(void)e;
	return true;
}

static bool (*const rules[VERDICT_COUNT])(const struct model_evidence *e) = {
	[VERDICT_CPU_BOUND] = is_cpu_bound,
	[VERDICT_GIL_HOGGED] = is_gil_hogged,
	[VERDICT_CONVOY] = is_convoy,
	[VERDICT_GIL_BOUND] = waits_for_gil,
	[VERDICT_LOCK_BOUND] = is_lock_bound,
	[VERDICT_SINGLE_THREAD] = is_single_thread,
	[VERDICT_IDLE] = is_idle,
	[VERDICT_IO_BOUND] = always,
};

/* gil-hogged and convoy are kinds of gil-bound, and "otherwise" is no cause beside another. */
static bool adds_to(enum model_verdicts second, enum model_verdicts first)
{
	bool gil = first == VERDICT_GIL_HOGGED || first == VERDICT_CONVOY;

	return second != VERDICT_IO_BOUND && !(gil && second == VERDICT_GIL_BOUND);
}

void model_verdict__judge(struct model_verdict *v)
{
	v->cause = v->runner_up = VERDICT_COUNT;
	for (enum model_verdicts c = 0; c < VERDICT_COUNT; c++) {
		v->met[c] = rules[c](&v->evidence);
		if (!v->met[c])
			continue;
		if (v->cause == VERDICT_COUNT)
			v->cause = c;
		else if (v->runner_up == VERDICT_COUNT && adds_to(c, v->cause))
			v->runner_up = c;
	}
}

/* --- evidence ----------------------------------------------------------------------------------- */

static double cpu_share(const struct model_thread *t)
{
	return model__share(t->row->state_ns[ST_RUN], t->row->exists_ns);
}

/* Little CPU, and time in I/O, which timed sleeps count as. */
static bool is_io_thread(const struct model_thread *t)
{
	return cpu_share(t) < CONVOY_CPU && (t->io_ns || t->row->state_ns[ST_SLEEP]);
}

static uint64_t active_ns(const struct capture_thread *t)
{
	return model__sum(model__sum(t->state_ns[ST_RUN], t->state_ns[ST_RUNQ]),
			  t->state_ns[ST_GIL_WAIT]);
}

struct all {
	uint64_t run, runq, gil_wait, io, exists, io_suffered, judged, under_long;
	uint64_t voluntary, gil_sleeps, lock_sleeps, busiest_ns;
};

static void add(uint64_t *sum, uint64_t v)
{
	*sum = model__sum(*sum, v);
}

static void add_thread(struct model_verdict *v, struct all *a, const struct model_process *p,
		       const struct model_thread *t)
{
	add(&a->voluntary, t->row->voluntary);
	for (size_t i = 0; i < t->row->uses_n; i++)
		add(&a->gil_sleeps, t->row->uses[i].waits);
	if (is_io_thread(t))
		add(&a->io_suffered, t->row->state_ns[ST_GIL_WAIT]);
	if (t->row->merged == 1 && (!v->busiest || active_ns(t->row) > a->busiest_ns)) {
		v->busiest_process = p;
		v->busiest = t;
		a->busiest_ns = active_ns(t->row);
	}
}

static void add_process(struct model_verdict *v, struct all *a, const struct model_process *p)
{
	add(&a->run, p->state_ns[ST_RUN]);
	add(&a->runq, p->state_ns[ST_RUNQ]);
	add(&a->gil_wait, p->state_ns[ST_GIL_WAIT]);
	add(&a->io, p->io_ns);
	add(&a->io, p->state_ns[ST_SLEEP]);
	add(&a->exists, p->exists_ns);
	for (size_t i = 0; i < p->process->gils_n; i++) {
		add(&a->judged, p->process->gils[i].judged_ns);
		add(&a->under_long, p->process->gils[i].long_hold_ns);
	}
	for (size_t i = 0; i < p->threads_n; i++)
		add_thread(v, a, p, &p->threads[i]);
}

/* A thread, by number; sorted, to be looked up for each row of blame. */
struct named {
	uint64_t key;
	uint32_t pid, tid;
	const struct model_thread *thread;
};

static int by_number(const void *a, const void *b)
{
	const struct named *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	return p->tid < q->tid ? -1 : p->tid > q->tid;
}

/* NULL if there is no memory. */
static struct named *number_threads(const struct model *m, size_t *n)
{
	struct named *all = calloc(m->capture->threads_n + 1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < m->processes_n && all; i++) {
		const struct model_process *p = &m->processes[i];

		for (size_t t = 0; t < p->threads_n; t++)
			all[(*n)++] = (struct named){ p->process->key, p->process->pid,
						      p->threads[t].row->tid, &p->threads[t] };
	}
	if (all)
		qsort(all, *n, sizeof(*all), by_number);
	return all;
}

static const struct model_thread *thread_of(const struct named *all, size_t n,
					    const struct capture_blame *row, uint32_t tid)
{
	const struct named probe = { .key = row->key, .pid = row->pid, .tid = tid };
	const struct named *found = tid ? bsearch(&probe, all, n, sizeof(*all), by_number) : NULL;

	return found ? found->thread : NULL;
}

/* Of what threads that do I/O waited, the share charged to those that compute. 0, or -ENOMEM. */
static int find_blamed(struct model_verdict *v, const struct model *m)
{
	size_t n;
	cleanup_free struct named *all = number_threads(m, &n);
	uint64_t sum = 0, busy = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < m->capture->blame_n; i++) {
		const struct capture_blame *row = &m->capture->blame[i];
		const struct model_thread *waiter = thread_of(all, n, row, row->waiter_tid);
		const struct model_thread *holder = thread_of(all, n, row, row->holder_tid);

		if (!waiter || !is_io_thread(waiter))
			continue;
		add(&sum, row->wait_ns);
		if (holder && row->kind != BLAME_HANDOFF && cpu_share(holder) > CONVOY_BUSY)
			add(&busy, row->wait_ns);
	}
	v->evidence.io_blamed = model__share(busy, sum);
	return 0;
}

static void count_lock_sleeps(struct all *a, const struct capture *c)
{
	for (size_t i = 0; i < c->locks_n; i++)
		add(&a->lock_sleeps, c->locks[i].count);
}

static void fill(struct model_verdict *v, const struct model *m)
{
	uint64_t window = m->capture->info.duration_ns, sleeps;
	struct model_evidence *e = &v->evidence;
	struct all a = { 0 };

	for (size_t i = 0; i < m->processes_n; i++)
		add_process(v, &a, &m->processes[i]);
	count_lock_sleeps(&a, m->capture);
	sleeps = model__sum(a.gil_sleeps, a.lock_sleeps);
	sleeps = a.voluntary > sleeps ? a.voluntary - sleeps : 0;
	e->run = model__share(a.run, window);
	e->runq = model__share(a.runq, window);
	e->gil_wait = model__share(a.gil_wait, window);
	e->wanted = e->run + e->runq + e->gil_wait;
	e->lock_wait = v->contention->waiting;
	e->pool_wait = v->contention->for_pool;
	e->cpus = v->scaling->cpus.cpus;
	e->by_quota = v->scaling->cpus.by_quota;
	e->others = model__share(m->cpu_other_ns, window);
	if (e->others < OTHERS_LEAST * e->cpus)
		e->others = 0;
	e->long_holds = model__share(a.under_long, a.judged);
	e->io_suffered = model__share(a.io_suffered, a.gil_wait);
	e->one_thread = e->wanted > 0 ? model__share(a.busiest_ns, window) / e->wanted : 0;
	e->sleeps_per_s = 1e9 * model__share(sleeps, window);
	e->io = model__share(a.io, a.exists);
}

struct model_verdict *model_verdict__new(const struct model *m)
{
	struct model_verdict *v = calloc(1, sizeof(*v));

	if (v)
		v->contention = model_contention__new(m);
	if (v && v->contention)
		v->scaling = model_scaling__new(m, v->contention);
	if (v && v->scaling && find_blamed(v, m) == 0) {
		fill(v, m);
		model_verdict__judge(v);
		return v;
	}
	model_verdict__free(v);
	errno = ENOMEM;
	return NULL;
}

void model_verdict__free(struct model_verdict *v)
{
	if (!v)
		return;
	model_contention__free(v->contention);
	model_scaling__free(v->scaling);
	free(v);
}
