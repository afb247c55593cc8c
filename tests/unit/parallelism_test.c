/* SPDX-License-Identifier: BSD-2-Clause */
/* The window in intervals, written into a capture and read back. */
#include "parallelism.h"

#include "../../bpf/parts.h"
#include "fixture.h"
#include "tap.h"

#define START 123456789ull

static struct parallelism *p;
static struct session_work work;

static void begin(void)
{
	p = parallelism__new();
	work = (struct session_work){ .at = START };
	parallelism__begin(p, START);
}

/* Times are parts of the window from here on. */
static uint64_t ns(double parts)
{
	return (uint64_t)(parts * (double)PARTS_NS);
}

static void wait_for(double from, double to)
{
	parts__add(&work.waits, ns(from), ns(to));
}

/* By `now` threads have run for `ran` parts more. */
static void look(double now, double ran)
{
	work.at = START + ns(now);
	work.ran_ns += ns(ran);
	parallelism__look(p, &work);
}

static struct capture *end(void)
{
	struct capture *c = fixture__new();
	struct capture_writer *w = capture_writer__new();
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char why[128] = "";
	int err = parallelism__write(p, w);

	if (!err)
		err = capture_writer__end(w, &c->info, fd);
	capture_writer__free(w);
	capture__free(c);
	parallelism__free(p);
	lseek(fd, 0, SEEK_SET);
	c = err ? NULL : capture__read(fd, why, sizeof(why));
	close(fd);
	return c;
}

/* Threads that wanted to run in row i, on average, in hundredths. */
static uint64_t wanted(const struct capture *c, size_t i)
{
	const struct capture_interval *row = &c->intervals[i];

	return (uint64_t)((double)row->wanted_ns * 100 / (double)row->ns + 0.5);
}

static uint64_t ran(const struct capture *c, size_t i)
{
	const struct capture_interval *row = &c->intervals[i];

	return (uint64_t)((double)row->ran_ns * 100 / (double)row->ns + 0.5);
}

static void rows(void)
{
	struct capture *c;

	begin();
	CHECK_INT(parallelism__due(p), START + PARTS_NS);
	wait_for(0.25, 0.75);
	look(1, 0.5);
	CHECK_INT(parallelism__due(p), START + 2 * PARTS_NS);
	look(2, 2);
	c = end();
	CHECK(c && c->intervals_n == 2);
	CHECK_INT(c->intervals[0].ns, PARTS_NS);
	CHECK_INT(ran(c, 0), 50);
	CHECK_INT(wanted(c, 0), 100);
	CHECK_INT(c->intervals[1].ns, PARTS_NS);
	CHECK_INT(ran(c, 1), 200);
	CHECK_INT(wanted(c, 1), 200);
	capture__free(c);
}

/* Looks come late, and a wait is told when it ends: both count where they belong. */
static void late(void)
{
	static const uint64_t running[] = { 50, 100, 50, 0 }, wanting[] = { 100, 200, 150, 25 };
	struct capture *c;

	begin();
	look(0.5, 0);
	look(2.5, 2);
	wait_for(0.5, 3.25);
	look(4, 0);
	c = end();
	CHECK(c && c->intervals_n == 4);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(ran(c, i), running[i]);
		CHECK_INT(wanted(c, i), wanting[i]);
	}
	capture__free(c);
}

/* It ended after the look's time, while all CPUs were being read. */
static void ahead(void)
{
	struct capture *c;

	begin();
	look(70, 0);
	wait_for(68.5, 71.5);
	look(70.5, 0);
	look(73, 0);
	c = end();
	CHECK(c && c->intervals_n == 73);
	for (size_t i = 0; i < 73; i++)
		CHECK_INT(wanted(c, i), i == 68 || i == 71 ? 50 : i == 69 || i == 70 ? 100 : 0);
	capture__free(c);
}

/* A CPU was read in the middle of a switch: what it had too much is not counted twice. */
static void too_much(void)
{
	struct capture *c;

	begin();
	look(1, 0.5);
	work.ran_ns -= ns(0.25);
	look(2, 0);
	look(3, 0.75);
	c = end();
	CHECK(c && c->intervals_n == 3);
	CHECK_INT(ran(c, 1), 0);
	CHECK_INT(ran(c, 2), 50);
	capture__free(c);
}

/* A short rest is part of what was before it, a long one is not; and a window may be short itself. */
static void rest(void)
{
	struct capture *c;

	begin();
	look(1, 0);
	wait_for(0.9, 1.4);
	look(1.4, 0);
	c = end();
	CHECK(c && c->intervals_n == 1);
	CHECK_INT(c->intervals[0].ns, ns(1.4));
	CHECK_INT(wanted(c, 0), 36);
	capture__free(c);
	begin();
	look(1.6, 0);
	c = end();
	CHECK(c && c->intervals_n == 2);
	capture__free(c);
	begin();
	look(0.1, 0.1);
	c = end();
	CHECK(c && c->intervals_n == 1);
	CHECK_INT(ran(c, 0), 100);
	capture__free(c);
	begin();
	look(0, 0);
	c = end();
	CHECK(c);
	CHECK_INT(c->intervals_n, 0);
	capture__free(c);
}

/*
 * Threads that wait for 2.5 parts each, one after the other, and one that runs: the same all the time, however
 * often rows were joined.
 */
static void long_window(void)
{
	const int parts = 5 * PARALLELISM_INTERVALS;
	uint64_t at = 0;
	struct capture *c;

	begin();
	for (int now = 1; now <= parts; now++) {
		if (now % 5 == 3 || now % 5 == 0)
			wait_for(now % 5 ? now - 3 : now - 2.5, now % 5 ? now - 0.5 : now);
		look(now, 1);
	}
	c = end();
	CHECK(c && c->intervals_n <= PARALLELISM_INTERVALS);
	CHECK(c->intervals_n >= PARALLELISM_INTERVALS / 2);
	for (size_t i = 0; i < c->intervals_n; i++) {
		CHECK_INT(ran(c, i), 100);
		CHECK_INT(wanted(c, i), 200);
		at += c->intervals[i].ns;
	}
	CHECK_INT(at, ns(parts));
	capture__free(c);
}

int main(void)
{
	TAP_RUN(rows);
	TAP_RUN(late);
	TAP_RUN(ahead);
	TAP_RUN(too_much);
	TAP_RUN(rest);
	TAP_RUN(long_window);
	return TAP_DONE();
}
