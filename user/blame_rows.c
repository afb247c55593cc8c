/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame_rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

#define NATIVE_SHARE 10 /* of the time of a stack, one in so many: then all of it is native */

struct blame_rows {
	struct blame_row *rows, *expected;
	size_t n, max, expected_n, expected_max;
};

struct blame_rows *blame_rows__new(void)
{
	return calloc(1, sizeof(struct blame_rows));
}

void blame_rows__free(struct blame_rows *r)
{
	if (!r)
		return;
	free(r->rows);
	free(r->expected);
	free(r);
}

static int append(struct blame_row **rows, size_t *n, size_t *max, const struct blame_row *row)
{
	if (*n == *max) {
		size_t more = *max ? 2 * *max : 256;
		struct blame_row *grown = reallocarray(*rows, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*rows = grown;
		*max = more;
	}
	(*rows)[(*n)++] = *row;
	return 0;
}

int blame_rows__add(struct blame_rows *r, const struct blame_row *row)
{
	return append(&r->rows, &r->n, &r->max, row);
}

int blame_rows__expect(struct blame_rows *r, const struct blame_row *row)
{
	return append(&r->expected, &r->expected_n, &r->expected_max, row);
}

void blame_rows__each(struct blame_rows *r, void (*f)(void *ctx, struct blame_row *row), void *ctx)
{
	for (size_t i = 0; i < r->n; i++)
		f(ctx, &r->rows[i]);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int by_waiter(const void *a, const void *b)
{
	const struct blame_row *p = a, *q = b;
	int c = compare__u64(p->key, q->key);

	c = c ? c : compare__u64(p->pid, q->pid);
	c = c ? c : compare__u64(p->waiter, q->waiter);
	return c ? c : compare__u64(p->gil, q->gil);
}

static int by_holder(const void *a, const void *b)
{
	const struct blame_row *p = a, *q = b;
	int c = compare__u64(p->key, q->key);

	c = c ? c : compare__u64(p->pid, q->pid);
	c = c ? c : compare__u64(p->holder_tid, q->holder_tid);
	c = c ? c : compare__u64(p->stack, q->stack);
	return c ? c : compare__u64(p->kind, q->kind);
}

static int by_weight(const void *a, const void *b)
{
	const struct blame_row *p = a, *q = b;
	int c = compare__u64(q->wait_ns + q->runq_ns, p->wait_ns + p->runq_ns);

	c = c ? c : by_waiter(a, b);
	c = c ? c : by_holder(a, b);
	return c ? c : compare__u64(p->nr, q->nr);
}

/* [from, to) are rows of one waiter and GIL, charged `sum` instead of `want`. */
static void scale(struct blame_row *from, struct blame_row *to, uint64_t sum, uint64_t want)
{
	for (struct blame_row *row = from; row < to && sum; row++) {
		uint64_t part = (uint64_t)((__uint128_t)row->wait_ns * want / sum);

		row->runq_ns = row->wait_ns ? (uint64_t)((__uint128_t)row->runq_ns * want / sum)
					    : row->runq_ns;
		sum -= row->wait_ns;
		want -= part;
		row->wait_ns = part;
	}
}

/* Law 3: what was charged is what was waited; what was not charged is nobody's. */
static void reconcile(struct blame_rows *r, bool sampled, const struct blame_row *expected)
{
	size_t low = 0, high = r->n, end;
	uint64_t sum = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_waiter(&r->rows[middle], expected) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < r->n && !by_waiter(&r->rows[end], expected); end++)
		sum += r->rows[end].wait_ns;
	if (sum > expected->wait_ns || (sampled && sum))
		scale(r->rows + low, r->rows + end, sum, expected->wait_ns);
}

/*
 * Nobody says how long this waiter has waited for this GIL: a thread's record has found no room, or, of a thread
 * that uses more than WIRE_GIL_USES of them, has it under another.
 */
static void drop_unexpected(struct blame_rows *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n && r->expected_n; i++)
		if (bsearch(&r->rows[i], r->expected, r->expected_n, sizeof(*r->expected),
			    by_waiter))
			r->rows[n++] = r->rows[i];
	r->n = n;
}

static uint64_t charged(const struct blame_rows *r, size_t n, const struct blame_row *expected)
{
	const struct blame_row *row = n ? bsearch(expected, r->rows, n, sizeof(*row), by_waiter)
					: NULL;
	uint64_t sum = 0;

	if (!row)
		return 0;
	while (row > r->rows && !by_waiter(row - 1, expected))
		row--;
	for (; row < r->rows + n && !by_waiter(row, expected); row++)
		sum += row->wait_ns;
	return sum;
}

static void add_missing(struct blame_rows *r)
{
	size_t n = r->n;

	for (size_t i = 0; i < r->expected_n; i++) {
		struct blame_row row = r->expected[i];
		uint64_t have = charged(r, n, &row);

		if (row.wait_ns <= have)
			continue;
		row.wait_ns -= have;
		row.count = 1;
		if (append(&r->rows, &r->n, &r->max, &row))
			return; /* the law will say so */
	}
}

/* One record per thread and GIL, even if it was sent twice (exec by another thread). */
static void merge_expected(struct blame_rows *r)
{
	size_t n = 0;

	if (r->expected_n)
		qsort(r->expected, r->expected_n, sizeof(*r->expected), by_waiter);
	for (size_t i = 0; i < r->expected_n; i++) {
		if (n && !by_waiter(&r->expected[n - 1], &r->expected[i]))
			r->expected[n - 1].wait_ns += r->expected[i].wait_ns;
		else
			r->expected[n++] = r->expected[i];
	}
	r->expected_n = n;
}

/* --- time without a stack --------------------------------------------------------------------- */

/* What a holder did, seen by one waiter: on a CPU it is one, whether in bytecode or in C. */
static uint32_t deed(const struct blame_row *row)
{
	return row->kind == BLAME_NATIVE ? BLAME_PYTHON : row->kind;
}

static int by_deed(const struct blame_row *p, const struct blame_row *q)
{
	int c = by_waiter(p, q);

	c = c ? c : compare__u64(p->holder_tid, q->holder_tid);
	c = c ? c : compare__u64(p->holder, q->holder);
	c = c ? c : compare__u64(deed(p), deed(q));
	return c ? c : compare__u64(p->nr, q->nr);
}

/* The rows without a stack are the first of each deed. */
static int by_deed_and_stack(const void *a, const void *b)
{
	const struct blame_row *p = a, *q = b;
	int c = by_deed(p, q);

	c = c ? c : compare__u64(p->stack, q->stack);
	return c ? c : compare__u64(p->kind, q->kind);
}

static uint64_t weight(const struct blame_row *row)
{
	return row->wait_ns + row->runq_ns;
}

static uint64_t move(uint64_t *from, uint64_t part, uint64_t of)
{
	uint64_t moved = (uint64_t)((__uint128_t)*from * part / of);

	*from -= moved;
	return moved;
}

/* Gives what `without` has to the rows [from, to), each its share by weight, to the last ns. */
static void share_out(struct blame_row *without, struct blame_row *from, struct blame_row *to)
{
	uint64_t rest = 0;

	for (const struct blame_row *row = from; row < to; row++)
		rest += weight(row);
	for (struct blame_row *row = from; row < to && rest; row++) {
		uint64_t part = weight(row);

		row->wait_ns += move(&without->wait_ns, part, rest);
		row->runq_ns += move(&without->runq_ns, part, rest);
		row->count += move(&without->count, part, rest);
		rest -= part;
	}
}

static bool is_empty(const struct blame_row *row)
{
	return !row->wait_ns && !row->runq_ns;
}

static void give_stacks(struct blame_rows *r)
{
	size_t end, known, n = 0;

	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_deed_and_stack);
	for (size_t i = 0; i < r->n; i = end) {
		for (end = i + 1; end < r->n && !by_deed(&r->rows[i], &r->rows[end]);)
			end++;
		for (known = i; known < end && !r->rows[known].stack;)
			known++;
		for (size_t j = i; j < known; j++)
			share_out(&r->rows[j], r->rows + known, r->rows + end);
	}
	for (size_t i = 0; i < r->n; i++)
		if (!is_empty(&r->rows[i]))
			r->rows[n++] = r->rows[i];
	r->n = n;
}

/* On a CPU, in the same place, some of it provably in a C function: so is the rest of it. */
static void decide_native(struct blame_rows *r)
{
	size_t end;

	for (size_t i = 0; i < r->n; i = end) {
		uint64_t ns[2] = { 0, 0 };

		for (end = i; end < r->n && r->rows[end].stack == r->rows[i].stack &&
			      r->rows[end].holder_tid == r->rows[i].holder_tid &&
			      r->rows[end].key == r->rows[i].key;
		     end++)
			if (r->rows[end].kind <= BLAME_NATIVE)
				ns[r->rows[end].kind] += r->rows[end].wait_ns;
		if (!r->rows[i].stack || ns[BLAME_NATIVE] * NATIVE_SHARE < ns[0] + ns[1] ||
		    !ns[BLAME_NATIVE])
			continue;
		for (size_t j = i; j < end; j++)
			if (r->rows[j].kind == BLAME_PYTHON)
				r->rows[j].kind = BLAME_NATIVE;
	}
}

size_t blame_rows__finish(struct blame_rows *r, bool sampled, const struct blame_row **rows)
{
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_waiter);
	merge_expected(r);
	for (size_t i = 0; i < r->expected_n; i++)
		reconcile(r, sampled, &r->expected[i]);
	drop_unexpected(r);
	add_missing(r);
	give_stacks(r);
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_holder);
	decide_native(r);
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_weight);
	*rows = r->rows;
	return r->n;
}
