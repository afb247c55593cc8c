/* SPDX-License-Identifier: BSD-2-Clause */
#include "discover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "privileges.h"
#include "procmem.h"

#define CHILD_FD 0

struct request {
	pid_t pid;
	bool refresh;	      /* else discover */
	struct python python; /* to be refreshed */
};

static struct {
	pid_t pid; /* 0: none */
	int fd;
	pid_t late; /* the last one that could not be reaped */
} child;

/* -- in the child ---------------------------------------------------------------------------- */

/* The fs base of the thread that holds a GIL now, 0 if none does. */
static uint64_t read_holder(const struct procmem *mem, uint64_t gil, uint32_t thread_id)
{
	struct {
		uint64_t interval, last_holder;
		int32_t locked;
	} head;
	uint64_t id;

	if (procmem__read(mem, gil, &head, sizeof(head)) || head.locked <= 0 ||
	    procmem__u64(mem, head.last_holder + thread_id, &id))
		return 0;
	return id;
}

static void read_holders(pid_t pid, struct sight *s)
{
	const struct python *py = &s->python;
	struct procmem mem;

	if (procmem__open(&mem, procmem__task(pid)))
		return;
	for (uint32_t i = 0; i < py->gils_n; i++)
		s->holder[i] = read_holder(&mem, py->gils[i].address, py->thread_id);
	procmem__close(&mem);
}

static void read_args(pid_t pid, struct sight *s)
{
	char path[64];
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, s->args, sizeof(s->args));
	s->args_len = n > 0 ? (uint32_t)n : 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void look(struct request *q, struct sight *s)
{
	uint64_t began = cpu_ns();

	memset(s, 0, sizeof(*s));
	s->python = q->python;
	if (q->refresh) {
		python__refresh(q->pid, &s->python);
	} else {
		python__discover(q->pid, &s->python);
		read_args(q->pid, s);
	}
	if (s->python.status == PYTHON_FOUND)
		read_holders(q->pid, s);
	s->cpu_ns = cpu_ns() - began;
}

/*
 * Nothing else stays open: a child that is stuck for ever must keep neither our programs attached nor
 * the other end of a pipe waiting.
 */
static void serve(int fd)
{
	struct request q;
	struct sight s;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(fd, CHILD_FD);
	if (syscall(SYS_close_range, CHILD_FD + 1, ~0U, 0))
		_exit(1);
	privileges__keep_for_looking();
	while (recv(CHILD_FD, &q, sizeof(q), 0) == sizeof(q)) {
		look(&q, &s);
		if (send(CHILD_FD, &s, sizeof(s), MSG_NOSIGNAL) != sizeof(s))
			break;
	}
	_exit(0);
}

/* -- in the parent --------------------------------------------------------------------------- */

static int begin(void)
{
	int fds[2];

	if (child.pid)
		return 0;
	if (child.late && waitpid(child.late, NULL, WNOHANG) != 0)
		child.late = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	child.pid = fork();
	if (child.pid == 0)
		serve(fds[1]);
	close(fds[1]);
	child.fd = fds[0];
	if (child.pid > 0)
		return 0;
	child.pid = 0;
	close(fds[0]);
	return -EAGAIN;
}

void discover__end(void)
{
	if (!child.pid)
		return;
	close(child.fd); /* it is idle, and ends */
	while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	child.pid = 0;
}

/*
 * A child that is stuck in a read of a hostile FUSE file cannot be killed while that file system keeps
 * the request: it is left to be reaped by a later call, or by init.
 */
static void abandon(void)
{
	close(child.fd);
	kill(child.pid, SIGKILL);
	child.late = waitpid(child.pid, NULL, WNOHANG) == 0 ? child.pid : 0;
	child.pid = 0;
}

static int receive(uint64_t limit_ns, struct sight *s)
{
	struct pollfd p = { .fd = child.fd, .events = POLLIN };
	int ready = poll(&p, 1, (int)((limit_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));

	if (ready == 0)
		return -ETIMEDOUT;
	/* smaller than the socket's buffer, so it comes whole or not at all */
	return ready == 1 && recv(child.fd, s, sizeof(*s), 0) == sizeof(*s) ? 0 : -EIO;
}

/* The child may have been taken over by what it read. */
static void distrust(struct sight *s)
{
	struct python *py = &s->python;

	py->version[sizeof(py->version) - 1] = '\0';
	py->build[sizeof(py->build) - 1] = '\0';
	py->source[sizeof(py->source) - 1] = '\0';
	py->note[sizeof(py->note) - 1] = '\0';
	if (py->gils_n > WIRE_MAX_GILS)
		py->gils_n = WIRE_MAX_GILS;
	if (s->args_len > sizeof(s->args))
		s->args_len = sizeof(s->args);
}

static int give_up(struct sight *s, int err, const char *why)
{
	memset(s, 0, sizeof(*s));
	s->python.status = PYTHON_GONE;
	snprintf(s->python.note, sizeof(s->python.note), "%s", why);
	return err;
}

static int ask(const struct request *q, uint64_t limit_ns, struct sight *s)
{
	int err = begin();

	if (err)
		return give_up(s, err, "no child process to look at it with");
	err = send(child.fd, q, sizeof(*q), MSG_NOSIGNAL) == sizeof(*q) ? receive(limit_ns, s)
									: -EIO;
	if (!err) {
		distrust(s);
		return 0;
	}
	abandon();
	return give_up(s, err,
		       err == -ETIMEDOUT ? "its files or memory could not be read in time"
					 : "its files or memory could not be read");
}

int discover__look(pid_t pid, uint64_t limit_ns, struct sight *s)
{
	struct request q = { .pid = pid };

	return ask(&q, limit_ns, s);
}

int discover__refresh(pid_t pid, uint64_t limit_ns, struct sight *s)
{
	struct request q = { .pid = pid, .refresh = true, .python = s->python };

	return ask(&q, limit_ns, s);
}
