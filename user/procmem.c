/* SPDX-License-Identifier: BSD-2-Clause */
#include "procmem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Documentation/admin-guide/mm/pagemap.rst; the bits need no privilege, unlike the frame number. */
#define PAGE_SWAPPED (1ULL << 62)
#define PAGE_PRESENT (1ULL << 63)

#define MAX_TASKS 64 /* looked at for one that lives; all but the first do, as a rule */
#define MAX_PAGES (PROCMEM_MAX / 4096 + 1)

/*
 * To read a page that is in no memory makes the kernel fetch it, as long as that takes: for ever,
 * if the page belongs to a file system that the target itself serves (FUSE) or to a userfaultfd.
 * What a running interpreter has written is in memory or in swap. Where the kernel says nothing
 * about an address (end of the process, or beyond its memory) the read cannot block either.
 */
static int check_pages(const struct procmem *mem, uint64_t address, size_t len)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = address / page_size, last = (address + len - 1) / page_size;
	uint64_t entry[MAX_PAGES];
	size_t want = (last - first + 1) * sizeof(entry[0]);
	ssize_t n;

	n = pread(mem->pagemap, entry, want, (off_t)(first * sizeof(entry[0])));
	if (n < 0)
		return -errno;
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(entry[0]); i++)
		if (!(entry[i] & (PAGE_PRESENT | PAGE_SWAPPED)))
			return -ENODATA;
	return 0;
}

static int read_process(const struct procmem *mem, uint64_t address, void *to, size_t len)
{
	struct iovec local = { .iov_base = to, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
	ssize_t n;
	int err;

	if (len == 0 || len > PROCMEM_MAX || address > INT64_MAX - PROCMEM_MAX)
		return -EFAULT;
	err = check_pages(mem, address, len);
	if (err)
		return err;
	n = process_vm_readv(mem->pid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EFAULT;
}

/* Kernel threads and ended ones have no program; whose program we may not see has one. */
static bool has_memory(pid_t tid)
{
	char path[32], target[1];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)tid);
	return readlink(path, target, sizeof(target)) > 0 || errno == EACCES || errno == EPERM;
}

pid_t procmem__task(pid_t pid)
{
	char path[32];
	struct dirent *entry;
	pid_t found = 0;
	DIR *dir;

	if (has_memory(pid))
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (int i = 0; i < MAX_TASKS && !found && (entry = readdir(dir)); i++) {
		pid_t tid = (pid_t)atoi(entry->d_name);

		if (tid > 0 && has_memory(tid))
			found = tid;
	}
	closedir(dir);
	return found;
}

static bool has_proc_file(pid_t pid, const char *name)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return access(path, F_OK) == 0;
}

/* Without a pagemap nothing is read: nobody could tell whether the read will come back. */
int procmem__open(struct procmem *mem, pid_t pid)
{
	char path[32];

	memset(mem, 0, sizeof(*mem));
	mem->read = read_process;
	mem->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	mem->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (mem->pagemap >= 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	return has_proc_file(pid, "stat") ? -ENOTSUP
					  : -ESRCH; /* without CONFIG_PROC_PAGE_MONITOR */
}

void procmem__close(struct procmem *mem)
{
	if (mem->pagemap >= 0)
		close(mem->pagemap);
	mem->pagemap = -1;
}
