// SPDX-License-Identifier: BSD-2-Clause
/*
 * churn_procs: 200 processes of 20 ms of CPU time, a few at a time (--count, --cpu-ms, --jobs).
 * Truth: how many, and the CPU time that the kernel booked for them.
 */
#include <sys/wait.h>

#include "workload.h"

static void reap(void)
{
	int status;

	if (wait(&status) < 0 || status)
		errx(1, "a child failed");
}

int main(int argc, char **argv)
{
	int count = option(argc, argv, "--count", 200), jobs = option(argc, argv, "--jobs", 4);
	long burn_ns = option(argc, argv, "--cpu-ms", 20) * 1e6, begin;
	int running = 0;
	pid_t pid;

	say_ready();
	begin = now_ns();
	for (int i = 0; i < count; i++) {
		if (running == jobs) {
			reap();
			running--;
		}
		pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			burn(CLOCK_PROCESS_CPUTIME_ID, burn_ns);
			_exit(0);
		}
		running++;
	}
	for (; running; running--)
		reap();
	printf("{\"ops\": %d, \"count\": %d, \"seconds\": %.6f, \"cpu_ns\": %ld}\n", count, count,
	       (now_ns() - begin) / 1e9, cpu_ns(RUSAGE_CHILDREN));
	return 0;
}
