// SPDX-License-Identifier: BSD-2-Clause
#include "model_lockstacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compare.h"
#include "model.h"
#include "weights.h"

enum stands { STANDS_ELSEWHERE, STANDS_FOR_NEWS, STANDS_FOR_POOL };

/* The innermost frames of Python of a stack: those of the standard library, and who called it. */
struct place {
	enum stands stands;
	bool semaphore; /* they are within Semaphore.acquire */
	bool other;	/* they do more than wait for a condition, or get from a queue */
	uint32_t asker; /* the frame that called them; 0: none */
};

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

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names))
		names++;
	return *names;
}

static bool is_of(const struct capture_frame *f, const char *file)
{
	return f->file && ends_with(f->file, file);
}

static bool is_news(const struct capture_frame *f)
{
	static const char *const waits[] = { "wait", "wait_for", "join", "_wait_for_tstate_lock",
					     NULL };

	if (is_of(f, "concurrent/futures/thread.py"))
		return !strcmp(last_name(f->name), "_worker");
	return is_of(f, "/threading.py") && is_one_of(last_name(f->name), waits);
}

static bool names_one_of(const char *text, const char *const *names)
{
	while (*names && !strcasestr(text, *names))
		names++;
	return *names;
}

/* The name of the file and that of its folder: "pool/impl.py". */
static const char *tail_of(const char *file)
{
	const char *at = file + strlen(file);

	for (int slashes = 0; at > file && slashes < 2; at--)
		slashes += at[-1] == '/';
	return at;
}

/* By name: sqlalchemy's QueuePool._do_get, urllib3's HTTPConnectionPool._get_conn, psycopg_pool's getconn ... */
static bool is_pool(const struct capture_frame *f)
{
	static const char *const takes[] = { "get",    "do_get",  "acquire", "checkout",
					     "borrow", "reserve", "take",    "connect" };
	/* what workers that have nothing to do wait for, and in */
	static const char *const work[] = { "task",	   "job",      "worker",
					    "get_work",	   "item",     "message",
					    "result",	   "spool",    "threadpool",
					    "thread_pool", "executor", "multiprocessing",
					    NULL };
	const char *name = last_name(f->name), *tail = f->file ? tail_of(f->file) : "";

	if ((!strcasestr(f->name, "pool") && !strcasestr(tail, "pool")) ||
	    names_one_of(f->name, work) || names_one_of(tail, work))
		return false;
	name += strspn(name, "_");
	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
		if (!strncmp(name, takes[i], strlen(takes[i])))
			return true;
	}
	return false;
}

/* A frame of the standard library's locks that `caller` called: on the way to what it waits in? */
static void pass(struct place *p, const struct place *caller, const struct capture_frame *f)
{
	static const char *const ways[] = { "wait", "wait_for", "acquire", "get", NULL };
	const char *name = last_name(f->name);

	p->asker = caller->asker;
	p->semaphore = caller->semaphore || (is_of(f, "/threading.py") && !strcmp(name, "acquire"));
	p->other = caller->other || !is_one_of(name, ways);
}

/* Of a frame of Python that `caller` called. */
static struct place place_of(const struct capture *c, const struct place *caller, uint32_t frame)
{
	const struct capture_frame *f = &c->frames[frame - 1];
	struct place p = { .asker = frame };

	if (is_of(f, "/threading.py") || is_of(f, "/queue.py"))
		pass(&p, caller, f);
	else if (caller->asker && strstr(last_name(f->name), "wait"))
		p.asker = caller->asker; /* a pool's own way to wait: psycopg_pool's, pymongo's */
	if (!is_news(f))
		return p;
	p.stands = STANDS_FOR_NEWS;
	if (!p.other && (p.semaphore || (p.asker && is_pool(&c->frames[p.asker - 1]))))
		p.stands = STANDS_FOR_POOL;
	return p;
}

/* Of each node. Parents come first. */
static struct place *find_places(const struct capture *c)
{
	struct place *places = calloc(c->nodes_n + 1, sizeof(*places));

	for (size_t i = 0; places && i < c->nodes_n; i++) {
		const struct capture_node *n = &c->nodes[i];
		const struct place *caller = &places[n->parent];

		if (c->frames[n->frame - 1].kind == FRAME_PYTHON)
			places[i + 1] = place_of(c, caller, n->frame);
		else
			places[i + 1] = *caller;
	}
	return places;
}

static int by_thread(const void *a, const void *b)
{
	const struct model_stood *p = a, *q = b;
	int order = compare__u64(p->key, q->key);

	order = order ? order : compare__u64(p->pid, q->pid);
	return order ? order : compare__u64(p->tid, q->tid);
}

static void merge(struct model_lockstacks *l)
{
	size_t kept = 0;

	qsort(l->threads, l->threads_n, sizeof(*l->threads), by_thread);
	for (size_t i = 0; i < l->threads_n; i++) {
		struct model_stood *last = kept ? &l->threads[kept - 1] : NULL, *t = &l->threads[i];

		if (!last || by_thread(last, t)) {
			l->threads[kept++] = *t;
			continue;
		}
		last->all_ns = model__sum(last->all_ns, t->all_ns);
		last->news_ns = model__sum(last->news_ns, t->news_ns);
		last->pool_ns = model__sum(last->pool_ns, t->pool_ns);
	}
	l->threads_n = kept;
}

static void collect(struct model_lockstacks *l, const struct capture *c, const struct place *places,
		    uint64_t *asked)
{
	uint64_t most = 0;

	for (size_t i = 0; i < c->samples_n; i++) {
		const struct capture_sample *s = &c->samples[i];
		const struct place *p = &places[s->stack];
		bool pool = p->stands == STANDS_FOR_POOL;

		if (s->state != ST_LOCK_WAIT || !s->stack)
			continue;
		l->threads[l->threads_n++] =
			(struct model_stood){ s->key,
					      s->pid,
					      s->tid,
					      s->ns,
					      p->stands == STANDS_FOR_NEWS ? s->ns : 0,
					      pool ? s->ns : 0 };
		if (!pool || !p->asker)
			continue;
		asked[p->asker] = model__sum(asked[p->asker], s->ns);
		if (asked[p->asker] > most) {
			most = asked[p->asker];
			l->pool = &c->frames[p->asker - 1];
		}
	}
}

static int fill(struct model_lockstacks *l, const struct capture *c)
{
	struct place *places = find_places(c);
	uint64_t *asked = calloc(c->frames_n + 1, sizeof(*asked));
	bool enough;

	l->threads = calloc(c->samples_n + 1, sizeof(*l->threads));
	enough = l->threads && places && asked;
	if (enough) {
		collect(l, c, places, asked);
		merge(l);
	}
	free(places);
	free(asked);
	return enough ? 0 : -ENOMEM;
}

struct model_lockstacks *model_lockstacks__new(const struct capture *c)
{
	struct model_lockstacks *l = calloc(1, sizeof(*l));

	if (l && fill(l, c) == 0)
		return l;
	model_lockstacks__free(l);
	errno = ENOMEM;
	return NULL;
}

void model_lockstacks__free(struct model_lockstacks *l)
{
	if (!l)
		return;
	free(l->threads);
	free(l);
}

const struct model_stood *model_lockstacks__find(const struct model_lockstacks *l, uint64_t key,
						 uint32_t pid, uint32_t tid)
{
	const struct model_stood probe = { .key = key, .pid = pid, .tid = tid };

	return bsearch(&probe, l->threads, l->threads_n, sizeof(probe), by_thread);
}
