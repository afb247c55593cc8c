/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A log-linear histogram of durations: eight equal steps per power of two, so that a quantile read
 * from it is off by at most one step, 1/8 of its value, and by half of that on average. Pure
 * arithmetic, included by the kernel side, by user space and by the unit tests.
 */
#ifndef GILPROF_HIST_H
#define GILPROF_HIST_H

#include "types.h"

#define HIST_UNIT_SHIFT 7 /* one unit is 128 ns: nothing we time is known better */
#define HIST_STEP_SHIFT 3
#define HIST_STEPS (1u << HIST_STEP_SHIFT)
#define HIST_BUCKETS 256u /* the last one begins at 2^(7+33) ns, 18 minutes */

/*
 * floor(log2(v)) for 0 < v < 2^63; BPF has no count-leading-zeros instruction before -mcpu=v4. Without a branch:
 * the processor would guess five of them, and the verifier follow each way of each. The sign of a difference is
 * a comparison, which compilers know, too, and would make a branch of.
 */
static inline __u32 hist__log2(__u64 v)
{
	__u32 log = 0, shift, by;
	__s64 less;

	for (shift = 32; shift; shift /= 2) {
		less = (__s64)((1ull << shift) - 1 - v);
		__asm__("" : "+r"(less));
		by = (__u32)((__u64)less >> 63) * shift;
		v >>= by;
		log += by;
	}
	return log;
}

/* The bucket that a duration of ns falls into, always below HIST_BUCKETS. */
static inline __u32 hist__bucket(__u64 ns)
{
	__u64 v = ns >> HIST_UNIT_SHIFT;
	__u32 octave, bucket;

	if (v < HIST_STEPS)
		return (__u32)v;
	octave = hist__log2(v) - HIST_STEP_SHIFT;
	bucket = (octave + 1) * HIST_STEPS + ((__u32)(v >> octave) & (HIST_STEPS - 1));
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

/* The shortest duration, in ns, that falls into a bucket. */
static inline __u64 hist__floor(__u32 bucket)
{
	__u32 octave = bucket / HIST_STEPS;

	if (octave == 0)
		return (__u64)bucket << HIST_UNIT_SHIFT;
	return (__u64)(HIST_STEPS + bucket % HIST_STEPS) << (octave - 1 + HIST_UNIT_SHIFT);
}

#endif
