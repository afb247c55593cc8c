// SPDX-License-Identifier: BSD-2-Clause
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

uint64_t model__sum(uint64_t a, uint64_t b)
{
	return a > MODEL_MAX - (b < MODEL_MAX ? b : MODEL_MAX) ? MODEL_MAX : a + b;
}

uint64_t model__scale(uint64_t v, uint64_t part, uint64_t whole)
{
	if (whole == 0 || part >= whole)
		return whole == 0 ? 0 : v;
	return (uint64_t)((unsigned __int128)v * part / whole);
}

double model__share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* By process and thread; rows of one thread stay as they are in the file. */
static int compare_rows(const void *a, const void *b)
{
	const struct capture_thread *s = *(struct capture_thread *const *)a;
	const struct capture_thread *t = *(struct capture_thread *const *)b;
	int order = compare__u64(s->key, t->key);

	order = order ? order : compare__u64(s->pid, t->pid);
	order = order ? order : compare__u64(s->tid, t->tid);
	return order ? order : (s > t) - (s < t);
}

static int compare_busy(const void *a, const void *b)
{
	const struct capture_thread *s = ((const struct model_thread *)a)->row;
	const struct capture_thread *t = ((const struct model_thread *)b)->row;
	int order = (s->merged > 1) - (t->merged > 1);

	order = order ? order : compare__u64(t->state_ns[ST_RUN], s->state_ns[ST_RUN]);
	order = order ? order : compare__u64(t->state_ns[ST_GIL_WAIT], s->state_ns[ST_GIL_WAIT]);
	order = order ? order : compare__u64(s->tid, t->tid);
	return order ? order : (s > t) - (s < t);
}

static int compare_processes(const void *a, const void *b)
{
	const struct model_process *p = a, *q = b;
	int order = (p->wanted < q->wanted) - (p->wanted > q->wanted);

	order = order ? order : compare__u64(p->process->pid, q->process->pid);
	return order ? order : compare__u64(p->process->key, q->process->key);
}

static void add_waiting(struct model_process *p, struct model_thread *t)
{
	uint64_t asleep = t->row->state_ns[ST_GIL_WAIT];

	if (t->row->gil_wait.max_ns > p->longest_wait_ns)
		p->longest_wait_ns = t->row->gil_wait.max_ns;
	t->waited = t->row->exists_ns > 0 && asleep >= t->row->exists_ns / 100 && asleep > 0;
	if (!t->waited)
		return;
	p->waiters += t->row->merged;
	p->waiters_share += model__share(asleep, t->row->exists_ns) * t->row->merged;
}

static void add_thread(struct model_process *p, const struct capture_thread *row)
{
	struct model_thread *t = &p->threads[p->threads_n++];

	t->row = row;
	model__split(p, t);
	add_waiting(p, t);
	for (int s = 0; s < ST_COUNT; s++)
		p->state_ns[s] = model__sum(p->state_ns[s], row->state_ns[s]);
	p->shared_lock_ns = model__sum(p->shared_lock_ns, row->lock_shared_ns);
	p->sleeps = model__sum(p->sleeps, row->voluntary);
	if (row->merged == 1 && row->exists_ns > p->lived_ns)
		p->lived_ns = row->exists_ns;
	p->existed += row->merged;
	p->exists_ns = model__sum(p->exists_ns, row->exists_ns);
	p->run_gil_ns = model__sum(p->run_gil_ns, t->run_gil_ns);
	p->run_nogil_ns = model__sum(p->run_nogil_ns, t->run_nogil_ns);
	p->io_ns = model__sum(p->io_ns, t->io_ns);
	p->held_offcpu_ns = model__sum(p->held_offcpu_ns, t->held_offcpu_ns);
	p->kernel_cpu_ns = model__sum(p->kernel_cpu_ns, row->kernel_ns);
	p->edges_on_cpu = model__sum(p->edges_on_cpu, row->edges_on_cpu);
	p->switches = model__sum(p->switches, model__sum(row->voluntary, row->involuntary));
	p->gil_unknown_ns =
		model__sum(p->gil_unknown_ns, model__scale(row->state_ns[ST_RUN],
							   row->unknown_gil_samples, row->samples));
}

static void finish_process(struct model_process *p, uint64_t window)
{
	uint64_t wanted = model__sum(p->state_ns[ST_RUN], p->state_ns[ST_RUNQ]);

	p->cpu_ns = p->state_ns[ST_RUN];
	p->achieved = model__share(p->cpu_ns, window);
	p->wanted = model__share(model__sum(wanted, p->state_ns[ST_GIL_WAIT]), window);
	if (p->waiters)
		p->waiters_share /= (double)p->waiters;
	for (size_t i = 0; i < p->gils_n; i++)
		p->gils[i].utilization = model__share(p->gils[i].held_ns, window);
	/* the last one collects GILs that the process does not have any more: mostly there are none */
	if (p->gils[p->gils_n - 1].held_ns == 0 && p->gils[p->gils_n - 1].wait_ns == 0)
		p->gils_n--;
	qsort(p->threads, p->threads_n, sizeof(*p->threads), compare_busy);
}

/* Its rows are those at rows[0...n-1]. */
static int add_process(struct model *m, const struct capture_process *process,
		       struct capture_thread **rows, size_t n)
{
	struct model_process *p = &m->processes[m->processes_n++];

	p->process = process;
	p->threads = calloc(n + 1, sizeof(*p->threads));
	p->gils_n = process->gils_n + 1;
	p->gils = calloc(p->gils_n, sizeof(*p->gils));
	if (!p->threads || !p->gils)
		return -ENOMEM;
	for (size_t i = 0; i < process->gils_n; i++) {
		const struct capture_gil *gil = &process->gils[i];

		p->gils[i].gil = gil;
		if (gil->switch_end > gil->switch_begin)
			p->gils[i].switches = gil->switch_end - gil->switch_begin;
	}
	for (size_t i = 0; i < n; i++)
		add_thread(p, rows[i]);
	finish_process(p, m->capture->info.duration_ns);
	m->switches = model__sum(m->switches, p->switches);
	for (size_t i = 0; i < n; i++)
		m->samples = model__sum(m->samples, rows[i]->samples);
	return 0;
}

static int compare_captured(const void *a, const void *b)
{
	const struct capture_process *p = *(struct capture_process *const *)a;
	const struct capture_process *q = *(struct capture_process *const *)b;
	int order = compare__u64(p->key, q->key);

	return order ? order : compare__u64(p->pid, q->pid);
}

/* Both lists are sorted alike, so each process's rows follow those of the one before. */
static int add_processes(struct model *m, struct capture_process **processes,
			 struct capture_thread **rows, size_t rows_n)
{
	size_t first = 0, next;
	int err = 0;

	for (size_t i = 0; i < m->capture->processes_n && !err; i++) {
		for (next = first; next < rows_n && rows[next]->key == processes[i]->key &&
				   rows[next]->pid == processes[i]->pid;)
			next++;
		err = add_process(m, processes[i], rows + first, next - first);
		first = next;
	}
	return err;
}

static int compare_keys(const void *a, const void *b)
{
	const struct model_process *p = a, *q = b;
	int order = compare__u64(p->process->key, q->process->key);

	return order ? order : compare__u64(p->process->pid, q->process->pid);
}

/* While the processes are sorted by key. */
static void add_locks(struct model *m)
{
	for (size_t i = 0; i < m->capture->locks_n; i++) {
		const struct capture_lock *l = &m->capture->locks[i];
		const struct capture_process named = { .key = l->key, .pid = l->pid };
		const struct model_process probe = { .process = &named };
		struct model_process *p = bsearch(&probe, m->processes, m->processes_n,
						  sizeof(*m->processes), compare_keys);

		if (p)
			p->locks_ns = model__sum(p->locks_ns, l->wait_ns);
	}
}

static int sort_out(struct model *m, struct capture *c)
{
	struct capture_process **processes = calloc(c->processes_n + 1, sizeof(*processes));
	struct capture_thread **rows = calloc(c->threads_n + 1, sizeof(*rows));
	int err = -ENOMEM;

	if (processes && rows) {
		for (size_t i = 0; i < c->processes_n; i++)
			processes[i] = &c->processes[i];
		for (size_t i = 0; i < c->threads_n; i++)
			rows[i] = &c->threads[i];
		qsort(processes, c->processes_n, sizeof(*processes), compare_captured);
		qsort(rows, c->threads_n, sizeof(*rows), compare_rows);
		err = add_processes(m, processes, rows, model__merge(rows, c->threads_n));
		add_locks(m);
	}
	free(processes);
	free(rows);
	return err;
}

static void add_cpus(struct model *m)
{
	for (size_t i = 0; i < m->capture->cpus_n; i++) {
		const struct capture_cpu *cpu = &m->capture->cpus[i];

		m->cpu_target_ns = model__sum(m->cpu_target_ns, cpu->target_ns);
		m->cpu_other_ns = model__sum(m->cpu_other_ns, cpu->other_ns);
		m->cpu_idle_ns = model__sum(m->cpu_idle_ns, cpu->idle_ns);
		m->cpu_offline_ns = model__sum(m->cpu_offline_ns, cpu->offline_ns);
	}
}

struct model *model__new(struct capture *c)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->capture = c;
	m->processes = calloc(c->processes_n + 1, sizeof(*m->processes));
	if (!m->processes || sort_out(m, c) < 0) {
		model__free(m);
		errno = ENOMEM;
		return NULL;
	}
	qsort(m->processes, m->processes_n, sizeof(*m->processes), compare_processes);
	add_cpus(m);
	model__laws(m);
	return m;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->processes_n; i++) {
		free(m->processes[i].threads);
		free(m->processes[i].gils);
	}
	free(m->processes);
	free(m);
}
