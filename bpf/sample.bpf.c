// SPDX-License-Identifier: GPL-2.0
/* The cpu-clock sample: does the thread on this CPU hold a GIL? */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "arch.bpf.h"
#include "cpu.bpf.h"
#include "python.bpf.h"
#include "thread.bpf.h"

static __always_inline void sample__take(struct task_struct *task, struct wire_thread *t, u64 now)
{
	python__refresh(t, task);
	t->samples++;
	if (!t->python_known)
		t->unknown_gil_samples++;
	if (!t->gils || t->mm != (u64)task->mm)
		return;
	if (t->gils > 1)
		python__sample(t, arch__tls(task));
	if (python__holds(t, arch__tls(task), now) == 2)
		account__use(t)->samples++;
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_cpu *c;
	struct wire_thread *t;
	u64 now;

	if (!task->bpf_storage)
		return 0;
	t = thread__get(task);
	if (!t)
		return 0;
	c = cpu__get(bpf_get_smp_processor_id());
	now = bpf_ktime_get_ns();
	if (!c || now < window.start || now >= window.end || t->state != ST_RUN)
		return 0;
	c->samples++;
	sample__take(task, t, now);
	return 0;
}
