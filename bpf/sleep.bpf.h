/* SPDX-License-Identifier: GPL-2.0 */
/* What a thread that leaves its CPU is going to wait for: design section 2, read off the kernel. */
#ifndef GILPROF_SLEEP_BPF_H
#define GILPROF_SLEEP_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"

/*
 * Fills l->state, l->cause and l->gil for a task that is asleep in `task_state`. `current` tells
 * whether it is the current task, so that its memory can be read.
 */
void sleep__classify(struct task_struct *task, struct wire_thread *t, u32 task_state, bool current,
		     struct wire_leave *l) __hidden;

/* For a task that is preempted: sets l->gil if that is in a system call that waits for a GIL. */
void sleep__still_waits(struct task_struct *task, struct wire_thread *t,
			struct wire_leave *l) __hidden;

#endif
