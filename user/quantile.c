// SPDX-License-Identifier: BSD-2-Clause
#include "quantile.h"

#include "../bpf/hist.h"
#include "capture.h"

/* The bucket has no end if it is the last one: then the longest interval of all ends it. */
static uint64_t end_of(const struct capture_hist *h, uint32_t bucket)
{
	uint64_t end = bucket + 1 < HIST_BUCKETS ? hist__floor(bucket + 1) : h->max_ns;

	return end < h->max_ns ? end : h->max_ns;
}

uint64_t quantile__ns(const struct capture_hist *h, unsigned int percent)
{
	uint64_t total = 0, below = 0;
	double wanted;

	/* not h->count: a file may say what it likes */
	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		total += h->bucket[b];
	wanted = (double)total * percent / 100;
	for (uint32_t b = 0; b < HIST_BUCKETS; b++) {
		uint64_t begin = hist__floor(b), end = end_of(h, b);

		if (h->bucket[b] && (double)(below + h->bucket[b]) >= wanted) {
			double share = (wanted - (double)below) / h->bucket[b];
			uint64_t ns = begin + (uint64_t)((double)(end - begin) * share);

			return end <= begin || ns > end ? end : ns; /* doubles round upwards, too */
		}
		below += h->bucket[b];
	}
	return 0;
}
