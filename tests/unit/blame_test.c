// SPDX-License-Identifier: BSD-2-Clause
/*
 * Blame, driven by scripts of steps as the kernel side tells them. Times are microseconds; threads
 * have small numbers: TID and fs base follow from them.
 */
#include <stdlib.h>

#include "blame.h"
#include "tap.h"

/* scripts leave out what does not matter */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define US 1000ull
#define KEY 77
#define PID 4000
#define GIL 0x7f0000001000ull
#define FUTEX 202
#define NANOSLEEP 230
#define COND 72
#define MUTEX 80
#define FREE_BY 100 /* + thread: `holder` of a step that saw the GIL free */

static struct blame *blame;
static const struct blame_row *rows;
static size_t rows_n;

struct step {
	uint64_t at; /* µs */
	uint32_t what;
	uint32_t thread;
	uint32_t state;
	uint64_t since;	 /* µs; LEFT: when it got its CPU, RAN: when it was woken */
	uint32_t holder; /* LEFT: whom it saw, or FREE_BY + */
	uint32_t holds;
	uint64_t switch_number;
	uint64_t stack;
	uint32_t word; /* COND if 0 */
	uint32_t tid;  /* if it is not the thread's usual one */
	uint32_t asked;
	uint64_t woken;	 /* µs */
	uint32_t gaps;	 /* of 10 µs in the run queue and 10 on a CPU, each after 5000 asleep */
	uint32_t sparse; /* one slice of 1049 µs in so many is told of; 0: all is */
};

static uint64_t tls_of(uint32_t thread)
{
	return thread ? 0xa000 + 0x100ull * thread : 0;
}

static uint32_t tid_of(uint32_t thread)
{
	return PID + thread;
}

static int tell(const struct step *s)
{
	uint32_t holder = s->holder >= FREE_BY ? s->holder - FREE_BY : s->holder;
	struct wire_gil_event e = {
		.h = { .type = EV_GIL, .tgid = PID, .key = KEY, .time = s->at * US },
		.gil = GIL,
		.tls = tls_of(s->thread),
		.since = s->since * US,
		.holder = tls_of(holder),
		.switch_number = s->switch_number,
		.stack = s->stack,
		.tid = s->tid ? s->tid : tid_of(s->thread),
		.what = s->what,
		.state = s->state,
		.locked = s->what == GIL_RAN || !s->holder ? -1 : s->holder < FREE_BY,
		.holds = s->holds,
		.word = s->word ? s->word : COND,
		.nr = s->state == ST_GIL_WAIT ? FUTEX : NANOSLEEP,
		.interval_us = 5000,
		.asked = s->asked,
		.woken = s->woken * US,
		.gaps_n = s->gaps,
		.sparse = s->sparse,
		.slice_shift = s->sparse ? WIRE_SHORT_SLICE_SHIFT : 0,
	};

	for (uint32_t i = 0; i < s->gaps; i++)
		e.gaps[i] = (struct wire_gap){ 5000 * US, 10 * US, 10 * US };

	return blame__step(blame, &e);
}

static void renew(void)
{
	blame__free(blame);
	blame = blame__new();
}

/* Thread 1 computes for n switch intervals, while 2 waits and times out; then 2 gets the GIL for 1 ms. */
static void hold_for(uint64_t begin, uint64_t n)
{
	uint64_t end = begin + 5000 * n;

	for (uint64_t at = begin; at < end; at += 5000) {
		tell(&(struct step){ at, GIL_LEFT, 2, ST_GIL_WAIT, at - 10, 1, 0, begin });
		tell(&(struct step){ at + 4990, GIL_RAN, 2, ST_GIL_WAIT, at + 4990 });
	}
	tell(&(struct step){ end - 5, GIL_LEFT, 2, ST_RUNQ, end - 10, 2, 1, begin + 1 });
	tell(&(struct step){ end + 995, GIL_LEFT, 2, ST_SLEEP, end, FREE_BY + 2, 0, begin + 1 });
	tell(&(struct step){ end + 1000, GIL_LEFT, 1, ST_SLEEP, begin, 1, 1, begin + 2 });
}

/* What the kernel side says that the thread has waited. */
static void account(uint32_t thread, uint64_t ns)
{
	struct wire_thread t = {
		.key = KEY, .tgid = PID, .tid = tid_of(thread), .tls = tls_of(thread), .gils = 1
	};

	t.uses[0].gil = GIL;
	t.uses[0].wait_ns = ns;
	blame__account(blame, &t);
}

static void finish(void)
{
	for (uint32_t thread = 1; thread <= 3; thread++)
		account(thread, 0); /* else nobody knows the TID of one that took no step */
	rows_n = blame__rows(blame, &rows);
}

static uint64_t wait_of(uint32_t waiter, uint32_t holder, enum blame_kind kind)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < rows_n; i++)
		if (rows[i].waiter == tid_of(waiter) && rows[i].kind == kind &&
		    rows[i].holder_tid == (holder ? tid_of(holder) : 0))
			ns += rows[i].wait_ns;
	return ns;
}

static uint64_t runq_of(uint32_t waiter, uint32_t holder)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < rows_n; i++)
		if (rows[i].waiter == tid_of(waiter) && rows[i].holder_tid == tid_of(holder))
			ns += rows[i].runq_ns;
	return ns;
}

#define PLAY(...) \
	do { \
		static const struct step script[] = { __VA_ARGS__ }; \
		renew(); \
		for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) \
			CHECK_INT(tell(&script[i]), 0); \
	} while (0)

/* 1 computes, 2 waits; at 2000 1 gives it up, 2 is woken at once and has it from 2030 on. */
#define HANDS_OVER \
	{ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 }, { 2030, GIL_RAN, 2, ST_GIL_WAIT, 2000 }, \
	{ \
		2100, GIL_LEFT, 1, ST_GIL_WAIT, 100, 2, 0, 1 \
	}

static void a_wait_is_charged_to_who_held_it(void)
{
	PLAY({ 100, GIL_RAN, 1, ST_RUNQ, 100 }, { 110, GIL_LEFT, 3, ST_SLEEP, 50, 1 }, HANDS_OVER,
	     { 3000, GIL_LEFT, 2, ST_SLEEP, 2030, 2, 1, 1 });
	account(2, 1500 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 1500 * US);
	CHECK_INT(runq_of(2, 1), 0); /* nobody held it any more */
}

static void who_sleeps_on_waits_for_both_and_for_the_handoff(void)
{
	PLAY({ 100, GIL_RAN, 1, ST_RUNQ, 100 }, { 110, GIL_LEFT, 3, ST_GIL_WAIT, 50, 1 },
	     HANDS_OVER, { 5600, GIL_RAN, 3, ST_GIL_WAIT, 5110 },
	     { 5610, GIL_LEFT, 3, ST_GIL_WAIT, 5600, 2, 0, 1 });
	account(3, 5000 * US);
	CHECK_INT(blame__close(blame, 5610 * US), 0);
	finish();
	CHECK_INT(wait_of(3, 1, BLAME_PYTHON), 1890 * US);
	CHECK_INT(wait_of(3, 1, BLAME_HANDOFF), 30 * US);
	CHECK_INT(wait_of(3, 2, BLAME_PYTHON), 3080 * US);
	CHECK_INT(runq_of(3, 2), 490 * US);
}

/* 2 asks after 5 ms, at 5520; 1 goes on in C until 9000. */
static void a_timed_out_waiter_shows_that_the_holder_is_in_c(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1, .stack = 7 },
	     { 5510, GIL_RAN, 2, ST_GIL_WAIT, 5500 },
	     { 5520, GIL_LEFT, 2, ST_GIL_WAIT, 5510, 1, .stack = 7, .asked = 1 },
	     { 9010, GIL_RAN, 2, ST_GIL_WAIT, 9000 },
	     { 9100, GIL_LEFT, 2, ST_SLEEP, 9010, 2, 1, 1 });
	account(2, 8480 * US);
	finish();
	/* before it was asked nobody could tell, but it stood in the same place */
	CHECK_INT(wait_of(2, 1, BLAME_NATIVE), 8480 * US);
	CHECK_INT(rows[0].stack, 7);
}

static void a_holder_in_bytecode_drops_it_when_asked(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1, .stack = 7 },
	     { 5510, GIL_RAN, 2, ST_GIL_WAIT, 5500 },
	     { 5520, GIL_LEFT, 2, ST_GIL_WAIT, 5510, 1, .stack = 7, .asked = 1 },
	     { 5560, GIL_RAN, 2, ST_GIL_WAIT, 5550 },
	     { 5600, GIL_LEFT, 2, ST_SLEEP, 5560, 2, 1, 1 });
	account(2, 5030 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 5030 * US);
}

/*
 * 2 has timed out twice, which was no news and is told later, then a third time, when 1 had given it to 3,
 * and is woken by 3's release in the middle of its fourth sleep.
 */
static void gaps_in_a_sleep_are_told_later(void)
{
	PLAY({ 400, GIL_RAN, 3, ST_SLEEP, 390 }, { 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 },
	     { 12010, GIL_RAN, 3, ST_SLEEP, 12000 },
	     { 15560, GIL_LEFT, 2, ST_GIL_WAIT, 15550, 3, 0, 1, .woken = 15540, .gaps = 2 },
	     { 17010, GIL_RAN, 2, ST_GIL_WAIT, 17000 },
	     { 17100, GIL_LEFT, 2, ST_SLEEP, 17010, 2, 1, 2 });
	account(2, (15000 + 1440) * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), (12010 - 500 - 2 * 20) * US);
	CHECK_INT(runq_of(2, 1), 2 * 10 * US);
	CHECK_INT(wait_of(2, 3, BLAME_PYTHON), (15540 - 12010 + 17000 - 15560) * US);
	CHECK_INT(wait_of(2, 3, BLAME_HANDOFF), 0);
	CHECK_INT(wait_of(2, 0, BLAME_UNKNOWN), 0);
}

/* The same, but 1 gives it up 1 ms before 2, in its third sleep, gets a CPU. */
static void the_last_sleep_tells_that_it_was_given_up(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 },
	     { 13000, GIL_RAN, 2, ST_GIL_WAIT, 12000, .gaps = 2 },
	     { 13100, GIL_LEFT, 2, ST_SLEEP, 13000, 2, 1, 2 });
	account(2, (11500 - 2 * 20) * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), (11500 - 2 * 20) * US);
	CHECK_INT(runq_of(2, 1), 2 * 10 * US); /* 1 had released it as it woke 2 */
}

static void a_holder_off_its_cpu_sleeps_or_is_preempted(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 },
	     { 1000, GIL_LEFT, 1, ST_SLEEP, 100, 1, 1, .stack = 9 },
	     { 3000, GIL_RAN, 1, ST_SLEEP, 2500, .holds = 1 },
	     { 3500, GIL_LEFT, 1, ST_RUNQ, 3000, 1, 1 },
	     { 4000, GIL_RAN, 1, ST_RUNQ, 3500, .holds = 1 },
	     { 4510, GIL_RAN, 2, ST_GIL_WAIT, 4500 },
	     { 4600, GIL_LEFT, 2, ST_SLEEP, 4510, 2, 1, 1 });
	account(2, 4000 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), (500 + 500 + 500) * US);
	CHECK_INT(wait_of(2, 1, BLAME_OFFCPU), 1500 * US);
	CHECK_INT(wait_of(2, 1, BLAME_PREEMPTED), (500 + 500) * US);
	for (size_t i = 0; i < rows_n; i++)
		if (rows[i].kind == BLAME_OFFCPU) {
			CHECK_INT(rows[i].nr, NANOSLEEP);
			CHECK_INT(rows[i].stack, 9);
		}
}

static void waits_under_long_holds_are_told_apart(void)
{
	struct hold_totals holds;

	renew();
	hold_for(10000, 3);
	hold_for(40000, 2);
	holds = blame__under_holds(blame, KEY, GIL);
	CHECK_INT(holds.all_ns, 5 * 4990 * US);
	CHECK_INT(holds.long_ns, 0);
	hold_for(70000, 7);
	holds = blame__under_holds(blame, KEY, GIL);
	CHECK_INT(holds.all_ns, 12 * 4990 * US);
	CHECK_INT(holds.long_ns, 7 * 4990 * US);
	CHECK_INT(blame__under_holds(blame, KEY, GIL + 8).all_ns, 0);
}

static void who_is_woken_from_the_mutex_was_given_nothing(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1, .word = MUTEX },
	     { 810, GIL_RAN, 2, ST_GIL_WAIT, 800, .word = MUTEX },
	     { 820, GIL_LEFT, 2, ST_GIL_WAIT, 810, 1 }, { 2030, GIL_RAN, 2, ST_GIL_WAIT, 2000 },
	     { 2100, GIL_LEFT, 2, ST_SLEEP, 2030, 2, 1, 1 });
	account(2, 1480 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 1480 * US);
	CHECK_INT(wait_of(2, 1, BLAME_HANDOFF), 0);
}

static void one_that_holds_it_when_the_window_opens_is_seeded(void)
{
	renew();
	blame__seed(blame, KEY, GIL, tls_of(1), 100 * US);
	tell(&(struct step){ 100, GIL_LEFT, 2, ST_GIL_WAIT,
			     100 }); /* as the iterator tells: no look */
	blame__close(blame, 3000 * US);
	account(2, 2900 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 2900 * US);
}

/* 2 gets the GIL and ends without another step: its record tells. */
static void who_ends_is_charged_for_his_last_wait(void)
{
	struct wire_thread ended = { .key = KEY,
				     .tgid = PID,
				     .tid = tid_of(2),
				     .tls = tls_of(2),
				     .gils = 1,
				     .end = 2500 * US };

	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 }, { 2030, GIL_RAN, 2, ST_GIL_WAIT, 2000 });
	ended.uses[0].gil = GIL;
	ended.uses[0].wait_ns = 1500 * US;
	CHECK_INT(blame__account(blame, &ended), 0);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 1500 * US);
	CHECK_INT(wait_of(2, 0, BLAME_UNKNOWN), 0);
}

/* Who still waits as the last slice ends is charged up to there, not for all of the time behind it. */
static void between_slices_nothing_is_charged(void)
{
	struct wire_thread open = { .key = KEY,
				    .tgid = PID,
				    .tid = tid_of(2),
				    .tls = tls_of(2),
				    .gils = 1,
				    .end = 90000 * US };

	/* slices of 1048.576 µs: the first, and the 65th, to 68157 */
	PLAY({ 100, GIL_LEFT, 3, ST_SLEEP, 50, 3, 1, 1, .sparse = 64 },
	     { 67200, GIL_LEFT, 2, ST_GIL_WAIT, 67150, 1, 0, 2, .sparse = 64 },
	     { 67700, GIL_RAN, 2, ST_GIL_WAIT, 67700, .sparse = 64 },
	     { 67710, GIL_LEFT, 1, ST_SLEEP, 67150, FREE_BY + 1, 0, 2, .sparse = 64 },
	     { 67800, GIL_LEFT, 2, ST_SLEEP, 67700, FREE_BY + 2, 0, 3, .sparse = 64 },
	     { 67850, GIL_LEFT, 3, ST_SLEEP, 67840, 3, 1, 4, .sparse = 64 },
	     { 67907, GIL_LEFT, 2, ST_GIL_WAIT, 67800, 3, 0, 4, .sparse = 64 });
	open.uses[0].gil = GIL;
	open.uses[0].wait_ns = 40000 * US;
	CHECK_INT(blame__account(blame, &open), 0);
	CHECK_INT(blame__close(blame, 90000 * US), 0);
	finish();
	/* in that slice 500 µs for one and 250 for the other */
	CHECK_NEAR(wait_of(2, 1, BLAME_PYTHON), 40e6 * 2 / 3, 4e5);
	CHECK_NEAR(wait_of(2, 3, BLAME_OFFCPU), 40e6 / 3, 4e5);
}

/* 1 is waited for in a time of which all is told, 3 for as long where one slice stands for 64. */
static void a_slice_stands_for_several(void)
{
	PLAY({ 67200, GIL_LEFT, 2, ST_GIL_WAIT, 67150, 1, 0, 2, .sparse = 1 },
	     { 131200, GIL_RAN, 2, ST_GIL_WAIT, 131200, .sparse = 1 },
	     { 131210, GIL_LEFT, 1, ST_SLEEP, 67150, FREE_BY + 1, 0, 2, .sparse = 1 },
	     { 131300, GIL_LEFT, 2, ST_SLEEP, 131200, FREE_BY + 2, 0, 3, .sparse = 1 },
	     { 134350, GIL_LEFT, 2, ST_GIL_WAIT, 134300, 3, 0, 4, .sparse = 64 },
	     { 135250, GIL_RAN, 2, ST_GIL_WAIT, 135250, .sparse = 64 },
	     { 135255, GIL_LEFT, 3, ST_SLEEP, 134300, FREE_BY + 3, 0, 4, .sparse = 64 },
	     { 135260, GIL_LEFT, 2, ST_SLEEP, 135250, FREE_BY + 2, 0, 5, .sparse = 64 });
	account(2, 121600 * US);
	finish();
	CHECK_NEAR(wait_of(2, 1, BLAME_PYTHON), 64e6, 1e6);
	CHECK_NEAR(wait_of(2, 3, BLAME_PYTHON), 57.6e6, 1e6);
}

static void without_a_seed_it_is_unknown_until_the_first_look(void)
{
	renew();
	tell(&(struct step){ 100, GIL_LEFT, 2, ST_GIL_WAIT, 100 });
	tell(&(struct step){ 1000, GIL_LEFT, 1, ST_SLEEP, 600, 1, 1 });
	blame__close(blame, 3000 * US);
	account(2, 2900 * US);
	finish();
	CHECK_INT(wait_of(2, 0, BLAME_UNKNOWN), 500 * US);
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 400 * US);
	CHECK_INT(wait_of(2, 1, BLAME_OFFCPU), 2000 * US);
}

static void steps_that_come_late_do_not_turn_the_clock_back(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 }, { 2030, GIL_RAN, 2, ST_GIL_WAIT, 2000 },
	     { 2500, GIL_LEFT, 2, ST_SLEEP, 2030, 2, 1, 1 },
	     { 2490, GIL_LEFT, 3, ST_GIL_WAIT, 2400, 1 }, { 3010, GIL_RAN, 3, ST_GIL_WAIT, 3000 },
	     { 3020, GIL_LEFT, 3, ST_SLEEP, 3010, 3, 1, 2 });
	account(2, 1500 * US);
	account(3, 510 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 1500 * US);
	CHECK_INT(wait_of(3, 2, BLAME_OFFCPU) + wait_of(3, 2, BLAME_PYTHON), 510 * US);
}

static void a_run_that_was_not_told_ends_the_sleep_all_the_same(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 }, { 3000, GIL_LEFT, 2, ST_GIL_WAIT, 500, 1 },
	     { 4010, GIL_RAN, 2, ST_GIL_WAIT, 4000 },
	     { 4100, GIL_LEFT, 2, ST_SLEEP, 4010, 2, 1, 1 });
	account(2, 3400 * US);
	finish();
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 3400 * US);
	CHECK_INT(wait_of(2, 0, BLAME_UNKNOWN), 0);
}

static void a_new_thread_in_old_memory_is_another_one(void)
{
	PLAY({ 500, GIL_LEFT, 2, ST_GIL_WAIT, 400, 1 }, { 2030, GIL_RAN, 2, ST_GIL_WAIT, 2000 },
	     { 2100, GIL_LEFT, 2, ST_SLEEP, 2030, 2, 1, 1 },
	     { 3000, GIL_LEFT, 3, ST_GIL_WAIT, 2900, 2, 0, 1 },
	     { 3500, GIL_RAN, 2, ST_SLEEP, 3500, .holds = 1 },
	     { 3600, GIL_LEFT, 2, ST_GIL_WAIT, 3500, 3, 0, 2, .tid = 5555 },
	     { 4000, GIL_LEFT, 3, ST_SLEEP, 3510, 3, 1, 2 });
	account(2, 1500 * US);
	account(3, 510 * US);
	blame__close(blame, 5000 * US);
	finish();
	for (size_t i = 0; i < rows_n; i++)
		CHECK(rows[i].waiter != 5555 || rows[i].holder_tid == tid_of(3));
	CHECK_INT(wait_of(2, 1, BLAME_PYTHON), 1500 * US);
}

static void what_was_charged_too_much_is_scaled_down(void)
{
	PLAY({ 100, GIL_RAN, 1, ST_RUNQ, 100 }, { 110, GIL_LEFT, 3, ST_GIL_WAIT, 50, 1 },
	     HANDS_OVER, { 4000, GIL_RAN, 3, ST_GIL_WAIT, 4000 },
	     { 4010, GIL_LEFT, 3, ST_SLEEP, 4000, 3, 1, 2 });
	account(3, 1945 * US);
	finish();
	CHECK_INT(wait_of(3, 1, BLAME_PYTHON) + wait_of(3, 1, BLAME_HANDOFF) +
			  wait_of(3, 2, BLAME_PYTHON),
		  1945 * US);
	CHECK_NEAR(wait_of(3, 1, BLAME_PYTHON), 945 * US, 2);
}

static void a_wait_of_which_no_step_told_is_unknown(void)
{
	renew();
	account(2, 1234);
	finish();
	CHECK_INT(rows_n, 1);
	CHECK_INT(wait_of(2, 0, BLAME_UNKNOWN), 1234);
}

/* --- law 3 under random steps ----------------------------------------------------------------- */

#define THREADS 4

static void random_step(uint64_t now, int n)
{
	static const uint32_t states[] = { ST_GIL_WAIT, ST_GIL_WAIT, ST_RUNQ, ST_SLEEP,
					   ST_GIL_DROP };
	uint32_t thread = 1 + rand() % THREADS, holder = 1 + rand() % THREADS;
	const struct step s = {
		.at = rand() % 8 || now < 20 ? now : now - rand() % 20,
		.what = rand() % 2 ? GIL_LEFT : GIL_RAN,
		.thread = thread,
		.state = states[rand() % 5],
		.since = now - rand() % (now + 1),
		.holder = rand() % 10 ? holder + (rand() % 4 ? 0 : FREE_BY) : 0,
		.holds = holder == thread,
		.switch_number = n / 3,
		.stack = rand() % 3 ? 0 : rand() % 5,
		.word = rand() % 4 ? COND : MUTEX,
		.tid = rand() % 50 ? 0 : 5000 + rand() % 4,
	};

	tell(&s);
}

static void law_3_holds_whatever_is_told(void)
{
	srand(3);
	for (int run = 0; run < 100; run++) {
		uint64_t now = 100, waited[THREADS + 1] = { 0 };

		renew();
		for (int i = 0; i < 2000; i++, now += rand() % 60)
			random_step(now, i);
		CHECK_INT(blame__close(blame, now * US), 0);
		for (uint32_t t = 1; t <= THREADS; t++) {
			waited[t] = (uint64_t)rand() % (now * US);
			account(t, waited[t]);
		}
		finish();
		for (uint32_t t = 1; t <= THREADS; t++) {
			for (size_t i = 0; i < rows_n; i++)
				waited[t] -= rows[i].waiter == tid_of(t) ? rows[i].wait_ns : 0;
			CHECK_INT(waited[t], 0);
		}
	}
}

int main(void)
{
	TAP_RUN(a_wait_is_charged_to_who_held_it);
	TAP_RUN(who_sleeps_on_waits_for_both_and_for_the_handoff);
	TAP_RUN(a_timed_out_waiter_shows_that_the_holder_is_in_c);
	TAP_RUN(a_holder_in_bytecode_drops_it_when_asked);
	TAP_RUN(gaps_in_a_sleep_are_told_later);
	TAP_RUN(the_last_sleep_tells_that_it_was_given_up);
	TAP_RUN(a_holder_off_its_cpu_sleeps_or_is_preempted);
	TAP_RUN(waits_under_long_holds_are_told_apart);
	TAP_RUN(who_is_woken_from_the_mutex_was_given_nothing);
	TAP_RUN(one_that_holds_it_when_the_window_opens_is_seeded);
	TAP_RUN(who_ends_is_charged_for_his_last_wait);
	TAP_RUN(between_slices_nothing_is_charged);
	TAP_RUN(a_slice_stands_for_several);
	TAP_RUN(without_a_seed_it_is_unknown_until_the_first_look);
	TAP_RUN(steps_that_come_late_do_not_turn_the_clock_back);
	TAP_RUN(a_run_that_was_not_told_ends_the_sleep_all_the_same);
	TAP_RUN(a_new_thread_in_old_memory_is_another_one);
	TAP_RUN(what_was_charged_too_much_is_scaled_down);
	TAP_RUN(a_wait_of_which_no_step_told_is_unknown);
	TAP_RUN(law_3_holds_whatever_is_told);
	blame__free(blame);
	return TAP_DONE();
}
