/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads stood in as they waited for locks. */
#include "model_lockstacks.h"

#include "fixture.h"
#include "tap.h"

#define THREADING "/usr/lib/python3.11/threading.py"
#define QUEUE "/usr/lib/python3.11/queue.py"
#define MOST 5

enum { ELSEWHERE, NEWS, POOL };

static struct capture *c;
static struct model_lockstacks *l;

static void begin(void)
{
	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	fixture__thread(c, 0, 43, "worker");
	fixture__thread(c, 0, 44, "worker");
}

static void find(void)
{
	l = model_lockstacks__new(c);
}

static void end(void)
{
	model_lockstacks__free(l);
	capture__free(c);
}

/* The stack main, then these: name and file in turn. */
static uint32_t stack(const char *const frames[2 * MOST])
{
	uint32_t node = fixture__frame(c, 0, FRAME_PYTHON, "main", "/srv/main.py", 3);

	for (int i = 0; i < 2 * MOST && frames[i]; i += 2)
		node = fixture__frame(c, node, FRAME_PYTHON, frames[i], frames[i + 1], 12);
	return fixture__frame(c, node, FRAME_NATIVE, "lock_acquire", "python3", 0);
}

/* Thread i waited there for `ns`. */
static void stood(uint32_t i, uint64_t ns, const char *const frames[2 * MOST])
{
	fixture__seen(c, &c->threads[i], ST_LOCK_WAIT, ns, 1, stack(frames));
}

static const struct model_stood *of(uint32_t i)
{
	return model_lockstacks__find(l, c->processes[0].key, 42, 43 + i);
}

static const struct {
	int what;
	const char *frames[2 * MOST];
} places[] = {
	{ ELSEWHERE, { "work", "/srv/app.py" } },
	{ ELSEWHERE, { "work", "/srv/app.py", "Condition.__enter__", THREADING } },
	{ NEWS, { "work", "/srv/app.py", "Condition.wait", THREADING } },
	{ NEWS, { "work", "/srv/app.py", "wait", "/usr/lib/python3.8/threading.py" } },
	{ NEWS, { "work", "/srv/app.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	{ NEWS, { "Pool.run", "/srv/pool.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	{ NEWS,
	  { "Pool._worker", "/srv/pool.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	{ NEWS, { "get", "/srv/app.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	{ NEWS,
	  { "ApplyResult.get", "/usr/lib/python3.11/multiprocessing/pool.py", "ApplyResult.wait",
	    "/usr/lib/python3.11/multiprocessing/pool.py", "Event.wait", THREADING,
	    "Condition.wait", THREADING } },
	{ NEWS, { "_worker", "/usr/lib/python3.11/concurrent/futures/thread.py" } },
	{ POOL,
	  { "work", "/srv/app.py", "Semaphore.acquire", THREADING, "Condition.wait", THREADING } },
	{ POOL,
	  { "work", "/srv/app.py", "acquire", "/usr/lib/python3.9/threading.py", "wait",
	    "/usr/lib/python3.9/threading.py" } },
	{ POOL,
	  { "QueuePool._do_get", "/usr/lib/sqlalchemy/pool/impl.py", "Queue.get", QUEUE,
	    "Condition.wait", THREADING } },
	{ POOL,
	  { "_get_conn", "/usr/lib/urllib3/connectionpool.py", "get", QUEUE, "wait", THREADING } },
	{ POOL, { "ConnectionPool.getconn", "/srv/db.py", "Condition.wait", THREADING } },
	{ POOL,
	  { "ConnectionPool.getconn", "/lib/psycopg_pool/pool.py",
	    "ConnectionPool._getconn_unchecked", "/lib/psycopg_pool/pool.py", "WaitingClient.wait",
	    "/lib/psycopg_pool/pool.py", "Condition.wait", THREADING } },
	{ POOL,
	  { "_do_get", "/usr/lib/sqlalchemy/pool/impl.py", "get", QUEUE, "wait", THREADING } },
	{ POOL,
	  { "NetworkPool.get", "/srv/net.py", "Condition.wait_for", THREADING, "Condition.wait",
	    THREADING } },
	/* workers of a pool that have nothing to do */
	{ NEWS,
	  { "ThreadPool.get_task", "/srv/app.py", "Queue.get", QUEUE, "Condition.wait",
	    THREADING } },
	{ NEWS, { "get", "/srv/thread_pool.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	{ NEWS,
	  { "Pool.get_job", "/srv/app.py", "Queue.get", QUEUE, "Condition.wait", THREADING } },
	/* a pool's function that waits for something else */
	{ NEWS,
	  { "Pool.get", "/srv/pool.py", "Thread.join", THREADING, "Condition.wait", THREADING } },
	{ NEWS, { "Pool.get", "/srv/pool.py", "Queue.put", QUEUE, "Condition.wait", THREADING } },
	/* in the semaphore's own lock, which it holds for a moment */
	{ ELSEWHERE, { "work", "/srv/app.py", "Semaphore.acquire", THREADING } },
	/* the semaphore was got: what is waited for now is another thing */
	{ NEWS,
	  { "Semaphore.acquire", THREADING, "work", "/srv/app.py", "Condition.wait", THREADING } },
};

static void each_place(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct model_stood *t;
		uint64_t all, news, pool;

		begin();
		stood(0, 7, places[i].frames);
		find();
		t = of(0);
		all = t ? t->all_ns : 0;
		news = t ? t->news_ns : 0;
		pool = t ? t->pool_ns : 0;
		end();
		if (all != 7 || news != (places[i].what == NEWS ? 7 : 0) ||
		    pool != (places[i].what == POOL ? 7 : 0))
			TAP_FAIL("place %zu: %llu, %llu for news, %llu for a pool", i,
				 (unsigned long long)all, (unsigned long long)news,
				 (unsigned long long)pool);
	}
}

static void sums(void)
{
	begin();
	for (int i = 0; i < 3; i++)
		stood(0, 10, places[2].frames);
	stood(0, 5, places[12].frames);
	stood(1, 20, places[10].frames);
	fixture__seen(c, &c->threads[1], ST_IO_PIPE, 100, 1, stack(places[10].frames));
	find();
	CHECK_INT(l->threads_n, 2);
	CHECK_INT(of(0)->all_ns, 35);
	CHECK_INT(of(0)->news_ns, 30);
	CHECK_INT(of(0)->pool_ns, 5);
	CHECK_INT(of(1)->all_ns, 20);
	CHECK_STR(l->pool->name, "work");
	CHECK(!of(2));
	end();
}

/* Without stacks nothing is known, and a stack without Python is no wait for a pool. */
static void nothing_known(void)
{
	begin();
	find();
	CHECK(l && !l->pool && !l->threads_n);
	end();
	begin();
	fixture__seen(c, &c->threads[0], ST_LOCK_WAIT, 9, 1,
		      fixture__frame(c, 0, FRAME_NATIVE, "wait", "threading.py", 0));
	find();
	CHECK(of(0) && !of(0)->news_ns && !of(0)->pool_ns);
	end();
}

int main(void)
{
	TAP_RUN(each_place);
	TAP_RUN(sums);
	TAP_RUN(nothing_known);
	return TAP_DONE();
}
