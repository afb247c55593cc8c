// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cpu.bpf.h"
#include "parts.h"

struct account_window window = { ~0ull, ~0ull };

/* An array, not a per-CPU one: user space maps it, and its look-up is inlined on every kernel. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* possible CPUs, set before loading */
	__type(key, u32);
	__type(value, struct wire_cpu);
} cpus SEC(".maps");

struct task_struct___old {
	unsigned int cpu;
} __attribute__((preserve_access_index));

/*
 * bpf_ktime_get_ns costs 60 ns on a virtual machine, the run queue's clock 2-6: the scheduler has
 * just read it. It runs at the rate of sched_clock, so its distance from CLOCK_MONOTONIC is measured
 * again every 4 ms; at the 500 ppm that NTP may slew, they drift 2 µs apart meanwhile.
 *
 * The run queue's clock can be late: between a wake-up that preempts and the switch it leads to it is
 * not read again (rq_clock_skip_update, kernel/sched/core.c), and in a long system call that takes
 * milliseconds. The distance then seems longer than it is, never shorter, so a measurement may raise
 * it by no more than drift explains.
 */
#define CLOCK_SYNC_NS 4000000ull
#define CLOCK_DRIFT_SHIFT 11 /* 1/2048, 488 ppm */

/* inlined here, called elsewhere */
static __always_inline struct wire_cpu *cpu__find(u32 cpu)
{
	return bpf_map_lookup_elem(&cpus, &cpu);
}

struct wire_cpu *cpu__get(u32 cpu)
{
	return cpu__find(cpu);
}

u32 cpu__of(struct task_struct *task)
{
	/* v5.16: bcf9033e5449 ("sched: move CPU field back into thread_info if THREAD_INFO_IN_TASK=y") */
	struct task_struct___old *old = (void *)task;

	return bpf_core_field_exists(task->thread_info.cpu) ? BPF_CORE_READ(task, thread_info.cpu)
							    : BPF_CORE_READ(old, cpu);
}

static __always_inline void cpu__sync_clock(struct wire_cpu *c, u64 clock)
{
	u64 off = bpf_ktime_get_ns() - clock;
	u64 most = c->clock_off + ((clock - c->clock_synced) >> CLOCK_DRIFT_SHIFT);

	c->clock_off = c->clock_synced && (s64)(off - most) > 0 ? most : off;
	c->clock_synced = clock;
}

static __always_inline void cpu__note_lag(struct wire_cpu *c, struct rq *rq)
{
	u64 lag = rq->clock - rq->clock_task + 1;

	if (c->clock_synced + c->clock_off < window.start)
		return;
	if (!c->lag_first)
		c->lag_first = lag;
	c->lag_last = lag;
}

static __always_inline u64 cpu__read_clock(struct wire_cpu *c, struct rq *rq)
{
	u64 clock = rq->clock;

	if (clock - c->clock_synced > CLOCK_SYNC_NS) {
		cpu__sync_clock(c, clock);
		cpu__note_lag(c, rq);
	}
	return clock + c->clock_off;
}

u64 cpu__clock_off(struct task_struct *task)
{
	struct wire_cpu *c = cpu__find(cpu__of(task));

	return c ? c->clock_off : 0;
}

u64 cpu__clock(struct task_struct *task)
{
	struct wire_cpu *c;
	struct rq *rq;

	if (!cpu__has_clock())
		return bpf_ktime_get_ns();
	rq = kernel__walk(task)->se.cfs_rq->rq;
	c = cpu__find(rq->cpu);
	return c ? cpu__read_clock(c, rq) : bpf_ktime_get_ns();
}

/*
 * Every switch of the machine comes here: inlined, because a call doubles what those of others cost
 * (bpf/gilprof.bpf.c), and without kernel__walk, because each load through a pointer that is not trusted is
 * checked first, 3 ns.
 */
__attribute__((always_inline)) u64 cpu__switch(struct task_struct *prev, u32 from, u32 to, u64 late)
{
	struct wire_cpu *c = cpu__find(bpf_get_smp_processor_id());
	u64 now, changed;

	now = c && cpu__has_clock() ? cpu__read_clock(c, prev->se.cfs_rq->rq) : bpf_ktime_get_ns();
	changed = now - late;
	if (!c || from == to || now >= window.end)
		return now;
	if (from < FOR_COUNT)
		c->ns[from] += account__clip(&window, c->since, changed);
	if (changed > c->since)
		c->since = changed;
	c->on_cpu = to + 1;
	return now;
}

void cpu__begins(u64 on)
{
	struct wire_cpu *c = cpu__find(bpf_get_smp_processor_id());
	u64 ns;

	if (!c || c->on_cpu == FOR_TARGET + 1 || on <= c->since)
		return;
	ns = account__clip(&window, c->since, on);
	if (c->on_cpu == FOR_IDLE + 1)
		c->ns[FOR_IDLE] += ns;
	else
		c->ns[FOR_OTHER] += ns;
	c->since = on;
	c->on_cpu = FOR_TARGET + 1;
}

int cpu__lost(u32 cause)
{
	struct wire_cpu *c = cpu__find(bpf_get_smp_processor_id());

	if (c && cause < LOST_COUNT)
		__sync_fetch_and_add(&c->lost[cause], 1);
	return 0;
}

/* The clocks of two CPUs, or two measurements of one, differ: the account clamps, this counts. */
static __always_inline void cpu__check_clock(const struct wire_thread *t, u64 now)
{
	if (now < t->since)
		cpu__lost(LOST_CLOCK_BACKWARDS);
}

static __always_inline u64 account__waited(const struct wire_thread *t)
{
	return t->state_ns[ST_RUNQ] + t->state_ns[ST_GIL_WAIT];
}

/*
 * What it has waited since `before`, which has just been charged, in one go. Not atomic: switches do not interrupt
 * each other, a sample adds only what no switch has told, and threads are closed when all programs are through.
 */
static __always_inline void cpu__add_wait(const struct wire_thread *t, u64 before)
{
	struct wire_cpu *c = cpu__find(bpf_get_smp_processor_id());
	u64 ns = account__waited(t) - before;
	u64 end = (t->since < window.end ? t->since : window.end) - window.start;

	if (c && ns && ns <= end)
		parts__add(&c->waits, end - ns, end);
}

__attribute__((always_inline)) void account__tell_leave(struct wire_thread *t, u64 now)
{
	cpu__check_clock(t, now);
	account__leave(&window, t, now, &t->leave);
	t->booked_at_left = t->booked;
}

__attribute__((always_inline)) void account__tell_run(struct wire_thread *t, u64 now, u64 queued,
						      u32 cpu)
{
	u64 before = account__waited(t);

	cpu__check_clock(t, now);
	account__run(&window, t, now, t->booked - t->booked_at_left, queued, cpu, &t->leave);
	t->booked_at_left = t->booked;
	cpu__add_wait(t, before);
}

int account__tell_wake(struct wire_thread *t, u64 now)
{
	u64 before;

	if (!t)
		return 0;
	before = account__waited(t);
	cpu__check_clock(t, now);
	account__wake(&window, t, now);
	cpu__add_wait(t, before);
	return 0;
}

int account__tell_close(struct wire_thread *t, u64 now)
{
	u64 before;

	if (!t)
		return 0;
	before = account__waited(t);
	account__close(&window, t, now);
	cpu__add_wait(t, before);
	return 0;
}
