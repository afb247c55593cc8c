// SPDX-License-Identifier: GPL-2.0
/* The scheduler's own events: each probe is a shim over one function, which tells the account. */
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
#include "sched.bpf.h"
#include "sleep.bpf.h"
#include "stack.bpf.h"
#include "thread.bpf.h"

const volatile u32 follow_children = 1;
/* The tests' ways to lose events: whole runs, which laws must notice, and their beginnings, which must
 * be repaired. */
const volatile u32 drop_every = 0;
const volatile u32 miss_every = 0;

u32 command_tgid = 0; /* the window opens at this process's next exec */

#define RELEASED_NS 1000000
#define GUESS_ASLEEP_NS 10000 /* off the CPU for longer than queued: not the clocks' difference */

static __always_inline void sched__clear_leave(struct wire_leave *l)
{
	l->state = ST_RUNQ;
	l->cause = CAUSE_NONE;
	l->gil = 0;
	l->holds = 0;
	l->held = 0;
	l->word = 0;
	l->nr = CAUSE_NONE;
}

/* Stacks and the timeline of the GIL, of a thread that leaves its CPU. */
static __always_inline void sched__explain_leave(struct wire_thread *t, u64 now, u64 ran_since)
{
	if (t->leave.state == ST_GIL_WAIT || t->leave.holds || t->resolves || blame_waiters[0])
		blame__left(t, now, ran_since);
	t->off_stack = t->leave.state == ST_RUNQ ? 0 : blame__own_stack(t, now);
}

static __always_inline void sched__explain_run(struct wire_thread *t, u64 now, u64 queued)
{
	if (t->waits || t->holds || blame_waiters[0])
		blame__ran(t, now, queued, t->state);
	if (t->off_stack)
		blame__tell_off(t, now);
}

/*
 * Does it surely not keep its GIL? Who waits for it or gives it away does not, and one that released it
 * less than a millisecond ago for the same system call on the same descriptor, or address, most likely does
 * so again.
 */
static __always_inline bool sched__releases_gil(const struct wire_thread *t, u64 now)
{
	u32 state = t->leave.state;

	return state == ST_GIL_WAIT || state == ST_GIL_DROP ||
	       (state != ST_RUNQ && now - t->released.at < RELEASED_NS &&
		t->leave.nr == t->released.nr && t->call_arg == t->released.arg);
}

static __always_inline void sched__note_release(struct wire_thread *t, u64 now, u32 holds)
{
	if (t->leave.state == ST_RUNQ || t->leave.nr == CAUSE_NONE || t->leave.gil)
		return;
	t->released.at = holds == 2 ? 0 : now;
	t->released.arg = t->call_arg;
	t->released.nr = t->leave.nr;
	t->released.held = holds;
}

/*
 * Does it keep its GIL? To look costs 130 to 240 ns, more than all the rest of a switch, so it looks only
 * if that is not known, or what it sees is to be told.
 */
static __always_inline void sched__look_at_gil(struct task_struct *task, struct wire_thread *t,
					       u64 now)
{
	struct wire_leave *l = &t->leave;
	bool waits = l->state == ST_GIL_WAIT,
	     told = blame__is_told(now) && (waits || blame_waiters[0]);
	u32 holds;

	t->tls = arch__tls(task);
	if (!told && sched__releases_gil(t, now)) {
		t->look.interval = 0;
		holds = waits || t->released.held; /* it runs in order to take it */
	} else {
		holds = python__holds(t, t->tls, now);
		sched__note_release(t, now, holds);
	}
	l->holds = holds == 2;
	l->held = holds || l->state == ST_GIL_DROP;
}

/* A task of the target leaves its CPU. */
static __always_inline void sched__leave(struct task_struct *task, struct wire_thread *t, u64 now,
					 bool preempt, u32 task_state)
{
	struct wire_leave *l = &t->leave;
	u64 ran_since = t->since;

	sched__clear_leave(l);
	python__refresh(t, task);
	/* A pending signal sets the state back to running: it has not gone to sleep after all. */
	if (!preempt && task_state && task->__state)
		sleep__classify(task, t, task_state, true, l);
	else if (t->episode.begin)
		sleep__still_waits(task, t, l);
	if (l->state == ST_LOCK_WAIT)
		lock__look(t, arch__user_sp(task));
	if (l->gil && l->gil != t->gil && !account__select_gil(t, l->gil))
		cpu__lost(LOST_GIL_USES);
	if (t->gils && t->mm == kernel__mm(task)) {
		sched__look_at_gil(task, t, now);
		if (now >= window.start)
			sched__explain_leave(t, now, ran_since);
	}
	t->booked = task->se.sum_exec_runtime;
	account__tell_leave(t, now);
	if (thread__has_queue_times())
		t->queued_at_left = task->sched_info.run_delay;
}

/*
 * Its last switch: exit_notify() and all are behind it, nothing of it runs after this. It may come
 * when the window has closed but the iterator has not come by yet.
 */
static __always_inline void sched__end(struct task_struct *task, struct wire_thread *t, u64 now)
{
	if (__sync_val_compare_and_swap(&t->closed, CLOSED_NOT, CLOSED_BY_END) != CLOSED_NOT)
		return;
	blame__forget(t);
	account__tell_close(t, now);
	lock__tell(t);
	if (now < window.end || !t->kernel_ns) {
		t->kernel_ns = task->se.sum_exec_runtime;
		t->flags |= now < window.end ? 0 : WT_ON_CPU_END;
	}
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), task->comm);
	t->flags |= WT_EXITED;
	if (now >= window.start)
		events__thread(t);
}

static __always_inline u32 sched__class(struct task_struct *task, struct wire_thread *t)
{
	return t ? FOR_TARGET : task->pid ? FOR_OTHER : FOR_IDLE;
}

/* For the tests: this run of the thread is lost, both its beginning and its end. */
static __always_inline bool sched__drops_run(struct wire_cpu *c, struct wire_thread *t)
{
	if (!drop_every || c->target_switches % drop_every)
		return false;
	t->flags |= WT_TEST_SKIPS;
	return true;
}

/* For the tests: only the beginning of this run is lost, as switches from some tasks are. */
static __always_inline bool sched__misses_run(const struct wire_cpu *c)
{
	return miss_every && c->target_switches % miss_every == 0;
}

static __always_inline bool sched__drops_leave(struct wire_thread *t)
{
	bool skips = drop_every && t->flags & WT_TEST_SKIPS;

	if (skips)
		t->flags &= ~WT_TEST_SKIPS;
	return skips;
}

/*
 * We were not told how the task left its CPU. If it has not been queued all the time since, it slept,
 * and it still is in the system call that it slept in.
 */
static __noinline void sched__guess_leave(struct task_struct *task, struct wire_thread *t, u64 now,
					  u64 queued)
{
	u64 off = now - t->since - (task->se.sum_exec_runtime - t->booked_at_left);

	sched__clear_leave(&t->leave);
	if ((s64)(off - queued) > GUESS_ASLEEP_NS)
		sleep__classify(task, t, TASK_INTERRUPTIBLE, false, &t->leave);
}

/* A task of the target gets a CPU. */
static __always_inline void sched__run(struct task_struct *task, struct wire_thread *t, u64 now,
				       u32 cpu)
{
	u64 queued = 0;

	if (thread__has_queue_times()) {
		queued = thread__queued(task, t->queued_at_left);
		t->queued_at_left += queued;
	}
	if (account__missed_leave(t))
		sched__guess_leave(task, t, now, queued);
	if (t->gils && now >= window.start) {
		t->tls = arch__tls(task);
		sched__explain_run(t, now, queued);
	}
	t->booked = task->se.sum_exec_runtime;
	account__tell_run(t, now, queued, cpu);
	lock__tell(t);
}

/* Before that it was queued, which the kernel has booked, too, and before that it slept, if it did. */
__noinline void sched__make_up_run(struct task_struct *task, struct wire_thread *t, u64 now,
				   u64 ran)
{
	u64 on = account__got_cpu(t, now, ran);

	cpu__begins(on);
	sched__run(task, t, on, bpf_get_smp_processor_id());
}

static __always_inline void sched__check_run(struct task_struct *task, struct wire_thread *t)
{
	u64 now = cpu__clock(task) - cpu__lateness(task);

	if (now < window.end)
		sched__make_up_run(task, t, now, task->se.sum_exec_runtime - t->booked_at_left);
}

/* A switch in which the target takes part. */
static __always_inline void sched__switch_target(bool preempt, struct task_struct *prev,
						 struct task_struct *next, u32 prev_state,
						 struct wire_thread *out, struct wire_thread *in,
						 u64 now, u64 late)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct wire_cpu *c = cpu__get(cpu);

	if (out && (prev_state & TASK_DEAD)) {
		sched__end(prev, out, now - late);
		out = NULL;
	}
	if (!c || now >= window.end)
		return;
	c->target_switches++;
	if (out && !sched__drops_leave(out))
		sched__leave(prev, out, now - late, preempt, prev_state);
	if (in && !sched__misses_run(c) && !sched__drops_run(c, in))
		sched__run(next, in, now, cpu);
}

static __always_inline int sched__switch(bool preempt, struct task_struct *prev,
					 struct task_struct *next, u32 prev_state)
{
	struct wire_thread *out = thread__get(prev), *in = thread__get(next);
	u32 from = sched__class(prev, out), to = sched__class(next, in);
	u64 now, late;

	if (from == to && from != FOR_TARGET)
		return 0;
	late = out ? cpu__lateness(prev) : 0;
	if (out && out->state != ST_RUN && !(out->flags & WT_TEST_SKIPS))
		sched__check_run(prev, out);
	now = cpu__switch(prev, from, to, late);
	if (from == FOR_TARGET || to == FOR_TARGET)
		sched__switch_target(preempt, prev, next, prev_state, out, in, now, late);
	return 0;
}

/* v5.18: fa2c3254d7cf ("sched/tracing: Don't re-read p->state when emitting sched_switch event") */
SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return sched__switch(preempt, prev, next, prev_state);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch_old, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return sched__switch(preempt, prev, next, prev->__state);
}

/*
 * Only where the scheduler does not note when it queues a task (thread__has_queue_times): it doubles
 * the cost. Not sched_waking: that may come before the sleeper has even left its CPU.
 */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *task)
{
	struct wire_thread *t = thread__get(task);
	u64 now;

	if (!t || t->state < ST_GIL_WAIT)
		return 0;
	now = cpu__clock(task);
	if (now < window.end)
		account__tell_wake(t, now);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_fork, struct task_struct *parent, struct task_struct *child)
{
	struct wire_thread *p = thread__get(parent), *t;
	bool process = parent->tgid != child->tgid;
	u64 now;

	if (!p || (process && !follow_children))
		return 0;
	now = bpf_ktime_get_ns();
	if (now >= window.end)
		return 0;
	t = thread__create(child);
	if (!t)
		return 0;
	account__open(t, now, ST_RUNQ);
	t->flags = WT_BORN;
	if (!process) {
		t->execs = p->execs;
		return 0;
	}
	python__fork(parent, p, child);
	events__fork(parent, p->key, child);
	return 0;
}

/* Another thread than the leader made exec: the old TID ends here, the leader's goes on in it. */
static __always_inline struct wire_thread *sched__take_over(struct task_struct *task,
							    struct wire_thread *t, u64 now)
{
	u32 execs = t->execs;
	u64 kernel_ns = thread__kernel_ns(task, now);

	account__tell_close(t, now);
	lock__tell(t);
	t->kernel_ns = kernel_ns;
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), task->comm);
	t->flags |= WT_EXITED;
	if (now >= window.start)
		events__thread(t);
	t = thread__renew(task);
	if (!t)
		return NULL;
	account__open(t, now, ST_RUN);
	t->cpu = bpf_get_smp_processor_id();
	t->flags = WT_BORN | WT_EXEC_BEGAN;
	t->kernel_ns_begin = kernel_ns;
	t->booked_at_left = kernel_ns;
	t->execs = execs;
	return t;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_exec, struct task_struct *task, u32 old_pid)
{
	struct wire_thread *t = thread__get(task);
	u64 now;
	u32 i;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (now >= window.end)
		return 0;
	python__forget(task->tgid);
	if ((u32)task->tgid == command_tgid && window.start == ~0ull) {
		t->kernel_ns_begin = thread__kernel_ns(task, now);
		window.start = now;
	}
	if (old_pid != (u32)task->pid)
		t = sched__take_over(task, t, now);
	if (!t)
		return 0;
	t->execs++;
	/* another GIL may come to lie at the same address, and counts anew */
	for (i = 0; i < WIRE_GIL_USES; i++)
		t->uses[i].seen = 0;
	t->python_gen = 0;
	t->gils = 0;
	t->gil = 0;
	t->holds = 0;
	events__exec(task, t);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_exit, struct task_struct *task)
{
	struct wire_thread *t = thread__get(task);

	if (!t || kernel__walk(task)->signal->live.counter > 0)
		return 0;
	python__forget(task->tgid);
	events__exit(task, t);
	return 0;
}
