// SPDX-License-Identifier: BSD-2-Clause
/* The model's laws of conservation (design section 2), and what losses mean for its figures. */
#include "model.h"

#define US 1000ull

const char *const model_law_names[LAW_COUNT] = {
	[LAW_THREAD] = "thread",
	[LAW_CPU] = "cpu",
	[LAW_GIL] = "gil",
	[LAW_PROCESS] = "process",
	[LAW_LOCK] = "lock",
};

const char *const model_lost_names[] = {
	[LOST_RING_FULL] = "ring_full",
	[LOST_THREAD_STORAGE] = "thread_storage",
	[LOST_PROCESS_MAP] = "process_map",
	[LOST_GIL_READ] = "gil_read",
	[LOST_GIL_USES] = "gil_uses",
	[LOST_CLOCK_BACKWARDS] = "clock_backwards",
	[LOST_RECURSION] = "recursion",
	[LOST_STACKS] = "stacks",
	[LOST_NATIVE_ROOM] = "native_room",
	[LOST_UNWIND] = "unwind",
};

/* Each of these costs one sample or one interval; the others cost a thread or a process. */
static const bool rare_is_fine[LOST_COUNT] = {
	[LOST_GIL_READ] = true,	[LOST_GIL_USES] = true,
	[LOST_CLOCK_BACKWARDS] = true, [LOST_RECURSION] = true, [LOST_STACKS] = true,
	[LOST_NATIVE_ROOM] = true,     [LOST_UNWIND] = true,
};

_Static_assert(sizeof(model_lost_names) / sizeof(model_lost_names[0]) == LOST_COUNT,
	       "name the new cause, and say whether a rare loss matters");

bool model__lost_matters(const struct model *m, enum wire_lost cause)
{
	uint64_t lost = m->capture->info.lost[cause];

	if (!rare_is_fine[cause])
		return lost > 0;
	return lost > model__sum(m->samples, m->switches) / 1000;
}

static void check(struct model_law *law, uint32_t at, uint64_t figure, uint64_t expected,
		  uint64_t tolerance)
{
	uint64_t error = figure > expected ? figure - expected : expected - figure;
	double tolerances = (double)error / (double)tolerance;

	law->broken += error > tolerance;
	if (law->checked++ && tolerances <= law->worst)
		return;
	law->worst = tolerances;
	law->error_ns = error;
	law->expected_ns = expected;
	law->at = at;
}

static void check_thread(struct model *m, const struct capture_thread *t)
{
	uint64_t sum = 0;

	for (int s = 0; s < ST_COUNT; s++)
		sum = model__sum(sum, t->state_ns[s]);
	check(&m->laws[LAW_THREAD], t->tid, sum, t->exists_ns,
	      t->exists_ns / 1000 + US * t->merged + 1);
}

static void check_cpu(struct model *m, const struct capture_cpu *cpu)
{
	uint64_t window = m->capture->info.duration_ns;
	uint64_t busy = model__sum(cpu->target_ns, cpu->other_ns);

	check(&m->laws[LAW_CPU], cpu->cpu,
	      model__sum(busy, model__sum(cpu->idle_ns, cpu->offline_ns)), window,
	      window / 1000 + 20 * US);
}

/* a * b, at most MODEL_MAX */
static uint64_t product(uint64_t a, uint64_t b)
{
	return b && a > MODEL_MAX / b ? MODEL_MAX : a * b;
}

/*
 * The kernel's count leaves out interrupts and what a hypervisor stole, and is brought up to date
 * only at ticks while a thread runs.
 */
static void check_process(struct model *m, const struct model_process *p)
{
	const struct capture_info *info = &m->capture->info;
	uint64_t tolerance = p->kernel_cpu_ns / 100;

	tolerance = model__sum(tolerance, info->steal_irq_ns);
	tolerance = model__sum(tolerance, product(p->edges_on_cpu, info->tick_ns));
	tolerance = model__sum(tolerance, product(p->existed, 100 * US) + 1);
	check(&m->laws[LAW_PROCESS], p->process->pid, p->cpu_ns, p->kernel_cpu_ns, tolerance);
}

/* All GILs of a process together: those that exec has replaced are not told apart. */
static void check_gils(struct model *m, const struct model_process *p)
{
	const struct capture *c = m->capture;
	uint64_t wait = 0, blame = 0;

	if (!p->gils_n || !c->info.stack_hz) /* 0: from before there was blame */
		return;
	for (size_t i = 0; i < p->gils_n; i++)
		wait = model__sum(wait, p->gils[i].wait_ns);
	for (size_t i = 0; i < c->blame_n; i++) {
		if (c->blame[i].key == p->process->key && c->blame[i].pid == p->process->pid)
			blame = model__sum(blame, c->blame[i].wait_ns);
	}
	check(&m->laws[LAW_GIL], p->process->pid, blame, wait, wait / 1000 + 1);
}

static void check_locks(struct model *m, const struct model_process *p)
{
	uint64_t wait = p->state_ns[ST_LOCK_WAIT];

	if (m->capture->locks_n) /* else nobody waited, or it is from before there were any */
		check(&m->laws[LAW_LOCK], p->process->pid, p->locks_ns, wait, wait / 1000 + 1);
}

void model__laws(struct model *m)
{
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		for (size_t t = 0; t < p->threads_n; t++)
			check_thread(m, p->threads[t].row);
		check_process(m, p);
		check_gils(m, p);
		check_locks(m, p);
	}
	for (size_t i = 0; i < m->capture->cpus_n; i++)
		check_cpu(m, &m->capture->cpus[i]);
}
