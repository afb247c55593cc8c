// SPDX-License-Identifier: BSD-2-Clause
/*
 * mutex [--ms M]: threads a and b hold a pthread_mutex_t for M and 2 M milliseconds in turn, while c and
 * d want it just for a moment, each once in every hold. Truth: how long c and d slept in
 * pthread_mutex_lock while a, and while b, held it, by their own clocks: without their time on a CPU and,
 * from /proc, in the run queue; the TIDs; the address.
 *
 * c and d fall asleep while one holds it and both get it when that one lets it go, before the next takes
 * it: so for each wait there is one holder, but for what the first to get it makes the second wait.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "workload.h"

#define HOLDERS 2
#define WAITERS 2

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begin,
	end; /* futexes, too: to be told from the mutex by their addresses */
static atomic_int holder, stops, last;
static long hold_ns;
static pid_t tids[HOLDERS + WAITERS];
static long slept[WAITERS][HOLDERS], waits[WAITERS];

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

static void *hold(void *arg)
{
	int me = (int)(long)arg;

	name_thread(me);
	while (!last) {
		if (holder != me) {
			nap(1000000);
			continue;
		}
		pthread_mutex_lock(&mutex);
		last = stops;
		pthread_barrier_wait(&begin);
		nap(hold_ns * (me + 1));
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&end);
		holder = 1 - me;
	}
	return NULL;
}

/* What the kernel has booked for this thread: time on a CPU, and in the run queue. */
static long booked(int schedstat)
{
	char text[100] = "";
	long queued = 0;

	if (pread(schedstat, text, sizeof(text) - 1, 0) < 0 ||
	    sscanf(text, "%*d %ld", &queued) != 1)
		errx(1, "schedstat");
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) + queued;
}

static void *want(void *arg)
{
	int me = (int)(long)arg, schedstat = open("/proc/thread-self/schedstat", O_RDONLY), final;

	name_thread(HOLDERS + me);
	do {
		long since, before;

		pthread_barrier_wait(&begin);
		final = last;
		before = booked(schedstat);
		since = now_ns();
		pthread_mutex_lock(&mutex);
		slept[me][holder] += now_ns() - since - (booked(schedstat) - before);
		pthread_mutex_unlock(&mutex);
		waits[me]++;
		pthread_barrier_wait(&end);
	} while (!final);
	return NULL;
}

int main(int argc, char **argv)
{
	double seconds = option(argc, argv, "--seconds", 3600);
	pthread_t threads[HOLDERS + WAITERS];

	block_stop();
	hold_ns = (long)(option(argc, argv, "--ms", 20) * 1e6);
	pthread_barrier_init(&begin, NULL, WAITERS + 1);
	pthread_barrier_init(&end, NULL, WAITERS + 1);
	for (long i = 0; i < HOLDERS + WAITERS; i++) {
		void *(*run)(void *) = i < HOLDERS ? hold : want;

		if (pthread_create(&threads[i], NULL, run, (void *)(i < HOLDERS ? i : i - HOLDERS)))
			errx(1, "pthread_create");
	}
	say_ready();
	stopped_within((long)(seconds * 1e9));
	stops = 1;
	for (int i = 0; i < HOLDERS + WAITERS; i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", \"tids\": {", (void *)&mutex);
	for (int i = 0; i < HOLDERS + WAITERS; i++)
		printf("%s\"%c\": %d", i ? ", " : "", 'a' + i, tids[i]);
	printf("}, \"waits\": %ld, \"slept\": {", waits[0] + waits[1]);
	for (int h = 0; h < HOLDERS; h++)
		printf("%s\"%c\": %ld", h ? ", " : "", 'a' + h, slept[0][h] + slept[1][h]);
	printf("}}\n");
	return 0;
}
