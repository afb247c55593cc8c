// SPDX-License-Identifier: BSD-2-Clause
/*
 * The timeline of a GIL, driven by scripts of what threads saw and did. Times are microseconds; A, B
 * and C are threads.
 */
#include <stdlib.h>

#include "tap.h"
#include "timeline.h"

/* scripts leave out what does not matter */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define US 1000ull
#define A 0xa000ull
#define B 0xb000ull
#define C 0xc000ull
#define NANOSLEEP 230
#define MAX_PARTS 64

enum what {
	LOOK,
	TAKEN /* by one that had waited */,
	FREE,
	OFF,
	PREEMPT,
	ON,
	RELEASED,
	ASKED,
	STACK
};

struct event {
	uint64_t at; /* µs */
	enum what what;
	uint64_t thread;
	uint64_t arg; /* LOOK, TAKEN, FREE: since when it runs, µs; STACK: its number */
	uint64_t switch_number;
};

static struct timeline *timeline;
static struct timeline_part parts[MAX_PARTS]; /* the first first */
static size_t parts_n;

static void play_look(const struct event *e)
{
	const struct timeline_look l = {
		.at = e->at * US,
		.locked = e->what != FREE,
		.holder = e->thread,
		.switch_number = e->switch_number,
		.holder_ran_since = e->arg * US,
		.holder_waited = e->what == TAKEN,
	};

	timeline__look(timeline, &l);
}

static void play_event(const struct event *e)
{
	switch (e->what) {
	case LOOK:
	case FREE:
	case TAKEN:
		play_look(e);
		break;
	case OFF:
	case PREEMPT:
		timeline__off(timeline, e->at * US, e->thread, e->what == PREEMPT, NANOSLEEP);
		break;
	case ON:
		timeline__on(timeline, e->at * US, e->thread);
		break;
	case RELEASED:
		timeline__released(timeline, e->at * US, e->thread);
		break;
	case ASKED:
		timeline__drop_requested(timeline, e->at * US);
		break;
	case STACK:
		timeline__stack(timeline, e->at * US, e->thread, e->arg);
		break;
	}
}

static void note_part(void *unused, const struct timeline_part *p)
{
	(void)unused;
	if (parts_n < MAX_PARTS)
		parts[parts_n++] = *p;
}

/* Parts of one holder, kind and stack that follow each other are one, whatever segments they were. */
static void join_parts(void)
{
	size_t n = 0;

	for (size_t i = 0; i < parts_n; i++) {
		struct timeline_part *p = n ? &parts[n - 1] : NULL;

		if (p && p->holder == parts[i].holder && p->kind == parts[i].kind &&
		    p->stack == parts[i].stack)
			p->end = parts[i].end;
		else
			parts[n++] = parts[i];
	}
	parts_n = n;
}

static void cut(uint64_t begin, uint64_t end)
{
	parts_n = 0;
	timeline__cut(timeline, begin * US, end * US, note_part, NULL);
	for (size_t i = 0; i < parts_n / 2; i++) {
		struct timeline_part p = parts[i];

		parts[i] = parts[parts_n - 1 - i];
		parts[parts_n - 1 - i] = p;
	}
	join_parts();
}

static void renew(void)
{
	timeline__free(timeline);
	timeline = timeline__new();
}

#define PLAY(...) \
	do { \
		static const struct event script[] = { __VA_ARGS__ }; \
		renew(); \
		for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) \
			play_event(&script[i]); \
	} while (0)

#define CHECK_PART(i, to, who, what) \
	do { \
		CHECK((i) < parts_n); \
		CHECK_INT(parts[i].end, (to)*US); \
		CHECK_INT(parts[i].holder, who); \
		CHECK_INT(parts[i].kind, what); \
	} while (0)

static void before_the_first_look_nothing_is_known(void)
{
	PLAY({ 100, LOOK, A, 40 });
	cut(0, 200);
	CHECK_INT(parts_n, 2);
	CHECK_PART(0, 40, 0, BLAME_UNKNOWN);
	CHECK_PART(1, 200, A, BLAME_PYTHON);
}

static void nothing_at_all_is_known(void)
{
	PLAY({ 100, STACK, A, 1 }, { 120, ON, A }, { 130, RELEASED, B }, { 140, ASKED });
	cut(0, 200);
	CHECK_INT(parts_n, 1);
	CHECK_PART(0, 200, 0, BLAME_UNKNOWN);
}

static void between_release_and_next_holder_is_handoff(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 600, LOOK, B, 520 });
	cut(10, 600);
	CHECK_INT(parts_n, 3);
	CHECK_PART(0, 500, A, BLAME_PYTHON);
	CHECK_PART(1, 520, A, BLAME_HANDOFF);
	CHECK_PART(2, 600, B, BLAME_PYTHON);
}

static void who_runs_from_the_very_release_holds_from_there(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 560, FREE, A }, { 900, LOOK, B, 560 });
	cut(10, 900);
	CHECK_PART(0, 500, A, BLAME_PYTHON);
	CHECK_PART(1, 560, A, BLAME_HANDOFF);
	CHECK_PART(2, 900, B, BLAME_PYTHON);
}

static void who_ran_all_the_time_took_it_half_way(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 600, LOOK, B, 100 });
	cut(10, 600);
	CHECK_PART(1, 550, A, BLAME_HANDOFF);
	CHECK_PART(2, 600, B, BLAME_PYTHON);
}

static void who_ran_to_take_it_took_it_at_once(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 5500, TAKEN, B, 498 });
	cut(10, 5500);
	CHECK_INT(parts_n, 2);
	CHECK_PART(0, 500, A, BLAME_PYTHON);
	CHECK_PART(1, 5500, B, BLAME_PYTHON);
}

static void a_holder_that_came_and_went_unseen_had_it_in_between(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 600, FREE, B, 530 });
	cut(10, 700);
	CHECK_INT(parts_n, 4);
	CHECK_PART(1, 530, A, BLAME_HANDOFF);
	CHECK_PART(2, 600, B, BLAME_PYTHON);
	CHECK_PART(3, 700, B, BLAME_HANDOFF);
}

static void a_woken_waiter_tells_of_the_release(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, RELEASED, B }, { 540, LOOK, B, 510 });
	cut(10, 600);
	CHECK_PART(0, 500, A, BLAME_PYTHON);
	CHECK_PART(1, 510, A, BLAME_HANDOFF);
	CHECK_PART(2, 600, B, BLAME_PYTHON);
}

static void a_release_that_is_told_late_changes_nothing(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 500, FREE, A }, { 540, LOOK, B, 510 }, { 520, RELEASED, C });
	cut(10, 600);
	CHECK_INT(parts_n, 3);
	CHECK_PART(2, 600, B, BLAME_PYTHON);
}

static void a_sleeping_holder_cannot_have_released(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 100, OFF, A }, { 500, RELEASED, B });
	cut(10, 600);
	CHECK_PART(1, 600, A, BLAME_OFFCPU);
}

static void a_late_look_changes_nothing(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 540, LOOK, B, 510 }, { 500, LOOK, A, 5 });
	cut(10, 600);
	CHECK_INT(parts_n, 2);
	CHECK_PART(0, 510, A, BLAME_PYTHON);
	CHECK_PART(1, 600, B, BLAME_PYTHON);
}

static void off_its_cpu_it_sleeps_or_is_preempted(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 100, OFF, A }, { 300, PREEMPT, A }, { 350, ON, A },
	     { 400, PREEMPT, A }, { 450, ON, A }, { 470, ON, A });
	cut(10, 500);
	CHECK_INT(parts_n, 6);
	CHECK_PART(0, 100, A, BLAME_PYTHON);
	CHECK_PART(1, 300, A, BLAME_OFFCPU);
	CHECK_INT(parts[1].nr, NANOSLEEP);
	CHECK_PART(2, 350, A, BLAME_PREEMPTED);
	CHECK_INT(parts[2].nr, 0);
	CHECK_PART(3, 400, A, BLAME_PYTHON);
	CHECK_PART(4, 450, A, BLAME_PREEMPTED);
	CHECK_PART(5, 500, A, BLAME_PYTHON);
}

static void who_does_not_drop_it_when_asked_is_in_c(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 5000, ASKED }, { 9000, FREE, A }, { 9100, LOOK, B, 9010 });
	cut(10, 9000);
	CHECK_INT(parts_n, 2);
	CHECK_PART(0, 5000, A, BLAME_PYTHON);
	CHECK_PART(1, 9000, A, BLAME_NATIVE);
}

static void who_drops_it_when_asked_is_in_bytecode(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 5000, ASKED }, { 5020, FREE, A }, { 5100, LOOK, B, 5030, 1 });
	cut(10, 5020);
	CHECK_INT(parts_n, 1);
	CHECK_PART(0, 5020, A, BLAME_PYTHON);
	cut(5030, 9000);
	CHECK_PART(0, 9000, B, BLAME_PYTHON); /* nobody has asked B */
}

static void asked_it_stays_asked_over_a_preemption(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 5000, ASKED }, { 5100, PREEMPT, A }, { 7000, ON, A },
	     { 9000, FREE, A });
	cut(10, 9000);
	CHECK_PART(2, 9000, A, BLAME_NATIVE);
}

static void a_stack_holds_backwards_while_nothing_was_known(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 1000, LOOK, A, 5 }, { 1000, STACK, A, 7 }, { 2000, LOOK, A, 5 },
	     { 2000, STACK, A, 8 });
	cut(10, 3000);
	CHECK_INT(parts_n, 2);
	CHECK_INT(parts[0].stack, 7);
	CHECK_INT(parts[0].end, 2000 * US);
	CHECK_INT(parts[1].stack, 8);
}

/* There it stands where it once dropped the GIL, not where it keeps it. */
static void a_stack_as_it_took_the_gil_gives_way_to_a_later_one(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 50, LOOK, A, 5 }, { 50, STACK, A, 7 }, { 5000, LOOK, A, 5 },
	     { 5000, STACK, A, 8 }, { 9000, LOOK, A, 5 }, { 9000, STACK, A, 9 });
	cut(10, 9500);
	CHECK_INT(parts_n, 2);
	CHECK_INT(parts[0].stack, 8);
	CHECK_INT(parts[0].end, 9000 * US);
	CHECK_INT(parts[1].stack, 9);
}

static void where_it_sleeps_only_a_walk_then_can_tell(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 50, STACK, A, 7 }, { 60, OFF, A }, { 9000, LOOK, A, 5 });
	cut(60, 9000);
	CHECK_INT(parts[0].stack, 0);
	PLAY({ 10, LOOK, A, 5 }, { 50, STACK, A, 7 }, { 60, OFF, A }, { 60, STACK, A, 8 },
	     { 90, ON, A }, { 100, STACK, A, 9 });
	cut(60, 9000);
	CHECK_INT(parts[0].stack, 8);
	CHECK_INT(parts[0].kind, BLAME_OFFCPU);
	CHECK_INT(parts[1].stack, 9);
}

static void a_stack_of_another_than_the_holder_says_nothing(void)
{
	PLAY({ 10, LOOK, A, 5 }, { 50, STACK, B, 7 });
	cut(10, 100);
	CHECK_INT(parts[0].stack, 0);
}

static void a_tenure_ends_when_the_gil_is_free_or_anothers(void)
{
	struct timeline_part p;

	PLAY({ 10, LOOK, A, 5 }, { 100, OFF, A }, { 300, ON, A }, { 400, STACK, A, 7 });
	CHECK(!timeline__ended(timeline, &p));
	play_event(&(struct event){ 500, FREE, A });
	CHECK(timeline__ended(timeline, &p));
	CHECK_INT(p.begin, 5 * US);
	CHECK_INT(p.end, 500 * US);
	CHECK_INT(p.holder, A);
	CHECK_INT(p.stack, 7);
	CHECK(!timeline__ended(timeline, &p));
	play_event(&(struct event){ 600, LOOK, B, 510 });
	CHECK(!timeline__ended(timeline, &p));
	play_event(&(struct event){ 700, LOOK, C, 650 });
	CHECK(timeline__ended(timeline, &p));
	CHECK_INT(p.holder, B);
	CHECK_INT(p.begin, 510 * US);
	CHECK_INT(p.end, 650 * US);
}

static void what_the_ring_has_forgotten_is_nobodys(void)
{
	renew();
	for (uint64_t i = 0; i < TIMELINE_SEGMENTS + 100; i++)
		play_event(&(struct event){ 10 * (i + 1), LOOK, i % 2 ? A : B, 10 * i + 5, i });
	cut(0, 10 * (TIMELINE_SEGMENTS + 100));
	CHECK(parts_n == MAX_PARTS || parts[0].kind == BLAME_UNKNOWN);
	parts_n = 0;
	timeline__cut(timeline, 0, 500 * US, note_part, NULL);
	CHECK_INT(parts_n, 1);
	CHECK_INT(parts[0].kind, BLAME_UNKNOWN);
}

/* --- random scripts --------------------------------------------------------------------------- */

struct check {
	uint64_t begin, end; /* what is left of the wait */
	bool broken;
};

static void check_part(void *ctx, const struct timeline_part *p)
{
	struct check *c = ctx;

	if (p->end != c->end || p->begin >= p->end || p->begin < c->begin ||
	    p->kind >= BLAME_KINDS || (p->kind == BLAME_UNKNOWN) != (p->holder == 0))
		c->broken = true;
	c->end = p->begin;
}

static void random_scripts_leave_no_gap(void)
{
	static const uint64_t threads[] = { A, B, C };

	srand(1);
	for (int run = 0; run < 50; run++) {
		uint64_t now = 0;

		renew();
		for (int i = 0; i < 6000; i++) {
			struct event e = { now, rand() % 8, threads[rand() % 3], rand() % 3000,
					   i / 3 };
			uint64_t late = rand() % 10 ? 0 : rand() % 30, wait = rand() % 3000;
			struct check c = { (now > wait ? now - wait : 0) * US, now * US, false };

			e.at = now > late ? now - late : now;
			if (e.what <= FREE)
				e.arg = now > e.arg ? now - e.arg : 0;
			play_event(&e);
			timeline__cut(timeline, c.begin, c.end, check_part, &c);
			CHECK(!c.broken);
			CHECK_INT(c.end, c.begin);
			now += rand() % 50;
		}
	}
}

int main(void)
{
	TAP_RUN(before_the_first_look_nothing_is_known);
	TAP_RUN(nothing_at_all_is_known);
	TAP_RUN(between_release_and_next_holder_is_handoff);
	TAP_RUN(who_runs_from_the_very_release_holds_from_there);
	TAP_RUN(who_ran_all_the_time_took_it_half_way);
	TAP_RUN(who_ran_to_take_it_took_it_at_once);
	TAP_RUN(a_holder_that_came_and_went_unseen_had_it_in_between);
	TAP_RUN(a_woken_waiter_tells_of_the_release);
	TAP_RUN(a_release_that_is_told_late_changes_nothing);
	TAP_RUN(a_sleeping_holder_cannot_have_released);
	TAP_RUN(a_late_look_changes_nothing);
	TAP_RUN(off_its_cpu_it_sleeps_or_is_preempted);
	TAP_RUN(who_does_not_drop_it_when_asked_is_in_c);
	TAP_RUN(who_drops_it_when_asked_is_in_bytecode);
	TAP_RUN(asked_it_stays_asked_over_a_preemption);
	TAP_RUN(a_stack_holds_backwards_while_nothing_was_known);
	TAP_RUN(a_stack_as_it_took_the_gil_gives_way_to_a_later_one);
	TAP_RUN(where_it_sleeps_only_a_walk_then_can_tell);
	TAP_RUN(a_stack_of_another_than_the_holder_says_nothing);
	TAP_RUN(a_tenure_ends_when_the_gil_is_free_or_anothers);
	TAP_RUN(what_the_ring_has_forgotten_is_nobodys);
	TAP_RUN(random_scripts_leave_no_gap);
	timeline__free(timeline);
	return TAP_DONE();
}
