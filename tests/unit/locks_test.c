/* SPDX-License-Identifier: BSD-2-Clause */
#include "locks.h"

#include <stdlib.h>

#include "tap.h"

#define KEY 7

static struct locks *l;
static const struct locks_row *rows;

static void thread(uint32_t tid, uint32_t ns_tid, uint64_t rest_ns)
{
	static struct wire_thread t;

	t.key = KEY;
	t.tgid = 42;
	t.tid = tid;
	t.ns_tid = ns_tid;
	t.lock.rest_ns = rest_ns;
	t.lock.rest_count = rest_ns != 0;
	locks__thread(l, &t);
}

static void wait_for(uint64_t key, uint64_t address, uint32_t tid, uint32_t owner, uint64_t ns)
{
	const struct wire_lock_key k = {
		.key = key, .address = address, .tid = tid, .owner = owner
	};

	locks__add(l, &k, 42, ns, 1);
}

/* In a container: 1042 is 3 there. What is no thread of the same process owns nothing. */
static void owners(void)
{
	l = locks__new();
	thread(1042, 3, 0);
	thread(1040, 1, 0);
	wait_for(KEY, 0x1000, 1042, 1, 5);
	wait_for(KEY, 0x2000, 1040, 1042, 6);
	wait_for(KEY, 0x3000, 1040, 3, 7);
	wait_for(KEY + 1, 0x4000, 77, 3, 8);
	CHECK_INT(locks__rows(l, &rows), 4);
	CHECK_INT(rows[0].owner_tid, 1040);
	CHECK_INT(rows[1].owner_tid, 0);
	CHECK_INT(rows[2].owner_tid, 1042);
	CHECK_INT(rows[3].owner_tid, 0);
	locks__free(l);
}

static uint32_t owner(uint32_t word, uint32_t tid, uint32_t users)
{
	const struct mutex_head head = { .lock = word, .owner = tid, .nusers = users };

	return locks__owner(l, KEY, &head);
}

static void mutexes(void)
{
	l = locks__new();
	thread(1016, 16, 0);
	thread(1017, 17, 0);
	CHECK_INT(owner(2, 17, 1), 1017);
	CHECK_INT(owner(2, 18, 1), 0);
	CHECK_INT(owner(2, 17, 0), 0); /* of another kind than glibc's */
	CHECK_INT(owner(1, 17, 1), 0); /* nobody waits */
	CHECK_INT(owner(0, 17, 1), 0); /* a semaphore */
	CHECK_INT(owner(1u << 31 | 17, 0, 0), 1017);
	CHECK_INT(owner(3u << 30 | 17, 0, 0), 1017); /* an owner before it has died */
	CHECK_INT(owner(1u << 31 | 16, 0, 0), 0);    /* musl's EBUSY */
	CHECK_INT(owner(1u << 31, 0, 0), 0);
	locks__free(l);
}

/* Owners that are none make one row, as do the rests of all threads. */
static void sums(void)
{
	l = locks__new();
	thread(1, 1, 100);
	thread(2, 2, 0);
	thread(3, 3, 20);
	wait_for(KEY, 0x1000, 1, 99, 5);
	wait_for(KEY, 0x1000, 1, 98, 6);
	wait_for(KEY, UINT64_MAX, 2, 0, 9); /* no address: futex words lie in user space */
	CHECK_INT(locks__rows(l, &rows), 3);
	CHECK_INT(rows[0].tid, 0);
	CHECK_INT(rows[0].address, 0);
	CHECK_INT(rows[0].wait_ns, 120);
	CHECK_INT(rows[0].count, 2);
	CHECK_INT(rows[1].address, 0);
	CHECK_INT(rows[1].tid, 2);
	CHECK_INT(rows[2].wait_ns, 11);
	CHECK_INT(rows[2].count, 2);
	locks__free(l);
}

/* Of threads without end, the last are known, and their rests need no memory. */
static void churn(void)
{
	l = locks__new();
	for (uint32_t i = 1; i <= 200000; i++)
		thread(i, i, 1);
	wait_for(KEY, 0x1000, 1, 200000, 5);
	wait_for(KEY, 0x2000, 1, 1, 5);
	CHECK_INT(locks__rows(l, &rows), 3);
	CHECK_INT(rows[0].wait_ns, 200000);
	CHECK_INT(rows[1].owner_tid, 200000);
	CHECK_INT(rows[2].owner_tid, 0);
	locks__free(l);
}

static void none(void)
{
	l = locks__new();
	CHECK_INT(locks__rows(l, &rows), 0);
	locks__free(l);
	locks__free(NULL);
}

int main(void)
{
	TAP_RUN(owners);
	TAP_RUN(mutexes);
	TAP_RUN(sums);
	TAP_RUN(churn);
	TAP_RUN(none);
	return TAP_DONE();
}
