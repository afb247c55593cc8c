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
	row->lock_shared_ns = t->lock.shared_ns;
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
