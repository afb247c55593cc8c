/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who made whom wait: takes the steps of threads around their GILs (struct wire_gil_event), keeps the
 * timeline of each GIL, and charges every wait to holders along it. Pure; memory is bounded.
 */
#ifndef GILPROF_BLAME_H
#define GILPROF_BLAME_H

#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"
#include "hold_run.h"
#include "timeline.h"

#define BLAME_MAX_ROWS 32768
#define BLAME_WORST 32 /* of the longest waits and holds that are kept */

struct blame;

struct blame_row {
	uint64_t key, gil;		  /* process and address */
	uint64_t holder;		  /* its fs base; 0: nobody or not known */
	uint64_t stack;			  /* of the holder; 0: not known */
	uint32_t pid, waiter, holder_tid; /* holder_tid 0: not known */
	uint32_t kind;			  /* enum blame_kind */
	uint32_t nr;			  /* BLAME_OFFCPU: the system call */
	uint32_t pad;
	uint64_t wait_ns; /* asleep */
	uint64_t runq_ns; /* the waiter's own time in a run queue while the holder had the GIL */
	uint64_t count;	  /* parts of waits */
	uint64_t samples; /* stacks behind it */
};

/* One long wait, or one long hold: then `waiter` is 0. */
struct blame_case {
	uint64_t key, gil, begin, ns;
	uint64_t holder, stack; /* the worst of the culprits: who took most of it */
	uint64_t waiter_stack;	/* 0: not walked */
	uint32_t pid, waiter, holder_tid, kind, nr;
};

struct blame *blame__new(void);	   /* NULL and ENOMEM */
void blame__free(struct blame *b); /* NULL is fine */

/* Who held a GIL when the window opened: fs base. */
void blame__seed(struct blame *b, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at);

/* All return 0 or -ENOMEM: then something was not charged, which blame__finish makes good. */
int blame__step(struct blame *b, const struct wire_gil_event *e);
/* What the steps have cost so far: in charges, each some 60 ns. */
uint64_t blame__work(const struct blame *b);

/* How long a waiter slept on average, ns; 0: none has. */
uint64_t blame__mean_sleep(const struct blame *b);

/* The stack with which a thread began the wait that has just ended. */
void blame__waiter_stack(struct blame *b, const struct wire_sample_event *e);
/* The record of a thread: what it really waited, against what was charged. */
int blame__account(struct blame *b, const struct wire_thread *t);

/* The window has closed at `end`: charges what is open. Before blame__account of living threads. */
int blame__close(struct blame *b, uint64_t end);

/* What was waited for a GIL by then, and how much of it under holds of more than four switch intervals; while
 * only samples are charged, both are of these. */
struct hold_totals blame__under_holds(const struct blame *b, uint64_t key, uint64_t gil);

/* After all: rows, the gravest first; each thread's rows add up to what it waited. */
size_t blame__rows(struct blame *b, const struct blame_row **rows);
size_t blame__waits(const struct blame *b, const struct blame_case **waits); /* the longest first */
size_t blame__holds(const struct blame *b, const struct blame_case **holds);

#endif
