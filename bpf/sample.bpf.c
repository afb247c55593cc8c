// SPDX-License-Identifier: GPL-2.0
/* The cpu-clock sample: does the thread on this CPU hold a GIL? */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "arch.bpf.h"
#include "blame.bpf.h"
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "native.bpf.h"
#include "python.bpf.h"
#include "sched.bpf.h"
#include "stack.bpf.h"
#include "thread.bpf.h"

const volatile u32 sample_stack_every = 0; /* every n-th sample takes a stack; 0: none */

/* Does it hold a GIL? */
static __always_inline bool sample__holds(struct task_struct *task, struct wire_thread *t, u64 now)
{
	struct wire_gil_use *use;
	u32 holds;

	python__refresh(t, task);
	t->samples++;
	if (!t->python_known)
		t->unknown_gil_samples++;
	if (!t->gils || t->mm != kernel__mm(task))
		return false;
	t->tls = arch__tls(task);
	if (t->gils > 1)
		python__sample(t, t->tls);
	holds = python__holds(t, t->tls, now);
	use = account__use(t);
	if (holds == 2) {
		use->samples++;
		use->wanted += blame_waiters[0] > 0;
		use->waiters += blame_waiters[0];
	}
	return holds == 2;
}

/* Where it is, in Python and in its machine code. */
static __noinline void sample__take_stack(struct wire_thread *t, u64 ip, u64 now, u32 holds)
{
	struct wire_sample_event e = {};

	e.h.type = EV_SAMPLE;
	e.h.tgid = t->tgid;
	e.h.key = t->key;
	e.h.time = now;
	e.tid = t->tid;
	e.ip = ip;
	e.holds = holds;
	e.state = ST_RUN;
	e.stack = t->own_tstate ? stack__walk(t, t->own_tstate) : 0;
	e.native = native_how ? native__tell(t, now) : 0;
	events__send(&e, sizeof(e));
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_cpu *c;
	struct wire_thread *t;
	bool holds;
	u64 now;

	t = thread__get(task);
	if (!t)
		return 0;
	c = cpu__get(bpf_get_smp_processor_id());
	now = bpf_ktime_get_ns();
	if (!c || now < window.start || now >= window.end)
		return 0;
	if (t->state > ST_RUN && !(t->flags & WT_TEST_SKIPS))
		sched__make_up_run(task, t, now, thread__kernel_ns(task, now) - t->booked_at_left);
	if (t->state != ST_RUN)
		return 0;
	c->samples++;
	holds = sample__holds(task, t, now);
	if (sample_stack_every && c->samples % sample_stack_every == 0)
		sample__take_stack(t, arch__user_ip(task), now, holds);
	return 0;
}
