/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of processes that come and go: of this one and its children. */
#include "memory_peak.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "tap.h"

#define MIB (1u << 20)
#define BLOCK (64 * MIB)

static char *take(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, bytes);
	return p;
}

/* A child that has written to all of the block, or not. */
static pid_t child(char *block, bool writes)
{
	int pipes[2];
	char byte;
	pid_t pid;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (writes)
			memset(block, 2, BLOCK);
		if (write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	if (read(pipes[0], &byte, 1) != 1)
		return -1;
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What is shared counts once, what is not twice; and what was at the peak stays when it has gone. */
static void shared_and_own(void)
{
	char *block = take(BLOCK);
	struct processes *all = processes__new();
	struct process *us = processes__add(all, 1, (uint32_t)getpid());
	struct process *them = processes__add(all, 2, 0);
	struct memory_peak m = { 0 };
	struct capture_memory_peak shared, own;

	them->pid = (uint32_t)child(block, false);
	memory_peak__walk(&m, all, 1000);
	shared = memory_peak__result(&m, 400);
	end((pid_t)them->pid);
	them->pid = (uint32_t)child(block, true);
	memory_peak__walk(&m, all, 2000);
	own = memory_peak__result(&m, 400);
	end((pid_t)them->pid);
	them->ended = true;
	munmap(block, BLOCK);
	memory_peak__walk(&m, all, 3000);
	if (!shared.pss_bytes) {
		processes__free(all);
		TAP_SKIP("no smaps_rollup here");
	}
	CHECK_NEAR(own.pss_bytes - shared.pss_bytes, BLOCK, BLOCK / 20.0);
	CHECK_NEAR(own.rss_bytes, shared.rss_bytes, BLOCK / 20.0);
	CHECK_INT(own.at_ns, 1600);
	CHECK_INT(own.processes, 2);
	CHECK_INT(own.looks, 2);
	CHECK_INT(them->seen.pss_bytes, 0);
	CHECK(them->peak.pss_bytes > BLOCK);
	CHECK_INT(us->peak.pss_bytes + them->peak.pss_bytes, own.pss_bytes);
	CHECK_INT(memory_peak__result(&m, 400).pss_bytes, own.pss_bytes);
	CHECK_INT(memory_peak__result(&m, 400).looks, 3);
	processes__free(all);
}

/* Who borrows its parent's memory has none of its own. */
static void borrowed(void)
{
	struct processes *all = processes__new();
	struct memory_peak m = { 0 };

	processes__add(all, 1, (uint32_t)getpid())->borrows_memory = true;
	memory_peak__walk(&m, all, 1000);
	processes__free(all);
	CHECK_INT(memory_peak__result(&m, 0).rss_bytes, 0);
	CHECK_INT(memory_peak__result(&m, 0).processes, 0);
}

/* Driven by a clock of ours: how often it looks, and how much of the time that takes. */
static void costs_little(void)
{
	struct processes *all = processes__new();
	struct memory_peak m = { 0 };
	char *block = take(BLOCK);
	uint64_t now = clock__now(), begin = now, due;

	processes__add(all, 1, (uint32_t)getpid());
	while (now < begin + 60 * NSEC_PER_SEC) {
		due = memory_peak__tick(&m, all, now);
		CHECK(due > now || due >= begin);
		now += 100 * NSEC_PER_MSEC;
	}
	munmap(block, BLOCK);
	processes__free(all);
	CHECK(m.peak.looks >= 1 && m.peak.looks < 60);
	CHECK(m.spent < 20 * NSEC_PER_MSEC + 60 * NSEC_PER_SEC / 2000 + 2 * m.walk);
}

/* It has grown and stands still: that is walked at once. */
static void sees_growth(void)
{
	struct processes *all = processes__new();
	struct memory_peak m = { 0 };
	uint64_t now = clock__now(), before;
	char *block;

	processes__add(all, 1, (uint32_t)getpid());
	for (int i = 0; i < 300; i++) /* 30 s: walks without a sign are seldom now */
		memory_peak__tick(&m, all, now += 100 * NSEC_PER_MSEC);
	before = m.peak.pss_bytes;
	block = take(BLOCK);
	for (int i = 0; i < 50 && m.peak.pss_bytes == before; i++)
		memory_peak__tick(&m, all, now += 100 * NSEC_PER_MSEC);
	munmap(block, BLOCK);
	processes__free(all);
	if (!before)
		TAP_SKIP("no smaps_rollup here");
	CHECK_NEAR(m.peak.pss_bytes, before + BLOCK, BLOCK / 20.0);
}

int main(void)
{
	TAP_RUN(shared_and_own);
	TAP_RUN(borrowed);
	TAP_RUN(costs_little);
	TAP_RUN(sees_growth);
	return TAP_DONE();
}
