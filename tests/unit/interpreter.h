/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts real interpreters for the tests of python.c, and knows what to expect of them. */
#ifndef GILPROF_INTERPRETER_H
#define GILPROF_INTERPRETER_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../user/python.h"
#include "tap.h"

#define PYENV "%s/.pyenv/versions/%s/bin/python"

/* Two threads compete; the switch interval is nobody else's, so to read it proves the address. */
__attribute__((unused)) static const char spin[] =
	"import sys, threading, time\n"
	"sys.setswitchinterval(0.002345)\n"
	"def f():\n"
	"    while True: pass\n"
	"for i in range(2):\n"
	"    t = threading.Thread(target=f); t.daemon = True; t.start()\n"
	"print('ready', flush=True); time.sleep(60)\n";

struct child {
	pid_t pid;
	int out; /* its standard output */
};

static inline int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* The path of a pyenv build, or of the system's python; NULL if it is not there. */
static inline const char *python_path(const char *version)
{
	static char path[512];

	if (*version == '/')
		snprintf(path, sizeof(path), "%s", version);
	else
		snprintf(path, sizeof(path), PYENV, getenv("HOME") ? getenv("HOME") : "/root",
			 version);
	return access(path, X_OK) == 0 ? path : NULL;
}

static inline struct child start(const char *path, const char *script)
{
	struct child child = { .pid = -1, .out = -1 };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return child;
	child.pid = fork();
	if (child.pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execl(path, path, script ? "-c" : "60", script, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	child.out = fds[0];
	return child;
}

/* Waits until the program has printed something. */
static inline bool is_ready(const struct child *child)
{
	struct pollfd p = { .fd = child->out, .events = POLLIN };
	char c;

	return poll(&p, 1, 20000) == 1 && read(child->out, &c, 1) == 1;
}

static inline void stop(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	close(child->out);
}

static inline const char *status_name(enum python_status status)
{
	static const char *const names[] = { "FOUND", "NOT", "NOT_YET", "NO_GIL", "GONE" };

	return names[status];
}

#define CHECK_STATUS(got, want, py) \
	do { \
		enum python_status s = (got); \
		if (s != (want)) \
			TAP_FAIL("%s, not %s; note \"%s\"", status_name(s), status_name(want), \
				 (py)->note); \
	} while (0)

static inline void check_spinning(pid_t pid, const char *version, struct python *py)
{
	struct python later;

	CHECK_STATUS(python__discover(pid, py), PYTHON_FOUND, py);
	CHECK(strncmp(py->version, version, strlen(version)) == 0);
	CHECK_STR(py->note, "");
	CHECK_INT(py->gils_n, 1);
	CHECK_INT(py->interval_us, 2345);
	CHECK_INT(py->gils[0].interpreter, 0);
	later = *py;
	for (int i = 0; i < 200 && later.gils[0].switch_number < py->gils[0].switch_number + 3;
	     i++) {
		usleep(10000);
		CHECK_STATUS(python__refresh(pid, &later), PYTHON_FOUND, &later);
	}
	CHECK(later.gils[0].switch_number >= py->gils[0].switch_number + 3);
	CHECK_INT(later.gils[0].address, py->gils[0].address);
}

/* The interpreter for tests that need just one. */
static inline const char *any_python(void)
{
	static const char *const versions[] = { "/usr/bin/python3.11", "3.12.1", "3.13.0",
						"3.8.18" };
	const char *path = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]) && !path; i++)
		path = python_path(versions[i]);
	return path;
}

#endif
