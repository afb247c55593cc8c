/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's trees of processes, and its CPUs. */
#include "report_fixture.h"

static void trees(void)
{
	struct capture *c = pool();

	SAYS(c,
	     "  PID NAME           wanted   ran held  CPU  GIL pipe sock  sem  RSS  PSS  COW "
	     "      7 python3          0.00  0.00    -    -    -    -    -    -   34   30  0.0 "
	     "      8  python3         0.90  0.90    -    -    - 10.0    -    -   34   30   12 "
	     "      9  python3         0.30  0.30    -    -    -    -    - 60.0   34   30  0.0 ");
	SAYS(pool(), "Together they did 12.0 s of CPU work in 10.0 s, 1.20 times what one CPU does "
		     "(they may use 2), in 120 MiB of memory (PSS); copy-on-write saves 12.0 MiB.");
	SAYS(pool(), "3 workers of python3 (PID 7): they used 12.0 s of CPU time, the busiest, 8, "
		     "2.25 times their mean; 1 had nothing to do: 10.");
	c = pool();
	c->processes[2].pss_bytes = 0;
	SAYS(c, "in 90.0 MiB of memory (PSS of those whose it is known)");
	SAYS_NOT(fixture__zoo(), "Together they"); /* none descends from another */
}

/* The busiest are shown, each below its parent as far as that is shown, too. */
static void top(void)
{
	static const struct report_options two = { .top = 2 };

	SAYS_WITH(pool(), &two, " COW       8  python3 ");
	SAYS_WITH(pool(), &two, " and 2 more processes Together they did 12.0 s");
}

static void throttled(void)
{
	SAYS(fixture__zoo(),
	     "The CPU quota of cgroup /a \\xff\\x1b[31m, 1.50 CPUs, was used up in 20 of 100 periods: "
	     "it kept threads from running for 250 ms, added up over CPUs, which counts as waiting "
	     "for a CPU here (150 ms of all threads).");
	SAYS_NOT(fixture__spinners(), "quota of cgroup");
}

/* Three threads that compute are kept to one CPU of two. */
static struct capture *pinned(uint64_t runq_ns)
{
	struct capture *c = fixture__spinners();

	c->processes[0].cpu_mask[0] = 2;
	fixture__spend(&c->threads[3], ST_RUNQ, runq_ns);
	return c;
}

static void affinity(void)
{
	SAYS(pinned(2 * S),
	     "  CPU target others  idle offline  % of the time; who ran on it longest "
	     "    0   66.0    4.0  30.0       -  spinner 43 33.0 spinner 45 33.0 "
	     "    1   33.0    1.0  66.0       -  spinner 44 33.0 "
	     "Threads moved from one CPU to another 36 times, 3.6 a second.");
	SAYS_NOT(pinned(S), "CPU target");
}

int main(void)
{
	TAP_RUN(trees);
	TAP_RUN(top);
	TAP_RUN(throttled);
	TAP_RUN(affinity);
	return TAP_DONE();
}
