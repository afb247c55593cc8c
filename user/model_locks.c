/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_locks.h"

#include <errno.h>
#include <stdlib.h>

#include "compare.h"

#define MATTERS 0.05 /* of all threads' time */

static int by_lock(const struct capture_lock *p, const struct capture_lock *q)
{
	int order = compare__u64(p->key, q->key);

	order = order ? order : compare__u64(p->pid, q->pid);
	return order ? order : compare__u64(p->address, q->address);
}

static int by_owner(const void *a, const void *b)
{
	const struct capture_lock *p = *(const struct capture_lock *const *)a;
	const struct capture_lock *q = *(const struct capture_lock *const *)b;
	int order = by_lock(p, q);

	order = order ? order : compare__u64(p->owner_tid, q->owner_tid);
	return order ? order : compare__u64(p->tid, q->tid);
}

static int by_waiter(const void *a, const void *b)
{
	const struct capture_lock *p = *(const struct capture_lock *const *)a;
	const struct capture_lock *q = *(const struct capture_lock *const *)b;

	return compare__u64(p->tid, q->tid);
}

static int gravest_owner(const void *a, const void *b)
{
	const struct model_owner *p = a, *q = b;
	int order = compare__u64(q->wait_ns, p->wait_ns);

	return order ? order : compare__u64(p->tid, q->tid);
}

static int gravest_lock(const void *a, const void *b)
{
	const struct model_lock *p = a, *q = b;
	int order = compare__u64(q->wait_ns, p->wait_ns);

	order = order ? order : compare__u64(p->process->process->pid, q->process->process->pid);
	order = order ? order : compare__u64(p->process->process->key, q->process->process->key);
	return order ? order : compare__u64(p->address, q->address);
}

static int by_key(const void *a, const void *b)
{
	const struct model_process *p = *(const struct model_process *const *)a;
	const struct model_process *q = *(const struct model_process *const *)b;
	int order = compare__u64(p->process->key, q->process->key);

	return order ? order : compare__u64(p->process->pid, q->process->pid);
}

/* Adds the owners among rows[0...n-1], which are of one lock and sorted by owner, at `to`. */
static size_t add_owners(struct model_owner *to, const struct capture_lock **rows, size_t n)
{
	size_t owners = 0;

	for (size_t i = 0; i < n; i++) {
		if (!rows[i]->owner_tid)
			continue;
		if (!owners || to[owners - 1].tid != rows[i]->owner_tid)
			to[owners++] = (struct model_owner){ .tid = rows[i]->owner_tid };
		to[owners - 1].wait_ns = model__sum(to[owners - 1].wait_ns, rows[i]->wait_ns);
	}
	if (owners)
		qsort(to, owners, sizeof(*to), gravest_owner);
	return owners;
}

static uint64_t count_waiters(const struct capture_lock **rows, size_t n)
{
	uint64_t waiters = 0;

	qsort(rows, n, sizeof(*rows), by_waiter);
	for (size_t i = 0; i < n; i++)
		waiters += rows[i]->tid && (!i || rows[i]->tid != rows[i - 1]->tid);
	return waiters;
}

/* rows[0...n-1] are of one lock, sorted by owner. */
static void add_lock(struct model_locks *l, const struct model_process *p,
		     const struct capture_lock **rows, size_t n, struct model_owner *owners)
{
	struct model_lock *lock = &l->locks[l->locks_n++];

	lock->process = p;
	lock->address = rows[0]->address;
	for (size_t i = 0; i < n; i++) {
		lock->wait_ns = model__sum(lock->wait_ns, rows[i]->wait_ns);
		lock->count = model__sum(lock->count, rows[i]->count);
		lock->symbol = lock->symbol ? lock->symbol : rows[i]->symbol;
	}
	lock->owners = owners;
	lock->owners_n = add_owners(owners, rows, n);
	lock->waiters = count_waiters(rows, n);
}

static const struct model_process *process_of(const struct model_process **sorted, size_t n,
					      const struct capture_lock *row)
{
	const struct capture_process named = { .key = row->key, .pid = row->pid };
	const struct model_process probe = { .process = &named }, *pointer = &probe;
	const struct model_process **found = bsearch(&pointer, sorted, n, sizeof(*sorted), by_key);

	return found ? *found : NULL;
}

static void sort_out(struct model_locks *l, const struct model *m,
		     const struct model_process **processes, const struct capture_lock **rows)
{
	size_t n = m->capture->locks_n, end;

	for (size_t i = 0; i < m->processes_n; i++)
		processes[i] = &m->processes[i];
	for (size_t i = 0; i < n; i++)
		rows[i] = &m->capture->locks[i];
	qsort(processes, m->processes_n, sizeof(*processes), by_key);
	qsort(rows, n, sizeof(*rows), by_owner);
	for (size_t i = 0; i < n; i = end) {
		const struct model_process *p = process_of(processes, m->processes_n, rows[i]);

		for (end = i + 1; end < n && !by_lock(rows[end], rows[i]); end++)
			;
		if (p)
			add_lock(l, p, rows + i, end - i, l->owners + i);
	}
	qsort(l->locks, l->locks_n, sizeof(*l->locks), gravest_lock);
}

struct model_locks *model_locks__new(const struct model *m)
{
	size_t n = m->capture->locks_n;
	const struct model_process **processes = calloc(m->processes_n + 1, sizeof(*processes));
	const struct capture_lock **rows = calloc(n + 1, sizeof(*rows));
	struct model_locks *l = calloc(1, sizeof(*l));

	if (l) {
		l->locks = calloc(n + 1, sizeof(*l->locks));
		l->owners = calloc(n + 1, sizeof(*l->owners));
	}
	if (processes && rows && l && l->locks && l->owners) {
		sort_out(l, m, processes, rows);
	} else {
		model_locks__free(l);
		l = NULL;
		errno = ENOMEM;
	}
	free(processes);
	free(rows);
	return l;
}

void model_locks__free(struct model_locks *l)
{
	if (!l)
		return;
	free(l->locks);
	free(l->owners);
	free(l);
}

bool model_lock__matters(const struct model_lock *l)
{
	return l->waiters >= 2 && model__share(l->wait_ns, l->process->exists_ns) >= MATTERS;
}
