/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Python's stacks: walked where they are needed, told once each. Every thread of a process can walk the
 * frames of any other, since they share their memory; what it meets may be changing and is then cut.
 */
#ifndef GILPROF_STACK_BPF_H
#define GILPROF_STACK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

/*
 * Walks the frames of the PyThreadState at `tstate`, of the process of the current thread t. Returns
 * the id under which the stack is known to user space (EV_STACK), 0 if there is none.
 */
u64 stack__walk(struct wire_thread *t, u64 tstate);

#endif
