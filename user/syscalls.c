/* SPDX-License-Identifier: BSD-2-Clause */
#include "syscalls.h"

#include <asm/unistd.h>
#include <stdio.h>
#include <string.h>

/* made by the Makefile from the compiler's <asm/unistd.h>: [0] = "read", ... */
static const char *const names[WIRE_SYSCALLS] = {
#include "syscall_names.inc"
};

static const char *const names_ia32[WIRE_SYSCALLS] = {
#if defined(__x86_64__)
#include "syscall_names_ia32.inc"
#endif
};

/*
 * By name, so that one table serves every architecture and both ABIs of x86: numbers differ, names do
 * not. A call that is not here and sleeps is `blocked`, under its own name.
 */
static const struct {
	const char *name;
	uint8_t class;
} classes[] = {
	{"futex", SC_FUTEX},
	{"futex_time64", SC_FUTEX},
	/* CPython and the C libraries do not wait in these, so neither is the GIL */
	{"futex_waitv", SC_LOCK},
	{"futex_wait", SC_LOCK},
	{"read", SC_IO_FD},
	{"write", SC_IO_FD},
	{"readv", SC_IO_FD},
	{"writev", SC_IO_FD},
	{"pread64", SC_IO_FD},
	{"pwrite64", SC_IO_FD},
	{"preadv", SC_IO_FD},
	{"pwritev", SC_IO_FD},
	{"preadv2", SC_IO_FD},
	{"pwritev2", SC_IO_FD},
	{"sendfile", SC_IO_FD},
	{"sendfile64", SC_IO_FD},
	{"splice", SC_IO_FD},
	{"tee", SC_IO_FD},
	{"vmsplice", SC_IO_FD},
	{"copy_file_range", SC_IO_FILE},
	{"open", SC_IO_FILE},
	{"openat", SC_IO_FILE},
	{"openat2", SC_IO_FILE},
	{"creat", SC_IO_FILE},
	{"close", SC_IO_FILE},
	{"stat", SC_IO_FILE},
	{"fstat", SC_IO_FILE},
	{"lstat", SC_IO_FILE},
	{"newfstatat", SC_IO_FILE},
	{"statx", SC_IO_FILE},
	{"access", SC_IO_FILE},
	{"faccessat", SC_IO_FILE},
	{"faccessat2", SC_IO_FILE},
	{"readlink", SC_IO_FILE},
	{"readlinkat", SC_IO_FILE},
	{"getdents", SC_IO_FILE},
	{"getdents64", SC_IO_FILE},
	{"rename", SC_IO_FILE},
	{"renameat", SC_IO_FILE},
	{"renameat2", SC_IO_FILE},
	{"unlink", SC_IO_FILE},
	{"unlinkat", SC_IO_FILE},
	{"mkdir", SC_IO_FILE},
	{"mkdirat", SC_IO_FILE},
	{"rmdir", SC_IO_FILE},
	{"link", SC_IO_FILE},
	{"linkat", SC_IO_FILE},
	{"symlink", SC_IO_FILE},
	{"symlinkat", SC_IO_FILE},
	{"truncate", SC_IO_FILE},
	{"ftruncate", SC_IO_FILE},
	{"fallocate", SC_IO_FILE},
	{"fsync", SC_IO_FILE},
	{"fdatasync", SC_IO_FILE},
	{"sync", SC_IO_FILE},
	{"syncfs", SC_IO_FILE},
	{"sync_file_range", SC_IO_FILE},
	{"msync", SC_IO_FILE},
	{"readahead", SC_IO_FILE},
	{"fadvise64", SC_IO_FILE},
	{"io_submit", SC_IO_FILE},
	{"io_getevents", SC_IO_FILE},
	{"io_pgetevents", SC_IO_FILE},
	{"recvfrom", SC_IO_SOCKET},
	{"recvmsg", SC_IO_SOCKET},
	{"recvmmsg", SC_IO_SOCKET},
	{"sendto", SC_IO_SOCKET},
	{"sendmsg", SC_IO_SOCKET},
	{"sendmmsg", SC_IO_SOCKET},
	{"recv", SC_IO_SOCKET},
	{"send", SC_IO_SOCKET},
	{"socketcall", SC_IO_SOCKET},
	{"accept", SC_IO_SOCKET},
	{"accept4", SC_IO_SOCKET},
	{"connect", SC_IO_SOCKET},
	{"shutdown", SC_IO_SOCKET},
	{"epoll_wait", SC_IO_POLL},
	{"epoll_pwait", SC_IO_POLL},
	{"epoll_pwait2", SC_IO_POLL},
	{"io_uring_enter", SC_IO_POLL},
	{"poll", SC_POLL},
	{"ppoll", SC_POLL},
	{"ppoll_time64", SC_POLL},
	{"select", SC_SELECT},
	{"_newselect", SC_SELECT},
	{"pselect6", SC_SELECT},
	{"pselect6_time64", SC_SELECT},
	{"nanosleep", SC_SLEEP},
	{"clock_nanosleep", SC_SLEEP},
	{"clock_nanosleep_time64", SC_SLEEP},
	{"pause", SC_SLEEP},
	{"rt_sigtimedwait", SC_SLEEP},
	{"rt_sigtimedwait_time64", SC_SLEEP},
	{"rt_sigsuspend", SC_SLEEP},
	{"sigsuspend", SC_SLEEP},
	{"wait4", SC_CHILD},
	{"waitid", SC_CHILD},
	{"waitpid", SC_CHILD},
	{"vfork", SC_CHILD},
	/* its flags lie in memory; glibc's posix_spawn and system() come here with CLONE_VFORK */
	{"clone3", SC_CHILD},
	{"clone", SC_CLONE},
	{"restart_syscall", SC_RESTART},
};

/* Numbers from 424 on are the same everywhere; the headers may be older than the kernel. */
#define NR_FUTEX_WAIT 455

static const char *name_of(const char *const *by_number, uint32_t nr)
{
	if (!by_number[nr] && nr == NR_FUTEX_WAIT)
		return "futex_wait";
	return by_number[nr];
}

static uint8_t class_of(const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(classes[i].name, name))
			return classes[i].class;
	}
	return SC_OTHER;
}

static void fill(uint8_t *table, const char *const *by_number)
{
	for (uint32_t nr = 0; nr < WIRE_SYSCALLS; nr++) {
		const char *name = name_of(by_number, nr);

		table[nr] = name ? class_of(name) : SC_OTHER;
	}
}

void syscalls__classes(uint8_t table[WIRE_SYSCALLS])
{
	fill(table, names);
}

void syscalls__classes_ia32(uint8_t table[WIRE_SYSCALLS])
{
	fill(table, names_ia32);
}

static const char *special(uint32_t cause)
{
	switch (cause) {
	case CAUSE_STOPPED:
		return "stopped";
	case CAUSE_TRACED:
		return "traced";
	case CAUSE_PAGE_FAULT:
		return "page_fault";
	case CAUSE_KERNEL:
		return "kernel";
	case CAUSE_OTHER:
		return "other";
	default:
		return NULL;
	}
}

const char *syscalls__cause(uint32_t cause, char *buf, size_t len)
{
	const char *name = special(cause);
	const char *const *table = cause >= CAUSE_IA32 ? names_ia32 : names;
	uint32_t nr = cause >= CAUSE_IA32 ? cause - CAUSE_IA32 : cause;

	if (!name && nr < WIRE_SYSCALLS)
		name = name_of(table, nr);
	if (name)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, "syscall_%u", nr);
	return buf;
}
