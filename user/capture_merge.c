/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_merge.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

#define OTHER "other" /* as syscalls__cause names CAUSE_OTHER */

static void add(uint64_t *to, uint64_t *from)
{
	*to = model__sum(*to, *from);
	*from = 0;
}

static void add_hist(struct capture_hist *to, struct capture_hist *from)
{
	add(&to->total_ns, &from->total_ns);
	add(&to->count, &from->count);
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t sum = (uint64_t)to->bucket[i] + from->bucket[i];

		to->bucket[i] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
	}
	memset(from, 0, sizeof(*from));
}

/* A use that finds no room is added to the last one: rare, and only its address is lost. */
static void add_use(struct capture_thread *to, struct capture_gil_use *from)
{
	struct capture_gil_use *u = to->uses;
	struct capture_gil_use *last = u + sizeof(to->uses) / sizeof(to->uses[0]) - 1;

	while (u < to->uses + to->uses_n && u->gil != from->gil && u < last)
		u++;
	if (u == to->uses + to->uses_n) {
		to->uses_n++;
		*u = (struct capture_gil_use){ .gil = from->gil };
	}
	add(&u->held_offcpu_ns, &from->held_offcpu_ns);
	add(&u->wait_ns, &from->wait_ns);
	add(&u->samples, &from->samples);
	add(&u->waits, &from->waits);
}

static struct capture_blocked *find_blocked(struct capture_thread *t, const char *cause)
{
	for (size_t i = 0; i < t->blocked_n; i++) {
		if (!strcmp(t->blocked[i].cause, cause))
			return &t->blocked[i];
	}
	return NULL;
}

/* Where causes go that find no room: the last one loses its name to that of all the rest. */
static struct capture_blocked *other(struct capture_thread *to)
{
	struct capture_blocked *b = find_blocked(to, OTHER);
	char *name = b ? NULL : strdup(OTHER);

	if (!b)
		b = &to->blocked[to->blocked_n - 1];
	if (name) {
		free(b->cause);
		b->cause = name;
	}
	return b;
}

/* The same for causes, whose names move along. */
static void add_blocked(struct capture_thread *to, struct capture_blocked *from)
{
	struct capture_blocked *b = find_blocked(to, from->cause);

	if (!b && to->blocked_n == sizeof(to->blocked) / sizeof(to->blocked[0]))
		b = other(to);
	if (!b) {
		b = &to->blocked[to->blocked_n++];
		*b = (struct capture_blocked){ .cause = from->cause };
		from->cause = NULL;
	}
	add(&b->ns, &from->ns);
	add(&b->count, &from->count);
}

static void add_cpus(struct capture_thread *to, struct capture_thread *from)
{
	if (from->cpus_n > to->cpus_n) {
		struct capture_thread longer = *from;

		from->cpus_n = to->cpus_n;
		from->cpu_ns = to->cpu_ns;
		to->cpus_n = longer.cpus_n;
		to->cpu_ns = longer.cpu_ns;
	}
	for (size_t i = 0; i < from->cpus_n; i++)
		add(&to->cpu_ns[i], &from->cpu_ns[i]);
}

static void add_counters(struct capture_thread *to, struct capture_thread *from)
{
	static const size_t counters[] = {
		offsetof(struct capture_thread, exists_ns),
		offsetof(struct capture_thread, lock_shared_ns),
		offsetof(struct capture_thread, run_held_ns),
		offsetof(struct capture_thread, samples),
		offsetof(struct capture_thread, unknown_gil_samples),
		offsetof(struct capture_thread, kernel_ns),
		offsetof(struct capture_thread, voluntary),
		offsetof(struct capture_thread, involuntary),
		offsetof(struct capture_thread, migrations),
		offsetof(struct capture_thread, episode_asleep_ns),
		offsetof(struct capture_thread, episode_runq_ns),
		offsetof(struct capture_thread, episode_running_ns),
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		add((uint64_t *)((char *)to + counters[i]),
		    (uint64_t *)((char *)from + counters[i]));
	for (size_t s = 0; s < ST_COUNT; s++)
		add(&to->state_ns[s], &from->state_ns[s]);
}

void capture_thread__add(struct capture_thread *to, struct capture_thread *from)
{
	if (from->edges_on_cpu <= UINT32_MAX - to->edges_on_cpu)
		to->edges_on_cpu += from->edges_on_cpu;
	from->edges_on_cpu = 0;
	add_counters(to, from);
	for (size_t i = 0; i < from->uses_n; i++)
		add_use(to, &from->uses[i]);
	for (size_t i = 0; i < from->blocked_n; i++)
		add_blocked(to, &from->blocked[i]);
	for (size_t i = 0; i < from->blocked_n; i++)
		free(from->blocked[i].cause);
	from->uses_n = from->blocked_n = 0;
	add_hist(&to->gil_wait, &from->gil_wait);
	add_hist(&to->runq, &from->runq);
	add_cpus(to, from);
}
