/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GILPROF_CLOCK_H
#define GILPROF_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* CLOCK_MONOTONIC in ns: the clock of all time stamps, in BPF as here. */
static inline uint64_t clock__now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

#endif
