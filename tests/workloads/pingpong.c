// SPDX-License-Identifier: BSD-2-Clause
/*
 * pingpong [--processes] [--pin]: two threads, or processes, that send each other one byte through
 * pipes; with --pin both on CPU 0. Truth: round trips, which are counted in the file
 * GILPROF_COUNTER if there is one, for who wants to watch.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "workload.h"

static int there[2], back[2];
static atomic_long *round_trips;

static void *pong(void *unused)
{
	char byte;

	while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
		;
	return unused;
}

static void *ping(void *unused)
{
	char byte = 0;

	while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		(*round_trips)++;
	return unused;
}

static atomic_long *counter(void)
{
	const char *path = getenv("GILPROF_COUNTER");
	static atomic_long own;
	void *shared;
	int fd;

	if (!path)
		return &own;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	shared = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap %s", path);
	return shared;
}

static void start(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		errx(1, "pthread_create");
}

static void start_pong(int process)
{
	pid_t pid;

	if (!process) {
		start(pong);
		return;
	}
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pong(NULL);
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	double seconds = option(argc, argv, "--seconds", 3600);
	long begin, before;
	cpu_set_t cpus;

	block_stop();
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (flag(argc, argv, "--pin") && sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "sched_setaffinity");
	if (pipe(there) || pipe(back))
		err(1, "pipe");
	round_trips = counter();
	start_pong(flag(argc, argv, "--processes"));
	start(ping);
	before = *round_trips;
	begin = now_ns();
	say_ready();
	stopped_within(seconds * 1e9);
	printf("{\"ops\": %ld, \"seconds\": %.6f}\n", *round_trips - before,
	       (now_ns() - begin) / 1e9);
	return 0;
}
