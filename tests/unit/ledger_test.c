// SPDX-License-Identifier: BSD-2-Clause
/* Where waits are charged: entries by waiter, deed and kind, and what becomes of them beyond the limit. */
#include "ledger.h"
#include "tap.h"

/* scripts leave out what does not matter */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define KEY 77
#define GIL 0x7f0000001000ull

static struct ledger *ledger;
static size_t rows_n, garbled;
static uint64_t wait_ns, runq_ns, count, samples; /* of all rows that are asked for */

static struct ledger_account *account(uint32_t tid)
{
	return ledger__account(ledger, &(struct ledger_waiter){ KEY, GIL, 4000, tid });
}

static uint32_t deed(uint32_t tid, uint64_t stack)
{
	return ledger__deed(ledger, &(struct ledger_deed){ tid * 64, stack, tid, 0 });
}

static void renew(void)
{
	ledger__free(ledger);
	ledger = ledger__new();
}

struct wanted {
	uint32_t waiter, holder; /* 0: any */
	uint32_t kind;		 /* BLAME_KINDS: any */
};

static int take(void *ctx, const struct blame_row *row)
{
	const struct wanted *w = ctx;

	if ((w->waiter && row->waiter != w->waiter) ||
	    (w->holder && row->holder_tid != w->holder) ||
	    (w->kind != BLAME_KINDS && row->kind != w->kind))
		return 0;
	garbled += row->key != KEY || row->gil != GIL || row->pid != 4000 ||
		   row->holder != row->holder_tid * 64;
	rows_n++;
	wait_ns += row->wait_ns;
	runq_ns += row->runq_ns;
	count += row->count;
	samples += row->samples;
	return 0;
}

static void sum(uint32_t waiter, uint32_t holder, uint32_t kind)
{
	struct wanted w = { waiter, holder, kind };

	rows_n = garbled = wait_ns = runq_ns = count = samples = 0;
	CHECK_INT(ledger__each(ledger, take, &w), 0);
	CHECK_INT(garbled, 0);
}

static void what_is_alike_is_one_entry(void)
{
	renew();
	CHECK(account(1) == account(1));
	CHECK(account(1) != account(2));
	CHECK_INT(deed(9, 5), deed(9, 5));
	CHECK(deed(9, 5) != deed(9, 6));
	ledger__charge(ledger, account(1), deed(9, 5), BLAME_PYTHON, false, 100);
	ledger__charge(ledger, account(1), deed(9, 5), BLAME_PYTHON, false, 20);
	ledger__charge(ledger, account(1), deed(9, 5), BLAME_PYTHON, true, 3);
	ledger__charge(ledger, account(1), deed(9, 5), BLAME_NATIVE, false, 1000);
	ledger__charge(ledger, account(1), deed(9, 5), BLAME_PREEMPTED, true, 40);
	ledger__charge(ledger, account(1), deed(8, 0), BLAME_PYTHON, false, 5000);
	ledger__charge(ledger, account(2), deed(9, 5), BLAME_PYTHON, false, 70000);
	sum(1, 9, BLAME_PYTHON);
	CHECK_INT(rows_n, 1);
	CHECK_INT(wait_ns, 120);
	CHECK_INT(runq_ns, 3);
	CHECK_INT(count, 2);
	CHECK_INT(samples, 3);
	sum(1, 8, BLAME_KINDS);
	CHECK_INT(samples, 0);
	sum(1, 9, BLAME_PREEMPTED);
	CHECK_INT(rows_n, 1);
	CHECK_INT(runq_ns, 40);
	CHECK_INT(count, 0);
	CHECK_INT(samples, 1);
	sum(0, 0, BLAME_KINDS);
	CHECK_INT(rows_n, 5);
	CHECK_INT(wait_ns, 76120);
}

/* However many deeds an account has, in whatever order they come. */
static void every_entry_is_found_again(void)
{
	const uint32_t holders = 97, kinds = BLAME_KINDS, rounds = 3;

	renew();
	for (uint32_t i = 0; i < rounds * holders * kinds; i++)
		ledger__charge(ledger, account(1 + i % 2), deed(1 + i * 31 % holders, i % 5),
			       i % kinds, false, 1);
	sum(0, 0, BLAME_KINDS);
	CHECK_INT(wait_ns, rounds * holders * kinds);
	CHECK_INT(count, rounds * holders * kinds);
	for (uint32_t kind = 0; kind < kinds; kind++) {
		sum(0, 0, kind);
		CHECK_INT(wait_ns, rounds * holders);
	}
}

static void beyond_the_limit_stacks_are_lost_but_no_time(void)
{
	int failed = 0;

	renew();
	for (uint64_t i = 0; i < BLAME_MAX_ROWS; i++)
		failed += !!ledger__charge(ledger, account(1), deed(9, i + 1), BLAME_PYTHON, false,
					   10);
	CHECK_INT(failed, 0);
	sum(0, 0, BLAME_KINDS);
	CHECK(rows_n <= BLAME_MAX_ROWS);
	CHECK_INT(wait_ns, 10 * BLAME_MAX_ROWS);
}

/* 300 threads that wait for each other: who finds no room for a pair has waited for somebody. */
static void beyond_it_holders_are_lost_but_no_time(void)
{
	const uint32_t threads = 300;
	int failed = 0;

	renew();
	for (uint32_t pair = 0; pair < threads * threads; pair++)
		failed += !!ledger__charge(ledger, account(1 + pair / threads),
					   deed(1 + pair % threads, 0), BLAME_PYTHON, false, 10);
	CHECK_INT(failed, 0);
	sum(0, 0, BLAME_KINDS);
	CHECK(rows_n <= BLAME_MAX_ROWS + threads);
	CHECK_INT(wait_ns, 10 * threads * threads);
	sum(threads, 0, BLAME_PYTHON);
	CHECK_INT(rows_n, 1);
	CHECK_INT(wait_ns, 10 * threads);
}

static void what_finds_no_entry_at_all_is_said(void)
{
	uint64_t charged = 0;

	renew();
	for (uint32_t tid = 1; tid <= 2 * BLAME_MAX_ROWS + 10; tid++)
		charged +=
			!ledger__charge(ledger, account(tid), deed(9, 5), BLAME_PYTHON, false, 1);
	CHECK_INT(charged, 2 * BLAME_MAX_ROWS);
	sum(0, 0, BLAME_KINDS);
	CHECK_INT(wait_ns, 2 * BLAME_MAX_ROWS);
}

/* Of what was charged to thread 9, a quarter. */
static uint64_t quarter(void *ctx, const struct ledger_waiter *w, const struct ledger_deed *d,
			uint64_t ns)
{
	(void)ctx;
	return w->key == KEY && d->holder_tid == 9 ? ns / 4 : 0;
}

static void what_is_given_back_becomes_a_hand_off(void)
{
	renew();
	for (uint64_t stack = 0; stack < 20; stack++)
		ledger__charge(ledger, account(1), deed(9, stack), BLAME_PYTHON, false, 400);
	ledger__charge(ledger, account(1), deed(9, 1), BLAME_NATIVE, false, 70);
	ledger__charge(ledger, account(1), deed(9, 1), BLAME_PYTHON, true, 40);
	ledger__charge(ledger, account(1), deed(8, 1), BLAME_PYTHON, false, 4);
	ledger__charge(ledger, account(1), deed(9, 0), BLAME_HANDOFF, false, 5);
	CHECK_INT(ledger__give_back(ledger, quarter, NULL), 0);
	sum(1, 9, BLAME_PYTHON);
	CHECK_INT(wait_ns, 20 * 300);
	CHECK_INT(runq_ns, 40);
	sum(1, 9, BLAME_HANDOFF);
	CHECK_INT(rows_n, 1);
	CHECK_INT(wait_ns, 20 * 100 + 5);
	sum(1, 9, BLAME_NATIVE);
	CHECK_INT(wait_ns, 70);
	sum(1, 8, BLAME_KINDS);
	CHECK_INT(wait_ns, 4);
}

int main(void)
{
	TAP_RUN(what_is_alike_is_one_entry);
	TAP_RUN(every_entry_is_found_again);
	TAP_RUN(beyond_the_limit_stacks_are_lost_but_no_time);
	TAP_RUN(beyond_it_holders_are_lost_but_no_time);
	TAP_RUN(what_finds_no_entry_at_all_is_said);
	TAP_RUN(what_is_given_back_becomes_a_hand_off);
	ledger__free(ledger);
	return TAP_DONE();
}
