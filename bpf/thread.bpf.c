// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cpu.bpf.h"
#include "thread.bpf.h"

#define CREATE_ATTEMPTS 4

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wire_thread);
} threads SEC(".maps");

struct wire_thread *thread__look_up(struct task_struct *task)
{
	struct wire_thread *t = bpf_task_storage_get(&threads, task, 0, 0);

	return t && !(t->flags & WT_EXITED) ? t : NULL;
}

/* Namespaces are nested: the innermost one's number comes last. */
static __always_inline u32 thread__ns_tid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level, nr = 0;

	if (!pid)
		return 0;
	level = BPF_CORE_READ(pid, level);
	bpf_probe_read_kernel(&nr, sizeof(nr), &pid->numbers[level].nr);
	return nr;
}

static __always_inline void thread__identify(struct wire_thread *t, struct task_struct *task)
{
	t->tid = task->pid;
	t->ns_tid = thread__ns_tid(task);
	t->tgid = task->tgid;
	t->key = kernel__walk(task)->group_leader->start_boottime;
	t->cpu = ACCOUNT_NO_CPU;
	t->cause = CAUSE_NONE;
}

struct wire_thread *thread__create(struct task_struct *task)
{
	struct wire_thread *t = NULL;
	int i;

	/* the allocator never waits, so it may fail and succeed a moment later */
	for (i = 0; i < CREATE_ATTEMPTS && !t; i++)
		t = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		cpu__lost(LOST_THREAD_STORAGE);
		return NULL;
	}
	if (!t->tid)
		thread__identify(t, task);
	return t;
}

struct wire_thread *thread__renew(struct task_struct *task)
{
	bpf_task_storage_delete(&threads, task);
	return thread__create(task);
}

u64 thread__kernel_ns(struct task_struct *task, u64 now)
{
	u64 ns = task->se.sum_exec_runtime, clock;
	struct wire_cpu *c;
	struct rq *rq;

	if (!task->on_cpu || !cpu__has_clock())
		return ns;
	/* sum_exec_runtime is as old as the run queue's clock: up to a tick */
	rq = kernel__walk(task)->se.cfs_rq->rq;
	c = cpu__get(rq->cpu);
	clock = rq->clock;
	if (c && c->clock_synced && now > clock + c->clock_off)
		ns += now - (clock + c->clock_off);
	return ns;
}
