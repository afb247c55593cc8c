/* SPDX-License-Identifier: BSD-2-Clause */
/* What page and JSON say of the verdict and of other layouts. */
#include <jansson.h>

#include "report_fixture.h"

static const struct report_options explain = { .explain = true };

#define EXPLAINS(capture, want) SAYS_WITH(capture, &explain, want)

/* --- captures ----------------------------------------------------------------------------------- */

static struct capture *c;

/* A process of Python with an idle main thread. */
static void begin(uint32_t pid)
{
	if (pid == 42)
		c = fixture__new();
	fixture__python(fixture__process(c, pid, "python3"), "shared", 1);
	fixture__thread(c, c->processes_n - 1, pid, "python3");
}

/* A thread of the latest process that runs, with the GIL for so much of it. */
static struct capture_thread *runs(uint32_t tid, uint64_t ns, uint64_t gil_percent)
{
	struct capture_thread *t = fixture__thread(c, c->processes_n - 1, tid, "worker");

	fixture__spend(t, ST_RUN, ns);
	t->samples = 300;
	fixture__use(t, 0x1000, 3 * gil_percent, 0, 0);
	return t;
}

static struct capture *single_thread(uint64_t gil_percent)
{
	begin(42);
	runs(43, 99 * S / 10, gil_percent);
	return c;
}

static struct capture *processes(void)
{
	for (uint32_t pid = 42; pid < 46; pid++) {
		begin(pid);
		fixture__spend(runs(pid + 100, 5 * S, 100), ST_RUNQ, 5 * S);
	}
	return c;
}

static struct capture *by_quota(void)
{
	begin(42);
	fixture__spend(runs(43, 5 * S, 100), ST_RUNQ, 5 * S);
	c->processes[0].quota_millicpus = 500;
	c->processes[0].quota_cgroup = strdup("/job");
	return c;
}

/* A thread that computes, and one that does I/O and waits for it half of its time. */
static struct capture *echo(uint64_t under_long)
{
	uint32_t root = 0;

	begin(42);
	root = fixture__frame(c, 0, FRAME_PYTHON, "crunch", "/srv/app/work.py", 7);
	runs(43, 9 * S, 100);
	fixture__spend(runs(44, S / 2, 100), ST_GIL_WAIT, 5 * S);
	fixture__blame(c, 0, 44, 43, BLAME_PYTHON, 5 * S, root);
	c->processes[0].gils[0].judged_ns = 5 * S;
	c->processes[0].gils[0].long_hold_ns = under_long;
	return c;
}

static struct capture *lockers(void)
{
	begin(42);
	for (uint32_t tid = 43; tid < 47; tid++) {
		fixture__spend(runs(tid, 2 * S, 10), ST_LOCK_WAIT, 7 * S);
		fixture__lock(c, 0, 0x8000, tid, 0, 7 * S, 500);
	}
	c->locks[0].symbol = strdup("table\x1b[31m");
	return c;
}

static struct capture *servers(void)
{
	begin(42);
	for (uint32_t tid = 43; tid < 47; tid++)
		fixture__spend(runs(tid, S / 2, 100), ST_IO_SOCKET, 9 * S);
	return c;
}

static struct capture *idle(void)
{
	begin(42);
	return c;
}

/* --- words -------------------------------------------------------------------------------------- */

static void of_cpu_bound(void)
{
	SAYS(processes(),
	     "Verdict: cpu-bound: 2.00 threads run on average and 2.00 wait for a CPU; it "
	     "may use 2 CPUs. More threads");
	SAYS(processes(), "wait for the same CPUs: only more CPUs or cheaper code helps. ");
	SAYS_NOT(processes(), "affinity");
	SAYS(by_quota(),
	     "Verdict: cpu-bound: 0.50 threads run on average and 0.50 wait for a CPU; the "
	     "CPU quota of its cgroup allows 0.50 CPUs.");
	SAYS(by_quota(), "only a larger quota or cheaper code helps.");
	processes();
	fixture__cpu(c, 0, 5 * S, 5 * S);
	SAYS(c,
	     "it may use 2 CPUs, and other programs use 0.50. More threads or processes would wait "
	     "for the same CPUs: only less work beside it, more CPUs or cheaper code helps.");
	begin(42);
	for (uint32_t tid = 43; tid < 45; tid++)
		fixture__spend(runs(tid, 5 * S, 0), ST_RUNQ, 5 * S);
	c->processes[0].cpu_mask[0] = 2;
	SAYS(c, "Its affinity keeps it from 1 of the machine's 2 CPUs.");
}

static void of_the_gil(void)
{
	SAYS(echo(3 * S),
	     "Verdict: gil-hogged: 0.50 threads wait for the GIL on average, 60 % of that "
	     "behind single holds of more than four switch intervals, most at work.py:7 "
	     "crunch. It is convoy, too.");
	SAYS(echo(3 * S), "Release the GIL in that call");
	SAYS(echo(2 * S),
	     "Verdict: convoy: 100 % of the waiting for the GIL is by threads that do I/O, "
	     "100 % of that behind threads that compute, most at work.py:7 crunch.");
	SAYS(echo(2 * S), "Move the computing to other processes");
	SAYS(fixture__spinners(), "Verdict: gil-bound: of 2.99 threads");
}

static void of_locks(void)
{
	SAYS(lockers(),
	     "Verdict: lock-bound: 2.80 threads wait for contended locks on average, most for "
	     "table\\x1b[31m (4 threads, 2000 waits); 0.80 run.");
	SAYS(lockers(), "hold the lock for less time");
	SAYS(lockers(), "so the range reaches down to the worst case.");
}

static void of_one_thread(void)
{
	SAYS(single_thread(100),
	     "Verdict: single-thread: one thread, worker (TID 43), does 100 % of all "
	     "that is done, 100 % of it with the GIL. More threads will not help: "
	     "what it does needs the GIL. Processes split such work: 2 processes of 1 "
	     "thread are predicted at");
	SAYS(single_thread(0),
	     "Threads would share the work, as far as it can be split: 2 threads are "
	     "predicted at 2.");
	SAYS(single_thread(0), "cannot be seen with one active thread.");
}

static void of_waiting(void)
{
	SAYS(servers(),
	     "Verdict: io-bound: neither the CPUs nor the GIL nor a lock holds it back; its "
	     "threads spend 96 % of their time in I/O and timed sleeps. Threads or asyncio "
	     "suit it: while one waits, another runs. 8 threads are predicted at 1.");
	SAYS(idle(),
	     "Verdict: idle: next to nothing is done: 0.00 threads want to run on average.");
	SAYS_NOT(idle(), "processes x threads");
	SAYS_NOT(idle(), "cannot be told");
}

static void what_cannot_be_told(void)
{
	struct capture *fixture = fixture__spinners();

	fixture->threads[0].exists_ns = 5 * S;
	SAYS(fixture,
	     "What more threads or processes would give cannot be told: threads that did work "
	     "came and went within the window.");
	SAYS_NOT(fixture__spinners(), "cannot be told");
	SAYS_NOT(fixture__new(), "Verdict");
}

static void layouts_of_processes(void)
{
	SAYS(processes(),
	     "processes x threads        4 x 2       8 x 1      16 x 1  no GIL 1x4 predicted, "
	     "4x1 = 1          1.0");
}

static void rules(void)
{
	EXPLAINS(fixture__spinners(),
		 "cpu-bound     no:  1.00 run or are in the run queue (0.9 of the "
		 "2.00 CPUs)");
	EXPLAINS(fixture__spinners(), "gil-hogged    no:  as gil-bound; 0.8 % of it under holds");
	EXPLAINS(fixture__spinners(),
		 "gil-bound     yes: 1.98 wait for the GIL (0.25, and 0.2 of 2.99");
	EXPLAINS(fixture__spinners(),
		 "Of its time each of 3 workers (1 x 3) needs a CPU with the GIL for "
		 "33 %, a CPU without it for 0.3 %");
	EXPLAINS(fixture__spinners(),
		 "- Left out: start-up, pickling and IPC, memory of each process");
	EXPLAINS(idle(), "There is none: no thread was active for 1 % of the window.");
	SAYS_NOT(fixture__spinners(), "The rules");
}

/* --- JSON --------------------------------------------------------------------------------------- */

static double real_in(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void check_json(const json_t *root)
{
	const json_t *scaling = json_object_get(root, "scaling"), *list, *row;
	const json_t *verdict = json_object_get(root, "verdict");
	size_t i, present = 0;

	CHECK_INT(real_in(json_object_get(scaling, "now"), "workers"), 3);
	CHECK_NEAR(real_in(json_object_get(scaling, "now"), "throughput_lone_threads"), 1.005,
		   1e-5);
	CHECK_NEAR(real_in(scaling, "cpus"), 2, 0);
	CHECK(json_is_null(json_object_get(scaling, "unknown")));
	list = json_object_get(scaling, "predictions");
	json_array_foreach(list, i, row)
	{
		CHECK(real_in(row, "workers") ==
		      real_in(row, "processes") * real_in(row, "threads"));
		if (real_in(row, "ratio") == 1 && real_in(row, "low") == 1)
			present++;
	}
	CHECK_INT(present, 1);
	CHECK_INT(json_array_size(json_object_get(scaling, "assumptions")), 3);
	CHECK_STR(json_string_value(json_object_get(verdict, "kind")), "gil-bound");
	CHECK_STR(json_string_value(json_array_get(json_object_get(verdict, "advice"), 0)),
		  "More threads will not help.");
	CHECK_NEAR(real_in(json_object_get(verdict, "evidence"), "gil_wait"), 1.98, 1e-9);
	row = json_array_get(json_object_get(root, "processes"), 0);
	CHECK_INT(real_in(row, "cpus_allowed"), 2);
	CHECK(json_is_null(json_object_get(row, "cpu_quota")));
}

static void in_json(void)
{
	char *text = render(report_json, &plain, fixture__spinners());
	json_t *root = json_loads(text, 0, NULL);

	check_json(root);
	json_decref(root);
	free(text);
}

/* Names are escaped as on the page, and an answer that is not known is null. */
static void strange_json(void)
{
	char *text = render(report_json, &plain, lockers());
	json_t *root = json_loads(text, 0, NULL);
	const char *summary =
		json_string_value(json_object_get(json_object_get(root, "verdict"), "summary"));

	CHECK(summary && strstr(summary, "table\\x1b[31m"));
	json_decref(root);
	free(text);
	text = render(report_json, &plain, idle());
	root = json_loads(text, 0, NULL);
	CHECK(json_is_string(json_object_get(json_object_get(root, "scaling"), "unknown")));
	CHECK(json_is_null(json_object_get(json_object_get(json_object_get(root, "scaling"), "now"),
					   "demand")));
	json_decref(root);
	free(text);
}

int main(void)
{
	TAP_RUN(of_cpu_bound);
	TAP_RUN(of_the_gil);
	TAP_RUN(of_locks);
	TAP_RUN(of_one_thread);
	TAP_RUN(of_waiting);
	TAP_RUN(what_cannot_be_told);
	TAP_RUN(layouts_of_processes);
	TAP_RUN(rules);
	TAP_RUN(in_json);
	TAP_RUN(strange_json);
	return TAP_DONE();
}
