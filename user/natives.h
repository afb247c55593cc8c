/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callers in machine code: takes what the kernel side tells of them during the window (--native), and at
 * its end makes them and Python's stacks one.
 */
#ifndef GILPROF_NATIVES_H
#define GILPROF_NATIVES_H

#include <stdint.h>

#include "../bpf/wire.h"
#include "samples.h"
#include "stacks.h"
#include "symbols.h"

struct natives;

/* The others must outlive it. NULL and ENOMEM. */
struct natives *natives__new(struct symbols *symbols, struct stacks *stacks, enum wire_native how);
void natives__free(struct natives *n); /* NULL is fine */

/* An event of `len` bytes. 0 or -errno: there are no callers then. */
int natives__callers(struct natives *n, const struct wire_callers_event *e, size_t len);

/*
 * The same; -EAGAIN: a caller is where its process was not known to have code. When symbols have noted
 * it anew, the event may be handed in again, once.
 */
int natives__memory(struct natives *n, const struct wire_memory_event *e, size_t len);

/*
 * Where the thread of an EV_SAMPLE or EV_OFF was, whose event of callers has come before. False: that
 * did not come, or was lost.
 */
struct natives_place {
	uint64_t ip;
	uint32_t callers; /* a number of user/callers.h; 0: none known */
};

bool natives__claim(struct natives *n, const struct wire_sample_event *e,
		    struct natives_place *place);

/* As unwinder__end. */
void natives__end_child(struct natives *n);

/* The window is over: these are all rows. They must outlive it. 0 or -ENOMEM. */
int natives__finish(struct natives *n, const struct samples *samples);

/* The capture's number of a row's whole stack; 0: nothing is known of it. */
uint32_t natives__node(struct natives *n, const struct samples_row *row);

/*
 * The same of a stack of Python, from where it was seen most in a sample: up to its newest frame of
 * Python. stacks__node(), if it was in none.
 */
uint32_t natives__python_node(struct natives *n, uint64_t key, uint64_t stack);

/* Copies of stacks that could not be unwound. */
uint64_t natives__lost(const struct natives *n);

#endif
