/* SPDX-License-Identifier: BSD-2-Clause */
#include "hold_run.h"

#include <string.h>

static void account(struct hold_part *part, struct hold_totals *totals)
{
	totals->all_ns += part->ns * totals->weight;
	if (part->holder && part->ns > totals->limit_ns)
		totals->long_ns += part->ns * totals->weight;
	memset(part, 0, sizeof(*part));
}

void hold_run__part(struct hold_run *r, uint64_t holder, uint64_t ns, struct hold_totals *totals)
{
	if (r->run.ns && r->run.holder != holder) {
		if (r->runs++ == 0)
			r->last = r->run; /* which the next sleep may go on with */
		else
			account(&r->run, totals);
		r->run.ns = 0;
	}
	r->run.holder = holder;
	r->run.ns += ns;
}

void hold_run__end_sleep(struct hold_run *r, struct hold_totals *totals)
{
	if (r->run.ns && r->run.holder != r->open.holder)
		account(&r->open, totals);
	r->open.holder = r->run.ns ? r->run.holder : r->open.holder;
	r->open.ns += r->run.ns;
	if (r->runs) {
		account(&r->open, totals);
		r->open = r->last;
	}
	r->runs = 0;
	memset(&r->run, 0, sizeof(r->run));
}

void hold_run__end_wait(struct hold_run *r, struct hold_totals *totals)
{
	account(&r->open, totals);
}
