/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define KB 1024
#define SIZE (8u << 20)

static bool parse(const char *text, struct memory *mem)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text) + 1, "r");
	bool ok = memory__parse(f, mem);

	fclose(f);
	return ok;
}

static void smaps_rollup(void)
{
	struct memory mem = { .at = 7 };

	CHECK(parse("55853c51d000-7ffecc9b4000 ---p 00000000 00:00 0   [rollup]\n"
		    "Rss:                1592 kB\nPss:                 267 kB\n"
		    "Pss_Dirty:           111 kB\nPss_Anon:            112 kB\n"
		    "Shared_Clean:       1440 kB\nShared_Dirty:          5 kB\n"
		    "Private_Clean:        40 kB\nPrivate_Dirty:       113 kB\n"
		    "Anonymous:           114 kB\nAnonHugePages:         9 kB\n"
		    "Swap:                  3 kB\nSwapPss:               2 kB\n",
		    &mem));
	CHECK_INT(mem.at, 7);
	CHECK_INT(mem.rss_bytes, 1592 * KB);
	CHECK_INT(mem.pss_bytes, 267 * KB);
	CHECK_INT(mem.rest.anonymous_pss_bytes, 112 * KB);
	CHECK_INT(mem.rest.shared_clean_bytes, 1440 * KB);
	CHECK_INT(mem.rest.shared_dirty_bytes, 5 * KB);
	CHECK_INT(mem.rest.private_clean_bytes, 40 * KB);
	CHECK_INT(mem.rest.private_dirty_bytes, 113 * KB);
	CHECK_INT(mem.rest.anonymous_bytes, 114 * KB);
	CHECK_INT(mem.rest.swap_bytes, 3 * KB);
}

static void other_files(void)
{
	struct memory mem = { .rss_bytes = 5 };

	CHECK(!parse("", &mem));
	CHECK(!parse("Rss: 100 kB\nPss: x kB\n", &mem));
	CHECK(!parse("Rss: 100\nPss: \n\n\xff", &mem));
	CHECK_INT(mem.rss_bytes, 5);
	CHECK(parse("Pss: 18446744073709551615 kB\n",
		    &mem)); /* no file has it, but nothing may overflow */
	CHECK_INT(mem.pss_bytes, INT64_MAX);
}

/* Of 8 MB that it had before, the child has written to the half. */
static void after_a_fork(void)
{
	char *data = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct memory before = { 0 }, mem = { 0 };
	int ready[2];
	char byte;
	pid_t pid;

	CHECK(data != MAP_FAILED && !pipe(ready));
	madvise(data, SIZE, MADV_NOHUGEPAGE);
	memset(data, 1, SIZE);
	memory__look(&before, getpid(), true);
	pid = fork();
	if (pid == 0) {
		memset(data, 2, SIZE / 2);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	memory__look(&mem, pid, true);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(data, SIZE);
	if (!mem.pss_bytes)
		TAP_SKIP("no smaps_rollup here");
	CHECK(before.rss_bytes >= SIZE && before.at && mem.at >= before.at);
	/* each half of what is shared by two is theirs: a quarter of the 8 MB, and of all else they have */
	CHECK(mem.rest.shared_dirty_bytes >= SIZE / 2);
	CHECK(mem.rest.private_dirty_bytes >= SIZE / 2);
	CHECK_NEAR(mem.rest.anonymous_bytes - mem.rest.anonymous_pss_bytes,
		   mem.rest.shared_dirty_bytes / 2.0, SIZE / 16.0);
	memory__look(&mem, pid, true); /* it has ended: what was seen stays */
	CHECK(mem.pss_bytes);
}

static void now_and_then(void)
{
	struct memory mem = { 0 };
	uint64_t now = 1000000000, waits[8];

	memory__tick(&mem, getpid(), now); /* only just begun */
	CHECK(!mem.rss_bytes && mem.next > now);
	for (size_t i = 0; i < 8; i++) {
		now = mem.next;
		memory__tick(&mem, getpid(), now - 1);
		CHECK_INT(mem.next, now);
		memory__tick(&mem, getpid(), now);
		CHECK(mem.rss_bytes);
		waits[i] = mem.wait;
	}
	for (size_t i = 1; i < 7; i++)
		CHECK_INT(waits[i], 2 * waits[i - 1]);
	CHECK_INT(waits[7], 20000000000);
	memory__look(&mem, 0, true); /* nobody has that PID */
	CHECK(mem.rss_bytes);
}

int main(void)
{
	TAP_RUN(smaps_rollup);
	TAP_RUN(other_files);
	TAP_RUN(after_a_fork);
	TAP_RUN(now_and_then);
	return TAP_DONE();
}
