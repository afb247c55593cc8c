// SPDX-License-Identifier: BSD-2-Clause
/*
 * churn_threads: 2,000 threads of 5 ms of CPU time, a few at a time (--count, --cpu-ms, --jobs).
 * Truth: how many, and the CPU time that the kernel booked for the process.
 */
#include <pthread.h>

#include "workload.h"

#define MAX_JOBS 64

static long burn_ns;

static void *burner(void *unused)
{
	(void)unused;
	burn(CLOCK_THREAD_CPUTIME_ID, burn_ns);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = option(argc, argv, "--count", 2000), jobs = option(argc, argv, "--jobs", 4);
	pthread_t threads[MAX_JOBS];
	long begin;

	if (jobs < 1 || jobs > MAX_JOBS)
		errx(2, "--jobs: 1 to %d", MAX_JOBS);
	burn_ns = option(argc, argv, "--cpu-ms", 5) * 1e6;
	say_ready();
	begin = now_ns();
	for (int i = 0; i < count + jobs; i++) {
		if (i >= jobs && i - jobs < count && pthread_join(threads[i % jobs], NULL))
			errx(1, "pthread_join");
		if (i < count && pthread_create(&threads[i % jobs], NULL, burner, NULL))
			errx(1, "pthread_create");
	}
	printf("{\"ops\": %d, \"count\": %d, \"seconds\": %.6f, \"cpu_ns\": %ld}\n", count, count,
	       (now_ns() - begin) / 1e9, cpu_ns(RUSAGE_SELF));
	return 0;
}
