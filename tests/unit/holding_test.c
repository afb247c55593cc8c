// SPDX-License-Identifier: BSD-2-Clause
/* How much of a hold was one, by samples. */
#include "holding.h"
#include "tap.h"

#define KEY 77
#define GIL 0x7f0000001000ull

static struct holding *holding;

static void count(uint32_t tid, uint32_t held, uint32_t released, uint32_t waits, uint64_t wait_ns)
{
	struct wire_thread t = { .key = KEY, .tid = tid };
	struct wire_gil_use use = { .gil = GIL,
				    .wanted_held = held,
				    .wanted_released = released,
				    .waits = waits,
				    .wait_ns = wait_ns };

	CHECK_INT(holding__count(holding, &t, &use), 0);
}

static uint64_t free_of(uint32_t tid, uint64_t ns)
{
	return holding__free_ns(holding, KEY, GIL, tid, ns);
}

static void renew(void)
{
	holding__free(holding);
	holding = holding__new();
}

static void by_its_own_samples(void)
{
	renew();
	count(1, 30, 10, 1000, 1000 * 17000);
	count(2, 400, 0, 1000, 1000 * 17000);
	CHECK_INT(free_of(1, 1000), 250);
	CHECK_INT(free_of(2, 1000), 0);
	CHECK_INT(holding__free_ns(holding, KEY, GIL + 8, 1, 1000), 0);
	CHECK_INT(holding__free_ns(holding, KEY + 1, GIL, 1, 1000), 0);
}

static void a_record_may_come_twice(void)
{
	renew();
	count(1, 15, 5, 500, 500 * 17000);
	count(1, 15, 5, 500, 500 * 17000);
	CHECK_INT(free_of(1, 1000), 250);
}

static void with_few_samples_by_those_of_all_threads(void)
{
	renew();
	count(1, 1, 0, 1000, 1000 * 17000);
	count(2, 50, 49, 1000, 1000 * 17000);
	CHECK_INT(free_of(1, 1000), 490);
	CHECK_INT(free_of(3, 1000), 490);
}

static void long_waits_are_left_alone(void)
{
	renew();
	count(1, 30, 10, 10, 10 * 5000000ull);
	CHECK_INT(free_of(1, 1000), 0);
}

static void without_samples_nothing_is_known(void)
{
	renew();
	CHECK_INT(free_of(1, 1000), 0);
	count(1, 2, 2, 1000, 1000 * 17000);
	CHECK_INT(free_of(1, 1000), 0);
}

int main(void)
{
	TAP_RUN(by_its_own_samples);
	TAP_RUN(a_record_may_come_twice);
	TAP_RUN(with_few_samples_by_those_of_all_threads);
	TAP_RUN(long_waits_are_left_alone);
	TAP_RUN(without_samples_nothing_is_known);
	holding__free(holding);
	return TAP_DONE();
}
