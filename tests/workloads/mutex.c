// SPDX-License-Identifier: BSD-2-Clause
/*
 * mutex [--ms M]: threads a and b hold a pthread_mutex_t for M and 2 M milliseconds in turn, while c and
 * d want it just for a moment, each once in every hold. Truth: how long c and d were in
 * pthread_mutex_lock while a, and while b, held it; the TIDs; the address.
 *
 * c and d fall asleep while one holds it and both get it when that one lets it go, before the next takes
 * it: so for each wait there is one holder, but for what the first to get it makes the second wait.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "workload.h"

#define HOLDERS 2
#define WAITERS 2

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begin, end;
static atomic_int holder;
static atomic_int stops;
static long hold_ns = 20000000;
static pid_t tids[HOLDERS + WAITERS];
static atomic_long waited[WAITERS][HOLDERS];
static atomic_long waits;

static void name_thread(int i)
{
	const char name[] = { (char)('a' + i), '\0' };

	prctl(PR_SET_NAME, name);
	tids[i] = (pid_t)syscall(SYS_gettid);
}

static void nap(long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000L, .tv_nsec = ns % 1000000000L };

	nanosleep(&t, NULL);
}

/* A barrier is a futex, too: to be told from the mutex by its address. */
static void *hold(void *arg)
{
	int me = (int)(long)arg;

	name_thread(me);
	while (!stops) {
		if (holder != me) {
			nap(100000);
			continue;
		}
		pthread_mutex_lock(&mutex);
		pthread_barrier_wait(&begin);
		nap(hold_ns * (me + 1));
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&end);
		holder = 1 - me;
	}
	return NULL;
}

static void *want(void *arg)
{
	int me = (int)(long)arg;

	name_thread(HOLDERS + me);
	while (!stops) {
		long from;
		int of;

		pthread_barrier_wait(&begin);
		of = holder;
		from = now_ns();
		pthread_mutex_lock(&mutex);
		waited[me][of] += now_ns() - from;
		pthread_mutex_unlock(&mutex);
		waits++;
		pthread_barrier_wait(&end);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	double seconds = option(argc, argv, "--seconds", 3600);
	pthread_t thread;
	long from;

	block_stop();
	hold_ns = (long)(option(argc, argv, "--ms", 20) * 1e6);
	pthread_barrier_init(&begin, NULL, WAITERS + 1);
	pthread_barrier_init(&end, NULL, WAITERS + 1);
	for (long i = 0; i < HOLDERS + WAITERS; i++) {
		void *(*run)(void *) = i < HOLDERS ? hold : want;

		if (pthread_create(&thread, NULL, run, (void *)(i < HOLDERS ? i : i - HOLDERS)))
			errx(1, "pthread_create");
	}
	from = now_ns();
	say_ready();
	stopped_within((long)(seconds * 1e9));
	printf("{\"seconds\": %.6f, \"address\": \"%p\", \"waits\": %ld",
	       (double)(now_ns() - from) / 1e9, (void *)&mutex, waits);
	for (int i = 0; i < HOLDERS + WAITERS; i++)
		printf(", \"%c\": %d", 'a' + i, tids[i]);
	for (int w = 0; w < WAITERS; w++)
		for (int h = 0; h < HOLDERS; h++)
			printf(", \"%c%c_ns\": %ld", 'a' + HOLDERS + w, 'a' + h, waited[w][h]);
	printf("}\n");
	return 0;
}
