/* SPDX-License-Identifier: BSD-2-Clause */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "log.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

struct stat_line {
	char state;
	unsigned long flags;
};

static int read_stat(pid_t pid, struct stat_line *s)
{
	char path[64], line[1024], *name_end;
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return -ESRCH;
	line[n] = '\0';
	/* the name may hold blanks, brackets and newlines: what follows its last bracket cannot */
	name_end = strrchr(line, ')');
	if (!name_end ||
	    sscanf(name_end + 1, " %c %*d %*d %*d %*d %*d %lu", &s->state, &s->flags) != 2)
		return -EPROTO;
	return 0;
}

static pid_t process_of_thread(pid_t tid)
{
	char path[64], line[256];
	cleanup_fclose FILE *f = NULL;
	pid_t tgid = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	while (f && tgid < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "Tgid: %d", &tgid);
	return tgid;
}

static int refuse(pid_t pid, const char *why)
{
	log__error("PID %d: %s", pid, why);
	return -ESRCH;
}

int target__open(pid_t pid)
{
	struct stat_line s = {0};
	int fd, err;
	pid_t tgid;

	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && (errno == EINVAL || errno == ENOENT)) { /* a thread's ID: not a process */
		tgid = process_of_thread(pid);
		if (tgid > 0 && tgid != pid) {
			log__error("PID %d: a thread of process %d: use -p %d", pid, tgid, tgid);
			return -ESRCH;
		}
	}
	if (fd < 0)
		return refuse(pid, "no such process");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	err = read_stat(pid, &s);
	if (!err && s.state != 'Z' && s.state != 'X' && !(s.flags & PF_KTHREAD))
		return fd;
	close(fd);
	if (err)
		return refuse(pid, "no such process");
	return refuse(pid, s.flags & PF_KTHREAD ? "a kernel thread: it runs no program to be profiled"
						: "a zombie: it has ended and waits for its parent");
}
