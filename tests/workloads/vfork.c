// SPDX-License-Identifier: BSD-2-Clause
/*
 * vfork: a parent that waits again and again until its child, which shares its memory, has slept for
 * 0.2 s and ended. Truth: waits = [[begin, end]...] around vfork.
 */
#include <sys/wait.h>

#include "workload.h"

#define MAX_WAITS 100000
#define CHILD_NS 200000000L
#define PAUSE_NS 50000000L

static long waits[MAX_WAITS][2];

static void wait_for_child(long *wait)
{
	const struct timespec t = { .tv_nsec = CHILD_NS };
	pid_t pid;

	wait[0] = now_ns();
	pid = vfork();
	if (pid == 0) {
		nanosleep(&t, NULL);
		_exit(0);
	}
	wait[1] = now_ns();
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		err(1, "vfork");
}

int main(int argc, char **argv)
{
	double seconds = option(argc, argv, "--seconds", 3600);
	long begin = now_ns();
	int n = 0;

	block_stop();
	say_ready();
	do {
		wait_for_child(waits[n++]);
	} while (!stopped_within(PAUSE_NS) && n < MAX_WAITS && now_ns() - begin < seconds * 1e9);
	printf("{\"tid\": %d, \"ops\": %d, \"seconds\": %.6f, \"waits\": [", getpid(), n,
	       (now_ns() - begin) / 1e9);
	for (int i = 0; i < n; i++)
		printf("%s[%ld, %ld]", i ? ", " : "", waits[i][0], waits[i][1]);
	puts("]}");
	return 0;
}
