// SPDX-License-Identifier: GPL-2.0
/*
 * The task iterator: who belongs to the target, what each of its threads sleeps in when the window
 * opens, and each thread's record when it closes.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "account.h"
#include "arch.bpf.h"
#include "blame.bpf.h"
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "kernel.bpf.h"
#include "lock.bpf.h"
#include "python.bpf.h"
#include "sleep.bpf.h"
#include "thread.bpf.h"

const volatile u32 iter_children = 1;

u32 iter_pass = PASS_SEED;	      /* enum wire_pass */
struct wire_leave iter_leave = { 0 }; /* scratch: one iterator runs at a time */
u32 iter_queue_times = 0;	      /* thread__has_queue_times, for user space */
u64 iter_found = 0;		      /* records opened by PASS_SEED: done when a pass finds none */

/* The processes of the target at the start: those the user named and, then, their descendants. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32); /* tgid */
	__type(value, u32);
} roots SEC(".maps");

static __always_inline bool iter__is_target(struct task_struct *task)
{
	u32 tgid = task->tgid, parent, one = 1;

	if (bpf_map_lookup_elem(&roots, &tgid))
		return true;
	if (!iter_children || (task->flags & PF_KTHREAD))
		return false;
	if (tgid == bpf_get_current_pid_tgid() >> 32) /* we, whose shell is profiled */
		return false;
	parent = BPF_CORE_READ(task, real_parent, tgid);
	if (!bpf_map_lookup_elem(&roots, &parent))
		return false;
	if (bpf_map_update_elem(&roots, &tgid, &one, BPF_ANY))
		cpu__lost(LOST_PROCESS_MAP);
	return true;
}

static __always_inline void iter__report_process(struct seq_file *seq, struct task_struct *task)
{
	struct wire_thread *t = thread__look_up(task);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct wire_process_event e = {};

	e.h.type = EV_SEEN;
	e.h.tgid = task->tgid;
	e.h.key = kernel__walk(task)->group_leader->start_boottime;
	e.h.time = bpf_ktime_get_ns();
	e.execs = t ? t->execs : 0;
	e.ppid = BPF_CORE_READ(task, real_parent, tgid);
	e.borrows_memory = mm && mm == BPF_CORE_READ(task, real_parent, mm);
	bpf_probe_read_kernel(e.comm, sizeof(e.comm), task->comm);
	bpf_seq_write(seq, &e, sizeof(e));
}

/*
 * A thread of which nothing is known yet, or that fell asleep before its interpreter was known. An
 * event may come between the look at the
 * task and the change of the record: it then has set the state, and what it says holds.
 */
static __always_inline void iter__seed_asleep(struct task_struct *task, struct wire_thread *t)
{
	struct wire_leave *l = &iter_leave;
	u32 state = task->__state, was = t->state;

	if (was != ST_UNSEEN && (was < ST_GIL_WAIT || t->python_gen == python_gen))
		return;
	l->cause = CAUSE_NONE;
	l->nr = CAUSE_NONE;
	l->word = 0;
	l->gil = 0;
	l->holds = 0;
	python__refresh(t, task);
	t->tls = arch__tls(task);
	/* not on_rq: a task asleep may stay queued for a while (v6.12: sched_delayed) */
	if (task->on_cpu || !state)
		l->state = task->on_cpu ? ST_RUN : ST_RUNQ;
	else
		sleep__classify(task, t, state, false, l);
	t->booked_at_left = task->se.sum_exec_runtime;
	if (l->state >= ST_GIL_WAIT) {
		if (thread__has_queue_times())
			t->queued_at_left = task->sched_info.run_delay;
		l->holds = t->gils && python__held_at_start(t, arch__tls(task));
		t->leave.nr = l->nr;
		account__open_asleep(t, l);
	} else if (t->cpu == ACCOUNT_NO_CPU) {
		t->cpu = cpu__of(task);
	}
	__sync_val_compare_and_swap(&t->state, was, l->state);
}

static __always_inline void iter__seed(struct seq_file *seq, struct task_struct *task)
{
	struct wire_thread *t;

	if (!iter__is_target(task))
		return;
	if (task->pid == task->tgid)
		iter__report_process(seq, task);
	if (task->exit_state)
		return;
	t = thread__look_up(task);
	if (!t) {
		t = thread__create(task);
		if (!t || (t->flags & WT_EXITED))
			return;
		__sync_fetch_and_add(&iter_found, 1);
	}
	iter__seed_asleep(task, t);
}

/* It has a CPU, and nobody has told (account__got_cpu). `ns` is the CPU time of its life up to `now`. */
static __always_inline void iter__mark_run(struct task_struct *task, struct wire_thread *t, u64 now,
					   u64 ns)
{
	u64 on = account__got_cpu(t, now, ns - t->booked_at_left), queued = 0;

	if (thread__has_queue_times())
		queued = task->sched_info.run_delay - t->queued_at_left;
	account__tell_run(t, on, queued, cpu__of(task));
}

static __always_inline void iter__mark(struct task_struct *task, struct wire_thread *t)
{
	u64 now = bpf_ktime_get_ns(), ns = thread__kernel_ns(task, now);

	if (iter_pass == PASS_MARK_END) {
		if (task->on_cpu && t->state > ST_RUN)
			iter__mark_run(task, t, now, ns);
		else if (thread__has_queue_times() && t->state >= ST_GIL_WAIT &&
			 task->sched_info.last_queued)
			account__tell_wake(t, task->sched_info.last_queued + cpu__clock_off(task));
		t->kernel_ns = ns;
		if (task->on_cpu)
			t->flags |= WT_ON_CPU_END;
	} else if (t->begin < window.start) {
		t->kernel_ns_begin = ns;
		blame__tell_seed(t, window.start);
		if (task->on_cpu)
			t->flags |= WT_ON_CPU_START;
	}
}

static __always_inline void iter__close(struct seq_file *seq, struct task_struct *task,
					struct wire_thread *t)
{
	u32 size = record_size, closed;

	closed = __sync_val_compare_and_swap(&t->closed, CLOSED_NOT, CLOSED_BY_ITERATOR);
	if (closed == CLOSED_BY_END)
		return;
	if (closed == CLOSED_NOT) /* else it is back: the record found no room in the buffer */
		account__tell_close(t, window.end);
	lock__tell(t);
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), task->comm);
	t->tls = arch__tls(task);
	blame__forget(t);
	if (size <= sizeof(*t))
		bpf_seq_write(seq, t, size);
}

/* A CPU that never changed its class tells what it runs only here. */
static __always_inline void iter__note_cpu(struct task_struct *task, struct wire_thread *t)
{
	struct wire_cpu *c;

	if (!task->on_cpu)
		return;
	c = cpu__get(cpu__of(task));
	if (c && !c->on_cpu)
		c->on_cpu = (t ? FOR_TARGET : FOR_OTHER) + 1;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct wire_thread *t;

	if (!task)
		return 0;
	if (iter_pass == PASS_SEED) {
		arch__find_regs(task);
		iter_queue_times = thread__has_queue_times();
		iter__seed(seq, task);
		return 0;
	}
	t = thread__look_up(task);
	if (iter_pass == PASS_MARK_END)
		iter__note_cpu(task, t);
	if (!t)
		return 0;
	if (iter_pass == PASS_LIST) {
		if (task->pid == task->tgid)
			iter__report_process(seq, task);
		return 0;
	}
	if (iter_pass == PASS_CLOSE)
		iter__close(seq, task, t);
	else
		iter__mark(task, t);
	return 0;
}
