/* SPDX-License-Identifier: GPL-2.0 */
/* The record of a traced thread. A thread is traced exactly if it has one. */
#ifndef GILPROF_THREAD_BPF_H
#define GILPROF_THREAD_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel.bpf.h"
#include "wire.h"

struct wire_thread *thread__look_up(struct task_struct *task) __hidden;

/* The record of a task, NULL if it is not traced or has ended. */
static __always_inline struct wire_thread *thread__get(struct task_struct *task)
{
	/* Most tasks have no storage of any program: see that without calling anything. */
	return task->bpf_storage ? thread__look_up(task) : NULL;
}

/* The record of a task, made if it has none; NULL, counted as lost, if there is no memory. */
struct wire_thread *thread__create(struct task_struct *task) __hidden;

/* Throws the record away and makes a new one: a thread that takes the leader's TID in exec. */
struct wire_thread *thread__renew(struct task_struct *task) __hidden;

/*
 * The scheduler itself notes when it queues a task, and how long it has queued: with that no probe on
 * wake-ups is needed. False where it does not (!CONFIG_SCHED_INFO); user space attaches sched_wakeup then.
 */
static __always_inline bool thread__has_queue_times(void)
{
	return bpf_core_field_exists(struct sched_info, last_queued) &&
	       bpf_core_field_exists(struct cfs_rq, rq);
}

/*
 * How long a task has been in run queues since run_delay was `before`, ns. To be asked at the switch
 * that gives it its CPU: both are booked after that tracepoint (sched_info_switch, kernel/sched/stats.h).
 */
static __always_inline u64 thread__queued(struct task_struct *task, u64 before)
{
	u64 since = task->sched_info.last_queued, now = kernel__walk(task)->se.cfs_rq->rq->clock;

	return task->sched_info.run_delay - before + (since && now > since ? now - since : 0);
}

/* CPU time of a task by the kernel's own count, up to `now` if it is on a CPU. */
u64 thread__kernel_ns(struct task_struct *task, u64 now) __hidden;

#endif
