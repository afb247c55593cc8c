/* SPDX-License-Identifier: BSD-2-Clause */
#include "locks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "compare.h"

#define MAX_THREADS 65536 /* that owners are looked for among: the last ones that ended */

/* A thread, as the target knows it and as we do. */
struct named {
	uint64_t key;
	uint32_t ns_tid, tid;
};

struct locks {
	struct named *threads;
	size_t threads_n, threads_max;
	size_t next; /* to be forgotten, when there are too many */
	bool sorted;
	struct locks_row *rows;
	size_t rows_n, rows_max;
};

struct locks *locks__new(void)
{
	return calloc(1, sizeof(struct locks));
}

void locks__free(struct locks *l)
{
	if (!l)
		return;
	free(l->threads);
	free(l->rows);
	free(l);
}

/* Room for one more of `size` bytes. */
static int grow(void **list, size_t n, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 64;
	void *grown;

	if (n < *max)
		return 0;
	grown = reallocarray(*list, more, size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*max = more;
	return 0;
}

static int by_lock(const void *a, const void *b)
{
	const struct locks_row *p = a, *q = b;
	int order = compare__u64(p->key, q->key);

	order = order ? order : compare__u64(p->pid, q->pid);
	order = order ? order : compare__u64(p->address, q->address);
	order = order ? order : compare__u64(p->tid, q->tid);
	return order ? order : compare__u64(p->owner_tid, q->owner_tid);
}

/* Rows of the same waiter, lock and owner become one. */
static void merge(struct locks *l)
{
	size_t kept = 0;

	if (l->rows_n)
		qsort(l->rows, l->rows_n, sizeof(*l->rows), by_lock);
	for (size_t i = 0; i < l->rows_n; i++) {
		struct locks_row *last = kept ? &l->rows[kept - 1] : NULL;

		if (!last || by_lock(last, &l->rows[i])) {
			l->rows[kept++] = l->rows[i];
			continue;
		}
		last->wait_ns += l->rows[i].wait_ns;
		last->count += l->rows[i].count;
	}
	l->rows_n = kept;
}

/* Threads come and go, and what they have left over is added up: memory is needed for rows that differ. */
static int add_row(struct locks *l, const struct locks_row *row)
{
	void *list = l->rows;
	int err = 0;

	if (l->rows_n == l->rows_max) {
		merge(l);
		if (l->rows_n >= l->rows_max / 2)
			err = grow(&list, l->rows_max, &l->rows_max, sizeof(*row));
		l->rows = list;
	}
	if (!err)
		l->rows[l->rows_n++] = *row;
	return err;
}

/* What found no room in the kernel's map: one row for each process. */
static int add_rest(struct locks *l, const struct wire_thread *t)
{
	const struct locks_row row = {
		.key = t->key,
		.pid = t->tgid,
		.wait_ns = t->lock.rest_ns,
		.count = t->lock.rest_count,
	};

	return row.count ? add_row(l, &row) : 0;
}

int locks__thread(struct locks *l, const struct wire_thread *t)
{
	const struct named named = { .key = t->key, .ns_tid = t->ns_tid, .tid = t->tid };
	void *list = l->threads;
	int err;

	l->sorted = false;
	if (l->threads_n == MAX_THREADS) {
		l->threads[l->next] = named;
		l->next = (l->next + 1) % MAX_THREADS;
		return add_rest(l, t);
	}
	err = grow(&list, l->threads_n, &l->threads_max, sizeof(named));
	l->threads = list;
	if (err)
		return err;
	l->threads[l->threads_n++] = named;
	return add_rest(l, t);
}

static int by_name(const void *a, const void *b)
{
	const struct named *p = a, *q = b;
	int order = compare__u64(p->key, q->key);

	return order ? order : compare__u64(p->ns_tid, q->ns_tid);
}

/* The TID of a thread that its process knows by another; 0: it has none of that name. */
static uint32_t tid_of(struct locks *l, uint64_t key, uint32_t ns_tid)
{
	const struct named probe = { .key = key, .ns_tid = ns_tid };
	const struct named *found;

	if (!ns_tid || !l->threads_n)
		return 0;
	if (!l->sorted)
		qsort(l->threads, l->threads_n, sizeof(*l->threads), by_name);
	l->sorted = true;
	found = bsearch(&probe, l->threads, l->threads_n, sizeof(*l->threads), by_name);
	return found ? found->tid : 0;
}

uint32_t locks__owner(struct locks *l, uint64_t key, const struct mutex_head *head)
{
	return tid_of(l, key, mutex__owner(head));
}

int locks__add(struct locks *l, const struct wire_lock_key *k, uint32_t pid, uint64_t wait_ns,
	       uint64_t count)
{
	const struct locks_row row = {
		.key = k->key,
		.pid = pid,
		.address = k->address <= INT64_MAX ? k->address : 0,
		.tid = k->tid,
		.owner_tid = tid_of(l, k->key, k->owner),
		.wait_ns = wait_ns,
		.count = count,
	};

	return add_row(l, &row);
}

size_t locks__rows(struct locks *l, const struct locks_row **rows)
{
	merge(l);
	*rows = l->rows;
	return l->rows_n;
}
