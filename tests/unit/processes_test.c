// SPDX-License-Identifier: BSD-2-Clause
#include "processes.h"

#include "tap.h"

#define MOST 8192

static struct processes *ps;

static void begin(void)
{
	processes__free(ps);
	ps = processes__new();
}

static void they_are_found_and_told_in_order(void)
{
	struct process *a, *b, *c;

	begin();
	CHECK_INT(processes__count(ps), 0);
	CHECK(!processes__find(ps, 7, 100));
	a = processes__add(ps, 7, 100);
	b = processes__add(ps, 3, 200);
	c = processes__add(ps, 7, 99); /* in the same nanosecond */
	CHECK(a && b && c);
	CHECK(processes__find(ps, 7, 100) == a);
	CHECK(processes__find(ps, 3, 200) == b);
	CHECK(processes__find(ps, 7, 99) == c);
	CHECK(!processes__find(ps, 3, 100));
	CHECK_INT(processes__count(ps), 3);
	CHECK(processes__at(ps, 0) == a && processes__at(ps, 1) == b && processes__at(ps, 2) == c);
}

static void there_are_no_others_until_they_are_needed(void)
{
	struct process *others;

	begin();
	CHECK(!processes__others(ps));
	others = processes__need_others(ps);
	CHECK(others);
	CHECK(processes__need_others(ps) == others && processes__others(ps) == others);
	CHECK_STR(others->comm, "(others)");
	CHECK_INT(others->pid, 0);
	CHECK(others->ended);
	CHECK_INT(processes__count(ps), 0);
	CHECK(!processes__find(ps, 0, 0));
}

static void memory_is_bounded(void)
{
	begin();
	for (uint32_t pid = 1; pid <= MOST; pid++)
		CHECK(processes__add(ps, 1000000 - pid, pid));
	CHECK(!processes__add(ps, 1, 1));
	CHECK_INT(processes__count(ps), MOST);
	for (uint32_t pid = 1; pid <= MOST; pid++)
		CHECK(processes__find(ps, 1000000 - pid, pid) == processes__at(ps, pid - 1));
}

int main(void)
{
	TAP_RUN(they_are_found_and_told_in_order);
	TAP_RUN(there_are_no_others_until_they_are_needed);
	TAP_RUN(memory_is_bounded);
	processes__free(ps);
	return TAP_DONE();
}
