/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_verdict.h"

#include "fixture.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

/* --- the rules, on figures ---------------------------------------------------------------------- */

/* Two CPUs, of which one is busy with a thread, and nothing else. */
static struct model_verdict figures(void)
{
	return (struct model_verdict){ .evidence = { .run = 1,
						     .wanted = 1,
						     .cpus = 2,
						     .one_thread = 0.5,
						     .sleeps_per_s = 50 } };
}

static void check(struct model_verdict v, enum model_verdicts cause, enum model_verdicts runner_up)
{
	model_verdict__judge(&v);
	CHECK_INT(v.cause, cause);
	CHECK_INT(v.runner_up, runner_up);
}

#define JUDGED(v, cause, runner_up) TAP_CALL(check(v, cause, runner_up))

static void otherwise(void)
{
	JUDGED(figures(), VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void cpu_bound(void)
{
	struct model_verdict v = figures();

	v.evidence.run = 1.5;
	v.evidence.runq = 0.3;
	JUDGED(v, VERDICT_CPU_BOUND, VERDICT_COUNT);
	v.evidence.runq = 0.29;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.cpus = 0; /* not known */
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.cpus = 1; /* one CPU a single thread can fill: others must wait for it */
	v.evidence.run = 1;
	v.evidence.runq = 0.19;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.runq = 0.2;
	JUDGED(v, VERDICT_CPU_BOUND, VERDICT_COUNT);
	v.evidence.cpus = 0.5;
	v.evidence.run = 0.5;
	v.evidence.runq = 0.5;
	JUDGED(v, VERDICT_CPU_BOUND, VERDICT_COUNT);
}

/* Other programs have the CPUs: it does not fill them, and waits for nothing else. */
static void starved(void)
{
	struct model_verdict v = figures();

	v.evidence.run = 0.4;
	v.evidence.runq = 0.5;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.others = 1;
	JUDGED(v, VERDICT_CPU_BOUND, VERDICT_COUNT);
	v.evidence.run = 0.51;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.run = 0.4;
	v.evidence.gil_wait = 0.51;
	v.evidence.wanted = 1.41;
	JUDGED(v, VERDICT_GIL_BOUND, VERDICT_COUNT);
	v.evidence.gil_wait = 0;
	v.evidence.runq = 0.49;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void gil_bound(void)
{
	struct model_verdict v = figures();

	v.evidence.gil_wait = 0.25;
	v.evidence.wanted = 1.25;
	JUDGED(v, VERDICT_GIL_BOUND, VERDICT_COUNT);
	v.evidence.wanted = 1.26; /* less than 20 % of it */
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.gil_wait = 0.24;
	v.evidence.wanted = 1;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void gil_hogged(void)
{
	struct model_verdict v = figures();

	v.evidence.gil_wait = 1;
	v.evidence.wanted = 2;
	v.evidence.long_holds = 0.5;
	JUDGED(v, VERDICT_GIL_HOGGED, VERDICT_COUNT);
	v.evidence.io_suffered = v.evidence.io_blamed = 1;
	JUDGED(v, VERDICT_GIL_HOGGED, VERDICT_CONVOY);
	v.evidence.long_holds = 0.49;
	JUDGED(v, VERDICT_CONVOY, VERDICT_COUNT);
	v.evidence.gil_wait = 0;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void convoy(void)
{
	struct model_verdict v = figures();

	v.evidence.gil_wait = 1;
	v.evidence.wanted = 2;
	v.evidence.io_suffered = 0.5;
	v.evidence.io_blamed = 0.7;
	JUDGED(v, VERDICT_CONVOY, VERDICT_COUNT);
	v.evidence.io_blamed = 0.69;
	JUDGED(v, VERDICT_GIL_BOUND, VERDICT_COUNT);
	v.evidence.io_blamed = 1;
	v.evidence.io_suffered = 0.49;
	JUDGED(v, VERDICT_GIL_BOUND, VERDICT_COUNT);
}

static void lock_bound(void)
{
	struct model_verdict v = figures();

	v.evidence.lock_wait = 1;
	JUDGED(v, VERDICT_LOCK_BOUND, VERDICT_COUNT);
	v.evidence.lock_wait = 0.99;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.run = v.evidence.wanted = 0.1;
	v.evidence.lock_wait = 0.49;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void single_thread(void)
{
	struct model_verdict v = figures();

	v.evidence.wanted = 0.7;
	v.evidence.one_thread = 0.8;
	JUDGED(v, VERDICT_SINGLE_THREAD, VERDICT_COUNT);
	v.evidence.one_thread = 0.79;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.wanted = 0.69;
	v.evidence.one_thread = 1;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void idle(void)
{
	struct model_verdict v = figures();

	v.evidence.run = v.evidence.wanted = 0.019;
	v.evidence.sleeps_per_s = 9.9;
	JUDGED(v, VERDICT_IDLE, VERDICT_COUNT);
	v.evidence.sleeps_per_s = 10;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
	v.evidence.sleeps_per_s = 0;
	v.evidence.wanted = 0.02;
	JUDGED(v, VERDICT_IO_BOUND, VERDICT_COUNT);
}

static void two_causes(void)
{
	struct model_verdict v = figures();

	v.evidence.run = 1.9;
	v.evidence.gil_wait = 1;
	v.evidence.wanted = 3;
	JUDGED(v, VERDICT_CPU_BOUND, VERDICT_GIL_BOUND);
}

/* --- evidence, of captures ---------------------------------------------------------------------- */

static struct capture *c;
static struct model *m;
static struct model_verdict *v;

static void begin(void)
{
	m = model__new(c);
	v = model_verdict__new(m);
}

static void end(void)
{
	model_verdict__free(v);
	model__free(m);
	capture__free(c);
}

static void of_spinners(void)
{
	c = fixture__spinners();
	begin();
	CHECK_INT(v->cause, VERDICT_GIL_BOUND);
	CHECK_NEAR(v->evidence.run, 0.99, 1e-9);
	CHECK_NEAR(v->evidence.gil_wait, 1.98, 1e-9);
	CHECK_NEAR(v->evidence.wanted, 2.985, 1e-9);
	CHECK_NEAR(v->evidence.long_holds, 150.0 / 19800, 1e-9);
	CHECK_NEAR(v->evidence.one_thread, 0.995 / 2.985, 1e-9);
	CHECK_NEAR(v->evidence.io_suffered, 0, 0);
	CHECK_NEAR(v->evidence.sleeps_per_s, 3 * (1900 - 1320) / 10.0, 1e-9);
	end();
}

/* A spinner, and an echo thread that waits for it half of the time. */
static struct capture_thread *echo(void)
{
	struct capture_thread *t;

	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	t = fixture__thread(c, 0, 43, "spinner");
	fixture__spend(t, ST_RUN, 9 * S);
	t = fixture__thread(c, 0, 44, "echo");
	fixture__spend(t, ST_RUN, S / 2);
	fixture__spend(t, ST_GIL_WAIT, 5 * S);
	fixture__use(t, 0x1000, 10, 5 * S, 1000);
	return t;
}

static void of_a_convoy(void)
{
	echo();
	fixture__blame(c, 0, 44, 43, BLAME_PYTHON, 4 * S, 0);
	fixture__blame(c, 0, 44, 43, BLAME_HANDOFF, S, 0);
	begin();
	CHECK_NEAR(v->evidence.io_suffered, 1, 1e-9);
	CHECK_NEAR(v->evidence.io_blamed, 0.8, 1e-9);
	CHECK_INT(v->cause, VERDICT_CONVOY);
	end();
}

/* Nobody knows who held it; or the one that waits computes; or it does no I/O. */
static void of_no_convoy(void)
{
	echo();
	fixture__blame(c, 0, 44, 0, BLAME_UNKNOWN, 5 * S, 0);
	begin();
	CHECK_NEAR(v->evidence.io_blamed, 0, 0);
	CHECK_INT(v->cause, VERDICT_GIL_BOUND);
	end();
	fixture__spend(echo(), ST_RUN, S);
	begin();
	CHECK_NEAR(v->evidence.io_suffered, 0, 0);
	end();
	fixture__spend(echo(), ST_LOCK_WAIT, 9 * S / 2);
	begin();
	CHECK_NEAR(v->evidence.io_suffered, 0, 0);
	end();
	fixture__spend(echo(), ST_SLEEP, 9 * S / 2);
	begin();
	CHECK_NEAR(v->evidence.io_suffered, 1, 1e-9);
	end();
}

static void of_a_hog(void)
{
	echo();
	c->processes[0].gils[0].judged_ns = 5 * S;
	c->processes[0].gils[0].long_hold_ns = 3 * S;
	begin();
	CHECK_NEAR(v->evidence.long_holds, 0.6, 1e-9);
	CHECK_INT(v->cause, VERDICT_GIL_HOGGED);
	end();
}

static void of_one_thread(void)
{
	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	fixture__thread(c, 0, 42, "main");
	fixture__spend(fixture__thread(c, 0, 43, "prime"), ST_RUN, 9 * S);
	begin();
	CHECK_INT(v->cause, VERDICT_SINGLE_THREAD);
	CHECK_STR(v->busiest->row->name, "prime");
	end();
}

static void of_nothing(void)
{
	c = fixture__new();
	begin();
	CHECK_INT(v->cause, VERDICT_IDLE);
	CHECK(!v->busiest);
	end();
}

int main(void)
{
	TAP_RUN(otherwise);
	TAP_RUN(cpu_bound);
	TAP_RUN(starved);
	TAP_RUN(gil_bound);
	TAP_RUN(gil_hogged);
	TAP_RUN(convoy);
	TAP_RUN(lock_bound);
	TAP_RUN(single_thread);
	TAP_RUN(idle);
	TAP_RUN(two_causes);
	TAP_RUN(of_spinners);
	TAP_RUN(of_a_convoy);
	TAP_RUN(of_no_convoy);
	TAP_RUN(of_a_hog);
	TAP_RUN(of_one_thread);
	TAP_RUN(of_nothing);
	return TAP_DONE();
}
