/* SPDX-License-Identifier: GPL-2.0 */
/* What other probes find out that the scheduler's events have not told. */
#ifndef GILPROF_SCHED_BPF_H
#define GILPROF_SCHED_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

/*
 * The task has this CPU, and the record does not know it: does what should have been done at the switch.
 * `ran`: the CPU time it has had, by the kernel's books, since we last saw it get or leave a CPU.
 */
void sched__make_up_run(struct task_struct *task, struct wire_thread *t, u64 now, u64 ran) __hidden;

#endif
