/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU data: whom the CPU's time goes to, what was lost on it, and the clock. */
#ifndef GILPROF_CPU_BPF_H
#define GILPROF_CPU_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"

extern struct account_window window; /* defined in cpu.bpf.c, set by user space */

/*
 * The account's functions (account.h) on this window, with t->leave, t->booked and t->booked_at_left.
 * Global, as in python.bpf.h: verified once.
 */
int account__tell_leave(struct wire_thread *t, u64 now);
int account__tell_run(struct wire_thread *t, u64 now, u64 queued, u32 cpu);
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

/*
 * At a switch from `prev`: this CPU's time has gone to `from` since the last change and goes to `to`
 * from now on. Returns now, the clock at this switch.
 */
u64 cpu__switch(struct task_struct *prev, u32 from, u32 to) __hidden;

/* The target has had this CPU since `on`, which no switch has told. */
void cpu__begins(u64 on) __hidden;

/* Counts a lost datum on this CPU. */
int cpu__lost(u32 cause);

#endif
