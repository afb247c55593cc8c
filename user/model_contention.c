/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_contention.h"

#include <errno.h>
#include <stdlib.h>

#include "compare.h"
#include "model_lockstacks.h"

#define WAITERS 2
#define RATE 10	    /* waits a second */
#define POOL_RATE 1 /* the same for a pool, which may be kept for long */

static int by_thread(const void *a, const void *b)
{
	const struct model_contended *p = a, *q = b;
	int order = compare__u64(p->key, q->key);

	order = order ? order : compare__u64(p->pid, q->pid);
	return order ? order : compare__u64(p->tid, q->tid);
}

/* --- what stacks tell --------------------------------------------------------------------------- */

/*
 * Of its waits for locks, those for contended ones, but at most the share in which it stood neither in a wait
 * for news nor for a pool; and then those for a pool, whose locks are each waiter's own.
 */
static void judge(struct model_contended *t, const struct model_stood *stood)
{
	uint64_t news = 0, pool = 0, most;

	if (stood) {
		news = model__scale(t->all_ns, stood->news_ns, stood->all_ns);
		pool = model__scale(t->all_ns, stood->pool_ns, stood->all_ns);
	}
	most = t->all_ns - news;
	most = most > pool ? most - pool : 0;
	t->ns = (t->ns < most ? t->ns : most) + pool;
	t->pool_ns = pool;
}

/* --- locks -------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct model_lock *p = *(const struct model_lock *const *)a;
	const struct model_lock *q = *(const struct model_lock *const *)b;
	int order = compare__u64(p->process->process->key, q->process->process->key);

	order = order ? order : compare__u64(p->process->process->pid, q->process->process->pid);
	return order ? order : compare__u64(p->address, q->address);
}

static bool may_be_contended(const struct model_lock *l, uint64_t window)
{
	return l->address && l->waiters >= WAITERS && 1e9 * model__share(l->count, window) >= RATE;
}

/* Those that may be, sorted by address. */
static size_t find_locks(const struct model_locks *locks, uint64_t window,
			 const struct model_lock **found)
{
	size_t n = 0;

	for (size_t i = 0; i < locks->locks_n; i++) {
		if (may_be_contended(&locks->locks[i], window))
			found[n++] = &locks->locks[i];
	}
	qsort(found, n, sizeof(*found), by_address);
	return n;
}

static const struct model_lock *lock_of(const struct model_lock **locks, size_t n,
					const struct capture_lock *row)
{
	const struct capture_process named = { .key = row->key, .pid = row->pid };
	const struct model_process process = { .process = &named };
	const struct model_lock probe = { .process = &process, .address = row->address };
	const struct model_lock *pointer = &probe, **found;

	found = bsearch(&pointer, locks, n, sizeof(*locks), by_address);
	return found ? *found : NULL;
}

static void merge_threads(struct model_contention *c)
{
	size_t kept = 0;

	qsort(c->threads, c->threads_n, sizeof(*c->threads), by_thread);
	for (size_t i = 0; i < c->threads_n; i++) {
		struct model_contended *last = kept ? &c->threads[kept - 1] : NULL;

		if (!last || by_thread(last, &c->threads[i])) {
			c->threads[kept++] = c->threads[i];
			continue;
		}
		last->ns = model__sum(last->ns, c->threads[i].ns);
		last->all_ns = model__sum(last->all_ns, c->threads[i].all_ns);
		last->count = model__sum(last->count, c->threads[i].count);
	}
	c->threads_n = kept;
}

static const struct model_contended *find(const struct model_contention *c,
					  const struct capture_thread *t)
{
	const struct model_contended probe = { .key = t->key, .pid = t->pid, .tid = t->tid };

	return bsearch(&probe, c->threads, c->threads_n, sizeof(probe), by_thread);
}

static bool waits_for_locks(const struct model_contention *c, const struct capture_thread *t)
{
	const struct model_contended *found = find(c, t);

	return found && found->ns > found->pool_ns;
}

/* Of the locks whose waiters did not all wait for news or a pool. */
static const struct model_lock *find_worst(const struct model_contention *c,
					   const struct capture *capture,
					   const struct model_lock **locks, size_t n)
{
	const struct model_lock *worst = NULL;

	for (size_t i = 0; i < capture->locks_n; i++) {
		const struct capture_lock *row = &capture->locks[i];
		const struct capture_thread t = { .key = row->key,
						  .pid = row->pid,
						  .tid = row->tid };
		const struct model_lock *lock = lock_of(locks, n, row);

		if (lock && (!worst || lock->wait_ns > worst->wait_ns) && waits_for_locks(c, &t))
			worst = lock;
	}
	return worst;
}

static void add_rows(struct model_contention *c, const struct capture *capture,
		     const struct model_lock **locks, size_t locks_n)
{
	for (size_t i = 0; i < capture->locks_n; i++) {
		const struct capture_lock *row = &capture->locks[i];
		bool contended = lock_of(locks, locks_n, row);

		c->threads[c->threads_n++] = (struct model_contended){
			.key = row->key,
			.pid = row->pid,
			.tid = row->tid,
			.all_ns = row->wait_ns,
			.count = contended ? 0 : row->count,
			.ns = contended ? row->wait_ns : 0,
		};
	}
	merge_threads(c);
}

/* Threads [from, to) are all of a process. A pool that they do not keep each other waiting for does not count. */
static void judge_pool(struct model_contended *from, struct model_contended *to, uint64_t window)
{
	uint64_t waiters = 0, count = 0;

	for (struct model_contended *t = from; t < to; t++) {
		waiters += t->pool_ns > 0;
		count = model__sum(count, model__scale(t->count, t->pool_ns, t->all_ns));
	}
	if (waiters >= WAITERS && 1e9 * model__share(count, window) >= POOL_RATE)
		return;
	for (struct model_contended *t = from; t < to; t++) {
		t->ns -= t->pool_ns;
		t->pool_ns = 0;
	}
}

static void judge_pools(struct model_contention *c, uint64_t window)
{
	struct model_contended *end = c->threads + c->threads_n, *from, *to;

	for (from = c->threads; from < end; from = to) {
		for (to = from; to < end && to->key == from->key && to->pid == from->pid;)
			to++;
		judge_pool(from, to, window);
	}
}

static void judge_all(struct model_contention *c, const struct capture *capture,
		      const struct model_lockstacks *stacks)
{
	uint64_t window = capture->info.duration_ns, all = 0, pool = 0;

	for (size_t i = 0; i < c->threads_n; i++) {
		struct model_contended *t = &c->threads[i];

		judge(t, model_lockstacks__find(stacks, t->key, t->pid, t->tid));
	}
	judge_pools(c, window);
	for (size_t i = 0; i < c->threads_n; i++) {
		all = model__sum(all, c->threads[i].ns);
		pool = model__sum(pool, c->threads[i].pool_ns);
	}
	c->waiting = model__share(all, window);
	c->for_pool = model__share(pool, window);
	c->pool = pool ? stacks->pool : NULL;
}

static int fill(struct model_contention *c, const struct model *m)
{
	const struct capture *capture = m->capture;
	struct model_lockstacks *stacks = model_lockstacks__new(capture);
	const struct model_lock **locks;
	bool enough;
	size_t n;

	c->locks = model_locks__new(m);
	c->threads = calloc(capture->locks_n + 1, sizeof(*c->threads));
	locks = calloc(capture->locks_n + 1, sizeof(*locks));
	enough = c->locks && c->threads && locks && stacks;
	if (enough) {
		n = find_locks(c->locks, capture->info.duration_ns, locks);
		add_rows(c, capture, locks, n);
		judge_all(c, capture, stacks);
		c->worst = find_worst(c, capture, locks, n);
	}
	free(locks);
	model_lockstacks__free(stacks);
	return enough ? 0 : -ENOMEM;
}

struct model_contention *model_contention__new(const struct model *m)
{
	struct model_contention *c = calloc(1, sizeof(*c));

	if (c && fill(c, m) == 0)
		return c;
	model_contention__free(c);
	errno = ENOMEM;
	return NULL;
}

void model_contention__free(struct model_contention *c)
{
	if (!c)
		return;
	model_locks__free(c->locks);
	free(c->threads);
	free(c);
}

uint64_t model_contention__of(const struct model_contention *c, const struct capture_thread *t)
{
	const struct model_contended *found = find(c, t);

	return found ? found->ns : 0;
}
