// SPDX-License-Identifier: BSD-2-Clause
/* How much of a hold was one, by samples. */
#include "holding.h"
#include "tap.h"

#define KEY 77
#define GIL 0x7f0000001000ull
#define SAMPLE 2500000ull /* ns on a CPU for each */
#define SHORT 17000ull
#define MANY 1000000 /* waits */

static struct holding *holding;

/* `wanted` samples of the thread as holder, `waiters` waiting at each, and as many again without the GIL. */
static void count(uint32_t tid, uint32_t wanted, uint32_t waiters, uint32_t waits,
		  uint64_t mean_wait)
{
	struct wire_thread t = { .key = KEY, .tid = tid, .samples = 2 * wanted };
	struct wire_gil_use use = { .gil = GIL,
				    .wanted = wanted,
				    .waiters = wanted * waiters,
				    .waits = waits,
				    .wait_ns = waits * mean_wait };

	t.state_ns[ST_RUN] = t.samples * SAMPLE;
	CHECK_INT(holding__count(holding, &t, &use), 0);
}

static void charge(uint32_t holder, uint32_t kind, uint64_t wait_ns, uint64_t runq_ns)
{
	const struct blame_row row = { .key = KEY,
				       .gil = GIL,
				       .holder_tid = holder,
				       .kind = kind,
				       .wait_ns = wait_ns,
				       .runq_ns = runq_ns };

	CHECK_INT(holding__charged(holding, &row), 0);
}

static uint64_t free_of(uint32_t tid)
{
	return holding__free_ns(holding, KEY, GIL, tid, 1000);
}

static void renew(void)
{
	holding__free(holding);
	holding = holding__new();
}

/* Two waited at each of its 40 samples, so 80 times 2.5 ms; a quarter more is charged. */
static void what_is_charged_too_much_is_free(void)
{
	renew();
	count(1, 40, 2, MANY, SHORT);
	count(2, 40, 1, MANY, SHORT);
	charge(1, BLAME_PYTHON, 80 * SAMPLE, 20 * SAMPLE);
	charge(2, BLAME_PYTHON, 30 * SAMPLE, 0);
	charge(0, BLAME_HANDOFF, 2 * MANY * SHORT - 110 * SAMPLE, 0);
	CHECK_NEAR(free_of(1), 250, 1); /* 20 samples' worth of 80, none of that in the run queue */
	CHECK_INT(free_of(2), 0);	/* less is charged than was waited */
	CHECK_INT(holding__free_ns(holding, KEY, GIL + 8, 1, 1000), 0);
	CHECK_INT(holding__free_ns(holding, KEY + 1, GIL, 1, 1000), 0);
}

static void a_part_stands_for_all(void)
{
	renew();
	count(1, 40, 2, 1000, 100000);
	charge(1, BLAME_PYTHON, 10 * SAMPLE, 0);
	CHECK_INT(free_of(1), 0); /* waits that are not short are left alone */
	renew();
	count(1, 40, 2, 1000, 90000);
	charge(1, BLAME_PYTHON, 9000000, 1000000);
	/* a tenth of it is told of: 10 ms, and a tenth of 200 were waited */
	CHECK_INT(free_of(1), 0);
	charge(1, BLAME_NATIVE, 0, 15000000);
	CHECK_NEAR(free_of(1), 555, 1); /* 25 of 20 ms, 9 of them asleep */
}

static void with_few_samples_by_those_of_all_threads(void)
{
	renew();
	count(1, 2, 1, MANY, SHORT);
	count(2, 98, 1, MANY, SHORT);
	charge(1, BLAME_PYTHON, 5 * SAMPLE, 0);
	charge(2, BLAME_PYTHON, 120 * SAMPLE, 0);
	charge(0, BLAME_HANDOFF, 2 * MANY * SHORT - 125 * SAMPLE, 0);
	CHECK_NEAR(free_of(1), 200, 1);
	CHECK_NEAR(free_of(3), 200, 1);
	CHECK_NEAR(free_of(2), 183, 1); /* 22 of 120 */
}

static void without_samples_nothing_is_known(void)
{
	renew();
	CHECK_INT(free_of(1), 0);
	count(1, 2, 1, MANY, SHORT);
	CHECK_INT(free_of(1), 0);
	charge(1, BLAME_PYTHON, MANY * SHORT, 0);
	CHECK_INT(free_of(1), 0);
}

int main(void)
{
	TAP_RUN(what_is_charged_too_much_is_free);
	TAP_RUN(a_part_stands_for_all);
	TAP_RUN(with_few_samples_by_those_of_all_threads);
	TAP_RUN(without_samples_nothing_is_known);
	holding__free(holding);
	return TAP_DONE();
}
