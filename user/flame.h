/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weighted stacks merged to the tree that a flame graph draws: all, processes, threads, frames. Pure.
 *
 * The nodes are in preorder, siblings sorted by name: the pictures of two captures can be laid side by
 * side, which an order by weight would not allow. What is too deep, too narrow or too much to be drawn
 * is merged into nodes called "...", so that the weight of a node is always that of its children and of
 * the stacks that end in it.
 *
 * The tree of a difference has functions below the root: no processes, no threads, no lines of code.
 */
#ifndef GILPROF_FLAME_H
#define GILPROF_FLAME_H

#include "weights.h"

#define FLAME_REST "..."

struct flame_limits {
	uint32_t depth; /* of nodes below the root: 3 or more */
	uint32_t
		parts; /* a node is kept if its weight is this part of all, or more: 1000 for 0.1 % */
	size_t nodes; /* of the tree */
};

struct flame_node {
	const char *name;     /* as user/export_name.h has it; FLAME_REST: others, merged */
	enum frame_kind kind; /* processes and threads are FRAME_NOTE */
	uint32_t depth;	      /* 0: the root */
	uint64_t merged; /* nodes of the whole tree that this one stands for; 0: it is one itself */
	uint64_t start_ns; /* its left edge: children begin where their parent does */
	uint64_t ns, count;
	uint64_t other_ns; /* of the other capture, see weights_row */
};

struct flame;

/* NULL and errno: ENOMEM, or EOVERFLOW where the weights have no sum. No limit is 0. */
struct flame *flame__new(const struct weights *w, const struct flame_limits *l);

/* The root comes first and is always there. */
const struct flame_node *flame__nodes(const struct flame *f, size_t *n);

void flame__free(struct flame *f);

#endif
