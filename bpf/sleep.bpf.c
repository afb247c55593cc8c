// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch.bpf.h"
#include "kernel.bpf.h"
#include "mutex.h"
#include "python.bpf.h"
#include "sleep.bpf.h"

/* enum wire_syscall_class per system call number; user/syscalls.c knows the numbers. */
const volatile u8 syscall_class[WIRE_SYSCALLS] = {};
const volatile u8 syscall_class_ia32[WIRE_SYSCALLS] = {};

u64 arch_regs_at = 0;
volatile u64 arch_regs_and_stack[2] = { 0 };

/* The type of a file's inode; plain loads where the kernel lets us, each helper call costs 20 ns. */
static __always_inline u16 sleep__mode(struct file **slot)
{
	struct hlist_head *pointer; /* any struct whose first member is a pointer */
	struct file *file = NULL;

	if (kernel__has_cast()) {
		pointer = bpf_rdonly_cast(slot, bpf_core_type_id_kernel(struct hlist_head));
		file = bpf_rdonly_cast(pointer->first, bpf_core_type_id_kernel(struct file));
		return file->f_inode->i_mode;
	}
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	return BPF_CORE_READ(file, f_inode, i_mode);
}

/* A descriptor's class by the type of its inode: neither pipe nor socket is a file. */
static __always_inline u32 sleep__fd_state(struct task_struct *task, u64 fd)
{
	struct files_struct *files = kernel__walk(task)->files;
	struct fdtable *table;
	u16 type;

	if (!files)
		return ST_IO_FILE;
	table = files->fdt;
	if (fd >= table->max_fds)
		return ST_IO_FILE;
	type = sleep__mode(table->fd + fd) & S_IFMT; /* a closed one reads as 0 */
	return type == S_IFIFO ? ST_IO_PIPE : type == S_IFSOCK ? ST_IO_SOCKET : ST_IO_FILE;
}

/* FUTEX_WAIT and FUTEX_WAIT_BITSET, include/uapi/linux/futex.h, private or not, any clock */
static __always_inline bool futex__waits(u64 op)
{
	u32 command = op & 0x7f;

	return command == 0 || command == 9;
}

/*
 * Without FUTEX_PRIVATE_FLAG (include/uapi/linux/futex.h): what glibc's process-shared semaphores, those of
 * multiprocessing, and mutexes wait with. So does who joins a thread, for the word in which the kernel clears
 * its TID (glibc nptl/pthread_join_common.c): that is between threads, and expects a TID there.
 */
static __always_inline bool futex__is_shared(u64 op, u32 expected)
{
	return !(op & 128) && (expected <= MUTEX_CONTENDED || expected & MUTEX_WORD_WAITERS);
}

static __always_inline u32 sleep__lock_state(struct wire_thread *t, u64 uaddr, bool shared)
{
	t->lock.word = uaddr;
	t->lock.address = uaddr;
	t->lock.owner = 0;
	t->lock.shared = shared;
	return ST_LOCK_WAIT;
}

static __always_inline u32 sleep__futex_state(struct wire_thread *t, const struct arch_call *c,
					      bool current, struct wire_leave *l)
{
	u64 uaddr = c->arg[0], gil = t->gil;
	u32 word = 0;

	if (t->gils)
		word = python__word_of_libc(t, gil, uaddr);
	if (!word && (t->gils > 1 || (t->gils && t->libc == LIBC_MUSL)))
		word = python__word(t, uaddr, &gil, current);
	if (!word)
		return sleep__lock_state(t, uaddr, futex__is_shared(c->arg[1], c->arg[2]));
	l->gil = gil;
	l->word = uaddr - gil < 4 * WIRE_GIL_WORDS ? uaddr - gil : 0;
	return word == GW_WAIT ? ST_GIL_WAIT : ST_GIL_DROP;
}

static __always_inline u32 sleep__call_state(struct task_struct *task, struct wire_thread *t,
					     const struct arch_call *c, u32 class, bool current,
					     struct wire_leave *l)
{
	switch (class) {
	case SC_FUTEX:
		return sleep__futex_state(t, c, current, l);
	case SC_LOCK:
		return sleep__lock_state(t, 0, false);
	case SC_IO_FD:
		return sleep__fd_state(task, c->arg[0]);
	case SC_IO_FILE:
		return ST_IO_FILE;
	case SC_IO_SOCKET:
		return ST_IO_SOCKET;
	case SC_IO_POLL:
		return ST_IO_POLL;
	case SC_POLL:
		return c->arg[1] ? ST_IO_POLL : ST_SLEEP;
	case SC_SELECT:
		return c->arg[0] && (c->arg[1] | c->arg[2] | c->arg[3]) ? ST_IO_POLL : ST_SLEEP;
	case SC_SLEEP:
		return ST_SLEEP;
	case SC_CHILD:
		return ST_CHILD_WAIT;
	case SC_CLONE:
		return c->arg[0] & CLONE_VFORK ? ST_CHILD_WAIT : ST_BLOCKED;
	default:
		return ST_BLOCKED;
	}
}

static __always_inline void sleep__in_call(struct task_struct *task, struct wire_thread *t,
					   const struct arch_call *c, bool current,
					   struct wire_leave *l)
{
	u64 nr = c->nr;
	u32 class = SC_OTHER;

	if (nr < WIRE_SYSCALLS)
		class = c->ia32 ? syscall_class_ia32[nr] : syscall_class[nr];
	if (class == SC_RESTART &&
	    t->asleep_state) { /* it has lost its number: its last sleep goes on */
		l->state = t->asleep_state;
		l->cause = t->asleep_cause;
		l->gil = l->state == ST_GIL_WAIT || l->state == ST_GIL_DROP ? t->gil : 0;
		return;
	}
	l->state = sleep__call_state(task, t, c, class, current, l);
	l->nr = c->ia32 || nr >= CAUSE_NONE ? CAUSE_NONE : nr;
	t->call_arg = c->arg[0];
	if (l->state == ST_BLOCKED)
		l->cause = (c->ia32 ? CAUSE_IA32 : 0) + (nr < CAUSE_IA32 ? nr : CAUSE_IA32 - 1);
	t->asleep_state = l->state;
	t->asleep_cause = l->cause;
}

__attribute__((always_inline)) void sleep__classify(struct task_struct *task, struct wire_thread *t,
						    u32 task_state, bool current,
						    struct wire_leave *l)
{
	struct arch_call call = {};

	l->state = ST_BLOCKED;
	if (task_state & (__TASK_STOPPED | __TASK_TRACED)) {
		l->cause = task_state & __TASK_STOPPED ? CAUSE_STOPPED : CAUSE_TRACED;
		return;
	}
	arch__call(task, &call);
	if (call.nr >= 0)
		sleep__in_call(task, t, &call, current, l);
	else
		l->cause = task_state & TASK_UNINTERRUPTIBLE ? CAUSE_PAGE_FAULT : CAUSE_KERNEL;
}

void sleep__still_waits(struct task_struct *task, struct wire_thread *t, struct wire_leave *l)
{
	struct arch_call call = {};
	u64 gil = 0;

	arch__call(task, &call);
	if (call.nr < 0 || call.nr >= WIRE_SYSCALLS || syscall_class[call.nr] != SC_FUTEX)
		return;
	if (futex__waits(call.arg[1]) && python__word(t, call.arg[0], &gil, true) == GW_WAIT)
		l->gil = gil;
}
