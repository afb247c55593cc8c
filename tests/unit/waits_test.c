// SPDX-License-Identifier: BSD-2-Clause
/*
 * Charging waits along the timeline of a GIL. Times are microseconds; threads have small numbers: TID and fs
 * base follow from them.
 */
#include "tap.h"
#include "waits.h"

#define US 1000ull
#define KEY 77
#define PID 4000
#define GIL 0x7f0000001000ull

static struct waits *waits;
static struct blame_gils *gils;
static struct blame_gil *gil;
static struct timeline *timeline;
static struct wait *w; /* of thread 2 */

static uint64_t tls_of(uint32_t thread)
{
	return thread ? 0xa000 + 0x100ull * thread : 0;
}

static uint32_t tid_of(void *ctx, uint64_t key, uint64_t tls)
{
	(void)ctx;
	return key == KEY && tls ? PID + (uint32_t)(tls - 0xa000) / 0x100 : 0;
}

/* A new GIL, that thread 1 has taken at `at` and that 2 waits for from 1000 on. */
static void begin(uint64_t at)
{
	static const struct wait_thread waiter = { KEY, 0xa200, PID, PID + 2 };
	const struct timeline_look taken = { .at = at * US, .locked = true, .holder = tls_of(1) };

	wait__free(w);
	waits__free(waits);
	blame_gils__free(gils);
	gils = blame_gils__new();
	waits = waits__new(tid_of, NULL);
	gil = blame_gils__get(gils, KEY, GIL);
	timeline = blame_gil__timeline(gil);
	blame_gil__note(gil, &(struct wire_gil_event){ .interval_us = 5000 });
	timeline__look(timeline, &taken);
	w = wait__new(waits, &waiter);
	wait__set_gil(w, gil);
	wait__begin(w, 1000 * US);
}

/* Thread 3 has it from `at` on. */
static void passes_on(uint64_t at)
{
	const struct timeline_look l = { .at = at * US,
					 .locked = true,
					 .holder = tls_of(3),
					 .switch_number = 1,
					 .holder_ran_since = at * US };

	timeline__look(timeline, &l);
}

struct sums {
	uint32_t holder_tid, kind;
	uint64_t gil, wait_ns, runq_ns;
};

static int sum(void *ctx, const struct blame_row *row)
{
	struct sums *s = ctx;

	if (row->waiter == PID + 2 && row->holder_tid == s->holder_tid && row->kind == s->kind &&
	    row->gil == s->gil) {
		s->wait_ns += row->wait_ns;
		s->runq_ns += row->runq_ns;
	}
	return 0;
}

/* What 2 is charged with under a holder, 0: nobody. */
static struct sums of(uint32_t holder, enum blame_kind kind)
{
	struct sums s = { .holder_tid = holder ? PID + holder : 0, .kind = kind, .gil = GIL };

	ledger__each(waits__ledger(waits), sum, &s);
	return s;
}

static void nothing_is_charged_until_it_is_over(void)
{
	begin(500);
	wait__asleep(w, 1000 * US, 2000 * US);
	CHECK_INT(waits__charges(waits), 0);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 0);
	CHECK(wait__is_open(w));
	wait__end(w, 2000 * US);
	CHECK(!wait__is_open(w));
	CHECK_INT(waits__charges(waits), 1);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 1000 * US);
	CHECK_INT(waits__error(waits), 0);
}

/* That 1 had slept only its return has told. */
static void what_is_told_meanwhile_counts(void)
{
	begin(500);
	wait__asleep(w, 1000 * US, 2000 * US);
	timeline__off(timeline, 1200 * US, tls_of(1), false, 7);
	timeline__on(timeline, 1900 * US, tls_of(1));
	wait__end(w, 2000 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 300 * US);
	CHECK_INT(of(1, BLAME_OFFCPU).wait_ns, 700 * US);
}

static void a_wait_is_cut_where_the_lock_changes_hands(void)
{
	begin(500);
	passes_on(1600);
	wait__asleep(w, 1000 * US, 2000 * US);
	wait__end(w, 2000 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns + of(1, BLAME_HANDOFF).wait_ns, 600 * US);
	CHECK_INT(of(3, BLAME_PYTHON).wait_ns, 400 * US);
}

/* In a run queue it waits for a CPU; it also loses time to who holds the lock meanwhile. */
static void queueing_is_charged_apart(void)
{
	begin(500);
	wait__asleep(w, 1000 * US, 1500 * US);
	wait__queued(w, 1500 * US, 1700 * US);
	wait__end(w, 1700 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 500 * US);
	CHECK_INT(of(1, BLAME_PYTHON).runq_ns, 200 * US);
	CHECK_INT(waits__mean_sleep(waits), 500 * US);
}

static void before_anything_was_seen_only_sleep_is_charged(void)
{
	begin(5000);
	wait__asleep(w, 1000 * US, 1500 * US);
	wait__queued(w, 1500 * US, 1700 * US);
	wait__end(w, 1700 * US);
	CHECK_INT(of(0, BLAME_UNKNOWN).wait_ns, 500 * US);
	CHECK_INT(of(0, BLAME_UNKNOWN).runq_ns, 0);
}

static void nobody_waits_for_himself(void)
{
	static const struct wait_thread holder = { KEY, 0xa100, PID, PID + 2 };

	begin(500);
	wait__free(w);
	w = wait__new(waits, &holder);
	wait__set_gil(w, gil);
	wait__asleep(w, 1000 * US, 1500 * US);
	wait__queued(w, 1500 * US, 1700 * US);
	wait__end(w, 1700 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 0);
	CHECK_INT(of(1, BLAME_PYTHON).runq_ns, 0);
	CHECK_INT(of(1, BLAME_HANDOFF).wait_ns, 500 * US);
}

static void more_parts_than_can_be_put_off_are_charged(void)
{
	begin(500);
	for (uint64_t at = 1000; at < 2000; at++)
		wait__asleep(w, at * US, (at + 1) * US);
	wait__end(w, 2000 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 1000 * US);
	CHECK_INT(waits__mean_sleep(waits), US);
}

/* A wait so long that the timeline forgets how it began; a part of it ends after every 100 changes. */
static void parts_are_charged_before_their_time_is_forgotten(void)
{
	const uint64_t changes = 4 * TIMELINE_SEGMENTS;

	begin(500);
	for (uint64_t i = 0; i < changes; i++) {
		if (i % 2)
			timeline__on(timeline, (1000 + i) * US, tls_of(1));
		else
			timeline__off(timeline, (1000 + i) * US, tls_of(1), false, 7);
		if (i % 100 == 99)
			wait__asleep(w, (1000 + i - 99) * US, (1000 + i) * US);
	}
	wait__end(w, (1000 + changes) * US);
	CHECK_INT(of(0, BLAME_UNKNOWN).wait_ns, 0);
	CHECK_INT(of(1, BLAME_OFFCPU).wait_ns, changes / 100 * 50 * US);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, changes / 100 * 49 * US);
}

static void each_lock_has_its_own_account(void)
{
	struct blame_gil *other;
	struct sums s = { .kind = BLAME_UNKNOWN, .gil = GIL + 8 };

	begin(500);
	wait__asleep(w, 1000 * US, 1500 * US);
	wait__end(w, 1500 * US);
	other = blame_gils__get(gils, KEY, GIL + 8);
	wait__set_gil(w, other);
	CHECK(wait__gil(w) == other);
	wait__begin(w, 2000 * US);
	wait__asleep(w, 2000 * US, 2300 * US);
	wait__end(w, 2300 * US);
	ledger__each(waits__ledger(waits), sum, &s);
	CHECK_INT(of(1, BLAME_PYTHON).wait_ns, 500 * US);
	CHECK_INT(s.wait_ns, 300 * US);
}

static void the_longest_are_told_with_their_worst_culprit(void)
{
	const struct blame_case *cases;

	begin(500);
	wait__stack(w, 11);
	wait__stack(w, 12); /* it has gone on */
	passes_on(1300);
	wait__asleep(w, 1000 * US, 2000 * US);
	wait__end(w, 2100 * US);
	wait__stack(w, 13); /* none is open */
	wait__begin(w, 3000 * US);
	wait__asleep(w, 3000 * US, 3050 * US);
	wait__end(w, 3060 * US);
	CHECK_INT(waits__longest(waits, &cases), 2);
	CHECK_INT(cases[0].begin, 1000 * US);
	CHECK_INT(cases[0].ns, 1100 * US);
	CHECK_INT(cases[0].holder_tid, PID + 3);
	CHECK_INT(cases[0].waiter, PID + 2);
	CHECK_INT(cases[0].waiter_stack, 11);
	CHECK_INT(cases[1].ns, 60 * US);
	CHECK_INT(cases[1].waiter_stack, 0);
}

/* Long is what takes more than four switch intervals, here 20 ms; sleeps end every 5 ms. */
static void waits_under_long_holds_are_told_apart(void)
{
	begin(500);
	for (uint64_t at = 1000; at < 31000; at += 5000)
		wait__asleep(w, at * US, (at + 5000) * US);
	wait__end(w, 31000 * US);
	CHECK_INT(blame_gil__holds(gil)->all_ns, 30000 * US);
	CHECK_INT(blame_gil__holds(gil)->long_ns, 30000 * US);
	wait__begin(w, 40000 * US);
	wait__asleep(w, 40000 * US, 45000 * US);
	wait__end(w, 45000 * US);
	CHECK_INT(blame_gil__holds(gil)->all_ns, 35000 * US);
	CHECK_INT(blame_gil__holds(gil)->long_ns, 30000 * US);
}

int main(void)
{
	TAP_RUN(nothing_is_charged_until_it_is_over);
	TAP_RUN(what_is_told_meanwhile_counts);
	TAP_RUN(a_wait_is_cut_where_the_lock_changes_hands);
	TAP_RUN(queueing_is_charged_apart);
	TAP_RUN(before_anything_was_seen_only_sleep_is_charged);
	TAP_RUN(nobody_waits_for_himself);
	TAP_RUN(more_parts_than_can_be_put_off_are_charged);
	TAP_RUN(parts_are_charged_before_their_time_is_forgotten);
	TAP_RUN(each_lock_has_its_own_account);
	TAP_RUN(the_longest_are_told_with_their_worst_culprit);
	TAP_RUN(waits_under_long_holds_are_told_apart);
	wait__free(w);
	waits__free(waits);
	blame_gils__free(gils);
	return TAP_DONE();
}
