/* SPDX-License-Identifier: BSD-2-Clause */
/* The window in intervals, written into a capture and read back. */
#include "parallelism.h"

#include "fixture.h"
#include "tap.h"

#define INTERVAL PARALLELISM_INTERVAL_NS
#define START (1000 * INTERVAL)

static struct parallelism *p;
static struct session_work done;

static void begin(void)
{
	p = parallelism__new();
	done = (struct session_work){ 0 };
	parallelism__begin(p, START);
}

/* Until `now` threads have run for `ran` more ns, and waited for `waited`. */
static void work(uint64_t now, uint64_t ran, uint64_t waited)
{
	done.ran_ns += ran;
	done.waited_ns += waited;
	parallelism__add(p, now, done);
}

static struct capture *end(void)
{
	struct capture *c = fixture__new();
	struct capture_writer *w = capture_writer__new();
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char why[128] = "";
	int err = parallelism__write(p, w, START);

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

static void rows(void)
{
	struct capture *c;

	begin();
	CHECK_INT(parallelism__due(p), START + INTERVAL);
	work(START + INTERVAL, 5, 7);
	work(START + 2 * INTERVAL + 3, 10, 0);
	CHECK_INT(parallelism__due(p), START + 3 * INTERVAL + 3);
	c = end();
	CHECK(c && c->intervals_n == 2);
	CHECK_INT(c->intervals[0].begin_ns, 0);
	CHECK_INT(c->intervals[0].ns, INTERVAL);
	CHECK_INT(c->intervals[0].ran_ns, 5);
	CHECK_INT(c->intervals[0].wanted_ns, 12);
	CHECK_INT(c->intervals[1].begin_ns, INTERVAL);
	CHECK_INT(c->intervals[1].ns, INTERVAL + 3);
	CHECK_INT(c->intervals[1].ran_ns, 10);
	CHECK_INT(c->intervals[1].wanted_ns, 10);
	capture__free(c);
}

/* A CPU was read in the middle of a switch: what it had too much is not counted twice. */
static void too_early(void)
{
	struct capture *c;

	begin();
	work(START + INTERVAL, 100, 0);
	done.ran_ns -= 10;
	work(START + 2 * INTERVAL, 0, 0);
	work(START + 3 * INTERVAL, 30, 0);
	c = end();
	CHECK(c && c->intervals_n == 3);
	CHECK_INT(c->intervals[1].ran_ns, 0);
	CHECK_INT(c->intervals[2].ran_ns, 20);
	capture__free(c);
}

/* A window that ends as an interval has just begun, or before that. */
static void no_time(void)
{
	struct capture *c;

	begin();
	work(START, 0, 0);
	work(START - 1, 0, 0);
	c = end();
	CHECK(c);
	CHECK_INT(c->intervals_n, 0);
	capture__free(c);
}

/* Nothing is lost where each two become one, and they follow each other without gaps. */
static void long_window(void)
{
	uint64_t now = START, n = 0, sum = 0, at = 0;
	struct capture *c;

	begin();
	while (n < 5 * PARALLELISM_INTERVALS) {
		now = parallelism__due(p);
		n++;
		work(now, n, 2 * n);
	}
	c = end();
	CHECK(c && c->intervals_n <= PARALLELISM_INTERVALS);
	CHECK(c->intervals_n >= PARALLELISM_INTERVALS / 2);
	for (size_t i = 0; i < c->intervals_n; i++) {
		CHECK_INT(c->intervals[i].begin_ns, at);
		CHECK_INT(c->intervals[i].wanted_ns, 3 * c->intervals[i].ran_ns);
		at += c->intervals[i].ns;
		sum += c->intervals[i].ran_ns;
	}
	CHECK_INT(at, now - START);
	CHECK_INT(sum, n * (n + 1) / 2);
	capture__free(c);
}

int main(void)
{
	TAP_RUN(rows);
	TAP_RUN(too_early);
	TAP_RUN(no_time);
	TAP_RUN(long_window);
	return TAP_DONE();
}
