// SPDX-License-Identifier: BSD-2-Clause
/*
 * manylocks [--locks N]: two threads wait for N semaphores each, once and in vain.
 * More locks than gilprof tells apart. Truth: how many waits there were.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "workload.h"

#define THREADS 2

static long locks;
static sem_t *sems;

static void *wait_for_all(void *arg)
{
	sem_t *own = sems + (long)arg * locks;

	for (long i = 0; i < locks; i++) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 20000;
		if (t.tv_nsec >= 1000000000L) {
			t.tv_nsec -= 1000000000L;
			t.tv_sec++;
		}
		sem_timedwait(&own[i], &t);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	locks = (long)option(argc, argv, "--locks", 12000);
	sems = calloc(THREADS * (size_t)locks, sizeof(*sems));
	if (!sems)
		err(1, "calloc");
	say_ready();
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, wait_for_all, (void *)i))
			errx(1, "pthread_create");
	for (long i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("{\"waits\": %ld}\n", THREADS * locks);
	return 0;
}
