// SPDX-License-Identifier: BSD-2-Clause
/* The table of blame: what becomes of time without a stack. */
#include "blame_rows.h"
#include "tap.h"

#define KEY 77
#define PID 4000
#define GIL 0x7f0000001000ull
#define HOLDER 0xa100

static const struct blame_row *rows;
static size_t rows_n;

static void add(struct blame_rows *r, enum blame_kind kind, uint64_t stack, uint64_t wait_ns,
		uint64_t runq_ns)
{
	const struct blame_row row = { .key = KEY,
				       .gil = GIL,
				       .holder = HOLDER,
				       .stack = stack,
				       .pid = PID,
				       .waiter = PID + 2,
				       .holder_tid = PID + 1,
				       .kind = kind,
				       .wait_ns = wait_ns,
				       .runq_ns = runq_ns,
				       .count = 1,
				       .samples = stack != 0 };

	blame_rows__add(r, &row);
}

/* What the kernel side says that it waited. */
static void expect(struct blame_rows *r, uint64_t wait_ns)
{
	const struct blame_row row = {
		.key = KEY, .gil = GIL, .pid = PID, .waiter = PID + 2, .wait_ns = wait_ns
	};

	blame_rows__expect(r, &row);
}

static uint64_t sum_of(uint64_t stack)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < rows_n; i++)
		if (rows[i].stack == stack)
			ns += rows[i].wait_ns;
	return ns;
}

static void time_without_a_stack_goes_to_those_that_are_known(void)
{
	struct blame_rows *r = blame_rows__new();

	add(r, BLAME_OFFCPU, 0, 100, 10);
	add(r, BLAME_OFFCPU, 7, 300, 0);
	add(r, BLAME_OFFCPU, 8, 100, 0);
	add(r, BLAME_PREEMPTED, 0, 11, 0);
	add(r, BLAME_HANDOFF, 0, 13, 0);
	expect(r, 524);
	rows_n = blame_rows__finish(r, false, &rows);
	CHECK_INT(rows_n, 4);
	CHECK_INT(sum_of(7), 375);
	CHECK_INT(sum_of(8), 125);
	CHECK_INT(sum_of(0), 24); /* what is known of other kinds says nothing of these */
	CHECK_INT(rows[0].runq_ns + rows[1].runq_ns, 10);
	blame_rows__free(r);
}

static void bytecode_without_a_stack_may_have_been_c(void)
{
	struct blame_rows *r = blame_rows__new();

	add(r, BLAME_PYTHON, 0, 100, 0);
	add(r, BLAME_NATIVE, 7, 300, 0);
	expect(r, 400);
	rows_n = blame_rows__finish(r, false, &rows);
	CHECK_INT(rows_n, 1);
	CHECK_INT(rows[0].wait_ns, 400);
	CHECK_INT(rows[0].kind, BLAME_NATIVE);
	blame_rows__free(r);
}

/* A thread that uses more than WIRE_GIL_USES GILs has waited for the others under the last one. */
static void what_nobody_has_waited_is_not_told(void)
{
	struct blame_rows *r = blame_rows__new();
	struct blame_row other = {
		.key = KEY, .gil = GIL + 512, .pid = PID, .waiter = PID + 2, .wait_ns = 100
	};

	add(r, BLAME_PYTHON, 0, 100, 0);
	blame_rows__add(r, &other);
	expect(r, 200);
	rows_n = blame_rows__finish(r, false, &rows);
	CHECK_INT(sum_of(0), 200);
	for (size_t i = 0; i < rows_n; i++)
		CHECK_INT(rows[i].gil, GIL);
	blame_rows__free(r);
}

int main(void)
{
	TAP_RUN(time_without_a_stack_goes_to_those_that_are_known);
	TAP_RUN(what_nobody_has_waited_is_not_told);
	TAP_RUN(bytecode_without_a_stack_may_have_been_c);
	return TAP_DONE();
}
