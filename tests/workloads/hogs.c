// SPDX-License-Identifier: BSD-2-Clause
/* hogs [N]: N threads (default 1) that compute. */
#include <pthread.h>

#include "workload.h"

static atomic_long ops;

static void *hog(void *unused)
{
	for (;;) {
		for (volatile int i = 0; i < 1000; i++)
			;
		ops++;
	}
	return unused;
}

int main(int argc, char **argv)
{
	int n = argc > 1 && argv[1][0] != '-' ? atoi(argv[1]) : 1;
	double seconds = option(argc, argv, "--seconds", 3600);
	long begin, before;
	pthread_t thread;

	block_stop();
	while (n-- > 0) {
		if (pthread_create(&thread, NULL, hog, NULL))
			errx(1, "pthread_create");
	}
	before = ops;
	begin = now_ns();
	say_ready();
	stopped_within(seconds * 1e9);
	printf("{\"ops\": %ld, \"seconds\": %.6f}\n", ops - before, (now_ns() - begin) / 1e9);
	return 0;
}
