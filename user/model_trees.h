/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processes of a capture as trees, and the workers among them. Pure.
 *
 * Workers are two or more children of one parent that run the same program: their command lines differ in
 * digits at most (multiprocessing's spawn puts a descriptor into each). Those that lived for less than half
 * as long as the one that lived longest do not count: they were replaced, or came late.
 *
 * A worker is idle that used or wanted a CPU for less than 1 % of the time it lived, and slept less than
 * 10 times a second (the thresholds of the verdict: one that does I/O sleeps more often). Imbalance is the
 * CPU time of the busiest worker over the mean of all.
 */
#ifndef GILPROF_MODEL_TREES_H
#define GILPROF_MODEL_TREES_H

#include "model.h"

#define MODEL_NONE SIZE_MAX

/* A process in its tree; there are as many as m->processes, in the same order. Others by their index. */
struct model_member {
	const struct model_process *process;
	size_t parent; /* MODEL_NONE: it is a root */
	size_t first,
		next; /* its child, and its parent's next one, those that wanted most CPU first */
	size_t tree, depth;
	size_t group; /* of workers; MODEL_NONE: it is none */
	bool idle;
};

struct model_group {
	const struct model_process *parent;
	size_t tree;
	bool forked; /* they run the same program as their parent */
	size_t workers_n;
	const struct model_member **workers; /* who used most CPU time first */
	size_t idle_n;
	size_t left_out; /* that did not live long enough */
	uint64_t cpu_ns;
	double imbalance; /* 0: none used any CPU time */
};

struct model_tree {
	size_t root;
	uint64_t processes;
	double wanted, achieved;
	uint64_t cpu_ns;
	/* the CPU time of all over the window: how many times faster than if one had done it after the other */
	double speedup;
	uint64_t pipe_ns, socket_ns, semaphore_ns; /* of all threads, asleep */
	uint64_t rss_bytes, pss_bytes;
	uint64_t
		spared_bytes; /* anonymous memory that there is only once, thanks to copy-on-write */
	uint64_t without_pss; /* processes whose PSS is not known */
};

struct model_trees {
	size_t trees_n, groups_n;
	struct model_tree *trees;   /* in the order of their busiest processes */
	struct model_group *groups; /* by tree, then who used most CPU time first */
	struct model_member *members;
	const struct model_member **workers; /* of all groups */
};

struct model_trees *model_trees__new(const struct model *m); /* NULL and ENOMEM */
void model_trees__free(struct model_trees *t);		     /* NULL is fine */

/* The member that comes after this one in a walk over its tree, parents first; MODEL_NONE: it is the last. */
size_t model_trees__next(const struct model_trees *t, size_t member);

/*
 * Memory of the process that there is only once though other processes have it, too, because none has
 * written to it since the fork: bytes that it would need more if each had its own.
 */
uint64_t model_process__spared(const struct model_process *p);

#endif
