/* SPDX-License-Identifier: BSD-2-Clause */
#include "quantile.h"

#include "fixture.h"
#include "tap.h"

static void nothing(void)
{
	struct capture_hist h = { 0 };

	CHECK_INT(quantile__ns(&h, 50), 0);
	CHECK_INT(quantile__ns(&h, 99), 0);
	h.count = 5; /* a forged count without buckets */
	h.max_ns = 7;
	CHECK_INT(quantile__ns(&h, 99), 0);
}

static void one_interval(void)
{
	struct capture_hist h = { 0 };

	fixture__interval(&h, 5000000, 1);
	CHECK_NEAR(quantile__ns(&h, 50), 5000000, 5000000 / 8.0);
	CHECK(quantile__ns(&h, 99) <= 5000000);
	CHECK_INT(quantile__ns(&h, 100), 5000000);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Against the exact quantiles of 10,000 log-uniform intervals from 200 ns to 200 s. */
static void many_intervals(void)
{
	static uint64_t all[10000];
	struct capture_hist h = { 0 };
	unsigned int seed = 1, percents[] = { 1, 10, 50, 90, 99 };
	double ns;

	for (size_t i = 0; i < 10000; i++) {
		ns = 200;
		for (int r = rand_r(&seed) % 30000; r >= 0; r--)
			ns *= 1.00069;
		all[i] = (uint64_t)ns;
		fixture__interval(&h, all[i], 1);
	}
	qsort(all, 10000, sizeof(all[0]), compare);
	for (size_t i = 0; i < 5; i++) {
		uint64_t exact = all[percents[i] * 100 - 1];

		CHECK_NEAR(quantile__ns(&h, percents[i]), exact, (double)exact / 8);
	}
}

static void never_above_max(void)
{
	struct capture_hist h = { 0 };

	fixture__interval(&h, 1000, 1000);
	fixture__interval(&h, 1001, 1);
	for (unsigned int p = 0; p <= 100; p++)
		CHECK(quantile__ns(&h, p) <= 1001);
}

static void the_last_bucket_has_no_end(void)
{
	struct capture_hist h = { 0 };

	fixture__interval(&h, 5000000000000ull, 2);
	CHECK(quantile__ns(&h, 50) >= hist__floor(HIST_BUCKETS - 1));
	CHECK_INT(quantile__ns(&h, 100), 5000000000000ull);
	h.max_ns = INT64_MAX;
	CHECK(quantile__ns(&h, 100) <= INT64_MAX);
	h.max_ns = 0; /* forged */
	CHECK_INT(quantile__ns(&h, 99), 0);
}

int main(void)
{
	TAP_RUN(nothing);
	TAP_RUN(one_interval);
	TAP_RUN(many_intervals);
	TAP_RUN(never_above_max);
	TAP_RUN(the_last_bucket_has_no_end);
	return TAP_DONE();
}
