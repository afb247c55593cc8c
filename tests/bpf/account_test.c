// SPDX-License-Identifier: BSD-2-Clause
/*
 * The account (bpf/account.h) run natively and driven by scripts of scheduler events. Times in the
 * scripts are microseconds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "tap.h"

/* scripts leave out what does not matter */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define US 1000ull
#define GIL 0x7f0000001000ull
#define OTHER_GIL 0x7f0000002000ull

enum what { RUN, PREEMPT, SLEEP, WAKE };

struct event {
	uint64_t at; /* µs */
	enum what what;
	uint32_t arg;   /* RUN: CPU; SLEEP: state */
	uint32_t holds; /* PREEMPT, SLEEP: with the GIL */
	uint64_t gil;   /* SLEEP */
	uint64_t queued; /* µs since it was woken, where no WAKE tells */
	uint64_t booked; /* µs of CPU time, when a switch was not told */
};

static struct wire_thread thread;
static struct account_window window;

static const struct wire_leave missed = {.state = ST_IO_PIPE}; /* how a CPU was left, if nobody tells */

/* As sched.bpf.c does it. */
static void leave(uint64_t at, uint64_t booked, uint64_t queued, const struct wire_leave *l)
{
	if (thread.state != ST_RUN)
		account__run(&window, &thread, account__got_cpu(&thread, at, booked), 0, queued,
			     thread.cpu, &missed);
	account__leave(&window, &thread, at, l);
}

static void tell(const struct event *e)
{
	struct wire_leave l = {.state = e->what == PREEMPT ? ST_RUNQ : e->arg, .cause = 7,
			       .gil = e->gil, .holds = e->holds, .held = e->holds};

	if (e->gil && e->gil != thread.gil)
		account__select_gil(&thread, e->gil);
	if (e->what == RUN)
		account__run(&window, &thread, e->at * US, e->booked * US, e->queued * US, e->arg, &missed);
	else if (e->what == WAKE)
		account__wake(&window, &thread, e->at * US);
	else
		leave(e->at * US, e->booked * US, e->queued * US, &l);
}

/* A thread born at 0, the window [from, to] µs, and its events. */
static void play(uint64_t from, uint64_t to, const struct event *events, size_t n)
{
	memset(&thread, 0, sizeof(thread));
	thread.cpu = ACCOUNT_NO_CPU;
	window.start = from * US;
	window.end = to * US;
	account__open(&thread, 0, ST_RUNQ);
	account__select_gil(&thread, GIL);
	for (size_t i = 0; i < n; i++)
		tell(&events[i]);
	account__close(&window, &thread, window.end);
}

#define PLAY(from, to, ...) \
	do { \
		static const struct event script[] = {__VA_ARGS__}; \
		play(from, to, script, sizeof(script) / sizeof(script[0])); \
	} while (0)

static uint64_t sum_of_states(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ST_COUNT; i++)
		sum += thread.state_ns[i];
	return sum;
}

static void each_state_gets_its_time(void)
{
	PLAY(0, 1000, {10, RUN, 0}, {110, SLEEP, ST_IO_PIPE}, {310, WAKE}, {360, RUN, 1},
	     {460, PREEMPT}, {500, RUN, 1}, {600, SLEEP, ST_BLOCKED}, {900, WAKE}, {905, RUN, 0});
	CHECK_INT(thread.state_ns[ST_RUN], (100 + 100 + 100 + 95) * US);
	CHECK_INT(thread.state_ns[ST_RUNQ], (10 + 50 + 40 + 5) * US);
	CHECK_INT(thread.state_ns[ST_IO_PIPE], 200 * US);
	CHECK_INT(thread.state_ns[ST_BLOCKED], 300 * US);
	CHECK_INT(thread.blocked[0].cause, 7);
	CHECK_INT(thread.blocked[0].ns, 300 * US);
	CHECK_INT(thread.voluntary, 2);
	CHECK_INT(thread.involuntary, 1);
	CHECK_INT(thread.migrations, 2);
	CHECK_INT(thread.cpu_ns[0], (100 + 95) * US);
	CHECK_INT(thread.cpu_ns[1], 200 * US);
	CHECK_INT(thread.runq.count, 4);
	CHECK_INT(thread.runq.max_ns, 50 * US);
	CHECK_INT(thread.runq.total_ns, thread.state_ns[ST_RUNQ]);
}

static void time_outside_the_window_does_not_count(void)
{
	PLAY(300, 700, {10, RUN, 0}, {100, SLEEP, ST_SLEEP}, {500, WAKE}, {510, RUN, 0},
	     {600, SLEEP, ST_LOCK_WAIT}, {900, WAKE}, {910, RUN, 0});
	CHECK_INT(thread.state_ns[ST_SLEEP], 200 * US);
	CHECK_INT(thread.state_ns[ST_LOCK_WAIT], 100 * US);
	CHECK_INT(thread.state_ns[ST_RUN], 90 * US);
	CHECK_INT(thread.end - thread.begin, 400 * US);
	CHECK_INT(sum_of_states(), 400 * US);
	CHECK_INT(thread.voluntary, 1);
}

static void a_sleep_over_both_edges_fills_the_window(void)
{
	PLAY(300, 700, {10, RUN, 0}, {100, SLEEP, ST_IO_SOCKET});
	CHECK_INT(thread.state_ns[ST_IO_SOCKET], 400 * US);
	CHECK_INT(sum_of_states(), 400 * US);
}

/* Clocks differ: up to 1/64 early. Woken before that, somebody woke it. */
static void when_a_wait_has_timed_out(void)
{
	CHECK(account__has_timed_out(6400, 6300 * US));
	CHECK(!account__has_timed_out(6400, 6300 * US - 1));
	CHECK_INT(account__interval(0), 5000 * US);
	CHECK(account__has_timed_out(0, 5000 * US));
	CHECK(!account__has_timed_out(0, 4900 * US));
}

/* take_gil: 5 ms time-outs, some µs of looking after each, at last a CPU to run on for long */
static void time_outs_are_one_wait(void)
{
	PLAY(0, 30000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL}, {6000, WAKE}, {6050, RUN, 0},
	     {6053, SLEEP, ST_GIL_WAIT, 0, GIL}, {11060, WAKE}, {11061, RUN, 0},
	     {11065, SLEEP, ST_GIL_WAIT, 0, GIL}, {12000, WAKE}, {12100, RUN, 0},
	     {20000, SLEEP, ST_IO_FILE});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 11100 * US);
	CHECK_INT(thread.gil_wait.max_ns, 11100 * US);
	CHECK_INT(thread.episode_asleep_ns, (5000 + 5007 + 935) * US);
	CHECK_INT(thread.episode_runq_ns, (50 + 1 + 100) * US);
	CHECK_INT(thread.episode_running_ns, (3 + 4) * US);
	CHECK_INT(thread.state_ns[ST_GIL_WAIT], thread.episode_asleep_ns);
	CHECK_INT(thread.uses[0].wait_ns, thread.episode_asleep_ns);
	CHECK_INT(thread.uses[0].waits, 3);
}

static void being_woken_by_the_holder_ends_a_wait(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_GIL_WAIT, 0, GIL}, {150, WAKE}, {152, RUN, 0},
	     {170, SLEEP, ST_GIL_WAIT, 0, GIL}, {200, WAKE}, {201, RUN, 0}, {400, PREEMPT});
	CHECK_INT(thread.gil_wait.count, 2);
	CHECK_INT(thread.gil_wait.total_ns, (52 + 31) * US);
	CHECK_INT(thread.episode_running_ns, 0);
}

/* After a time-out the thread got the GIL: it ran for 3 ms, which no look at the lock takes. */
static void a_long_run_after_a_time_out_ends_the_wait(void)
{
	PLAY(0, 20000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL}, {6000, WAKE}, {6001, RUN, 0},
	     {9000, SLEEP, ST_GIL_WAIT, 0, GIL}, {9500, WAKE}, {9501, RUN, 0});
	CHECK_INT(thread.gil_wait.count, 2);
	CHECK_INT(thread.gil_wait.total_ns, (5001 + 501) * US);
}

/* Between a time-out and the next sleep the thread loses its CPU: that is part of the wait. */
static void preemption_in_a_retry_belongs_to_the_wait(void)
{
	PLAY(0, 20000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL}, {6000, WAKE}, {6001, RUN, 0},
	     {6003, PREEMPT}, {9003, RUN, 1}, {9005, SLEEP, ST_GIL_WAIT, 0, GIL}, {9500, WAKE},
	     {9501, RUN, 1}, {9502, SLEEP, ST_SLEEP});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 8501 * US);
	CHECK_INT(thread.episode_asleep_ns, (5000 + 495) * US);
	CHECK_INT(thread.episode_runq_ns, (1 + 1) * US);
	CHECK_INT(thread.episode_running_ns, (2 + 3000 + 2) * US);
}

/* Woken, the thread sleeps again for gil->mutex, at once: the same wait, less what it ran. */
static void a_second_sleep_for_the_mutex_is_the_same_wait(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_GIL_WAIT, 0, GIL}, {150, WAKE}, {152, RUN, 0},
	     {154, SLEEP, ST_GIL_WAIT, 0, GIL}, {160, WAKE}, {161, RUN, 0}, {300, SLEEP, ST_SLEEP});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, (52 + 7) * US);
	CHECK_INT(thread.episode_running_ns, 0);
}

/* Given the GIL, but not yet out of take_gil, the thread loses its CPU: it does not run for good. */
static void preemption_just_after_waking_belongs_to_the_wait(void)
{
	PLAY(0, 9000, {0, RUN, 0}, {100, SLEEP, ST_GIL_WAIT, 0, GIL}, {150, WAKE}, {152, RUN, 0},
	     {160, PREEMPT, 0, 1}, {3160, RUN, 0}, {8000, PREEMPT, 0, 1});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 3060 * US);
	CHECK_INT(thread.episode_runq_ns, 2 * US);
}

/* The same before it is out of the system call: that is run queue, as after any wake-up. */
static void preemption_inside_the_system_call_is_run_queue(void)
{
	PLAY(0, 9000, {0, RUN, 0}, {100, SLEEP, ST_GIL_WAIT, 0, GIL}, {150, WAKE}, {152, RUN, 0},
	     {153, PREEMPT, 0, 0, GIL}, {2153, RUN, 0}, {8000, SLEEP, ST_SLEEP});
	CHECK_INT(thread.gil_wait.total_ns, 2053 * US);
	CHECK_INT(thread.episode_runq_ns, 2002 * US);
}

/* The scheduler says at the switch how long ago it was woken. */
static void a_wake_up_told_late_is_the_same(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_SLEEP}, {400, RUN, 0, .queued = 50},
	     {500, SLEEP, ST_GIL_WAIT, 0, GIL}, {700, RUN, 0, .queued = 20}, {900, SLEEP, ST_SLEEP});
	CHECK_INT(thread.state_ns[ST_SLEEP], (250 + 100) * US);
	CHECK_INT(thread.state_ns[ST_RUNQ], 70 * US);
	CHECK_INT(thread.runq.count, 3);
	CHECK_INT(thread.gil_wait.total_ns, 200 * US);
	CHECK_INT(thread.episode_runq_ns, 20 * US);
}

/* A switch that was not told is put where the kernel's own account of CPU time says it was. */
static void a_missed_switch_is_repaired(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_SLEEP}, {400, WAKE},
	     {600, SLEEP, ST_IO_PIPE, .booked = 150}, {700, WAKE}, {700, RUN, 0});
	CHECK_INT(thread.state_ns[ST_RUN], (100 + 150 + 300) * US);
	CHECK_INT(thread.state_ns[ST_RUNQ], 50 * US);
	PLAY(0, 1000, {10, RUN, 0}, {510, RUN, 1, .booked = 200}, {710, SLEEP, ST_SLEEP});
	CHECK_INT(thread.state_ns[ST_RUN], (200 + 200) * US);
	CHECK_INT(thread.state_ns[ST_IO_PIPE], 300 * US);
}

static void a_wait_open_at_the_end_is_counted(void)
{
	PLAY(0, 4000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 3000 * US);
	CHECK_INT(thread.episode_asleep_ns, 3000 * US);
	PLAY(0, 4000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL}, {3000, WAKE});
	CHECK_INT(thread.gil_wait.total_ns, 3000 * US);
	CHECK_INT(thread.episode_runq_ns, 1000 * US);
}

static void a_wait_over_the_start_is_clipped(void)
{
	PLAY(3000, 9000, {0, RUN, 0}, {1000, SLEEP, ST_GIL_WAIT, 0, GIL}, {4000, WAKE},
	     {4100, RUN, 0}, {8000, SLEEP, ST_SLEEP});
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 1100 * US);
	CHECK_INT(thread.episode_asleep_ns, 1000 * US);
	CHECK_INT(thread.episode_runq_ns, 100 * US);
}

static void off_the_cpu_with_the_gil(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, PREEMPT, 0, 1}, {160, RUN, 0}, {200, SLEEP, ST_SLEEP, 1},
	     {500, WAKE}, {510, RUN, 0}, {600, SLEEP, ST_SLEEP, 0}, {700, WAKE}, {710, RUN, 0},
	     {900, PREEMPT, 0, 1});
	CHECK_INT(thread.uses[0].held_offcpu_ns, (60 + 310 + 100) * US);
	CHECK_INT(thread.run_held_ns, (100 + 40 + 190) * US);
}

static void two_gils_are_told_apart(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_GIL_WAIT, 0, GIL}, {200, WAKE}, {200, RUN, 0},
	     {300, SLEEP, ST_GIL_WAIT, 0, OTHER_GIL}, {330, WAKE}, {330, RUN, 0});
	CHECK_INT(thread.uses[0].wait_ns, 100 * US);
	CHECK(thread.uses[1].gil == OTHER_GIL);
	CHECK_INT(thread.uses[1].wait_ns, 30 * US);
}

static void more_gils_than_can_be_told_apart(void)
{
	memset(&thread, 0, sizeof(thread));
	for (uint64_t i = 1; i <= WIRE_GIL_USES; i++)
		CHECK(account__select_gil(&thread, i));
	CHECK(!account__select_gil(&thread, 99));
	CHECK_INT(thread.use, WIRE_GIL_USES - 1);
}

static void a_missed_wake_up_costs_only_the_run_queue(void)
{
	PLAY(0, 1000, {0, RUN, 0}, {100, SLEEP, ST_SLEEP}, {400, RUN, 0}, {500, PREEMPT});
	CHECK_INT(thread.state_ns[ST_SLEEP], 300 * US);
	CHECK_INT(sum_of_states(), 1000 * US);
}

static void causes_beyond_the_table_are_summed(void)
{
	struct wire_leave l = {.state = ST_BLOCKED};
	uint64_t at = 0, sum = 0;

	play(0, 100000, NULL, 0);
	memset(&thread, 0, sizeof(thread));
	thread.state = ST_RUN;
	for (uint32_t cause = 0; cause < 2 * WIRE_BLOCK_CAUSES; cause++, at += 20) {
		l.cause = cause;
		leave(at * US, 0, 0, &l);
		account__run(&window, &thread, (at + 10) * US, 0, 0, 0, &l);
	}
	for (size_t i = 0; i < WIRE_BLOCK_CAUSES; i++)
		sum += thread.blocked[i].ns;
	CHECK_INT(sum, 2 * WIRE_BLOCK_CAUSES * 10 * US);
	CHECK_INT(thread.blocked[WIRE_BLOCK_CAUSES - 1].cause, CAUSE_OTHER);
	CHECK_INT(thread.state_ns[ST_BLOCKED], sum);
}

static void asleep_when_first_seen(void)
{
	struct wire_leave l = {.state = ST_GIL_WAIT, .gil = GIL};

	memset(&thread, 0, sizeof(thread));
	window.start = 100 * US;
	window.end = 9000 * US;
	account__open_asleep(&thread, &l);
	thread.state = l.state;
	account__wake(&window, &thread, 2100 * US); /* a time-out, for all we know */
	account__run(&window, &thread, 2101 * US, 0, 0, 0, &l);
	leave(2103 * US, 0, 0, &l);
	account__wake(&window, &thread, 3103 * US);
	account__run(&window, &thread, 3104 * US, 0, 0, 0, &l);
	account__close(&window, &thread, window.end);
	CHECK_INT(thread.gil_wait.count, 1);
	CHECK_INT(thread.gil_wait.total_ns, 3004 * US);
	CHECK_INT(sum_of_states(), 8900 * US);
}

/* Whatever happens, in any order and with clocks that run backwards: law 1, and no overrun. */
static void law_1_holds_for_any_events(void)
{
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct event e[64];
		uint64_t at = 0, from = (uint64_t)rand() % 2000, to = from + (uint64_t)rand() % 4000;

		for (size_t i = 0; i < 64; i++) {
			at += (uint64_t)rand() % 200;
			e[i] = (struct event){
				.at = at > 50 ? at - (uint64_t)rand() % 50 : at,
				.what = (enum what)(rand() % 4),
				.holds = (uint32_t)rand() % 2,
				.gil = rand() % 3 ? 0 : GIL,
				.booked = (uint64_t)rand() % 100,
			};
			e[i].arg = e[i].what == RUN ? (uint32_t)rand() % 300
						    : (uint32_t)(ST_GIL_WAIT + rand() % 10);
		}
		play(from, to, e, 64);
		CHECK_INT(sum_of_states(), thread.end > thread.begin ? thread.end - thread.begin : 0);
		CHECK(thread.gil_wait.total_ns <= (to - from) * US);
		CHECK(thread.uses[0].held_offcpu_ns <= (to - from) * US);
	}
}

static void buckets_hold_what_falls_into_them(void)
{
	uint64_t ns = 1;

	for (uint32_t b = 1; b < HIST_BUCKETS; b++) {
		CHECK(hist__floor(b) > hist__floor(b - 1));
		CHECK_INT(hist__bucket(hist__floor(b)), b);
		CHECK_INT(hist__bucket(hist__floor(b) - 1), b - 1);
	}
	for (int i = 0; i < 64; i++, ns <<= 1)
		CHECK(hist__bucket(ns) < HIST_BUCKETS);
	CHECK_INT(hist__bucket(0), 0);
	CHECK_INT(hist__bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

int main(void)
{
	TAP_RUN(when_a_wait_has_timed_out);
	TAP_RUN(each_state_gets_its_time);
	TAP_RUN(time_outside_the_window_does_not_count);
	TAP_RUN(a_sleep_over_both_edges_fills_the_window);
	TAP_RUN(time_outs_are_one_wait);
	TAP_RUN(being_woken_by_the_holder_ends_a_wait);
	TAP_RUN(a_long_run_after_a_time_out_ends_the_wait);
	TAP_RUN(preemption_in_a_retry_belongs_to_the_wait);
	TAP_RUN(a_second_sleep_for_the_mutex_is_the_same_wait);
	TAP_RUN(preemption_just_after_waking_belongs_to_the_wait);
	TAP_RUN(preemption_inside_the_system_call_is_run_queue);
	TAP_RUN(a_wake_up_told_late_is_the_same);
	TAP_RUN(a_missed_switch_is_repaired);
	TAP_RUN(a_wait_open_at_the_end_is_counted);
	TAP_RUN(a_wait_over_the_start_is_clipped);
	TAP_RUN(off_the_cpu_with_the_gil);
	TAP_RUN(two_gils_are_told_apart);
	TAP_RUN(more_gils_than_can_be_told_apart);
	TAP_RUN(a_missed_wake_up_costs_only_the_run_queue);
	TAP_RUN(causes_beyond_the_table_are_summed);
	TAP_RUN(asleep_when_first_seen);
	TAP_RUN(law_1_holds_for_any_events);
	TAP_RUN(buckets_hold_what_falls_into_them);
	return TAP_DONE();
}
