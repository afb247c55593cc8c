/* SPDX-License-Identifier: BSD-2-Clause */
/* callers.c and glue.c */
#include "callers.h"

#include "glue.h"
#include "tap.h"

#define LIST(...) \
	(const uint64_t[]) \
	{ \
		__VA_ARGS__ \
	}

static void the_same_list_has_the_same_number(void)
{
	struct callers *c = callers__new();
	uint32_t number = callers__add(c, LIST(1, 2, 3), 3, true);

	CHECK(number);
	CHECK_INT(callers__add(c, LIST(1, 2, 3), 3, true), number);
	CHECK(callers__add(c, LIST(1, 2, 3), 3, false) != number);
	CHECK(callers__add(c, LIST(2, 3), 2, true) != number);
	CHECK(callers__add(c, LIST(3, 2, 1), 3, true) != number);
	CHECK_INT(callers__add(c, NULL, 0, true), 0);
	callers__free(c);
}

static void what_comes_back(void)
{
	struct callers *c = callers__new();
	uint32_t whole = callers__add(c, LIST(7, 8, 9), 3, true);
	uint32_t cut = callers__add(c, LIST(7, 8, 9), 3, false);
	uint64_t pc[4] = { 0 };
	bool is_whole = false;

	CHECK_INT(callers__get(c, whole, pc, 4, &is_whole), 3);
	CHECK(is_whole);
	CHECK_INT(pc[0], 7);
	CHECK_INT(pc[2], 9);
	CHECK_INT(callers__get(c, cut, pc, 4, &is_whole), 3);
	CHECK(!is_whole);
	CHECK_INT(callers__get(c, whole, pc, 2, &is_whole), 2); /* the newest are kept */
	CHECK(!is_whole);
	CHECK_INT(pc[0], 7);
	CHECK_INT(callers__get(c, 0, pc, 4, &is_whole), 0);
	callers__free(c);
}

/* Address 0 is as good as any other, but at the root. */
static void a_zero(void)
{
	struct callers *c = callers__new();
	uint32_t number = callers__add(c, LIST(5, 0, 6), 3, true);
	uint64_t pc[4] = { 1, 1, 1, 1 };
	bool whole;

	CHECK_INT(callers__get(c, number, pc, 4, &whole), 3);
	CHECK_INT(pc[1], 0);
	CHECK(whole);
	callers__free(c);
}

static void full(void)
{
	struct callers *c = callers__new();
	uint32_t first = callers__add(c, LIST(1), 1, true), n = 1;

	for (uint64_t i = 2; callers__add(c, &i, 1, true); i++)
		n++;
	CHECK_INT(n, CALLERS_MAX);
	CHECK_INT(callers__add(c, LIST(1), 1, true), first);
	CHECK_INT(callers__add(c, LIST(9, 1), 2, true), 0);
	callers__free(c);
}

static void glue(void)
{
	CHECK(glue__is("_PyFunction_Vectorcall"));
	CHECK(glue__is("_PyEval_EvalCodeWithName"));
	CHECK(glue__is("slot_tp_call"));
	CHECK(glue__is("cfunction_vectorcall_O"));
	CHECK(!glue__is("PyEval_RestoreThread"));
	CHECK(!glue__is("list_sort_impl"));
	CHECK(!glue__is("builtin_sorted"));
	CHECK(!glue__is("slot_tp_richcompare"));
	CHECK(!glue__is(""));
}

int main(void)
{
	TAP_RUN(the_same_list_has_the_same_number);
	TAP_RUN(what_comes_back);
	TAP_RUN(a_zero);
	TAP_RUN(full);
	TAP_RUN(glue);
	return TAP_DONE();
}
