// SPDX-License-Identifier: BSD-2-Clause
/*
 * end_at_once: a process of 1 + --count threads (1,000), all asleep, that exit_group ends all at once
 * after --seconds. Truth: how many.
 */
#include <pthread.h>

#include "workload.h"

static void *sleeper(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	int count = option(argc, argv, "--count", 1000);
	double seconds = option(argc, argv, "--seconds", 2);
	pthread_attr_t attr;
	pthread_t thread;

	block_stop();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (int i = 0; i < count; i++) {
		if (pthread_create(&thread, &attr, sleeper, NULL))
			errx(1, "pthread_create");
	}
	say_ready();
	stopped_within(seconds * 1e9);
	printf("{\"count\": %d}\n", count + 1);
	fflush(stdout);
	_exit(0);
}
