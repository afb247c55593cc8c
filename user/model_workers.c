/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_workers.h"

#include <math.h>
#include <string.h>

#define STABLE 0.9	      /* of the window: so long must a worker have existed */
#define UNKNOWN_GIL_MOST 0.05 /* of the CPU time: else nobody knows what is s and what d */

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

static void add_worker(struct model_workers *w, const struct model_thread *t, uint64_t contended_ns)
{
	const struct capture_thread *row = t->row;
	double s = model__share(t->run_gil_ns, row->exists_ns);
	double d = model__share(t->run_nogil_ns, row->exists_ns);
	double mark = t->run_gil_ns ? s : d;

	w->s += s;
	w->d += d;
	w->z += model__share(delay_ns(t, contended_ns), row->exists_ns);
	w->contended += model__share(contended_ns, row->exists_ns);
	w->held_asleep += model__share(held_asleep_ns(t), row->exists_ns);
	w->least = w->n ? fmin(w->least, mark) : mark;
	w->most = fmax(w->most, mark);
	w->samples = model__sum(w->samples, row->samples);
	w->sleeps = model__sum(w->sleeps, sleeps_of(row));
	w->n++;
}

static void add_thread(struct model_workers *w, const struct model *m,
		       const struct model_contention *c, const struct model_thread *t)
{
	uint64_t window = m->capture->info.duration_ns;
	double active = model__share(active_ns(t->row), window);

	w->active += active;
	if (active < w->worker)
		return;
	if (t->row->merged > 1 || model__share(t->row->exists_ns, window) < STABLE)
		w->unstable += active;
	else
		add_worker(w, t, model_contention__of(c, t->row));
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

static void add_process(struct model_workers *w, const struct model *m,
			const struct model_contention *c, const struct model_process *p)
{
	uint64_t before = w->n, added;

	for (size_t i = 0; i < p->threads_n; i++)
		add_thread(w, m, c, &p->threads[i]);
	added = w->n - before;
	if (!added)
		return;
	w->uneven |= w->processes && added != w->threads_each;
	w->threads_each = added;
	w->processes++;
	w->several_gils |= count_used(p) > 1;
	w->no_gil_known |= (p->process->is_python && !p->gils_n && !is_free_threaded(p->process)) ||
			   model__share(p->gil_unknown_ns, p->cpu_ns) > UNKNOWN_GIL_MOST;
}

struct model_workers model_workers__of(const struct model *m, const struct model_contention *c,
				       double worker)
{
	struct model_workers w = { .worker = worker };

	for (size_t i = 0; i < m->processes_n; i++)
		add_process(&w, m, c, &m->processes[i]);
	return w;
}
