// SPDX-License-Identifier: BSD-2-Clause
#include "model_occupancy.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t on_cpu(const struct capture_thread *t, uint32_t cpu)
{
	return cpu < t->cpus_n ? t->cpu_ns[cpu] : 0;
}

uint64_t model_process__on_cpu(const struct model_process *p, uint32_t cpu)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < p->threads_n; i++)
		ns = model__sum(ns, on_cpu(p->threads[i].row, cpu));
	return ns;
}

static int longest_first(const void *a, const void *b)
{
	const struct model_occupant *s = a, *t = b;

	if (s->ns != t->ns)
		return s->ns < t->ns ? 1 : -1;
	return (s->thread > t->thread) - (s->thread < t->thread);
}

/* Adds the process's threads that ran on the CPU at `to`; *told counts all that are told apart. */
static size_t add_process(const struct model_process *p, uint32_t cpu, size_t *told,
			  struct model_occupant *to, struct model_occupant *rest)
{
	size_t n = 0;

	for (size_t i = 0; i < p->threads_n; i++) {
		uint64_t ns = on_cpu(p->threads[i].row, cpu);

		if (ns && *told < MODEL_OCCUPANTS)
			to[n++] = (struct model_occupant){ p, &p->threads[i], ns };
		else
			rest->ns = model__sum(rest->ns, ns);
		++*told;
	}
	if (n)
		qsort(to, n, sizeof(*to), longest_first);
	return n;
}

static void fill_cpu(const struct model *m, struct model_occupied *o, struct model_occupant *to)
{
	struct model_occupant rest = { 0 };
	size_t told = 0;

	o->occupants = to;
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];
		size_t n = add_process(p, o->cpu->cpu, &told, to + o->occupants_n, &rest);

		o->occupants_n += n;
		o->processes_n += n > 0;
	}
	if (rest.ns)
		to[o->occupants_n++] = rest;
}

static size_t count(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->processes_n && n < MODEL_OCCUPANTS; i++)
		n += m->processes[i].threads_n;
	return (n < MODEL_OCCUPANTS ? n : MODEL_OCCUPANTS) + 1;
}

static void fill(struct model_occupancy *o, const struct model *m, size_t room)
{
	o->cpus_n = m->capture->cpus_n;
	for (size_t i = 0; i < o->cpus_n; i++) {
		o->cpus[i].cpu = &m->capture->cpus[i];
		fill_cpu(m, &o->cpus[i], o->occupants + i * room);
	}
	for (size_t i = 0; i < m->processes_n; i++)
		for (size_t t = 0; t < m->processes[i].threads_n; t++)
			o->migrations = model__sum(o->migrations,
						   m->processes[i].threads[t].row->migrations);
}

struct model_occupancy *model_occupancy__new(const struct model *m)
{
	struct model_occupancy *o = calloc(1, sizeof(*o));
	size_t cpus = m->capture->cpus_n, room = count(m);

	if (o) {
		o->cpus = calloc(cpus + 1, sizeof(*o->cpus));
		o->occupants = calloc(cpus * room + 1, sizeof(*o->occupants));
	}
	if (o && o->cpus && o->occupants) {
		fill(o, m, room);
		return o;
	}
	model_occupancy__free(o);
	errno = ENOMEM;
	return NULL;
}

void model_occupancy__free(struct model_occupancy *o)
{
	if (!o)
		return;
	free(o->cpus);
	free(o->occupants);
	free(o);
}
