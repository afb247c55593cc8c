/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rows of blame come to: by line of code, by pair of threads. Pure. */
#ifndef GILPROF_MODEL_BLAME_H
#define GILPROF_MODEL_BLAME_H

#include "model.h"
#include "timeline.h"

/* A place that made others wait: all rows of the same process, kind and innermost frames. */
struct model_line {
	const struct capture_blame *row; /* one of them, */
	const char *thread;		 /* of this holder; NULL: several */
	uint32_t python;		 /* number of the innermost frame of Python; 0: not known */
	uint32_t native;		 /* and of a native one on it; 0: none */
	uint64_t wait_ns, runq_ns, samples;
	uint64_t waiters; /* rows of which it is the sum */
};

struct model_pair {
	uint64_t key;
	uint32_t pid, waiter, holder; /* holder 0: not known */
	uint64_t wait_ns, runq_ns;
};

struct model_blame {
	uint64_t wait_ns, runq_ns; /* sums of all rows */
	uint64_t kind_ns[BLAME_KINDS];
	uint64_t count; /* parts of waits */
	size_t lines_n, pairs_n;
	struct model_line *lines; /* the gravest first, as the pairs */
	struct model_pair *pairs;
};

struct model_blame *model_blame__new(const struct model *m); /* NULL and ENOMEM */
void model_blame__free(struct model_blame *b);		     /* NULL is fine */

extern const char *const model_blame_kinds[BLAME_KINDS]; /* "python", "native" and so on */

/* The parts of waits were short (TIMELINE_SHORT_NS): who is blamed is often the wrong one. */
bool model_blame__imprecise(const struct model_blame *b);

/* The name of a thread, "" if it is not in the model. */
const char *model__thread_name(const struct model *m, uint64_t key, uint32_t pid, uint32_t tid);

#endif
