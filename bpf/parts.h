/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How many threads waited when: the window in parts of 2^27 ns, 134 ms. A wait is known as it ends, and adds to
 * two parts, however many it lies across: what it has of those that it did not fill, and that it filled the
 * parts between. Pure arithmetic, included by the kernel side, by user space and by the native tests.
 */
#ifndef GILPROF_PARTS_H
#define GILPROF_PARTS_H

#include "wire.h"

#define PARTS_NS (1ull << WIRE_PART_SHIFT)
#define PARTS_REACH \
	(WIRE_PARTS / 2) /* into the past: user space reads them before the others are used anew */

static inline __u32 parts__slot(__u64 part)
{
	return (__u32)part & (WIRE_PARTS - 1);
}

/* A wait, ns since the window's start. What of it is too long ago counts in the oldest part. */
static inline void parts__add(struct wire_parts *p, __u64 from, __u64 to)
{
	__u64 first = from >> WIRE_PART_SHIFT, last = to >> WIRE_PART_SHIFT;

	if (first == last) {
		p->ns[parts__slot(first)] += to - from;
		return;
	}
	if (last - first >= PARTS_REACH)
		first = last - PARTS_REACH + 1;
	p->ns[parts__slot(first)] += ((first + 1) << WIRE_PART_SHIFT) - from;
	p->ns[parts__slot(last)] += to & (PARTS_NS - 1);
	p->filled[parts__slot(first + 1)]++;
	p->filled[parts__slot(last)]--;
}

#endif
