// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of the same thread: a thread that makes exec takes the TID of its leader, which has a row of
 * its own until then. Their times do not overlap, so they are added up; what was added is zeroed, so
 * that doing this twice changes nothing.
 */
#include "capture_merge.h"
#include "model.h"

static void merge(struct capture_thread *to, struct capture_thread *from)
{
	char *earlier_name = to->name;

	if (from->exists_ns) {
		to->name = from->name;
		from->name = earlier_name;
	}
	to->born |= from->born;
	to->exited &= from->exited;
	capture_thread__add(to, from);
}

size_t model__merge(struct capture_thread **sorted, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct capture_thread *before = kept ? sorted[kept - 1] : NULL, *t = sorted[i];

		if (before && t->tid && before->key == t->key && before->pid == t->pid &&
		    before->tid == t->tid)
			merge(before, t);
		else
			sorted[kept++] = t;
	}
	return kept;
}
