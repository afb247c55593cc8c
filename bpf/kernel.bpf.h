/* SPDX-License-Identifier: GPL-2.0 */
/* Constants of the kernel that BTF does not carry, each with its source, and how its structures are walked. */
#ifndef GILPROF_KERNEL_BPF_H
#define GILPROF_KERNEL_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* include/linux/sched.h, the same since 4.14 */
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define __TASK_STOPPED 0x0004
#define __TASK_TRACED 0x0008
#define TASK_DEAD 0x0080
#define PF_KTHREAD 0x00200000

/* include/linux/sched/signal.h */
#define SIGNAL_GROUP_EXIT 0x00000004

/* include/uapi/linux/sched.h */
#define CLONE_VFORK 0x00004000

/* include/uapi/linux/stat.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000

/* include/uapi/asm-generic/errno-base.h */
#define EEXIST 17

/*
 * A pointer that the verifier trusts no further; a register move.
 * v6.2: fd264ca02094 ("bpf: Add a kfunc to type cast from bpf uapi ctx to kernel ctx" and its series)
 */
extern void *bpf_rdonly_cast(const void *object, u32 btf_id) __ksym __weak;

extern int LINUX_KERNEL_VERSION __kconfig;

/* Not whether it has an address: 6.2 and 6.3 have it and do not let one ask (58aa2afbb1e6). */
static __always_inline bool kernel__has_cast(void)
{
	return LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 2, 0);
}

/*
 * The task for one who follows its pointers. For each pointer that is read through one that it trusts, the
 * verifier looks for up to four types among all of the kernel's, one after the other, each time
 * it comes by (btf_nested_type_is_trusted, kernel/bpf/btf.c): 80 of the 200 ms that loading took.
 */
static __always_inline struct task_struct *kernel__walk(struct task_struct *task)
{
	if (!kernel__has_cast())
		return task;
	return bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
}

/* Tells the task's memory from that of other processes. */
static __always_inline u64 kernel__mm(struct task_struct *task)
{
	return (u64)kernel__walk(task)->mm;
}

#endif
