/* SPDX-License-Identifier: BSD-2-Clause */
#include "profiler.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "profile.h"
#include "status.h"

static _Noreturn void record(const struct opts *o, const struct caller *caller, pid_t target,
			     int fd, int gate, pid_t parent)
{
	struct opts mine = *o;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* others are blocked here */
	if (getppid() != parent)
		_exit(STATUS_FAILED);
	mine.mode = OPTS_RECORD;
	mine.command = NULL;
	mine.duration_ns = 0;
	mine.pids_n = 1;
	mine.pids[0] = target;
	mine.outputs_n = 0;
	_exit((int)profile__run_at(&mine, caller, clock__now(), fd, gate));
}

/* What the child ended with. */
static int await_end(struct profiler *p)
{
	static const int errors[] = {
		[STATUS_OK] = 0,
		[STATUS_FAILED] = -EIO,
		[STATUS_USAGE] = -EIO,
		[STATUS_PERMISSION] = -EPERM,
		[STATUS_NO_PROCESS] = -ESRCH,
	};
	int status = 0;

	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	if (WIFSIGNALED(status)) /* else it has said why */
		log__warn("the recorder was killed by signal %d", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) <= STATUS_NO_PROCESS
		       ? errors[WEXITSTATUS(status)]
		       : -EIO;
}

static void close_gate(struct profiler *p)
{
	if (p->gate >= 0)
		close(p->gate);
	p->gate = -1;
}

int profiler__start(struct profiler *p, const struct opts *o, const struct caller *caller,
		    pid_t target, int fd)
{
	pid_t parent = getpid();
	int gate[2];
	char byte;

	*p = (struct profiler){ .gate = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate))
		goto fail;
	p->pid = fork();
	if (p->pid == 0) {
		close(gate[0]);
		record(o, caller, target, fd, gate[1], parent);
	}
	close(gate[1]);
	p->gate = gate[0];
	if (p->pid < 0) {
		close_gate(p);
		goto fail;
	}
	if (read(p->gate, &byte, 1) == 1)
		return 0;
	close_gate(p);
	return await_end(p);
fail:
	p->pid = 0;
	log__error("cannot start a process to record: %s", strerror(errno));
	return -errno;
}

bool profiler__is_waiting(const struct profiler *p)
{
	return p->gate >= 0;
}

void profiler__open_window(struct profiler *p)
{
	ssize_t sent = write(p->gate, "", 1);

	(void)sent; /* if it has gone, its end will say why */
	close_gate(p);
}

int profiler__end(struct profiler *p)
{
	if (!p->pid)
		return 0;
	close_gate(p);
	return await_end(p);
}
