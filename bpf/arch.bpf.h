/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between architectures: where the kernel keeps a sleeping thread's system call. */
#ifndef GILPROF_ARCH_BPF_H
#define GILPROF_ARCH_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kernel.bpf.h"

/*
 * Where the registers that a thread saved on entry to the kernel lie on its kernel stack: at its end, less what
 * differs by configuration (task_pt_regs, arch/x86/include/asm/processor.h), and for all tasks alike; 0 before arch__find_regs.
 * Defined in sleep.bpf.c.
 */
extern u64 arch_regs_at;
extern volatile u64 arch_regs_and_stack[2]; /* scratch */

/* Only to be read. */
static __always_inline struct pt_regs *arch__regs(struct task_struct *task)
{
	if (!kernel__has_cast())
		return (struct pt_regs *)bpf_task_pt_regs(task);
	return bpf_rdonly_cast(task->stack + arch_regs_at, bpf_core_type_id_kernel(struct pt_regs));
}

/* Once, before there is a record of any thread: to ask the kernel costs 20 ns a switch. */
static __always_inline void arch__find_regs(struct task_struct *task)
{
	if (arch_regs_at)
		return;
	/* through memory, where they become numbers: pointers are not subtracted by verifiers before v6.17 */
	arch_regs_and_stack[0] = (u64)bpf_task_pt_regs(task);
	arch_regs_and_stack[1] = (u64)task->stack;
	arch_regs_at = arch_regs_and_stack[0] - arch_regs_and_stack[1];
}

/* A system call a thread sleeps in, as it saved its registers on entry. */
struct arch_call {
	long nr; /* negative: not in a system call */
	u64 arg[4];
	u32 ia32; /* 32-bit: numbers of its own */
};

#if defined(__TARGET_ARCH_x86)

#define ARCH_TS_COMPAT 0x2 /* TS_COMPAT, arch/x86/include/asm/thread_info.h */

static __always_inline void arch__call(struct task_struct *task, struct arch_call *c)
{
	/* plain loads: the verifier knows what it points to, and a helper call each costs 10 ns */
	struct pt_regs *r = arch__regs(task);

	c->nr = r->orig_ax;
	c->ia32 = task->thread_info.status & ARCH_TS_COMPAT;
	if (c->ia32) { /* entry_INT80_compat(): bx, cx, dx, si */
		c->nr = (int)c->nr;
		c->arg[0] = (u32)r->bx;
		c->arg[1] = (u32)r->cx;
		c->arg[2] = (u32)r->dx;
		c->arg[3] = (u32)r->si;
		return;
	}
	c->arg[0] = r->di;
	c->arg[1] = r->si;
	c->arg[2] = r->dx;
	c->arg[3] = r->r10;
}

/* pthread_self() of glibc and musl: PyThreadState.thread_id compares equal to it */
#define arch__tls(task) ((task)->thread.fsbase)

/* The instruction in user space that the task is at, or will come back to. */
#define arch__user_ip(task) (arch__regs(task)->ip)
#define arch__user_sp(task) (arch__regs(task)->sp)

/* The registers it has in user space, as DWARF numbers them. All are saved at each entry to the kernel. */
static __always_inline void arch__user_regs(struct task_struct *task, u64 *to)
{
	struct pt_regs *r = arch__regs(task);

	to[0] = r->ax;
	to[1] = r->dx;
	to[2] = r->cx;
	to[3] = r->bx;
	to[4] = r->si;
	to[5] = r->di;
	to[6] = r->bp;
	to[7] = r->sp;
	to[8] = r->r8;
	to[9] = r->r9;
	to[10] = r->r10;
	to[11] = r->r11;
	to[12] = r->r12;
	to[13] = r->r13;
	to[14] = r->r14;
	to[15] = r->r15;
	to[16] = r->ip;
}

#define arch__user_fp(task) (arch__regs(task)->bp)

/* About to return: the frame pointer is the caller's again, and where it goes to is on top of the stack. */
static __always_inline u64 arch__returns_to(struct task_struct *task)
{
	struct pt_regs *r = arch__regs(task);
	u64 to = 0;
	u8 code = 0;

	if (bpf_probe_read_user(&code, sizeof(code), (void *)r->ip) || code != 0xc3 /* ret */ ||
	    bpf_probe_read_user(&to, sizeof(to), (void *)r->sp))
		return 0;
	return to;
}

#elif defined(__TARGET_ARCH_arm64)

static __always_inline void arch__user_regs(struct task_struct *task, u64 *to)
{
	struct pt_regs *r = arch__regs(task);

	for (u32 i = 0; i < 31; i++)
		to[i] = r->regs[i];
	to[31] = r->sp;
	to[32] = r->pc;
}

#define arch__user_fp(task) (arch__regs(task)->regs[29])
#define arch__returns_to(task) 0 /* user space does not go by frame pointers there */

#define arch__user_ip(task) (arch__regs(task)->pc)
#define arch__user_sp(task) (arch__regs(task)->sp)

static __always_inline void arch__call(struct task_struct *task, struct arch_call *c)
{
	struct pt_regs *r = arch__regs(task);

	c->nr = r->syscallno;
	c->ia32 = 0;
	c->arg[0] = r->orig_x0;
	c->arg[1] = r->regs[1];
	c->arg[2] = r->regs[2];
	c->arg[3] = r->regs[3];
}

/* glibc: struct pthread ends where TPIDR_EL0 points; thread_id is below it by its size, so equal only
 * on musl. Until that is measured, a holder is not told on arm64. */
#define arch__tls(task) ((task)->thread.uw.tp_value)

#else
#error "gilprof knows x86_64 and arm64"
#endif

#endif
