/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline of one GIL: who held it when, and what the holder was doing. It is put together from what
 * threads saw of the GIL at their scheduler events (struct wire_gil_event), which come in the order of
 * their times but for microseconds. Pure. A wait is then cut along it: charging a whole wait to the
 * holder seen at its start is wrong by 5 to 22 % with four threads, the timeline by 0.1 to 0.7 %.
 */
#ifndef GILPROF_TIMELINE_H
#define GILPROF_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_SEGMENTS 4096 /* what lies further back is forgotten: it is nobody's then */

/*
 * Waits that are shorter on average are short: a lock then changes hands within microseconds, more often than
 * threads look at it, and a quarter to a half of the time is charged to the wrong holder (an echo convoy, 17 us
 * a wait; tests/blame.bats). Waits for whole turns take milliseconds.
 */
#define TIMELINE_SHORT_NS 100000

enum blame_kind {
	BLAME_PYTHON = 0,    /* on a CPU in bytecode */
	BLAME_NATIVE = 1,    /* on a CPU in a C function that keeps the GIL */
	BLAME_OFFCPU = 2,    /* asleep with the GIL */
	BLAME_PREEMPTED = 3, /* runnable with the GIL, without a CPU */
	BLAME_HANDOFF = 4,   /* nobody held it, the waiter had not run yet */
	BLAME_UNKNOWN = 5,   /* before anything was seen of it, or lost */
	BLAME_KINDS = 6,
};

struct timeline;

struct timeline *timeline__new(void); /* NULL and ENOMEM */
void timeline__free(struct timeline *t);

/* Nothing that was known holds any more. */
void timeline__forget(struct timeline *t);

/* Segments it ever had: the oldest of more than TIMELINE_SEGMENTS are forgotten. */
uint64_t timeline__length(const struct timeline *t);

/* Nothing had changed since the latest look when somebody looked at `at`. */
void timeline__confirm(struct timeline *t, uint64_t at);

/* What a thread saw of the GIL. */
struct timeline_look {
	uint64_t at; /* CLOCK_MONOTONIC ns */
	bool locked;
	uint64_t holder; /* the last one: any number that names a thread; 0: nobody, never */
	uint64_t switch_number;
	uint64_t holder_ran_since; /* when that thread last got a CPU; 0: not known */
	bool holder_waited;	   /* it did so to take this GIL: that takes it microseconds */
};

void timeline__look(struct timeline *t, const struct timeline_look *l);

/* The holder leaves its CPU with the GIL: preempted or, in system call nr, asleep; or is back on one. */
void timeline__off(struct timeline *t, uint64_t at, uint64_t holder, bool preempted, uint32_t nr);
void timeline__on(struct timeline *t, uint64_t at, uint64_t holder);

/* A waiter was woken by somebody who gave the GIL up. */
void timeline__released(struct timeline *t, uint64_t at, uint64_t waiter);

/* A waiter has asked the holder it sees to drop the GIL: bytecode does so within microseconds. */
void timeline__drop_requested(struct timeline *t, uint64_t at);

/*
 * Where the holder stood. It holds from its last change on, and backwards while nothing was known, or
 * while all that was known is where it stood as it took the GIL: there it had once given it up.
 */
void timeline__stack(struct timeline *t, uint64_t at, uint64_t holder, uint64_t stack);

/* A part of a wait, or a tenure. */
struct timeline_part {
	uint64_t begin, end;
	uint64_t holder; /* 0: nobody or not known */
	uint64_t stack;	 /* 0: not known */
	enum blame_kind kind;
	uint32_t nr;	/* of the system call it sleeps in, BLAME_OFFCPU */
	uint32_t *memo; /* for whoever cuts: 0 until set, kept while all but the kind remains; or NULL */
};

/* Tells of the parts of [begin, end], the last first; without gaps. */
void timeline__cut(struct timeline *t, uint64_t begin, uint64_t end,
		   void (*part)(void *ctx, const struct timeline_part *p), void *ctx);

/*
 * The tenure that ended with the latest call, if one did: as far as it was seen, from the holder's
 * taking the GIL until it was gone. Its kind and stack are those of its last part.
 */
bool timeline__ended(struct timeline *t, struct timeline_part *tenure);

#endif
