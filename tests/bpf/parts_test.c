// SPDX-License-Identifier: BSD-2-Clause
/* When threads waited (bpf/parts.h), run natively. */
#include <stdint.h>
#include <string.h>

#include "parts.h"
#include "tap.h"

static struct wire_parts parts;

static void add(uint64_t from, uint64_t to)
{
	memset(&parts, 0, sizeof(parts));
	parts__add(&parts, from, to);
}

/* All of it, as if the ring began with part `first`. */
static uint64_t sum(uint64_t first)
{
	uint64_t ns = 0;
	int64_t filling = 0;

	for (uint64_t i = 0; i < WIRE_PARTS; i++) {
		uint32_t slot = parts__slot(first + i);

		filling += parts.filled[slot];
		ns += parts.ns[slot] + (uint64_t)filling * PARTS_NS;
	}
	return filling ? ~0ull : ns;
}

static void in_one_part(void)
{
	add(5, 5 + 1000);
	CHECK_INT(parts.ns[0], 1000);
	CHECK_INT(sum(0), 1000);
}

static void over_an_edge(void)
{
	add(PARTS_NS - 300, PARTS_NS + 200);
	CHECK_INT(parts.ns[0], 300);
	CHECK_INT(parts.ns[1], 200);
	CHECK_INT(sum(0), 500);
}

static void up_to_an_edge(void)
{
	add(PARTS_NS - 300, PARTS_NS);
	CHECK_INT(parts.ns[0], 300);
	CHECK_INT(sum(0), 300);
	add(PARTS_NS, 2 * PARTS_NS);
	CHECK_INT(sum(0), PARTS_NS);
}

static void over_many(void)
{
	add(PARTS_NS - 300, 10 * PARTS_NS + 200);
	CHECK_INT(parts.filled[1], 1);
	CHECK_INT(parts.filled[10], -1);
	CHECK_INT(sum(0), 9 * PARTS_NS + 500);
}

/* Parts 62 to 66 lie at both ends of the ring. */
static void around_the_ring(void)
{
	add(62 * PARTS_NS + 7, 66 * PARTS_NS + 9);
	CHECK_INT(parts.ns[62], PARTS_NS - 7);
	CHECK_INT(parts.ns[2], 9);
	CHECK_INT(sum(40), 4 * PARTS_NS + 2);
}

/* Longer than can be told apart: nothing is lost, the oldest part has too much. */
static void too_long(void)
{
	add(100 * PARTS_NS + 7, 300 * PARTS_NS + 9);
	CHECK_INT(sum(300 - PARTS_REACH), 200 * PARTS_NS + 2);
	CHECK_INT(parts.ns[parts__slot(300 - PARTS_REACH + 1)],
		  (200 - PARTS_REACH + 2) * PARTS_NS - 7);
}

int main(void)
{
	TAP_RUN(in_one_part);
	TAP_RUN(over_an_edge);
	TAP_RUN(up_to_an_edge);
	TAP_RUN(over_many);
	TAP_RUN(around_the_ring);
	TAP_RUN(too_long);
	return TAP_DONE();
}
