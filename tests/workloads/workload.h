/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the C workloads share: they print "ready PID" once they run steadily, end at SIGTERM or after
 * --seconds S, and then print one line of JSON, their truth.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <err.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static inline long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static inline long now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Computes until `clock` has advanced by `ns`. */
static inline void burn(clockid_t clock, long ns)
{
	long end = clock_ns(clock) + ns;

	while (clock_ns(clock) < end)
		;
}

static inline long cpu_ns(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000L +
	       (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000L;
}

/* The number after `option`, or `missing` if it is not given. */
static inline double option(int argc, char **argv, const char *name, double missing)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], name))
			return atof(argv[i + 1]);
	}
	return missing;
}

static inline int flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], name))
			return 1;
	}
	return 0;
}

static inline sigset_t stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

/* To be called first, so that all threads block the signals that end the program. */
static inline void block_stop(void)
{
	sigset_t set = stop_signals();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Sleeps for `ns`; returns whether the program shall end. */
static inline int stopped_within(long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000L, .tv_nsec = ns % 1000000000L };
	sigset_t set = stop_signals();

	return ns > 0 && sigtimedwait(&set, NULL, &t) > 0;
}

static inline void say_ready(void)
{
	printf("ready %d\n", getpid());
	fflush(stdout);
}

#endif
