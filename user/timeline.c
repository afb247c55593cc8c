/* SPDX-License-Identifier: BSD-2-Clause */
#include "timeline.h"

#include <stdlib.h>

/*
 * A holder that has been asked to drop the GIL does so at the next bytecode instruction, within
 * microseconds; one that does not is in a C call that keeps it (measured: spinning threads 0.1 %
 * native, a C call of 10 ms 97 to 99.8 %).
 */
#define DROP_NS 200000

/*
 * A stack that is walked so soon after the GIL was taken is that of the latest drop, mostly: at the
 * line before the C call in which the thread then keeps it (measured: calls of 10 ms had half of their
 * time at another line).
 */
#define TAKEN_NS 200000

/*
 * Where many wait, each that wakes takes the CPU from the holder for microseconds, ten times in a tenure:
 * within this time such moments are put side by side, so that waits are not cut into crumbs. A wait that
 * begins or ends in between gets its share of them.
 */
#define FOLD_NS 5000000
#define MOMENT_NS 100000

enum segment_kind { SEG_ON, SEG_ON_ASKED, SEG_FREE, SEG_OFF, SEG_PREEMPTED };

struct segment { /* ends where the next one begins */
	uint64_t at;
	uint64_t holder;
	uint64_t stack;
	uint64_t asked; /* SEG_ON_ASKED: since when it has been asked to drop the GIL */
	enum segment_kind kind;
	uint32_t nr;
	uint32_t memo; /* of struct timeline_part */
};

struct timeline {
	uint64_t n;		/* segments ever made */
	uint64_t seen;		/* time of the last look */
	uint64_t switch_number; /* at it */
	uint64_t asked_switch;	/* the tenure in which a drop was asked for */
	uint64_t held_since;	/* the present tenure */
	uint64_t walked;	/* the latest stack of it */
	struct timeline_part ended;
	struct segment ring[TIMELINE_SEGMENTS];
};

struct timeline *timeline__new(void)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (t)
		t->asked_switch = UINT64_MAX;
	return t;
}

void timeline__forget(struct timeline *t)
{
	t->n = 0;
	t->seen = 0;
	t->asked_switch = UINT64_MAX;
}

void timeline__free(struct timeline *t)
{
	free(t);
}

uint64_t timeline__length(const struct timeline *t)
{
	return t->n;
}

static struct segment *segment(struct timeline *t, uint64_t i)
{
	return &t->ring[i % TIMELINE_SEGMENTS];
}

static const struct segment *last(const struct timeline *t)
{
	return t->n ? &t->ring[(t->n - 1) % TIMELINE_SEGMENTS] : NULL;
}

static bool is_held_by(const struct segment *s, uint64_t holder)
{
	return s && s->kind != SEG_FREE && s->holder == holder;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static enum blame_kind kind_of(const struct segment *s, uint64_t end)
{
	switch (s->kind) {
	case SEG_ON:
		return BLAME_PYTHON;
	case SEG_ON_ASKED:
		return end > s->asked + DROP_NS ? BLAME_NATIVE : BLAME_PYTHON;
	case SEG_OFF:
		return BLAME_OFFCPU;
	case SEG_PREEMPTED:
		return BLAME_PREEMPTED;
	default:
		return BLAME_HANDOFF;
	}
}

static void note_tenure(struct timeline *t, const struct segment *before, const struct segment *s)
{
	bool was_held = before && before->kind != SEG_FREE;

	if (was_held && (s->kind == SEG_FREE || s->holder != before->holder))
		t->ended = (struct timeline_part){
			.begin = t->held_since,
			.end = s->at,
			.holder = before->holder,
			.stack = before->stack,
			.kind = kind_of(before, s->at),
			.nr = before->kind == SEG_OFF ? before->nr : 0,
		};
	if (s->kind != SEG_FREE && (!was_held || s->holder != before->holder))
		t->held_since = s->at;
}

bool timeline__ended(struct timeline *t, struct timeline_part *tenure)
{
	*tenure = t->ended;
	t->ended.end = 0;
	return tenure->end > tenure->begin;
}

static bool is_alike(const struct segment *a, const struct segment *b)
{
	return a->holder == b->holder && a->stack == b->stack && a->kind == b->kind &&
	       a->asked == b->asked && a->nr == b->nr;
}

/* The last four, which end at `end`: on a CPU, a moment without, and both once more: make it two. */
static void fold(struct timeline *t, uint64_t end)
{
	struct segment *on = segment(t, t->n - 4), *off = segment(t, t->n - 3);
	const struct segment *on2 = segment(t, t->n - 2), *off2 = segment(t, t->n - 1);

	if (t->n < 4 || off2->kind != SEG_PREEMPTED || !is_alike(on, on2) || !is_alike(off, off2) ||
	    end < off2->at || end - on->at > FOLD_NS || end - off2->at > MOMENT_NS)
		return;
	off->at += off2->at - on2->at;
	t->n -= 2;
}

static void append(struct timeline *t, uint64_t at, uint64_t holder, enum segment_kind kind,
		   uint32_t nr)
{
	const struct segment *before = last(t);
	struct segment s = { .at = at, .holder = holder, .kind = kind, .nr = nr };

	if (before) {
		if (kind == SEG_FREE && before->kind == SEG_FREE && before->holder == holder)
			return;
		s.at = later(at, before->at);
		if (is_held_by(before, holder)) {
			/* which call it sleeps in, only a walk from now on can tell */
			s.stack = kind == SEG_OFF ? 0 : before->stack;
			s.asked = before->asked;
			if (before->kind == kind && before->nr == nr)
				return;
		}
	}
	note_tenure(t, before, &s);
	fold(t, s.at);
	*segment(t, t->n++) = s;
}

static void append_on(struct timeline *t, uint64_t at, uint64_t holder)
{
	bool asked = is_held_by(last(t), holder) && t->asked_switch == t->switch_number;

	append(t, at, holder, asked ? SEG_ON_ASKED : SEG_ON, 0);
	if (asked && !last(t)->asked)
		segment(t, t->n - 1)->asked = last(t)->at;
}

/* When the one seen as holder took the GIL: between the last thing known and now. */
static uint64_t taken_at(const struct timeline *t, const struct timeline_look *l)
{
	const struct segment *s = last(t);
	bool was_free = s && s->kind == SEG_FREE;
	uint64_t low = was_free ? later(s->at, t->seen) : t->seen, at = low;

	if (!low) /* the first look of all */
		at = l->holder_ran_since ? l->holder_ran_since : l->at;
	else if (l->holder_ran_since >= low)
		at = l->holder_ran_since;
	else if (was_free && l->at > low && !l->holder_waited)
		at = low + (l->at - low) / 2;
	return at < l->at ? at : l->at;
}

void timeline__confirm(struct timeline *t, uint64_t at)
{
	t->seen = later(t->seen, at);
}

void timeline__look(struct timeline *t, const struct timeline_look *l)
{
	const struct segment *s = last(t);

	if (!l->holder)
		return;
	if (s && l->at < s->at && s->kind != SEG_FREE && !is_held_by(s, l->holder))
		return; /* it has come too late: something newer is known */
	if (!is_held_by(s, l->holder) && (l->locked || !s || s->holder != l->holder)) {
		uint64_t at = taken_at(t, l);

		t->switch_number = l->switch_number;
		append_on(t, at, l->holder);
	}
	if (!l->locked)
		append(t, l->at, l->holder, SEG_FREE, 0);
	t->switch_number = l->switch_number;
	t->seen = later(t->seen, l->at);
}

void timeline__off(struct timeline *t, uint64_t at, uint64_t holder, bool preempted, uint32_t nr)
{
	append(t, at, holder, preempted ? SEG_PREEMPTED : SEG_OFF, preempted ? 0 : nr);
}

void timeline__on(struct timeline *t, uint64_t at, uint64_t holder)
{
	const struct segment *s = last(t);

	if (is_held_by(s, holder) && (s->kind == SEG_OFF || s->kind == SEG_PREEMPTED))
		append_on(t, at, holder);
}

void timeline__released(struct timeline *t, uint64_t at, uint64_t waiter)
{
	const struct segment *s = last(t);

	/* since then somebody has been seen to hold it: we are too late, and they knew better */
	if (!s || t->seen > at || s->at > at || s->holder == waiter)
		return;
	if (s->kind == SEG_ON || s->kind == SEG_ON_ASKED)
		append(t, at, s->holder, SEG_FREE, 0);
}

void timeline__drop_requested(struct timeline *t, uint64_t at)
{
	const struct segment *s = last(t);

	t->asked_switch = t->switch_number;
	if (s && s->kind == SEG_ON)
		append_on(t, at, s->holder);
}

static void stack_moves_on(struct timeline *t, uint64_t stack)
{
	const struct segment *s = last(t);
	struct segment next = *s;

	next.stack = stack;
	next.memo = 0;
	next.at = later(t->seen, s->at);
	*segment(t, t->n++) = next;
}

/* Backwards to what was known, or, `anew`, to the last sleep in which it was known. */
static void stack_stood(struct timeline *t, uint64_t holder, uint64_t stack, bool anew)
{
	for (uint64_t i = t->n; i > 0 && t->n - i < TIMELINE_SEGMENTS; i--) {
		struct segment *s = segment(t, i - 1);

		if (!is_held_by(s, holder) || (s->stack && (!anew || s->kind == SEG_OFF)))
			break;
		s->stack = stack;
		s->memo = 0;
	}
}

void timeline__stack(struct timeline *t, uint64_t at, uint64_t holder, uint64_t stack)
{
	const struct segment *s = last(t);
	bool only_as_taken = t->walked >= t->held_since && t->walked < t->held_since + TAKEN_NS;

	if (!is_held_by(s, holder))
		return;
	if (s->stack && s->stack != stack && (!only_as_taken || s->kind == SEG_OFF))
		stack_moves_on(t, stack);
	else
		stack_stood(t, holder, stack, only_as_taken);
	t->walked = at;
}

void timeline__cut(struct timeline *t, uint64_t begin, uint64_t end,
		   void (*part)(void *ctx, const struct timeline_part *p), void *ctx)
{
	uint64_t segment_end = later(t->seen, end);
	uint64_t oldest = t->n > TIMELINE_SEGMENTS ? t->n - TIMELINE_SEGMENTS : 0;
	struct timeline_part p = { .end = end };

	for (uint64_t i = t->n; i > oldest && p.end > begin; i--) {
		struct segment *s = segment(t, i - 1);

		p.begin = later(s->at, begin);
		if (p.begin < p.end) {
			p.holder = s->holder;
			p.stack = s->stack;
			p.kind = kind_of(s, segment_end);
			p.nr = s->kind == SEG_OFF ? s->nr : 0;
			p.memo = &s->memo;
			part(ctx, &p);
			p.end = p.begin;
		}
		segment_end = s->at;
	}
	if (p.end > begin) {
		p = (struct timeline_part){ .begin = begin, .end = p.end, .kind = BLAME_UNKNOWN };
		part(ctx, &p);
	}
}
