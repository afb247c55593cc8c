// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "kernel.bpf.h"

#define RING_BYTES (4u << 20) /* 1,400 threads of 2 CPUs may end at once */

const volatile u32 record_size = sizeof(struct wire_thread);
const volatile u32 ring_bytes = RING_BYTES; /* more where copies of stacks travel */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

/* User space looks at the ring ten times a second; it is woken when that would be too late. */
static __always_inline u64 events__wakeup(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > ring_bytes / 2 ? BPF_RB_FORCE_WAKEUP
									      : BPF_RB_NO_WAKEUP;
}

static __always_inline void events__fill(struct wire_process_event *e, u32 type,
					 struct task_struct *task, u64 key)
{
	e->h.type = type;
	e->h.tgid = task->tgid;
	e->h.key = key;
	e->h.time = bpf_ktime_get_ns();
	e->parent_key = 0;
	e->ppid = 0;
	e->status = 0;
	e->execs = 0;
	e->borrows_memory = 0;
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), task->comm);
}

void events__fork(struct task_struct *parent, u64 parent_key, struct task_struct *child)
{
	struct wire_process_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		cpu__lost(LOST_RING_FULL);
		return;
	}
	events__fill(e, EV_FORK, child, kernel__walk(child)->group_leader->start_boottime);
	e->parent_key = parent_key;
	e->ppid = parent->tgid;
	e->borrows_memory = kernel__mm(parent) == kernel__mm(child);
	bpf_ringbuf_submit(e, events__wakeup());
}

void events__exec(struct task_struct *task, struct wire_thread *t)
{
	struct wire_exec_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	struct mm_struct *mm = kernel__walk(task)->mm;
	u64 len;

	if (!e) {
		cpu__lost(LOST_RING_FULL);
		return;
	}
	events__fill(&e->p, EV_EXEC, task, t->key);
	e->p.execs = t->execs;
	e->p.ppid = kernel__walk(task)->real_parent->tgid;
	e->args_len = 0;
	if (mm) { /* exec has just written the arguments: their pages are there */
		len = mm->arg_end - mm->arg_start;
		if (len > WIRE_ARGS_LEN)
			len = WIRE_ARGS_LEN;
		if (!bpf_probe_read_user(e->args, len, (void *)mm->arg_start))
			e->args_len = len;
	}
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP); /* its interpreter wants to be found soon */
}

void events__exit(struct task_struct *task, struct wire_thread *t)
{
	struct wire_process_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	struct task_struct *leader = kernel__walk(task)->group_leader;
	struct signal_struct *signal = kernel__walk(task)->signal;

	if (!e) {
		cpu__lost(LOST_RING_FULL);
		return;
	}
	events__fill(e, EV_EXIT, task, t->key);
	/* as wait_task_zombie() reports it, kernel/exit.c */
	e->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : leader->exit_code;
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
}

void events__thread(struct wire_thread *t)
{
	u32 size = record_size;
	struct wire_thread_event *e;

	if (size > sizeof(struct wire_thread))
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(e->h) + size, 0);
	if (!e) {
		cpu__lost(LOST_RING_FULL);
		return;
	}
	e->h.type = EV_THREAD;
	e->h.tgid = t->tgid;
	e->h.key = t->key;
	e->h.time = t->end;
	bpf_probe_read_kernel(&e->thread, size, t);
	bpf_ringbuf_submit(e, events__wakeup());
}

bool events__send(void *event, u32 size)
{
	if (!bpf_ringbuf_output(&events, event, size, events__wakeup()))
		return true;
	cpu__lost(LOST_RING_FULL);
	return false;
}

bool events__send_spare(void *event, u32 size)
{
	u64 flags = BPF_RB_NO_WAKEUP;
	u64 used = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	if (used > ring_bytes / 4) /* before the others have to */
		flags = BPF_RB_FORCE_WAKEUP;
	if (used <= ring_bytes / 2 && !bpf_ringbuf_output(&events, event, size, flags))
		return true;
	cpu__lost(LOST_NATIVE_ROOM);
	return false;
}

struct wire_gil_event *events__reserve_gil(void)
{
	struct wire_gil_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		cpu__lost(LOST_RING_FULL);
	return e;
}

void events__submit_gil(struct wire_gil_event *e)
{
	bpf_ringbuf_submit(e, events__wakeup());
}
