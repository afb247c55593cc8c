/* SPDX-License-Identifier: GPL-2.0 */
/* Constants of the kernel that BTF does not carry, each with its source. */
#ifndef GILPROF_KERNEL_BPF_H
#define GILPROF_KERNEL_BPF_H

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

#endif
