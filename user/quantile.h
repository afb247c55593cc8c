/* SPDX-License-Identifier: BSD-2-Clause */
/* Quantiles of the durations in a histogram: see bpf/hist.h for what its buckets are. */
#ifndef GILPROF_QUANTILE_H
#define GILPROF_QUANTILE_H

#include <stdint.h>

struct capture_hist;

/*
 * The duration in ns that `percent` of all intervals do not exceed, found by interpolation within a
 * bucket: off by a sixteenth on average, never above the longest. 0 if there are none.
 */
uint64_t quantile__ns(const struct capture_hist *h, unsigned int percent);

#endif
