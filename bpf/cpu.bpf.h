/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU data: whom the CPU's time goes to, what was lost on it, and the clock. */
#ifndef GILPROF_CPU_BPF_H
#define GILPROF_CPU_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "kernel.bpf.h"

#define CPU_LATE_NS 1000000

extern struct account_window window; /* defined in cpu.bpf.c, set by user space */

/*
 * The account's functions (account.h) on this window, with t->leave, t->booked and t->booked_at_left: the
 * first two, which each switch calls, inlined, the others global, as in python.bpf.h: verified once.
 */
void account__tell_leave(struct wire_thread *t, u64 now) __hidden;
void account__tell_run(struct wire_thread *t, u64 now, u64 queued, u32 cpu) __hidden;
int account__tell_wake(struct wire_thread *t, u64 now);
int account__tell_close(struct wire_thread *t, u64 now);

/* The record of a CPU, NULL if the number is out of range. */
struct wire_cpu *cpu__get(u32 cpu) __hidden;

/* The CPU that a task runs or last ran on. */
u32 cpu__of(struct task_struct *task) __hidden;

/* CLOCK_MONOTONIC minus the clock of the run queue that a task belongs to. */
u64 cpu__clock_off(struct task_struct *task) __hidden;

/* The clock at a scheduler event on the run queue that `task` belongs to. */
u64 cpu__clock(struct task_struct *task) __hidden;

/* False if !CONFIG_FAIR_GROUP_SCHED. */
static __always_inline bool cpu__has_clock(void)
{
	return bpf_core_field_exists(struct cfs_rq, rq);
}

/*
 * How long before the switch from `prev` the kernel has stopped booking its CPU time, ns: a CPU that is
 * about to idle first looks for work elsewhere (sched_balance_newidle, kernel/sched/fair.c), 1 to 5 us here.
 */
static __always_inline u64 cpu__lateness(struct task_struct *prev)
{
	u64 late;

	if (!cpu__has_clock())
		return 0;
	late = kernel__walk(prev)->se.cfs_rq->rq->clock_task - prev->se.exec_start;
	return late < CPU_LATE_NS ? late : 0; /* else one of them is of something else */
}

/*
 * At a switch from `prev`: this CPU's time has gone to `from` since the last change, until `late` ns ago,
 * and goes to `to` from then on. Returns now, the clock at this switch.
 */
u64 cpu__switch(struct task_struct *prev, u32 from, u32 to, u64 late) __hidden;

/* The target has had this CPU since `on`, which no switch has told. */
void cpu__begins(u64 on) __hidden;

/* Counts a lost datum on this CPU. */
int cpu__lost(u32 cause);

#endif
