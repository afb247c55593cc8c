/* SPDX-License-Identifier: BSD-2-Clause */
#include "hold_run.h"

#include "tap.h"

#define LIMIT 20

static struct hold_run run;
static struct hold_totals totals;

/* One sleep: parts in the order of time, until holder UINT64_MAX. */
static void sleeps(const struct hold_part *parts)
{
	size_t n = 0;

	while (parts[n].holder != UINT64_MAX)
		n++;
	while (n--)
		hold_run__part(&run, parts[n].holder, parts[n].ns, &totals);
	hold_run__end_sleep(&run, &totals);
}

#define SLEEPS(...) sleeps((const struct hold_part[]){ __VA_ARGS__, { UINT64_MAX, 0 } })

static void begin(void)
{
	run = (struct hold_run){ 0 };
	totals = (struct hold_totals){ .limit_ns = LIMIT, .weight = 1 };
}

static void check(uint64_t all, uint64_t under_long)
{
	hold_run__end_wait(&run, &totals);
	CHECK_INT(totals.all_ns, all);
	CHECK_INT(totals.long_ns, under_long);
}

/* A C call of 30 ms, waited for in sleeps of 5 ms. */
static void one_long_hold(void)
{
	begin();
	for (int i = 0; i < 6; i++)
		SLEEPS({ 7, 5 });
	TAP_CALL(check(30, 30));
}

static void the_limit_itself(void)
{
	begin();
	for (int i = 0; i < 4; i++)
		SLEEPS({ 7, 5 });
	TAP_CALL(check(20, 0));
}

/* Many waits, each for the same holder but short. */
static void many_short_waits(void)
{
	begin();
	for (int i = 0; i < 10; i++) {
		SLEEPS({ 7, 5 });
		hold_run__end_wait(&run, &totals);
	}
	TAP_CALL(check(50, 0));
}

static void turns(void)
{
	begin();
	for (int i = 0; i < 5; i++) {
		SLEEPS({ 7, 4 }, { 8, 1 });
		SLEEPS({ 8, 4 }, { 9, 1 });
		SLEEPS({ 9, 4 }, { 7, 1 });
	}
	TAP_CALL(check(75, 0));
}

/* 7 holds it across sleeps, then others take turns within one sleep, then 9 does. */
static void across_sleeps(void)
{
	begin();
	SLEEPS({ 7, 15 });
	SLEEPS({ 7, 15 }, { 8, 2 }, { 6, 3 }, { 9, 11 });
	SLEEPS({ 9, 11 });
	TAP_CALL(check(57, 52));
}

/* The same thread takes it again after nobody has had it: another hold. */
static void free_between(void)
{
	begin();
	SLEEPS({ 7, 15 }, { 0, 1 }, { 7, 15 });
	TAP_CALL(check(31, 0));
	SLEEPS({ 0, 50 });
	TAP_CALL(check(81, 0));
}

static void parts_of_one_hold(void)
{
	begin();
	SLEEPS({ 7, 9 }, { 7, 9 }, { 7, 9 });
	TAP_CALL(check(27, 27));
}

static void nothing(void)
{
	begin();
	hold_run__end_sleep(&run, &totals);
	TAP_CALL(check(0, 0));
}

int main(void)
{
	TAP_RUN(one_long_hold);
	TAP_RUN(the_limit_itself);
	TAP_RUN(many_short_waits);
	TAP_RUN(turns);
	TAP_RUN(across_sleeps);
	TAP_RUN(free_between);
	TAP_RUN(parts_of_one_hold);
	TAP_RUN(nothing);
	return TAP_DONE();
}
