// SPDX-License-Identifier: BSD-2-Clause
/*
 * execthread: a process whose second thread executes the program anew, again and again. Each stage
 * computes 20 ms in each of two threads; then the leader sleeps until the exec ends it, and the other
 * sleeps 30 ms before it. Truth: execs, CPU time (of all stages), time asleep.
 */
#include <pthread.h>

#include "workload.h"

#define BURN_NS 20000000L
#define SLEEP_NS 30000000L

/* What a stage hands on to the next one, in its arguments. */
struct life {
	long begin, end, execs, slept;
};

static struct life life;
static atomic_long leader_sleeps_since;

static void finish(void)
{
	printf("{\"ops\": %ld, \"execs\": %ld, \"seconds\": %.6f, \"cpu_ns\": %ld, \"slept_ns\": %ld}\n",
	       life.execs, life.execs, (now_ns() - life.begin) / 1e9, cpu_ns(RUSAGE_SELF),
	       life.slept);
	fflush(stdout);
	_exit(0);
}

static void exec_next_stage(void)
{
	char begin[24], end[24], execs[24], slept[24];

	snprintf(begin, sizeof(begin), "%ld", life.begin);
	snprintf(end, sizeof(end), "%ld", life.end);
	snprintf(execs, sizeof(execs), "%ld", life.execs + 1);
	snprintf(slept, sizeof(slept), "%ld", life.slept);
	execl("/proc/self/exe", "execthread", "--stage", begin, end, execs, slept, NULL);
	err(1, "execl");
}

static void *second_thread(void *unused)
{
	long since;
	int stopped;

	(void)unused;
	burn(CLOCK_THREAD_CPUTIME_ID, BURN_NS);
	since = now_ns();
	stopped = stopped_within(SLEEP_NS);
	life.slept += now_ns() - since;
	life.slept += leader_sleeps_since ? now_ns() - leader_sleeps_since : 0;
	if (stopped || now_ns() >= life.end)
		finish();
	exec_next_stage();
	return NULL;
}

static void begin_life(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "--stage")) {
		life.begin = atol(argv[2]);
		life.end = atol(argv[3]);
		life.execs = atol(argv[4]);
		life.slept = atol(argv[5]);
		return;
	}
	life.begin = now_ns();
	life.end = life.begin + (long)(option(argc, argv, "--seconds", 3600) * 1e9);
	block_stop();
	say_ready();
}

int main(int argc, char **argv)
{
	pthread_t thread;

	begin_life(argc, argv);
	if (pthread_create(&thread, NULL, second_thread, NULL))
		errx(1, "pthread_create");
	burn(CLOCK_THREAD_CPUTIME_ID, BURN_NS);
	leader_sleeps_since = now_ns();
	for (;;)
		pause();
}
