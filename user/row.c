/* SPDX-License-Identifier: BSD-2-Clause */
#include "row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls.h"
#include "text.h"

#define NAME_BYTES 64 /* 15 bytes of a name, each as \xNN */

static void copy_hist(struct capture_hist *to, const struct wire_hist *from)
{
	to->total_ns = from->total_ns;
	to->max_ns = from->max_ns;
	to->count = from->count;
	memcpy(to->bucket, from->bucket, sizeof(to->bucket));
}

static void copy_uses(struct capture_thread *row, const struct wire_thread *t)
{
	for (size_t i = 0; i < WIRE_GIL_USES && t->uses[i].gil; i++) {
		row->uses[i] = (struct capture_gil_use){
			.gil = t->uses[i].gil,
			.held_offcpu_ns = t->uses[i].held_offcpu_ns,
			.wait_ns = t->uses[i].wait_ns,
			.samples = t->uses[i].samples,
			.waits = t->uses[i].waits,
		};
		row->uses_n = i + 1;
	}
}

static int copy_blocked(struct capture_thread *row, const struct wire_thread *t)
{
	char name[64];

	for (size_t i = 0; i < WIRE_BLOCK_CAUSES && t->blocked[i].count; i++) {
		struct capture_blocked *b = &row->blocked[i];

		b->cause = strdup(syscalls__cause(t->blocked[i].cause, name, sizeof(name)));
		if (!b->cause)
			return -ENOMEM;
		b->ns = t->blocked[i].ns;
		b->count = t->blocked[i].count;
		row->blocked_n = i + 1;
	}
	return 0;
}

static void copy_totals(struct capture_thread *row, const struct wire_thread *t)
{
	row->key = t->key;
	row->pid = t->tgid;
	row->tid = t->tid;
	row->merged = 1;
	row->born = t->flags & WT_BORN;
	row->exited = t->flags & WT_EXITED;
	row->exists_ns = t->end > t->begin ? t->end - t->begin : 0;
	memcpy(row->state_ns, t->state_ns, sizeof(row->state_ns));
	row->run_held_ns = t->run_held_ns;
	row->samples = t->samples;
	row->unknown_gil_samples = t->unknown_gil_samples;
	row->kernel_ns = t->kernel_ns > t->kernel_ns_begin ? t->kernel_ns - t->kernel_ns_begin : 0;
	row->edges_on_cpu = !!(t->flags & WT_ON_CPU_START) + !!(t->flags & WT_ON_CPU_END);
	row->voluntary = t->voluntary;
	row->involuntary = t->involuntary;
	row->migrations = t->migrations;
	row->episode_asleep_ns = t->episode_asleep_ns;
	row->episode_runq_ns = t->episode_runq_ns;
	row->episode_running_ns = t->episode_running_ns;
}

int row__from_wire(const struct wire_thread *t, uint32_t cpus, struct capture_thread *row)
{
	memset(row, 0, sizeof(*row));
	copy_totals(row, t);
	copy_uses(row, t);
	copy_hist(&row->gil_wait, &t->gil_wait);
	copy_hist(&row->runq, &t->runq);
	row->cpus_n = cpus < WIRE_MAX_CPUS ? cpus : WIRE_MAX_CPUS;
	row->cpu_ns = malloc(row->cpus_n * sizeof(*row->cpu_ns));
	row->name = text__utf8(t->comm, strnlen(t->comm, sizeof(t->comm)), NAME_BYTES);
	if (!row->cpu_ns || !row->name || copy_blocked(row, t)) {
		row__release(row);
		return -ENOMEM;
	}
	for (size_t i = 0; i < row->cpus_n; i++)
		row->cpu_ns[i] = t->cpu_ns[i];
	return 0;
}

void row__release(struct capture_thread *row)
{
	for (size_t i = 0; i < row->blocked_n; i++)
		free(row->blocked[i].cause);
	free(row->name);
	free(row->cpu_ns);
	memset(row, 0, sizeof(*row));
}

static void merge_hist(struct capture_hist *into, const struct capture_hist *h)
{
	into->total_ns += h->total_ns;
	into->count += h->count;
	if (h->max_ns > into->max_ns)
		into->max_ns = h->max_ns;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		into->bucket[i] += h->bucket[i];
}

/* The entry for a GIL; when all are taken, the last one. */
static struct capture_gil_use *find_use(struct capture_thread *row, uint64_t gil)
{
	for (size_t i = 0; i < row->uses_n; i++) {
		if (row->uses[i].gil == gil)
			return &row->uses[i];
	}
	if (row->uses_n == WIRE_GIL_USES)
		return &row->uses[WIRE_GIL_USES - 1];
	row->uses[row->uses_n].gil = gil;
	return &row->uses[row->uses_n++];
}

static void merge_uses(struct capture_thread *into, const struct capture_thread *row)
{
	for (size_t i = 0; i < row->uses_n; i++) {
		struct capture_gil_use *use = find_use(into, row->uses[i].gil);

		use->held_offcpu_ns += row->uses[i].held_offcpu_ns;
		use->wait_ns += row->uses[i].wait_ns;
		use->samples += row->uses[i].samples;
		use->waits += row->uses[i].waits;
	}
}

static struct capture_blocked *find_blocked(struct capture_thread *row, const char *cause)
{
	const size_t max = sizeof(row->blocked) / sizeof(row->blocked[0]);
	size_t i = 0;

	while (i < row->blocked_n && strcmp(row->blocked[i].cause, cause))
		i++;
	if (i == row->blocked_n && i < max) {
		row->blocked[i].cause = strdup(i == max - 1 ? "other" : cause);
		if (row->blocked[i].cause)
			row->blocked_n++;
	}
	if (i >= row->blocked_n)
		i = row->blocked_n - 1;
	return row->blocked_n ? &row->blocked[i] : NULL;
}

static void merge_blocked(struct capture_thread *into, const struct capture_thread *row)
{
	for (size_t i = 0; i < row->blocked_n; i++) {
		struct capture_blocked *b = find_blocked(into, row->blocked[i].cause);

		if (!b)
			continue;
		b->ns += row->blocked[i].ns;
		b->count += row->blocked[i].count;
	}
}

void row__merge(struct capture_thread *into, const struct capture_thread *row)
{
	into->merged += row->merged;
	into->exists_ns += row->exists_ns;
	for (size_t i = 0; i < ST_COUNT; i++)
		into->state_ns[i] += row->state_ns[i];
	into->run_held_ns += row->run_held_ns;
	into->samples += row->samples;
	into->unknown_gil_samples += row->unknown_gil_samples;
	into->kernel_ns += row->kernel_ns;
	into->edges_on_cpu += row->edges_on_cpu;
	into->voluntary += row->voluntary;
	into->involuntary += row->involuntary;
	into->migrations += row->migrations;
	into->episode_asleep_ns += row->episode_asleep_ns;
	into->episode_runq_ns += row->episode_runq_ns;
	into->episode_running_ns += row->episode_running_ns;
	merge_hist(&into->gil_wait, &row->gil_wait);
	merge_hist(&into->runq, &row->runq);
	merge_uses(into, row);
	merge_blocked(into, row);
	for (size_t i = 0; i < into->cpus_n && i < row->cpus_n; i++)
		into->cpu_ns[i] += row->cpu_ns[i];
}
