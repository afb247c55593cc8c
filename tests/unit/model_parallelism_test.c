/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_parallelism.h"

#include "fixture.h"
#include "tap.h"

#define INTERVAL (100 * FIXTURE_MS)

static bool near(double got, double want)
{
	return got > want - 1e-9 && got < want + 1e-9;
}

static void none(void)
{
	struct capture *c = fixture__new();
	struct model_parallelism p = model_parallelism__of(c);

	capture__free(c);
	CHECK_INT(p.intervals, 0);
}

/* Three tenths of the time nothing, six tenths two of four, one tenth a burst. */
static void quantiles(void)
{
	struct capture *c = fixture__new();
	struct model_parallelism p;

	for (int i = 0; i < 20; i++)
		fixture__parallel(c, INTERVAL, i % 10 < 3 ? 0 : 2,
				  i % 10 < 3   ? 0
				  : i % 10 < 9 ? 4
					       : 40);
	p = model_parallelism__of(c);
	capture__free(c);
	CHECK_INT(p.intervals, 20);
	CHECK_INT(p.interval_ns, INTERVAL);
	CHECK(near(p.wanted.p10, 0) && near(p.wanted.p50, 4) && near(p.wanted.p90, 4));
	CHECK(near(p.wanted.max, 40) && near(p.wanted.mean, 6.4));
	CHECK(near(p.achieved.p10, 0) && near(p.achieved.p50, 2) && near(p.achieved.p90, 2));
	CHECK(near(p.achieved.max, 2) && near(p.achieved.mean, 1.4));
}

/* A long interval weighs as much as it lasts. */
static void weights(void)
{
	struct capture *c = fixture__new();
	struct model_parallelism p;

	fixture__parallel(c, 9 * INTERVAL, 1, 1);
	fixture__parallel(c, INTERVAL, 0, 0);
	p = model_parallelism__of(c);
	capture__free(c);
	CHECK_INT(p.interval_ns, 9 * INTERVAL);
	CHECK(near(p.achieved.mean, 0.9));
	CHECK(near(p.achieved.p10, 0) && near(p.achieved.p50, 1));
}

/* Hostile figures: an interval of no time, and one of all that there is. */
static void hostile(void)
{
	struct capture *c = fixture__new();
	struct model_parallelism p;

	for (int i = 0; i < 3; i++) {
		fixture__parallel(c, INTERVAL, 1, 1);
		c->intervals[i].ns = i ? UINT64_MAX : 0;
		c->intervals[i].wanted_ns = UINT64_MAX;
	}
	p = model_parallelism__of(c);
	capture__free(c);
	CHECK(p.wanted.mean >= 0 && p.wanted.mean <= 2);
	CHECK(p.achieved.max < 1e9);
}

int main(void)
{
	TAP_RUN(none);
	TAP_RUN(quantiles);
	TAP_RUN(weights);
	TAP_RUN(hostile);
	return TAP_DONE();
}
