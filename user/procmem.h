/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of another process, read without stopping it, writing to it or waiting for it.
 * A pointer to the function that reads, so that tests can give an image of a process instead.
 */
#ifndef GILPROF_PROCMEM_H
#define GILPROF_PROCMEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCMEM_MAX 4096 /* bytes of one read */

struct procmem {
	/*
	 * 0, or -EFAULT: not readable; -ENODATA: not in memory, perhaps because nothing is mapped
	 * there, and to fetch it might block; -ESRCH, -EPERM: no such process, may not be read.
	 */
	int (*read)(const struct procmem *mem, uint64_t address, void *to, size_t len);
	pid_t pid;
	int pagemap;
};

/*
 * A thread of the process that has its memory: pid itself, as a rule, but the first thread may have
 * ended before the others. Every file of /proc/PID can be had as /proc/TID, too. 0: there is none
 * (a kernel thread, or all have ended).
 */
pid_t procmem__task(pid_t pid);

/* 0, -ESRCH, -ENOTSUP: this kernel has no pagemap, or -EACCES: it may not be read. */
int procmem__open(struct procmem *mem, pid_t pid);
void procmem__close(struct procmem *mem);

static inline int procmem__read(const struct procmem *mem, uint64_t address, void *to, size_t len)
{
	return mem->read(mem, address, to, len);
}

static inline int procmem__u64(const struct procmem *mem, uint64_t address, uint64_t *value)
{
	return mem->read(mem, address, value, sizeof(*value));
}

#endif
