// SPDX-License-Identifier: BSD-2-Clause
#include "parallelism.h"

#include <stdlib.h>
#include <string.h>

#include "../bpf/parts.h"

#define AHEAD 16 /* parts: a look that was held up may find waits that ended after its time */

struct row {
	int64_t ran, waited; /* ns, in it */
	int64_t filled; /* waits that fill this row and all after it, less those that do no more */
};

/* Times are ns since the window's start. */
struct parallelism {
	uint64_t start; /* CLOCK_MONOTONIC */
	uint64_t at;	/* of the latest look */
	uint64_t ran;	/* by then */
	struct wire_parts waits;
	uint32_t level;				    /* a row takes 2^level parts */
	struct row rows[PARALLELISM_INTERVALS + 1]; /* waits may end at the end of the last */
};

struct parallelism *parallelism__new(void)
{
	return calloc(1, sizeof(struct parallelism));
}

void parallelism__free(struct parallelism *p)
{
	free(p);
}

void parallelism__begin(struct parallelism *p, uint64_t start)
{
	memset(p, 0, sizeof(*p));
	p->start = start;
}

uint64_t parallelism__due(const struct parallelism *p)
{
	return p->start + (p->at / PARTS_NS + 1) * PARTS_NS;
}

static uint64_t length(const struct parallelism *p)
{
	return PARTS_NS << p->level;
}

/* From `part` on, `n` more waits last. */
static void fill(struct parallelism *p, uint64_t part, int64_t n)
{
	uint64_t row = part >> p->level, begins = row << p->level;

	if (part > begins) {
		p->rows[row].waited +=
			n * (int64_t)((begins + (1ull << p->level) - part) * PARTS_NS);
		row++;
	}
	p->rows[row].filled += n;
}

/* Each two rows become one. */
static void make_room(struct parallelism *p)
{
	int64_t late = 0; /* waits that fill from the second of two rows on */
	size_t i;

	for (i = 0; i < PARALLELISM_INTERVALS / 2; i++) {
		struct row a = p->rows[2 * i], b = p->rows[2 * i + 1];

		p->rows[i].ran = a.ran + b.ran;
		p->rows[i].waited = a.waited + b.waited + b.filled * (int64_t)length(p);
		p->rows[i].filled = a.filled + late;
		late = b.filled;
	}
	late += p->rows[PARALLELISM_INTERVALS].filled;
	memset(&p->rows[i], 0, sizeof(p->rows) - i * sizeof(p->rows[0]));
	p->rows[i].filled = late;
	p->level++;
}

/* Spreads what ran since the latest look over the time since then. */
static void add_ran(struct parallelism *p, uint64_t to, uint64_t ran)
{
	uint64_t from = p->at;

	while (from < to) {
		uint64_t row = from / length(p), end = (row + 1) * length(p);
		uint64_t until = end < to ? end : to;
		double share = (double)(until - from) / (double)(to - from);
		uint64_t part = until < to ? (uint64_t)((double)ran * share) : ran;

		p->rows[row].ran += (int64_t)part;
		ran -= part;
		from = until;
	}
}

/* What has come to the ring's parts, of which `newest` is the last that may be in use. */
static void add_waits(struct parallelism *p, uint64_t newest, const struct wire_parts *waits)
{
	for (uint64_t back = 0; back < WIRE_PARTS && back <= newest; back++) {
		uint64_t part = newest - back;
		uint32_t slot = parts__slot(part);

		p->rows[part >> p->level].waited += (int64_t)(waits->ns[slot] - p->waits.ns[slot]);
		fill(p, part, waits->filled[slot] - p->waits.filled[slot]);
	}
	p->waits = *waits;
}

void parallelism__look(struct parallelism *p, const struct session_work *work)
{
	uint64_t at = work->at > p->start ? work->at - p->start : 0;
	uint64_t newest = at / PARTS_NS + AHEAD;
	/* a CPU that was read in the middle of a switch had too much: then nothing has come since */
	uint64_t ran = work->ran_ns > p->ran ? work->ran_ns - p->ran : 0;

	while (newest >> p->level >= PARALLELISM_INTERVALS)
		make_room(p);
	add_waits(p, newest, &work->waits);
	if (at <= p->at)
		return;
	add_ran(p, at, ran);
	p->ran += ran;
	p->at = at;
}

static void append(struct capture_interval *to, const struct capture_interval *row)
{
	to->ns += row->ns;
	to->ran_ns += row->ran_ns;
	to->wanted_ns += row->wanted_ns;
}

/* The window from `begin` on. `filling` waits fill all of it. */
static struct capture_interval interval(const struct parallelism *p, uint64_t begin,
					int64_t filling)
{
	const struct row *row = &p->rows[begin / length(p)];
	int64_t waited = row->waited + filling * (int64_t)length(p);
	uint64_t left = p->at - begin;

	return (struct capture_interval){
		.ns = left < length(p) ? left : length(p),
		.ran_ns = (uint64_t)row->ran,
		.wanted_ns = (uint64_t)row->ran + (uint64_t)(waited > 0 ? waited : 0),
	};
}

int parallelism__write(const struct parallelism *p, struct capture_writer *w)
{
	struct capture_interval row = { 0 }, next;
	int64_t filling = 0;
	int err = 0;

	for (uint64_t begin = 0; begin < p->at && !err; begin += length(p)) {
		filling += p->rows[begin / length(p)].filled;
		next = interval(p, begin, filling);
		if (next.ns < length(p) / 2) { /* a short rest says nothing by itself */
			append(&row, &next);
			continue;
		}
		if (row.ns)
			err = capture_writer__interval(w, &row);
		row = next;
	}
	return err || !row.ns ? err : capture_writer__interval(w, &row);
}
