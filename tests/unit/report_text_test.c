/* SPDX-License-Identifier: BSD-2-Clause */
/* The page. */
#include "report_fixture.h"

static void the_page(void)
{
	char *page = render(report_text, &plain, fixture__spinners());
	bool same = !strcmp(
		page,
		"gilprof 0.1.0: PID 42 (attach), 10.0 s, 2 CPUs, 2026-01-02T03:04:05.678Z\n"
		"Verdict: gil-bound: of 2.99 threads that want to run on average, 0.99 run, 1.98\n"
		"wait for the GIL and 0.02 for a CPU.\n"
		"More threads will not help. Processes split such work: 3 processes of 1 thread\n"
		"are predicted at 2.01 times the throughput (1.82 to 2.23), with up to 34.0 MiB\n"
		"of memory each.\n"
		"The GIL of python3.12 (PID 42) was held ~98 % of the time; 3 threads waited for\n"
		"it 66 % of their time on average, 15.0 ms at the longest.\n"
		"The 4 threads spent 25 % of their time polling for I/O.\n"
		"\n"
		"processes x threads        1 x 6       3 x 1       2 x 3       4 x 3  no GIL 1x3\n"
		"predicted, 1x3 = 1          1.02        2.01        2.02        2.02        1.86\n"
		"  its range            0.85-1.13   1.82-2.23   1.61-2.23   1.70-2.23   1.65-2.13\n"
		"\n"
		"PID 42 python3.12: Python 3.12.1 shared\n"
		"4 threads: 0.99 ran, 2.99 wanted to; CPU time 9.9 s; RSS 34.0 MiB\n"
		"GIL 0: held ~98 %, off the CPU 0 %; 3960 sleeps of 3 threads; 200 switches/s\n"
		"% of its time         on a CPU: GIL?  off it, waiting for:              GIL wait\n"
		"    TID NAME          all ~yes  ~no   CPU  GIL lock  I/O sleep other    p99 sw/s\n"
		"     43 spinner      33.0 32.7  0.3   0.5 66.0    -  0.5     -     - 14.8ms  200\n"
		"     44 spinner      33.0 32.7  0.3   0.5 66.0    -  0.5     -     - 14.8ms  200\n"
		"     45 spinner      33.0 32.7  0.3   0.5 66.0    -  0.5     -     - 14.8ms  200\n"
		"     42 python3.12      -    -    -     -    -    -  100     -     -      -    -\n"
		"\n"
		"Who made others wait for the GIL: 19.8 s in all\n"
		"  waited   share  the holder     where it stood (sampled)\n"
		"   18.0s    91 %  runs Python    spin.py:12 Worker.spin\n"
		"    1.5s   7.6 %  in C code      spin.py:34 load, in scan_once\n"
		"   240ms   1.2 %  asleep         spin.py:12 Worker.spin, in read\n"
		"  60.0ms   0.3 %  changing hands\n"
		"  waited, by holder:          44          45          43      others\n"
		"  spinner 43                3.3s        3.3s           -      20.0ms\n"
		"  spinner 44                   -        3.3s        3.3s      20.0ms\n"
		"  spinner 45                3.3s           -        3.3s      20.0ms\n"
		"\n"
		"CPUs: target 50 %, others 2.5 %, idle 48 %\n"
		"gilprof used 0.2 % of a CPU, 12.0 MiB; lost: nothing\n");

	if (!same)
		printf("%s", page);
	free(page);
	CHECK(same);
}

/* Two threads of three spend 700 ms of 30 s on one lock, resp. 2.1 s. */
static struct capture *lockers(uint64_t times, uint32_t owner)
{
	struct capture *c = python("shared", 1);

	for (uint32_t tid = 8; tid < 10; tid++) {
		fixture__spend(fixture__thread(c, 0, tid, "worker"), ST_LOCK_WAIT,
			       times * 350 * FIXTURE_MS);
		fixture__lock(c, 0, 0x8000, tid, owner, times * 350 * FIXTURE_MS, 500);
	}
	return c;
}

static void locks(void)
{
	SAYS(lockers(3, 8), "The threads of python3 (PID 7) spent 7.0 % of their time waiting for "
			    "one lock, at 0x8000: 2 threads, 1000 waits, held most by worker 8.");
	SAYS(lockers(3, 0), "at 0x8000: 2 threads, 1000 waits.");
	SAYS_NOT(lockers(1, 8), "one lock");
}

static void words(void)
{
	struct capture *c = fixture__new();

	SAYS(c, "No process was seen in the window.");
	SAYS(python("static free-threaded", 0),
	     "python3 (PID 7) runs a free-threaded build of Python: there is no GIL.");
	c = python("static free-threaded", 0);
	fixture__process(c, 8, "sh");
	SAYS(c, "threads wanted to run in 2 processes: 0.00 ran, 0.00 waited for a CPU.");
	SAYS_NOT(fixture__spinners(), "wanted to run in"); /* its own line says it */
	c = python("static", 0);
	c->processes[0].gil_note = strdup("no offsets for Python 4.0");
	SAYS(c, "The GIL of python3 (PID 7) is not known: no offsets for Python 4.0.");
	c = fixture__new();
	fixture__process(c, 7, "nginx");
	SAYS(c, "No Python was found in nginx (PID 7), so there is no GIL.");
	SAYS(python("static", 1),
	     "was held 0 % of the time; no thread waited 1 % of its time for it.");
	SAYS(python("static", 1), "The thread spent 100 % of its time polling for I/O.");
	c = python("static", 1);
	fixture__blocked(&c->threads[0], "fsync", 9 * S);
	SAYS(c, "The thread spent 90 % of its time blocked in fsync, 10 % polling for I/O.");
	c = python("static", 1);
	fixture__spend(&c->threads[0], ST_RUN, 5 * S);
	c->threads[0].samples = 10;
	c->threads[0].unknown_gil_samples = 2;
	SAYS(c, "For ~20 % of the CPU time it was not known yet whether a GIL was held.");
	c = fixture__spinners();
	c->threads[0].uses[0].held_offcpu_ns = S;
	SAYS(c, "of the time (9.3 % of that by threads off the CPU); 3 threads");
	c = fixture__spinners();
	c->info.command_status = 3 << 8;
	SAYS(c, "The command ended with status 3.");
	c = fixture__spinners();
	c->info.command_status = 9;
	SAYS(c, "The command was killed by signal 9.");
}

static void several_gils(void)
{
	struct capture *c = fixture__spinners();
	struct capture_thread *t;

	fixture__python(fixture__process(c, 50, "worker"), "static", 2);
	t = fixture__thread(c, 1, 50, "worker");
	fixture__spend(t, ST_RUN, 9900 * FIXTURE_MS); /* busier, but nobody waits */
	fixture__use(t, 0x2000, 0, 0, 0);
	t->run_held_ns = 9900 * FIXTURE_MS;
	SAYS(c, "Of 3 GILs, the most waited for is that of python3.12 (PID 42): it was held ~98 %");
	c = fixture__spinners();
	fixture__python(fixture__process(c, 50, "worker"), "static", 1);
	SAYS(c,
	     "2.99 threads wanted to run in 2 processes: 0.99 ran, 1.98 waited for a GIL, 0.02 for a CPU.");
	c = python("static", 2);
	SAYS(c, "Of 2 GILs, the busiest is that of python3 (PID 7): it was held 0 %");
}

static void warnings(void)
{
	struct capture *c = fixture__spinners();

	SAYS_NOT(c, "WARNING");
	c = fixture__spinners();
	c->info.complete = false;
	SAYS(c, "678Z WARNING: the capture is incomplete");
	c = fixture__spinners();
	c->threads[1].state_ns[ST_SLEEP] += S;
	SAYS(c,
	     "678Z WARNING: law 1 (time in all states = existence) is broken for 1 of 4 threads; "
	     "worst: thread 44, off by 1.0 s of 10.0 s");
	c = fixture__spinners();
	c->cpus[0].idle_ns = 0;
	SAYS(c, "WARNING: law 2");
	c = fixture__spinners();
	c->threads[1].kernel_ns += S;
	SAYS(c, "WARNING: law 4");
	c = fixture__spinners();
	c->info.lost[LOST_THREAD_STORAGE] = 3;
	SAYS(c, "WARNING: lost: thread_storage 3 (");
	c = fixture__spinners();
	c->info.lost[LOST_RECURSION] = 3; /* rare: only the last line tells */
	SAYS_NOT(c, "WARNING");
	c = fixture__spinners();
	c->info.lost[LOST_RECURSION] = 3;
	SAYS(c, "; lost: recursion 3");
}

static void top(void)
{
	static const struct report_options two = { .top = 2 };
	struct capture *c = fixture__spinners();
	char *page = render(report_text, &two, c);
	bool right = strstr(page, "     44 spinner") && !strstr(page, "     45 spinner") &&
		     strstr(page,
			    "\nand 2 more           16.5 16.3  0.2   0.3 33.0    - 50.2     -     -"
			    " 14.8ms  100\n");

	if (!right)
		printf("%s", page);
	free(page);
	CHECK(right);
}

/* Too few intervals tell nothing. */
static void over_time(void)
{
	struct capture *c = fixture__spinners();
	char *page;
	bool right;

	for (int i = 0; i < 4; i++)
		fixture__parallel(c, 2000 * FIXTURE_MS, 1, 3);
	SAYS_NOT(c, "Threads that wanted to run, in parts");
	page = render(report_text, &plain, fixture__zoo());
	right = strstr(
		page,
		"\nThreads that wanted to run, in parts of 1.0 s: 2.75 (p10), 3.75 (p50), 4.75"
		"\n(p90), 4.75 at most; that ran: 1.00, 1.25, 1.50, 1.50.\n");
	if (!right)
		printf("%s", page);
	free(page);
	CHECK(right);
}

static void colour(void)
{
	static const struct report_options coloured = { .colour = true };
	char *page = render(report_text, &coloured, fixture__zoo()), *at = page;
	size_t on = 0, off = 0;

	for (; (at = strchr(at, '\033')); at++) {
		on += !strncmp(at, "\033[1m", 4) || !strncmp(at, "\033[1;31m", 7);
		off += !strncmp(at, "\033[0m\n", 5);
	}
	at = strstr(page, "\033[1;31mWARNING");
	free(page);
	CHECK(at);
	CHECK(on > 3 && on == off);
	page = render(report_text, &plain, hostile());
	at = strchr(page, '\033');
	free(page);
	CHECK(!at);
}

int main(void)
{
	TAP_RUN(the_page);
	TAP_RUN(words);
	TAP_RUN(locks);
	TAP_RUN(several_gils);
	TAP_RUN(warnings);
	TAP_RUN(top);
	TAP_RUN(over_time);
	TAP_RUN(colour);
	return TAP_DONE();
}
