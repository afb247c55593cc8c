/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of callers in machine code, each kept once: a tree from the root of stacks down, since most of
 * them begin alike. Bounded. Pure.
 */
#ifndef GILPROF_CALLERS_H
#define GILPROF_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALLERS_MAX 262144u /* entries of the tree */

struct callers;

struct callers *callers__new(void);    /* NULL and ENOMEM */
void callers__free(struct callers *c); /* NULL is fine */

/*
 * The number of a list of n addresses, the newest first; the same list has the same number. `whole`: the
 * last one has no caller. 0: there is no room, or nothing to keep.
 */
uint32_t callers__add(struct callers *c, const uint64_t *pc, size_t n, bool whole);

/* The list of a number, the newest first: how many were written, at most max. */
size_t callers__get(const struct callers *c, uint32_t number, uint64_t *pc, size_t max,
		    bool *whole);

#endif
