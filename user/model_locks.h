/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture says of each lock: who waited, and who held it. */
#ifndef GILPROF_MODEL_LOCKS_H
#define GILPROF_MODEL_LOCKS_H

#include "model.h"

struct model_owner {
	uint32_t tid;
	uint64_t wait_ns; /* of those that fell asleep while it held the lock */
};

struct model_lock {
	const struct model_process *process;
	uint64_t address;   /* 0: those that are not known */
	const char *symbol; /* or NULL */
	uint64_t wait_ns, count;
	uint64_t waiters; /* threads */
	size_t owners_n;
	const struct model_owner *owners; /* those known, who cost most first */
};

struct model_locks {
	size_t locks_n;
	struct model_lock *locks;   /* the most waited for first */
	struct model_owner *owners; /* of all of them */
};

struct model_locks *model_locks__new(const struct model *m); /* NULL and ENOMEM */
void model_locks__free(struct model_locks *l);		     /* NULL is fine */

/* Several threads waited for it, and that took a good part of the time of the process's threads. */
bool model_lock__matters(const struct model_lock *l);

#endif
