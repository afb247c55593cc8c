/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <sys/wait.h>
#include <wchar.h>

#include "figure.h"
#include "fixture.h"
#include "model.h"
#include "schema.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

typedef int (*report)(const struct model *, const struct report_options *, FILE *);

static const struct report_options plain,
	verbose = { .verbose = true, .worst = 32, .hold_over_ns = 1, .explain = true };

/* What a report says about a capture, which is freed; malloc'ed. */
static char *render(report r, const struct report_options *o, struct capture *c)
{
	struct model *m = model__new(c);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = r(m, o, f);

	fclose(f);
	model__free(m);
	capture__free(c);
	if (err) {
		printf("# error %d\n", err);
		text[0] = '\0';
	}
	return text;
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = strdup(with);
}

/* The rows of stacks likewise; the trees stay trees. */
static void make_stacks_hostile(struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->frames_n; i++) {
		replace(&c->frames[i].name, name);
		replace(&c->frames[i].file, name);
		c->frames[i].line = UINT32_MAX;
	}
	for (size_t i = 0; i < c->blame_n; i++) {
		struct capture_blame *b = &c->blame[i];

		b->pid = c->processes[0].pid;
		b->waiter_tid = b->holder_tid = UINT32_MAX - (uint32_t)(i % 7);
		b->wait_ns = b->runq_ns = b->count = b->samples = INT64_MAX;
		replace(&b->call, name);
	}
	for (size_t i = 0; i < c->samples_n; i++) {
		c->samples[i].tid = UINT32_MAX - (uint32_t)(i % 7);
		c->samples[i].ns = c->samples[i].count = c->samples[i].held = INT64_MAX;
		replace(&c->samples[i].call, name);
	}
	for (size_t i = 0; i < c->cases_n; i++) {
		c->cases[i].begin_ns = c->cases[i].ns = INT64_MAX;
		c->cases[i].holder_tid = UINT32_MAX;
		replace(&c->cases[i].call, name);
	}
}

/* Every figure and every string as bad as a file can have it. */
static struct capture *hostile(void)
{
	static const char name[] = "\x1b]0;x\a\n\r\t\x7f\xc2\x9b"
				   "1m\xe2\x80\xae\xe6\x97\xa5\xe6\x97\xa5"
				   "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\"\\</script>";
	struct capture *c = fixture__zoo();
	char **strings[] = { &c->info.gilprof_version,
			     &c->info.start,
			     &c->info.mode,
			     &c->info.target,
			     &c->processes[0].comm,
			     &c->processes[0].cmdline,
			     &c->processes[0].python_version,
			     &c->processes[0].python_build,
			     &c->processes[0].gil_source,
			     &c->processes[1].gil_note,
			     &c->threads[0].name,
			     &c->threads[5].blocked[0].cause };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		replace(strings[i], name);
	memset(c->info.lost, 0x7f, sizeof(c->info.lost));
	c->info.duration_ns = 1;
	c->info.complete = false;
	c->info.command_status = INT64_MAX;
	c->info.self.cpu_ns = c->info.self.attach_ns = c->info.self.rss_peak_bytes = INT64_MAX;
	c->info.self.bpf_run_ns = INT64_MAX;
	c->info.cpus = c->info.state_hz = UINT32_MAX;
	for (size_t i = 0; i < c->processes_n; i++) {
		c->processes[i].pid = c->processes[i].ppid = UINT32_MAX - (uint32_t)i;
		c->processes[i].exit_status = INT64_MAX;
		c->processes[i].rss_bytes = INT64_MAX;
	}
	for (size_t i = 0; i < c->threads_n; i++) {
		struct capture_thread *t = &c->threads[i];

		for (size_t p = 0; p < c->processes_n; p++)
			if (c->processes[p].key == t->key)
				t->pid = c->processes[p].pid;
		t->tid = i == 5 ? 0 : UINT32_MAX - (uint32_t)i;
		t->merged = i == 5 ? UINT32_MAX : 1;
		for (int s = 0; s < ST_COUNT; s++)
			t->state_ns[s] = INT64_MAX;
		t->exists_ns = (uint64_t)i;
		t->gil_wait.max_ns = t->voluntary = t->migrations = INT64_MAX;
		memset(t->gil_wait.bucket, 0xff, sizeof(t->gil_wait.bucket));
		for (size_t u = 0; u < t->uses_n; u++)
			t->uses[u].waits = t->uses[u].wait_ns = t->uses[u].held_offcpu_ns =
				INT64_MAX;
	}
	c->processes[0].gils[0].switch_end = INT64_MAX;
	c->processes[0].gils[0].interpreter = INT64_MIN;
	for (size_t i = 0; i < c->cpus_n; i++)
		c->cpus[i].idle_ns = INT64_MAX;
	for (size_t i = 0; i < c->locks_n; i++) {
		struct capture_lock *l = &c->locks[i];

		for (size_t p = 0; p < c->processes_n; p++)
			if (c->processes[p].key == l->key)
				l->pid = c->processes[p].pid;
		l->address = l->wait_ns = l->count = INT64_MAX;
		l->owner_tid = l->tid = UINT32_MAX;
	}
	make_stacks_hostile(c, name);
	return c;
}

/* --- the page --- */

/* No line is wider than a terminal, and nothing but printable characters and newlines is in it. */
static void check_page(const char *page)
{
	wchar_t line[4096];

	setlocale(LC_CTYPE, "C.UTF-8");
	CHECK(*page);
	while (*page) {
		size_t len = strcspn(page, "\n");
		char copy[4096];

		CHECK(page[len] == '\n');
		snprintf(copy, sizeof(copy), "%.*s", (int)len, page);
		CHECK(mbstowcs(line, copy, 4096) != (size_t)-1);
		if (wcswidth(line, 4096) < 0 || wcswidth(line, 4096) > 80)
			TAP_FAIL("%d columns: %s", wcswidth(line, 4096), copy);
		page += len + 1;
	}
}

static void all_pages(void)
{
	struct capture *(*const captures[])(void) = { fixture__new, fixture__spinners, fixture__zoo,
						      hostile };
	const struct report_options *const options[] = { &plain, &verbose };

	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		for (size_t o = 0; o < 2; o++) {
			char *page = render(report_text, options[o], captures[i]());

			check_page(page);
			free(page);
			if (tap_failed)
				TAP_FAIL("capture %zu, options %zu", i, o);
		}
	}
}

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

/* A page of a capture that `change` has changed has `want` in it, or not. */
static void check_words(struct capture *c, const char *want, bool there)
{
	char *page = render(report_text, &plain, c), *at;
	bool found;

	while ((at = strchr(page, '\n'))) /* sentences are wrapped */
		*at = ' ';
	found = strstr(page, want) != NULL;
	if (found != there)
		printf("# %s\n", page);
	free(page);
	if (found != there)
		TAP_FAIL("%s: \"%s\"", there ? "missing" : "found", want);
}

#define SAYS(capture, want) TAP_CALL(check_words(capture, want, true))
#define SAYS_NOT(capture, want) TAP_CALL(check_words(capture, want, false))

static struct capture *python(const char *build, size_t gils)
{
	struct capture *c = fixture__new();

	fixture__python(fixture__process(c, 7, "python3"), build, gils);
	fixture__thread(c, 0, 7, "python3");
	return c;
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

/* More locks than are listed: what is left is added up, and nothing is lost. */
static void many_locks(void)
{
	struct capture *c = python("shared", 1);
	json_t *root, *list, *rest;
	json_int_t sum = 0;
	size_t i;
	char *text;

	for (uint32_t n = 1; n <= 2010; n++)
		fixture__lock(c, 0, 0x1000 * n, 7, 0, n, 1);
	text = render(report_json, &plain, c);
	root = json_loads(text, 0, NULL);
	free(text);
	list = json_object_get(root, "locks");
	CHECK_INT(json_array_size(list), 2001);
	json_array_foreach(list, i, rest)
		sum += json_integer_value(json_object_get(rest, "wait_ns"));
	CHECK_INT(sum, 2010 * 2011 / 2);
	rest = json_array_get(list, 2000);
	CHECK(json_is_null(json_object_get(rest, "address")));
	CHECK_INT(json_integer_value(json_object_get(rest, "count")), 10);
	json_decref(root);
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

/* --- the page: who is to blame --- */

/* As check_words, with the single cases. */
static void check_cases(struct capture *c, unsigned int worst, uint64_t hold_over_ns,
			const char *want, bool there)
{
	const struct report_options o = { .worst = worst, .hold_over_ns = hold_over_ns };
	char *page = render(report_text, &o, c), *at;
	bool found;

	while ((at = strchr(page, '\n')))
		*at = ' ';
	found = strstr(page, want) != NULL;
	if (found != there)
		printf("# %s\n", page);
	free(page);
	if (found != there)
		TAP_FAIL("%s: \"%s\"", there ? "missing" : "found", want);
}

static void single_cases(void)
{
	static const char first[] =
		"The longest single waits for the GIL: 15.0 ms at 1.2 s: spinner 43 in Worker.spin "
		"(spin.py:12) < <module> (main.py:3), for spinner 44, in C code in scan_once "
		"(_json.cpython-312.so) < load (spin.py:34) < <module> (main.py:3)";
	static const char second[] =
		"12.0 ms at 1.2 s: spinner 44 in (stack not known), for spinner "
		"45, asleep in load (spin.py:34)";
	static const char holds[] =
		"Holds of the GIL over 10.0 ms: 16.0 ms at 1.2 s: spinner 44, in C code in scan_once "
		"(_json.cpython-312.so) < load";
	static const char short_hold[] =
		"6.0 ms at 1.2 s: spinner 45, runs Python in (stack not known)";

	SAYS_NOT(fixture__spinners(), "The longest single");
	SAYS_NOT(fixture__spinners(), "Holds of");
	TAP_CALL(check_cases(fixture__spinners(), 1, 0, first, true));
	TAP_CALL(check_cases(fixture__spinners(), 1, 0, second, false));
	TAP_CALL(check_cases(fixture__spinners(), 2, 0, second, true));
	TAP_CALL(check_cases(fixture__spinners(), 0, 10 * FIXTURE_MS, holds, true));
	TAP_CALL(check_cases(fixture__spinners(), 0, 10 * FIXTURE_MS, short_hold, false));
	TAP_CALL(check_cases(fixture__spinners(), 0, 6 * FIXTURE_MS, short_hold, true));
	TAP_CALL(check_cases(fixture__spinners(), 0, 17 * FIXTURE_MS, "Holds of", false));
}

static void blame_words(void)
{
	struct capture *c = fixture__spinners();

	SAYS_NOT(python("static", 1), "Who made others wait");
	for (size_t i = 0; i < c->blame_n; i++)
		c->blame[i].count = c->blame[i].wait_ns / 17000;
	SAYS(c, "19.8 s in all; short waits, holders roughly");
	c = fixture__spinners();
	for (size_t i = 0; i < c->blame_n; i++)
		c->blame[i].stack = 0;
	SAYS(c, "18.0s    91 %  runs Python    (stack not known)");
}

static void broken_law_of_blame(void)
{
	struct capture *c = fixture__spinners();

	c->blame[0].wait_ns += 19 * FIXTURE_MS; /* of 19.8 s: 0.1 % are 19.8 ms */
	SAYS_NOT(c, "WARNING");
	c = fixture__spinners();
	c->blame[0].wait_ns += 1000 * FIXTURE_MS;
	SAYS(c,
	     "678Z WARNING: law 3 (blame = waits for the GIL) is broken for 1 of 1 process; worst: "
	     "process 42, off by 1.0 s of 19.8 s");
	c = fixture__spinners();
	c->blame[20].wait_ns = 0; /* lost: it is 20 ms too little */
	SAYS(c, "WARNING: law 3");
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

/* --- JSON --- */

static char path[] = "/tmp/gilprof-report-XXXXXX";

static void save(const char *text, char *name, const char *suffix)
{
	FILE *f;

	sprintf(name, "%s/%s", path, suffix);
	f = fopen(name, "w");
	fputs(text, f);
	fclose(f);
}

static void check_schema(const char *schema, char *json)
{
	char report_path[100], schema_path[100], command[300];
	int status;

	for (const char *at = json; *at; at++)
		CHECK((*at >= 0x20 && *at < 0x7f) || *at == '\n');
	save(json, report_path, "report.json");
	save(schema, schema_path, "schema.json");
	snprintf(command, sizeof(command), "tests/schema.py %s %s >&2", report_path, schema_path);
	status = WEXITSTATUS(system(command));
	remove(report_path);
	remove(schema_path);
	if (status == 77)
		TAP_SKIP("python3-jsonschema is missing");
	if (status)
		printf("%s", json);
	CHECK_INT(status, 0);
}

static void keeps_the_schema(void)
{
	struct capture *(*const captures[])(void) = { fixture__new, fixture__spinners, fixture__zoo,
						      hostile };
	char *schema = NULL, *json;
	size_t len;
	FILE *f = open_memstream(&schema, &len);

	CHECK_INT(schema__print(f), 0);
	fclose(f);
	CHECK(mkdtemp(path));
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]) && !tap_failed; i++) {
		json = render(report_json, &plain, captures[i]());
		check_schema(schema, json);
		free(json);
	}
	free(schema);
	rmdir(path);
}

static json_int_t at(json_t *root, const char *member, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(root, member), name));
}

static void json(void)
{
	char *text = render(report_json, &plain, fixture__zoo());
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *process, *thread;
	json_t *lock;

	free(text);
	CHECK(root);
	process = json_array_get(json_object_get(root, "processes"), 2);
	thread = json_array_get(json_object_get(process, "threads"), 0);
	CHECK_STR(json_string_value(json_object_get(root, "schema")), "gilprof.report/1");
	CHECK_STR(json_string_value(json_object_get(process, "comm")), "ngin\x1b[31mx");
	CHECK_STR(json_string_value(json_object_get(process, "cmdline")),
		  "nginx: \\xff \"worker\"\nline two \xc2\x9b"
		  "31m");
	CHECK_INT(json_integer_value(json_object_get(process, "exit_status")), -9);
	CHECK(json_is_null(json_object_get(process, "python")));
	CHECK(json_is_null(json_object_get(process, "pss_bytes")));
	CHECK_STR(json_string_value(json_object_get(thread, "name")), "a\nb");
	CHECK_INT(at(thread, "state_ns", "io_wait"), 9580 * FIXTURE_MS);
	CHECK_INT(at(thread, "io_ns", "socket"), 2 * S);
	CHECK_INT(at(thread, "blocked_ns", "fsync"), 300 * FIXTURE_MS);
	CHECK_INT(at(json_object_get(root, "capture"), "lost", "ring_full"), 2);
	CHECK(json_is_null(json_object_get(json_object_get(root, "capture"), "command_status")));
	process = json_array_get(json_object_get(root, "processes"), 0);
	thread = json_array_get(json_object_get(process, "threads"), 4);
	CHECK_STR(json_string_value(json_object_get(thread, "name")), "(231 threads)");
	thread = json_array_get(json_object_get(process, "threads"), 1);
	CHECK_INT(at(thread, "cpu_ns_by_cpu", "1"), 3300 * FIXTURE_MS);
	CHECK_INT(json_object_size(json_object_get(thread, "cpu_ns_by_cpu")), 1);
	lock = json_array_get(json_object_get(root, "locks"), 0);
	CHECK_STR(json_string_value(json_object_get(lock, "address")), "0x7f0000001040");
	CHECK_STR(json_string_value(json_object_get(lock, "symbol")), "lock\x1b[31m\n");
	CHECK_INT(json_integer_value(json_object_get(lock, "pid")), 60);
	CHECK_INT(json_integer_value(json_object_get(lock, "owner_tid")), 61);
	CHECK_INT(json_integer_value(json_object_get(lock, "waiters")), 1);
	CHECK_INT(json_integer_value(json_object_get(lock, "wait_ns")), 100 * FIXTURE_MS);
	json_decref(root);
}

static json_t *root_of(struct capture *c)
{
	char *text = render(report_json, &plain, c);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	free(text);
	return root;
}

static json_int_t number_in(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static const char *string_in(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static void check_frame(const json_t *stack, size_t i, const char *name, const char *file, int line,
			const char *kind)
{
	const json_t *f = json_array_get(stack, i);

	CHECK_STR(string_in(f, "name"), name);
	CHECK_STR(string_in(f, "file"), file);
	CHECK_INT(number_in(f, "line"), line);
	CHECK(line || json_is_null(json_object_get(f, "line")));
	CHECK_STR(string_in(f, "kind"), kind);
}

static json_int_t sum_of(const json_t *list, const char *member)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		sum += number_in(json_array_get(list, i), member);
	return sum;
}

static void blame_in_json(void)
{
	json_t *root = root_of(fixture__spinners()), *list = json_object_get(root, "blame"), *row;
	json_t *stack;

	CHECK_INT(json_array_size(list), 21);
	CHECK_INT(sum_of(list, "wait_ns"), 3 * 6600 * FIXTURE_MS);
	CHECK_INT(sum_of(list, "runq_ns"), 6 * 20 * FIXTURE_MS);
	row = json_array_get(list, 0);
	CHECK_INT(number_in(row, "pid"), 42);
	CHECK_INT(number_in(row, "waiter_tid"), 43);
	CHECK_INT(number_in(row, "holder_tid"), 44);
	CHECK_STR(string_in(row, "kind"), "python");
	CHECK(json_is_null(json_object_get(row, "call")));
	CHECK_INT(json_array_size(json_object_get(row, "stack")), 2);
	row = json_array_get(list, 6);
	stack = json_object_get(row, "stack");
	CHECK_STR(string_in(row, "kind"), "native");
	CHECK_INT(json_array_size(stack), 3);
	TAP_CALL(check_frame(stack, 0, "<module>", "/srv/app/main.py", 3, "python"));
	TAP_CALL(check_frame(stack, 1, "load", "/srv/app/spin.py", 34, "python"));
	TAP_CALL(check_frame(stack, 2, "scan_once", "_json.cpython-312.so", 0, "native"));
	row = json_array_get(list, 12);
	CHECK_STR(string_in(row, "kind"), "offcpu");
	CHECK_STR(string_in(row, "call"), "read");
	row = json_array_get(list, 20);
	CHECK_STR(string_in(row, "kind"), "handoff");
	CHECK(json_is_null(json_object_get(row, "holder_tid")));
	CHECK_INT(json_array_size(json_object_get(row, "stack")), 0);
	json_decref(root);
}

static void cases_in_json(void)
{
	json_t *root = root_of(fixture__spinners()), *list = json_object_get(root, "waits"), *row;

	CHECK_INT(json_array_size(list), 2);
	row = json_array_get(list, 0);
	CHECK_INT(number_in(row, "waiter_tid"), 43);
	CHECK_INT(number_in(row, "holder_tid"), 44);
	CHECK_INT(number_in(row, "begin_ns"), 1234 * FIXTURE_MS);
	CHECK_INT(number_in(row, "ns"), 15 * FIXTURE_MS);
	TAP_CALL(check_frame(json_object_get(row, "stack"), 2, "scan_once", "_json.cpython-312.so",
			     0, "native"));
	TAP_CALL(check_frame(json_object_get(row, "waiter_stack"), 1, "Worker.spin",
			     "/srv/app/spin.py", 12, "python"));
	list = json_object_get(root, "holds");
	CHECK_INT(json_array_size(list), 2);
	row = json_array_get(list, 1);
	CHECK(!json_object_get(row, "waiter_tid"));
	CHECK(!json_object_get(row, "waiter_stack"));
	CHECK_INT(number_in(row, "holder_tid"), 45);
	CHECK_STR(string_in(row, "kind"), "python");
	CHECK_INT(json_array_size(json_object_get(row, "stack")), 0);
	json_decref(root);
}

/* More rows than are told apart: the gravest keep their stacks, the rest is added up. */
static void many_rows(void)
{
	struct capture *c = python("static", 1);
	json_int_t total = 0, samples = 0, count = 0;
	const json_t *list, *row;
	json_t *root;
	uint32_t stack;

	stack = fixture__frame(c, 0, FRAME_PYTHON, "f", "f.py", 1);
	for (uint32_t i = 1; i <= 5000; i++) {
		struct capture_blame *b = fixture__blame(c, 0, 43 + i % 3, 50 + i % 5,
							 i % 2 ? BLAME_PYTHON : BLAME_OFFCPU,
							 i * 1000, stack);

		b->call = i % 2 ? NULL : strdup("read");
		total += (json_int_t)b->wait_ns;
		samples += (json_int_t)b->samples;
		count += (json_int_t)b->count;
	}
	root = root_of(c);
	list = json_object_get(root, "blame");
	CHECK_INT(json_array_size(list), 2030); /* 3 waiters, 5 holders, 2 kinds */
	CHECK_INT(sum_of(list, "wait_ns"), total);
	CHECK_INT(sum_of(list, "samples"), samples);
	CHECK_INT(sum_of(list, "count"), count);
	for (size_t i = 0; i < 2030; i++) {
		row = json_array_get(list, i);
		CHECK_INT(json_array_size(json_object_get(row, "stack")), i < 2000);
		CHECK(number_in(row, "holder_tid") >= 50);
		if (i < 2000)
			CHECK_INT(number_in(row, "wait_ns"), (5000 - i) * 1000);
		else
			CHECK(json_is_null(json_object_get(row, "call")));
	}
	CHECK_INT(number_in(json_array_get(list, 2000), "waiter_tid"), 43);
	CHECK_INT(number_in(json_array_get(list, 2000), "holder_tid"), 50);
	CHECK_STR(string_in(json_array_get(list, 2000), "kind"), "python");
	CHECK_STR(string_in(json_array_get(list, 2029), "kind"), "offcpu");
	json_decref(root);
}

static void laws_in_json(void)
{
	struct capture *c = fixture__spinners();
	json_t *root, *law;

	c->blame[0].wait_ns += 1000 * FIXTURE_MS;
	root = root_of(c);
	law = json_object_get(json_object_get(json_object_get(root, "capture"), "laws"), "gil");
	CHECK(json_is_false(json_object_get(law, "ok")));
	json_decref(root);
	c = fixture__spinners();
	c->info.stack_hz = 0; /* from before there was blame */
	c->blame[0].wait_ns = 0;
	root = root_of(c);
	law = json_object_get(json_object_get(json_object_get(root, "capture"), "laws"), "gil");
	CHECK(!json_is_false(json_object_get(law, "ok")));
	json_decref(root);
}

/* The sum of a thread's states is what was recorded, whatever the split and the rounding. */
static void states_add_up(void)
{
	struct capture *c = fixture__spinners();
	json_t *root, *threads, *ns;
	const char *state;
	char *text;

	c->threads[0].samples = 7; /* thirds of a nanosecond */
	c->threads[0].uses[0].samples = 3;
	fixture__spend(&c->threads[0], ST_UNSEEN, 5);
	text = render(report_json, &plain, c);
	root = json_loads(text, 0, NULL);
	free(text);
	threads = json_object_get(json_array_get(json_object_get(root, "processes"), 0), "threads");
	for (size_t i = 0; i < json_array_size(threads); i++) {
		json_int_t sum = 0;

		json_object_foreach(json_object_get(json_array_get(threads, i), "state_ns"), state,
				    ns) sum += json_integer_value(ns);
		CHECK_INT(sum, 10 * S);
	}
	json_decref(root);
}

/* --- both --- */

/* A capture that has been through a file says the same: nothing else reaches the reports. */
static void from_a_file(void)
{
	static const report reports[] = { report_text, report_json };

	for (size_t i = 0; i < 4; i++) {
		struct capture *c = i < 2 ? fixture__zoo() : fixture__spinners();
		size_t len;
		unsigned char *bytes = fixture__write(c, &len);
		char err[100];
		char *live = render(reports[i % 2], &verbose, c);
		char *file = render(reports[i % 2], &verbose,
				    fixture__read(bytes, len, err, sizeof(err)));
		bool same = *live && !strcmp(live, file);

		free(bytes);
		free(live);
		free(file);
		CHECK(same);
	}
}

static void other_locales(void)
{
	char *here = render(report_text, &verbose, fixture__zoo()), *there;
	bool same;

	setlocale(LC_ALL, "de_DE.UTF-8");
	there = render(report_text, &verbose, fixture__zoo());
	setlocale(LC_ALL, "C");
	same = !strcmp(here, there);
	free(here);
	free(there);
	CHECK(same);
}

static int write_to(report r, const char *where)
{
	struct capture *c = fixture__zoo();
	struct model *m = model__new(c);
	FILE *f = fopen(where, "w");
	int err = r(m, &verbose, f);

	fclose(f);
	model__free(m);
	capture__free(c);
	return err;
}

static void full_disks(void)
{
	FILE *f;

	CHECK_INT(write_to(report_text, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_json, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_text, "/dev/null"), 0);
	f = fopen("/dev/full", "w");
	CHECK_INT(schema__print(f), -ENOSPC);
	fclose(f);
}

static void figures(void)
{
	CHECK_STR(figure__percent(0.664).text, "66 %");
	CHECK_STR(figure__percent(0.0664).text, "6.6 %");
	CHECK_STR(figure__percent(0.0009).text, "0.09 %");
	CHECK_STR(figure__percent(0).text, "0 %");
	CHECK_STR(figure__percent(0.0996).text, "10 %");
	CHECK_STR(figure__cell(0.0004).text, "-");
	CHECK_STR(figure__cell(0.0005).text, "0.1");
	CHECK_STR(figure__cell(0.9994).text, "99.9");
	CHECK_STR(figure__cell(0.9996).text, "100");
	CHECK_STR(figure__cell(1e9).text, ">999");
	CHECK_STR(figure__time(0).text, "0 ns");
	CHECK_STR(figure__time(999).text, "999 ns");
	CHECK_STR(figure__time(1000).text, "1.0 us");
	CHECK_STR(figure__time(5300000).text, "5.3 ms");
	CHECK_STR(figure__time(999600).text, "1.0 ms");
	CHECK_STR(figure__time(123456789012).text, "123 s");
	CHECK_STR(figure__time_cell(0).text, "-");
	CHECK_STR(figure__time_cell(15000000).text, "15.0ms");
	CHECK_STR(figure__time_cell(INT64_MAX).text, ">9999s");
	CHECK_STR(figure__bytes(0).text, "0 B");
	CHECK_STR(figure__bytes(1023).text, "1.0 KiB");
	CHECK_STR(figure__bytes(34u << 20).text, "34.0 MiB");
	CHECK_STR(figure__rate(0).text, "-");
	CHECK_STR(figure__rate(3.14).text, "3.1");
	CHECK_STR(figure__rate(9999).text, "9999");
	CHECK_STR(figure__rate(20100).text, "20k");
	CHECK_STR(figure__rate(1300000).text, "1.3M");
	CHECK_STR(figure__fixed(-1, 1).text, "0.0");
	CHECK_STR(figure__fixed(1.005e20, 0).text, "1000000000000000");
}

int main(void)
{
	TAP_RUN(the_page);
	TAP_RUN(all_pages);
	TAP_RUN(words);
	TAP_RUN(locks);
	TAP_RUN(many_locks);
	TAP_RUN(several_gils);
	TAP_RUN(warnings);
	TAP_RUN(single_cases);
	TAP_RUN(blame_words);
	TAP_RUN(broken_law_of_blame);
	TAP_RUN(top);
	TAP_RUN(colour);
	TAP_RUN(keeps_the_schema);
	TAP_RUN(json);
	TAP_RUN(blame_in_json);
	TAP_RUN(cases_in_json);
	TAP_RUN(many_rows);
	TAP_RUN(laws_in_json);
	TAP_RUN(states_add_up);
	TAP_RUN(from_a_file);
	TAP_RUN(other_locales);
	TAP_RUN(full_disks);
	TAP_RUN(figures);
	return TAP_DONE();
}
