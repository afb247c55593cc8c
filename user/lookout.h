/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps looking at the processes of the target for interpreters and GILs that come and go, when it
 * pays, and tells the kernel side what it finds.
 */
#ifndef GILPROF_LOOKOUT_H
#define GILPROF_LOOKOUT_H

#include "process.h"
#include "session.h"

struct lookout {
	struct session *session;
	uint64_t began;      /* CLOCK_MONOTONIC ns */
	uint64_t looking_ns; /* spent since */
	uint64_t until;	     /* no look takes longer; 0: there is a budget */
};

/* From now on looks have a budget; after lookout__hurry they have `ns` altogether. */
void lookout__begin(struct lookout *l, struct session *s);
void lookout__hurry(struct lookout *l, uint64_t ns);

/* The process has ended. */
void lookout__end(struct lookout *l, struct process *p);

/* A new program: look when ld.so is through with it. */
void lookout__expect(struct process *p, uint64_t now);

/* Looks at the process now. False if there is no time for it. */
bool lookout__look(struct lookout *l, struct process *p);

/* As above if it is known to have a GIL: where the GIL's counters stand. */
void lookout__mark(struct lookout *l, struct process *p);

/*
 * Looks at the process if it is due and if looking has not taken more than its share of the time.
 * Returns when to come back for it, CLOCK_MONOTONIC ns.
 */
uint64_t lookout__tick(struct lookout *l, struct process *p, uint64_t now);

#endif
