/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of blame: who waited for whom, how long, where. It is made at the end, from the entries of the
 * ledger and what each thread really waited.
 */
#ifndef GILPROF_BLAME_ROWS_H
#define GILPROF_BLAME_ROWS_H

#include <stdbool.h>

#include "blame.h"

struct blame_rows;

struct blame_rows *blame_rows__new(void); /* NULL and ENOMEM */
void blame_rows__free(struct blame_rows *r);

/* No two of them of the same waiter, holder, kind and stack. 0 or -ENOMEM. */
int blame_rows__add(struct blame_rows *r, const struct blame_row *row);

/* A thread waited row->wait_ns in all for this GIL. 0 or -ENOMEM. */
int blame_rows__expect(struct blame_rows *r, const struct blame_row *row);

void blame_rows__each(struct blame_rows *r, void (*f)(void *ctx, struct blame_row *row), void *ctx);

/*
 * Makes each thread's rows add up to what it waited, gives the time without a stack to the holder's
 * known ones that this waiter saw, decides what is native; returns the number of
 * rows, sorted, the gravest first. If only samples of the time were charged, each thread's rows are scaled
 * to what it waited.
 */
size_t blame_rows__finish(struct blame_rows *r, bool sampled, const struct blame_row **rows);

#endif
