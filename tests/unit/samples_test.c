/* SPDX-License-Identifier: BSD-2-Clause */
#include "samples.h"

#include <errno.h>

#include "tap.h"

#define IP 0x401000ull

static int take(struct samples *s, uint32_t type, uint32_t tid, uint64_t stack, uint64_t ip)
{
	const struct wire_sample_event e = {
		.h = { .type = type, .tgid = 42, .key = 7 },
		.stack = stack,
		.ip = ip,
		.ns = type == EV_OFF ? 1000 : 0,
		.tid = tid,
		.state = type == EV_OFF ? ST_SLEEP : ST_RUN,
		.holds = type == EV_SAMPLE && tid == 1,
		.nr = type == EV_OFF ? 35 : 0,
	};

	return samples__add(s, &e, type == EV_SAMPLE ? ip : 0, 0);
}

/* Whoever was called from elsewhere, was elsewhere. */
static void callers(void)
{
	const struct wire_sample_event e = { .h = { .type = EV_OFF }, .tid = 1, .ns = 10 };
	struct samples *s = samples__new();
	const struct samples_row *rows;

	for (int i = 0; i < 10; i++) {
		CHECK_INT(samples__add(s, &e, IP, 3), 0);
		CHECK_INT(samples__add(s, &e, IP, 4), 0);
		CHECK_INT(samples__add(s, &e, 0, 0), 0);
	}
	CHECK_INT(samples__rows(s, &rows), 3);
	CHECK_INT(rows[0].callers, 3);
	CHECK_INT(rows[0].ip, IP);
	CHECK_INT(rows[1].callers, 4);
	CHECK_INT(rows[2].callers, 0);
	CHECK_INT(rows[2].ns, 100);
	samples__free(s);
}

static void same_places(void)
{
	struct samples *s = samples__new();
	const struct samples_row *rows;

	CHECK_INT(samples__rows(s, &rows), 0);
	for (uint64_t i = 0; i < 100; i++) {
		CHECK_INT(take(s, EV_SAMPLE, 1, 5, IP + i % 16), 0); /* one block of instructions */
		CHECK_INT(take(s, EV_SAMPLE, 1, 5, IP + 16), 0);
		CHECK_INT(take(s, EV_SAMPLE, 2, 5, IP), 0);
		CHECK_INT(take(s, EV_SAMPLE, 2, 6, IP), 0);
		CHECK_INT(take(s, EV_OFF, 2, 6, i), 0); /* fs base: no instruction */
	}
	CHECK_INT(samples__rows(s, &rows), 5);
	CHECK_INT(rows[0].count, 100);
	CHECK_INT(rows[0].held, 100);
	CHECK_INT(rows[0].key, 7);
	CHECK_INT(rows[0].pid, 42);
	CHECK_INT(rows[0].tid, 1);
	CHECK_INT(rows[0].stack, 5);
	CHECK_INT(rows[0].ip / 16, IP / 16);
	CHECK_INT(rows[2].held, 0);
	CHECK_INT(rows[4].state, ST_SLEEP);
	CHECK_INT(rows[4].ns, 100000);
	CHECK_INT(rows[4].count, 100);
	CHECK_INT(rows[4].nr, 35);
	CHECK_INT(rows[4].ip, 0);
	samples__free(s);
}

/* More places than there is room for: the figures stay, the stacks go. */
static void many_places(void)
{
	uint64_t count = 0, ns = 0, without = 0, added = 0;
	struct samples *s = samples__new();
	const struct samples_row *rows;
	size_t n;

	for (uint64_t i = 1; i <= 4 * SAMPLES_MAX; i++) {
		CHECK_INT(take(s, i % 2 ? EV_SAMPLE : EV_OFF, 1 + (uint32_t)(i % 100), i, IP + i),
			  0);
		added++;
	}
	n = samples__rows(s, &rows);
	CHECK(n > SAMPLES_MAX / 2 && n <= SAMPLES_MAX);
	for (size_t i = 0; i < n; i++) {
		count += rows[i].count;
		ns += rows[i].ns;
		without += rows[i].stack ? 0 : rows[i].count;
	}
	CHECK_INT(count, added);
	CHECK_INT(ns, added / 2 * 1000);
	CHECK_INT(without, added - SAMPLES_MAX / 2);
	samples__free(s);
}

/* More threads than rows: then some are not taken, and it says so. */
static void many_threads(void)
{
	struct samples *s = samples__new();
	const struct samples_row *rows;
	uint64_t count = 0, refused = 0;
	size_t n;

	for (uint32_t i = 1; i <= 2 * SAMPLES_MAX; i++)
		refused += take(s, EV_SAMPLE, i, 1, IP) == -ENOMEM;
	n = samples__rows(s, &rows);
	CHECK_INT(n, SAMPLES_MAX);
	for (size_t i = 0; i < n; i++)
		count += rows[i].count;
	CHECK_INT(count + refused, 2 * SAMPLES_MAX);
	CHECK_INT(refused, SAMPLES_MAX);
	samples__free(s);
}

int main(void)
{
	TAP_RUN(same_places);
	TAP_RUN(callers);
	TAP_RUN(many_places);
	TAP_RUN(many_threads);
	return TAP_DONE();
}
