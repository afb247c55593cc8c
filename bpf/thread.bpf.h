/* SPDX-License-Identifier: GPL-2.0 */
/* The record of a traced thread. A thread is traced exactly if it has one. */
#ifndef GILPROF_THREAD_BPF_H
#define GILPROF_THREAD_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
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

/* CPU time of a task by the kernel's own count, up to `now` if it is on a CPU. */
u64 thread__kernel_ns(struct task_struct *task, u64 now) __hidden;

#endif
