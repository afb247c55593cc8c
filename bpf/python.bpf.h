/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the target's interpreters, and reading their GILs in the context of a thread.
 *
 * Functions without __hidden are global for BPF, too: the verifier looks at each once instead of at
 * every path to it, which takes 200 ms off the start. They need scalars or plain memory as arguments
 * and must expect NULL.
 */
#ifndef GILPROF_PYTHON_BPF_H
#define GILPROF_PYTHON_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "kernel.bpf.h"
#include "wire.h"

extern u32 python_gen; /* defined in python.bpf.c: a record of an older generation is stale */

/* Takes over what user space has found out about the thread's process since it last looked. */
int python__learn(struct wire_thread *t);

/* The same if anything is new. `task` is the thread's. */
static __always_inline void python__refresh(struct wire_thread *t, struct task_struct *task)
{
	if (t->python_gen == python_gen)
		return;
	python__learn(t);
	t->mm = kernel__mm(task);
}

/*
 * A forked process has the GIL of its parent, at the same address, in memory of its own. `t` is the record of
 * the parent's thread.
 */
void python__fork(struct task_struct *parent, struct wire_thread *t,
		  struct task_struct *child) __hidden;

/* The process runs another program or none from now on: its addresses mean nothing any more. */
void python__forget(u32 tgid) __hidden;

/*
 * What the futex word at uaddr is for; if it belongs to a GIL, *gil is its address. Reads the memory
 * of the current task only where a C library (musl) demands it, and if `current` says that t is it.
 */
u32 python__word(struct wire_thread *t, u64 uaddr, u64 *gil, u32 current);

/*
 * Reads the GIL that the current thread, whose fs base is `tls`, last used, and the process's others if
 * that one is not held by it; t->look is what it saw. Returns 2 if the thread holds one, 1 if it was the last to hold one, else 0.
 */
u32 python__holds(struct wire_thread *t, u64 tls, u64 now);

/* At a sample: finds out what python__holds wants to know of a process with several GILs. */
int python__sample(struct wire_thread *t, u64 tls);

/* Was this thread, which is not current and has not run since, the holder when user space looked? */
u32 python__held_at_start(struct wire_thread *t, u64 tls);

#endif
