/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GILs that blame is about: of each its timeline, who is meant by the holder that others see, and what was
 * waited under its holds. Pure; memory is bounded.
 */
#ifndef GILPROF_BLAME_GIL_H
#define GILPROF_BLAME_GIL_H

#include <stdint.h>

#include "../bpf/wire.h"
#include "hold_run.h"
#include "timeline.h"

struct blame_gils;
struct blame_gil;

struct blame_gils *blame_gils__new(void);     /* NULL and ENOMEM */
void blame_gils__free(struct blame_gils *gs); /* NULL is fine */

/* That of process `key` at address `gil`, the same one each time. NULL: no memory, or too many. */
struct blame_gil *blame_gils__get(struct blame_gils *gs, uint64_t key, uint64_t gil);
/* NULL: it was never got. */
struct blame_gil *blame_gils__find(const struct blame_gils *gs, uint64_t key, uint64_t gil);

/* Nothing that was known of holders holds any more. */
void blame_gils__forget(struct blame_gils *gs);

uint64_t blame_gil__address(const struct blame_gil *g);
struct timeline *blame_gil__timeline(const struct blame_gil *g);

/* The switch interval that a step tells of, ns. */
uint64_t blame_gil__interval(const struct wire_gil_event *e);
/*
 * Takes from a step the switch interval, by which holds are long or not, and for how many slices of time its
 * own stands: what is waited for this GIL from now on counts so many times.
 */
void blame_gil__note(struct blame_gil *g, const struct wire_gil_event *e);

/* What was waited under its holds, by hold_run.h; its weight is that of all charges. */
struct hold_totals *blame_gil__holds(struct blame_gil *g);

/*
 * In CPython 3.12 the first PyThreadState of an interpreter names the thread that created the interpreter,
 * whichever runs it (python__holds_any in bpf/python.bpf.c): others are told of a wrong holder. Who that
 * is shows when the holder speaks of the same tenure. Nobody stands for another who is seen to hold the
 * GIL himself.
 */
void blame_gil__learn(struct blame_gil *g, const struct wire_gil_event *e);
/* The fs base of who is meant by this one; mostly the same. */
uint64_t blame_gil__meant(const struct blame_gil *g, uint64_t holder);

#endif
