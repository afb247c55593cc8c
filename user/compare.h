/* SPDX-License-Identifier: BSD-2-Clause */
/* For functions that order rows by several figures: -1, 0 or 1, as a is below, is, or is above b. */
#ifndef GILPROF_COMPARE_H
#define GILPROF_COMPARE_H

#include <stdint.h>

static inline int compare__u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

#endif
