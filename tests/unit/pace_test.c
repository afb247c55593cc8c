// SPDX-License-Identifier: BSD-2-Clause
#include "pace.h"

#include "clock.h"
#include "tap.h"
#include "wire.h"

#define BEGIN (1000 * NSEC_PER_SEC)
#define LONG_SLEEP (5 * NSEC_PER_MSEC)
#define SHORT_SLEEP 17000

static struct pace pace;
static uint64_t work;

/* Waits until it is due; meanwhile all slices together would cost so many charges a second. */
static bool look(uint64_t rate, uint64_t mean_sleep_ns)
{
	uint64_t now = pace__due(&pace);

	work += rate / pace.sparse * (now - pace.at) / NSEC_PER_SEC;
	return pace__look(&pace, now, work, mean_sleep_ns);
}

static void begin(void)
{
	work = 0;
	pace__begin(&pace, BEGIN);
}

static void ordinary_programs_are_told_of_in_full(void)
{
	begin();
	for (int i = 0; i < 10; i++)
		CHECK(!look(199000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 1);
	CHECK_INT(pace.slice_shift, WIRE_SLICE_SHIFT);
}

static void many_steps_are_sampled(void)
{
	begin();
	CHECK(look(240000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 8); /* 240,000 / 8 is what may remain */
	CHECK_INT(pace.slice_shift, WIRE_SLICE_SHIFT);
	begin();
	CHECK(look(240000, SHORT_SLEEP));
	CHECK_INT(pace.slice_shift, WIRE_SHORT_SLICE_SHIFT);
	begin();
	CHECK(look(1000000000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 128); /* not less than that: one slice a second */
	begin();
	CHECK(look(1000000000, SHORT_SLEEP));
	CHECK_INT(pace.sparse, 1024);
}

/* What all would cost is known from the part that is told of, and the sample follows it. */
static void the_sample_follows_the_load(void)
{
	begin();
	CHECK(look(900000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 32);
	CHECK(!look(900000, LONG_SLEEP));
	CHECK(!look(450000, LONG_SLEEP)); /* half as much: no news */
	CHECK(look(1900000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 64);
	CHECK(look(100000, LONG_SLEEP));
	CHECK_INT(pace.sparse, 1);
}

static void it_looks_soon_and_then_seldom(void)
{
	begin();
	CHECK_INT(pace__due(&pace) - BEGIN, 5 * NSEC_PER_MSEC);
	CHECK(!pace__look(&pace, BEGIN + 4 * NSEC_PER_MSEC, 1000000, LONG_SLEEP));
	CHECK_INT(pace.at, BEGIN);
	look(1000, LONG_SLEEP);
	CHECK_INT(pace__due(&pace) - pace.at, 200 * NSEC_PER_MSEC);
	look(240000, LONG_SLEEP);
	CHECK_INT(pace__due(&pace) - pace.at, 500 * NSEC_PER_MSEC);
	look(1000000000, LONG_SLEEP); /* 128 slices of 8.4 ms, twice */
	CHECK_INT(pace__due(&pace) - pace.at, 256ull << WIRE_SLICE_SHIFT);
}

int main(void)
{
	TAP_RUN(ordinary_programs_are_told_of_in_full);
	TAP_RUN(many_steps_are_sampled);
	TAP_RUN(the_sample_follows_the_load);
	TAP_RUN(it_looks_soon_and_then_seldom);
	return TAP_DONE();
}
