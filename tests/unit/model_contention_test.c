/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_contention.h"

#include "fixture.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

static struct capture *c;
static struct model *m;
static struct model_contention *k;

static void begin(void)
{
	m = model__new(c);
	k = model_contention__new(m);
}

static void end(void)
{
	model_contention__free(k);
	model__free(m);
	capture__free(c);
}

/* Three threads in a process, of which `waiters` waited 4 s each for one lock, `count` times each. */
static void lockers(uint32_t waiters, uint64_t count)
{
	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	for (uint32_t i = 0; i < 3; i++) {
		fixture__thread(c, 0, 43 + i, "worker");
		if (i >= waiters)
			continue;
		fixture__spend(&c->threads[i], ST_LOCK_WAIT, 4 * S);
		fixture__lock(c, 0, 0x8000, 43 + i, 0, 4 * S, count);
	}
}

/* Half of the time, thread i stood in a function of that file. */
static void stands_in(uint32_t i, const char *name, const char *file)
{
	uint32_t root = fixture__frame(c, 0, FRAME_PYTHON, "main", "/srv/main.py", 3);
	uint32_t there = fixture__frame(c, root, FRAME_PYTHON, name, file, 12);
	uint32_t leaf = fixture__frame(c, there, FRAME_NATIVE, "lock_acquire", "python3", 0);

	fixture__seen(c, &c->threads[i], ST_LOCK_WAIT, S, 10, leaf);
	fixture__seen(c, &c->threads[i], ST_LOCK_WAIT, S, 10, root);
	fixture__seen(c, &c->threads[i], ST_GIL_WAIT, 5 * S, 10, there);
}

static void shared_data(void)
{
	lockers(3, 100);
	begin();
	CHECK_NEAR(k->waiting, 1.2, 1e-9);
	CHECK(k->worst && k->worst->address == 0x8000);
	CHECK_INT(model_contention__of(k, &c->threads[1]), 4 * S);
	end();
}

static void one_waiter(void)
{
	lockers(1, 1000);
	begin();
	CHECK_NEAR(k->waiting, 0, 0);
	CHECK(!k->worst);
	CHECK_INT(model_contention__of(k, &c->threads[0]), 0);
	end();
}

/* 99 waits in ten seconds: a pool that is idle. */
static void few_waits(void)
{
	lockers(3, 33);
	begin();
	CHECK_NEAR(k->waiting, 0, 0);
	end();
}

static void unknown_lock(void)
{
	lockers(3, 100);
	for (size_t i = 0; i < c->locks_n; i++)
		c->locks[i].address = 0;
	begin();
	CHECK_NEAR(k->waiting, 0, 0);
	end();
}

static void waits_for_news(void)
{
	static const struct {
		const char *name, *file;
		bool news;
	} places[] = {
		{ "Condition.wait", "/usr/lib/python3.11/threading.py", true },
		{ "wait", "/usr/lib/python3.8/threading.py", true },
		{ "Thread._wait_for_tstate_lock", "/usr/lib/python3.11/threading.py", true },
		{ "Thread.join", "/usr/lib/python3.13/threading.py", true },
		{ "_worker", "/usr/lib/python3.11/concurrent/futures/thread.py", true },
		{ "_worker", "/srv/worker.py", false },
		{ "Condition.__enter__", "/usr/lib/python3.11/threading.py", false },
		{ "wait", "/srv/threading_app.py", false },
		{ "wait", "/srv/mythreading.py", false },
		{ "await", "/usr/lib/python3.11/threading.py", false },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		lockers(3, 100);
		for (uint32_t t = 0; t < 3; t++)
			stands_in(t, places[i].name, places[i].file);
		begin();
		CHECK_NEAR(k->waiting, places[i].news ? 0.6 : 1.2, 1e-9);
		CHECK_INT(model_contention__of(k, &c->threads[2]), (places[i].news ? 2 : 4) * S);
		end();
	}
}

/* What it waited for other locks may have been all of its waits for news. */
static void news_and_locks(void)
{
	lockers(3, 100);
	fixture__lock(c, 0, 0x9000, 43, 0, 4 * S, 1);
	stands_in(0, "wait", "/usr/lib/python3.11/threading.py");
	begin();
	CHECK_INT(model_contention__of(k, &c->threads[0]), 4 * S);
	end();
}

static void all_for_news(void)
{
	lockers(2, 100);
	for (uint32_t t = 0; t < 2; t++)
		fixture__seen(c, &c->threads[t], ST_LOCK_WAIT, S, 10,
			      fixture__frame(c, 0, FRAME_PYTHON, "wait", "/lib/threading.py", 1));
	begin();
	CHECK_NEAR(k->waiting, 0, 0);
	CHECK(!k->worst);
	end();
}

/* Each waiter sleeps in a lock of its own. */
static void pool(uint32_t waiters, uint64_t count)
{
	static const char *const threading = "/usr/lib/python3.11/threading.py";

	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	for (uint32_t i = 0; i < waiters; i++) {
		uint32_t app = fixture__frame(c, 0, FRAME_PYTHON, "work", "/srv/app.py", 7);
		uint32_t acquire =
			fixture__frame(c, app, FRAME_PYTHON, "Semaphore.acquire", threading, 500);
		uint32_t wait =
			fixture__frame(c, acquire, FRAME_PYTHON, "Condition.wait", threading, 320);

		fixture__spend(fixture__thread(c, 0, 43 + i, "worker"), ST_LOCK_WAIT, 4 * S);
		fixture__lock(c, 0, 0x8000 + 64 * i, 43 + i, 0, 4 * S, count);
		fixture__seen(c, &c->threads[i], ST_LOCK_WAIT, 3 * S, 10, wait);
		fixture__seen(c, &c->threads[i], ST_LOCK_WAIT, S, 10, app);
	}
}

static void used_up_pool(void)
{
	pool(2, 100);
	begin();
	CHECK_NEAR(k->waiting, 0.6, 1e-9);
	CHECK_NEAR(k->for_pool, 0.6, 1e-9);
	CHECK(k->pool && k->pool->line == 7);
	CHECK(!k->worst);
	CHECK_INT(model_contention__of(k, &c->threads[1]), 3 * S);
	end();
}

/* Nobody keeps it waiting but who gives it work, or it hardly ever waits. */
static void pool_of_one(void)
{
	pool(1, 1000);
	begin();
	CHECK(k->waiting == 0 && k->for_pool == 0 && !k->pool);
	end();
	pool(2, 5);
	begin();
	CHECK(k->waiting == 0 && !k->pool);
	CHECK_INT(model_contention__of(k, &c->threads[1]), 0);
	end();
}

/* One waiter in each of two processes: they keep nobody waiting. */
static void pools_of_processes(void)
{
	pool(2, 1000);
	fixture__python(fixture__process(c, 43, "python3"), "shared", 1);
	c->threads[1].key = c->locks[1].key = c->samples[2].key = c->samples[3].key =
		c->processes[1].key;
	c->threads[1].pid = c->locks[1].pid = c->samples[2].pid = c->samples[3].pid = 43;
	begin();
	CHECK(k->waiting == 0 && k->for_pool == 0 && !k->pool);
	end();
}

int main(void)
{
	TAP_RUN(shared_data);
	TAP_RUN(one_waiter);
	TAP_RUN(few_waits);
	TAP_RUN(unknown_lock);
	TAP_RUN(waits_for_news);
	TAP_RUN(news_and_locks);
	TAP_RUN(all_for_news);
	TAP_RUN(used_up_pool);
	TAP_RUN(pool_of_one);
	TAP_RUN(pools_of_processes);
	return TAP_DONE();
}
