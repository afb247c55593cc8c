/* SPDX-License-Identifier: BSD-2-Clause */
#include "discover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "privileges.h"
#include "reap.h"

#define TIME_LIMIT_MS 2000

static void look(pid_t pid, int to)
{
	struct python py;

	privileges__keep_for_looking();
	python__discover(pid, &py);
	/* smaller than PIPE_BUF, so it comes whole or not at all */
	_exit(write(to, &py, sizeof(py)) == sizeof(py) ? 0 : 1);
}

static bool receive(int from, struct python *py)
{
	struct pollfd p = {.fd = from, .events = POLLIN};

	return poll(&p, 1, TIME_LIMIT_MS) == 1 && read(from, py, sizeof(*py)) == sizeof(*py);
}

static enum python_status give_up(struct python *py, const char *why)
{
	memset(py, 0, sizeof(*py));
	py->status = PYTHON_GONE;
	snprintf(py->note, sizeof(py->note), "%s", why);
	return py->status;
}

_Static_assert(sizeof(struct python) <= 4096, "struct python must fit PIPE_BUF");

enum python_status discover__run(pid_t pid, struct python *py)
{
	int fds[2];
	bool have;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return give_up(py, "no pipe to look at it through");
	child = fork();
	if (child == 0)
		look(pid, fds[1]);
	close(fds[1]);
	have = child > 0 && receive(fds[0], py);
	close(fds[0]);
	if (child < 0)
		return give_up(py, "no child process to look at it with");
	reap(child, have);
	if (!have)
		return give_up(py, "its files or memory could not be read in 2 s");
	py->version[sizeof(py->version) - 1] = '\0';
	py->build[sizeof(py->build) - 1] = '\0';
	py->source[sizeof(py->source) - 1] = '\0';
	py->note[sizeof(py->note) - 1] = '\0';
	if (py->gils_n > WIRE_MAX_GILS)
		py->gils_n = WIRE_MAX_GILS;
	return py->status;
}
