/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_contention.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "weights.h"

#define WAITERS 2
#define RATE 10 /* waits a second */

/* A thread's stacks in lock_wait: all that were seen, and those in which it waited for news. */
struct news {
	uint64_t key;
	uint32_t pid, tid;
	uint64_t all_ns, news_ns;
};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_threads(uint64_t key, uint32_t pid, uint32_t tid, const struct capture_thread *t)
{
	int order = compare(key, t->key);

	order = order ? order : compare(pid, t->pid);
	return order ? order : compare(tid, t->tid);
}

static int by_thread(const void *a, const void *b)
{
	const struct model_contended *p = a, *q = b;
	const struct capture_thread t = { .key = q->key, .pid = q->pid, .tid = q->tid };

	return compare_threads(p->key, p->pid, p->tid, &t);
}

static int news_by_thread(const void *a, const void *b)
{
	const struct news *p = a, *q = b;
	const struct capture_thread t = { .key = q->key, .pid = q->pid, .tid = q->tid };

	return compare_threads(p->key, p->pid, p->tid, &t);
}

/* --- waits for news ----------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

/* "Condition.wait" or, before 3.11, "wait" */
static const char *last_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool is_news(const struct capture_frame *f)
{
	static const char *const waits[] = { "wait", "wait_for", "join", "_wait_for_tstate_lock" };
	const char *name = last_name(f->name);

	if (!f->file)
		return false;
	if (ends_with(f->file, "concurrent/futures/thread.py"))
		return !strcmp(name, "_worker");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (!strcmp(name, waits[i]))
			return ends_with(f->file, "/threading.py");
	}
	return false;
}

/* Of each node, whether its innermost frame of Python waits for news. Parents come first. */
static bool *mark_nodes(const struct capture *c)
{
	bool *news = calloc(c->nodes_n + 1, sizeof(*news));

	for (size_t i = 0; news && i < c->nodes_n; i++) {
		const struct capture_frame *f = &c->frames[c->nodes[i].frame - 1];

		news[i + 1] = f->kind == FRAME_PYTHON ? is_news(f) : news[c->nodes[i].parent];
	}
	return news;
}

static size_t merge_news(struct news *rows, size_t n)
{
	size_t kept = 0;

	qsort(rows, n, sizeof(*rows), news_by_thread);
	for (size_t i = 0; i < n; i++) {
		if (!kept || news_by_thread(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		rows[kept - 1].all_ns = model__sum(rows[kept - 1].all_ns, rows[i].all_ns);
		rows[kept - 1].news_ns = model__sum(rows[kept - 1].news_ns, rows[i].news_ns);
	}
	return kept;
}

static size_t collect_news(const struct capture *c, const bool *marked, struct news *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < c->samples_n; i++) {
		const struct capture_sample *s = &c->samples[i];

		if (s->state == ST_LOCK_WAIT && s->stack)
			rows[n++] = (struct news){ s->key, s->pid, s->tid, s->ns,
						   marked[s->stack] ? s->ns : 0 };
	}
	return merge_news(rows, n);
}

/* Sorted by thread. NULL if there is no memory. */
static struct news *find_news(const struct capture *c, size_t *n)
{
	bool *marked = mark_nodes(c);
	struct news *rows = marked ? calloc(c->samples_n + 1, sizeof(*rows)) : NULL;

	*n = rows ? collect_news(c, marked, rows) : 0;
	free(marked);
	return rows;
}

/* At most the share of all its waits in which a thread did not stand in a wait for news. */
static uint64_t without_news(const struct news *news, size_t n, const struct model_contended *t)
{
	const struct news probe = { .key = t->key, .pid = t->pid, .tid = t->tid };
	const struct news *found = bsearch(&probe, news, n, sizeof(*news), news_by_thread);
	uint64_t most = t->all_ns;

	if (found)
		most -= model__scale(most, found->news_ns, found->all_ns);
	return t->ns < most ? t->ns : most;
}

/* --- locks -------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct model_lock *p = *(const struct model_lock *const *)a;
	const struct model_lock *q = *(const struct model_lock *const *)b;
	int order = compare(p->process->process->key, q->process->process->key);

	order = order ? order : compare(p->process->process->pid, q->process->process->pid);
	return order ? order : compare(p->address, q->address);
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
	}
	c->threads_n = kept;
}

/* Of the locks whose waiters did not all wait for news. */
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

		if (lock && (!worst || lock->wait_ns > worst->wait_ns) &&
		    model_contention__of(c, &t))
			worst = lock;
	}
	return worst;
}

static int add_rows(struct model_contention *c, const struct capture *capture,
		    const struct model_lock **locks, size_t locks_n)
{
	size_t news_n;
	cleanup_free struct news *news = find_news(capture, &news_n);
	uint64_t all = 0;

	if (!news)
		return -ENOMEM;
	for (size_t i = 0; i < capture->locks_n; i++) {
		const struct capture_lock *row = &capture->locks[i];

		c->threads[c->threads_n++] = (struct model_contended){
			.key = row->key,
			.pid = row->pid,
			.tid = row->tid,
			.all_ns = row->wait_ns,
			.ns = lock_of(locks, locks_n, row) ? row->wait_ns : 0,
		};
	}
	merge_threads(c);
	for (size_t i = 0; i < c->threads_n; i++) {
		c->threads[i].ns = without_news(news, news_n, &c->threads[i]);
		all = model__sum(all, c->threads[i].ns);
	}
	c->waiting = model__share(all, capture->info.duration_ns);
	c->worst = find_worst(c, capture, locks, locks_n);
	return 0;
}

static int fill(struct model_contention *c, const struct model *m)
{
	const struct capture *capture = m->capture;
	const struct model_lock **locks;
	int err = 0;
	size_t n;

	c->locks = model_locks__new(m);
	c->threads = calloc(capture->locks_n + 1, sizeof(*c->threads));
	locks = calloc(capture->locks_n + 1, sizeof(*locks));
	if (c->locks && c->threads && locks) {
		n = find_locks(c->locks, capture->info.duration_ns, locks);
		if (n)
			err = add_rows(c, capture, locks, n);
	} else {
		err = -ENOMEM;
	}
	free(locks);
	return err;
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
	const struct model_contended probe = { .key = t->key, .pid = t->pid, .tid = t->tid };
	const struct model_contended *found =
		bsearch(&probe, c->threads, c->threads_n, sizeof(*c->threads), by_thread);

	return found ? found->ns : 0;
}
