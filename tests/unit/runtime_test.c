/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime.c on made-up images of a process: builds that are not at hand
 * (free-threaded ones), states that last for microseconds, and memory that makes no sense.
 */
#include <errno.h>

#include "../../user/runtime.h"
#include "fake_process.h"
#include "tap.h"

static void one_gil_in_the_runtime(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_runtime);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 1);
	CHECK_INT(py.gils[0].address, RUNTIME + 1152);
	CHECK_INT(py.gils[0].switch_number, 42);
	CHECK_INT(py.gils[0].interpreter, 0);
	CHECK_INT(py.interval_us, 5000);
	add_interpreter(&fake, &per_runtime, 1, 0); /* they all share it */
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 1);
	CHECK_INT(py.gils[0].interpreter, 0);
	clean_up(&fake);
}

static void gils_of_interpreters(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_interpreter);
	add_interpreter(&fake, &per_interpreter, 1, GIL(1)); /* its own, */
	add_interpreter(&fake, &per_interpreter, 2, GIL(0)); /* shares, */
	add_interpreter(&fake, &per_interpreter, 3, 0);	     /* is being made, */
	add_interpreter(&fake, &per_interpreter, 4, GIL(4)); /* has never run */
	set_gil(&fake, GIL(1), 100, BASE + 0xdead0, 0, 7);   /* its last holder has ended */
	set_gil(&fake, GIL(4), 5000, 0, 0, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 2);
	CHECK_INT(py.gils_lost, 0);
	CHECK_INT(py.gils[0].address, GIL(0));
	CHECK_INT(py.gils[1].address, GIL(1));
	CHECK_INT(py.gils[1].interpreter, 1);
	CHECK_INT(py.interval_us, 5000);
	clean_up(&fake);
}

static void more_gils_than_fit(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_interpreter);
	for (unsigned int i = 1; i < 50; i++) {
		add_interpreter(&fake, &per_interpreter, i, GIL(i));
		set_gil(&fake, GIL(i), 5000, TSTATE, 0, i);
	}
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, WIRE_MAX_GILS);
	CHECK_INT(py.gils_lost, 50 - WIRE_MAX_GILS);
	CHECK_INT(py.gils[0].interpreter, 0);
	clean_up(&fake);
}

static void free_threaded_without_gil(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &free_threaded);
	set_gil(&fake, GIL(0) + 8, 5000, 0, 0, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 0);
	CHECK_INT(py.interval_us, 5000);
	clean_up(&fake);
}

static void free_threaded_with_gil(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &free_threaded);
	put32(&fake, GIL(0), 1);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 1);
	CHECK_INT(py.gils[0].address, GIL(0) + 8);
	put32(&fake, GIL(0), 0x7fffffff); /* PYTHON_GIL=1: for good */
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 1);
	clean_up(&fake);
}

/* Each stage of start-up, and of the child of a fork, in which no GIL can be told yet. */
static void not_yet(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_interpreter);
	put64(&fake, RUNTIME + 40, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	add_interpreter(&fake, &per_interpreter, 0, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	add_interpreter(&fake, &per_interpreter, 0, GIL(0));
	set_gil(&fake, GIL(0), 0, 0, 0, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	set_gil(&fake, GIL(0), 5000, 0, -1, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	set_gil(&fake, GIL(0), 5000, 0, 0, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	set_gil(&fake, GIL(0), 5000, TSTATE, 1, 0);
	put64(&fake, TSTATE + 136, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	put64(&fake, INTERP(0) + 72, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
	CHECK_STR(py.note, "");
	CHECK_INT(py.gils_n, 0);
	clean_up(&fake);
}

static void check_no_gil(struct fake *fake, struct python *py, const char *fact)
{
	CHECK_INT(runtime__look(&fake->mem, py), PYTHON_NO_GIL);
	if (!strstr(py->note, fact))
		TAP_FAIL("note is \"%s\"", py->note);
	CHECK_INT(py->gils_n, 0);
}

static void contradictions(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_runtime);
	set_gil(&fake, RUNTIME + 1152, 100000001, TSTATE, 1, 0);
	TAP_CALL(check_no_gil(&fake, &py, "100000001 us"));
	set_gil(&fake, RUNTIME + 1152, 5000, TSTATE, 7, 0);
	TAP_CALL(check_no_gil(&fake, &py, "reads as 7"));
	set_gil(&fake, RUNTIME + 1152, 5000, TSTATE + 8, 1, 0);
	TAP_CALL(check_no_gil(&fake, &py, "no thread state"));
	set_gil(&fake, RUNTIME + 1152, 5000, TSTATE, 1, 0);
#if defined(__x86_64__)
	put64(&fake, TSTATE + 176, TCB + 8);
	TAP_CALL(check_no_gil(&fake, &py, "id of a thread"));
	put64(&fake, TSTATE + 176, TCB);
#endif
	put64(&fake, INTERP(0), INTERP(0));
	TAP_CALL(check_no_gil(&fake, &py, "in a circle"));
	clean_up(&fake);
}

static void list_without_end(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_runtime);
	for (unsigned int i = 1; i < 1024; i++)
		add_interpreter(&fake, &per_runtime, i, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	add_interpreter(&fake, &per_runtime, 1024, 0);
	TAP_CALL(check_no_gil(&fake, &py, "more than 1024"));
	put64(&fake, INTERP(1000), INTERP(1020)); /* into itself, further down */
	TAP_CALL(check_no_gil(&fake, &py, "in a circle"));
	clean_up(&fake);
}

static void long_switch_interval_is_believed(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_runtime);
	set_gil(&fake, RUNTIME + 1152, 100000000, TSTATE, 1, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	set_gil(&fake, RUNTIME + 1152, 1, TSTATE, 1, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.interval_us, 1);
	clean_up(&fake);
}

/* The main interpreter's GIL is found; another's that makes no sense is counted, no more. */
static void one_bad_gil_among_good_ones(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_interpreter);
	add_interpreter(&fake, &per_interpreter, 1, GIL(1));
	set_gil(&fake, GIL(1), 5000, TSTATE, 9, 0);
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK_INT(py.gils_n, 1);
	CHECK_INT(py.gils_lost, 1);
	CHECK_STR(py.note, "");
	clean_up(&fake);
}

/* A holder that is new when the list of interpreters was read before it: gone at the next look. */
static void settle(struct fake *fake)
{
	if (fake->reads == 12)
		set_gil(fake, RUNTIME + 1152, 5000, TSTATE, 1, 0);
}

static void a_contradiction_must_persist(void)
{
	struct fake fake;
	struct python py;

	set_up(&fake, &py, &per_runtime);
	set_gil(&fake, RUNTIME + 1152, 5000, TSTATE + 8, 1, 0);
	fake.before_read = settle;
	CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_FOUND);
	CHECK(fake.reads > 12);
	CHECK_STR(py.note, "");
	clean_up(&fake);
}

static void memory_that_goes_away(void)
{
	struct fake fake;
	struct python py;

	for (unsigned int after = 0; after < 8; after++) {
		set_up(&fake, &py, &per_interpreter);
		fake.after = after;
		fake.error = -ESRCH;
		CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_GONE);
		CHECK(strstr(py.note, "ended"));
		fake.reads = 0;
		fake.error = -EPERM;
		CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_GONE);
		fake.reads = 0;
		fake.error = -ENODATA;
		CHECK_INT(runtime__look(&fake.mem, &py), PYTHON_NOT_YET);
		clean_up(&fake);
	}
}

int main(void)
{
	TAP_RUN(one_gil_in_the_runtime);
	TAP_RUN(gils_of_interpreters);
	TAP_RUN(more_gils_than_fit);
	TAP_RUN(free_threaded_without_gil);
	TAP_RUN(free_threaded_with_gil);
	TAP_RUN(not_yet);
	TAP_RUN(contradictions);
	TAP_RUN(list_without_end);
	TAP_RUN(long_switch_interval_is_believed);
	TAP_RUN(one_bad_gil_among_good_ones);
	TAP_RUN(a_contradiction_must_persist);
	TAP_RUN(memory_that_goes_away);
	return TAP_DONE();
}
