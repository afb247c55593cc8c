/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * python__discover() and python__refresh() on real interpreters: each that is at hand, from the
 * moment it starts.
 */
#include "interpreter.h"

static void report_cost(pid_t pid, const struct python *py)
{
	struct python copy = *py;
	int64_t discover = INT64_MAX, refresh = INT64_MAX;

	for (int i = 0; i < 10; i++) {
		int64_t begin = now_us(), middle, end;

		python__discover(pid, &copy);
		middle = now_us();
		python__refresh(pid, &copy);
		end = now_us();
		discover = middle - begin < discover ? middle - begin : discover;
		refresh = end - middle < refresh ? end - middle : refresh;
	}
	printf("# %s, %s, %s: discover %lld us, refresh %lld us (sanitized)\n", py->version,
	       py->build, py->source, (long long)discover, (long long)refresh);
}

static void look_at(const char *version, const char *want, const char *build, const char *source)
{
	const char *path = python_path(version);
	struct child child;
	struct python py;

	if (!path)
		TAP_SKIP("this interpreter is not installed");
	child = start(path, spin);
	if (is_ready(&child))
		check_spinning(child.pid, want, &py);
	else
		tap_failed = true;
	if (!tap_failed)
		report_cost(child.pid, &py);
	stop(&child);
	if (tap_failed)
		return;
	CHECK_STR(py.build, build);
	CHECK_STR(py.source, source);
	CHECK(py.libc != LIBC_UNKNOWN && py.thread_id != 0 && !py.free_threaded);
	CHECK_STATUS(python__refresh(child.pid, &py), PYTHON_GONE, &py);
	CHECK(py.note[0] && py.gils_n == 1);
}

static void python_3_8(void)
{
	look_at("3.8.18", "3.8.18", "shared", "table row 3.8");
}

static void python_3_9(void)
{
	look_at("3.9.18", "3.9.18", "shared", "table row 3.9");
}

static void python_3_10(void)
{
	look_at("3.10.13", "3.10.13", "shared", "table row 3.10");
}

static void python_3_11(void)
{
	look_at("3.11.7", "3.11.7", "shared", "table row 3.11");
}

static void python_3_12(void)
{
	look_at("3.12.1", "3.12.1", "shared", "table row 3.12");
}

static void python_3_13(void)
{
	look_at("3.13.0", "3.13.0", "shared", "_Py_DebugOffsets");
}

static void debian_python_3_11(void)
{
	look_at("/usr/bin/python3.11", "3.11.", "static stripped", "table row 3.11");
}

static void check_unsupported(const char *version, const char *fact)
{
	const char *path = python_path(version);
	struct child child;
	struct python py;

	if (!path)
		TAP_SKIP("this interpreter is not installed");
	child = start(
		path,
		"import sys, time; sys.stdout.write('ready'); sys.stdout.flush(); time.sleep(60)");
	is_ready(&child);
	python__discover(child.pid, &py);
	stop(&child);
	CHECK_STATUS(py.status, PYTHON_NO_GIL, &py);
	if (!strstr(py.note, fact))
		TAP_FAIL("note is \"%s\"", py.note);
}

static void unsupported_3_7(void)
{
	check_unsupported("3.7.16", "CPython 3.7 is not supported (CPython 3.8 to 3.15 are)");
}

static void unsupported_3_6(void)
{
	check_unsupported("3.6.15", "CPython 3.6 is not supported");
}

static void unsupported_2_7(void)
{
	check_unsupported("2.7.18", "CPython 2.7 is not supported");
}

static void not_python(void)
{
	struct child child = start("/bin/sleep", NULL);
	struct python py;

	for (int i = 0; i < 1000; i++) {
		python__discover(child.pid, &py);
		CHECK_STATUS(py.status, PYTHON_NOT, &py);
	}
	stop(&child);
	CHECK_STATUS(python__discover(child.pid, &py), PYTHON_GONE, &py);
	if (geteuid() == 0)
		CHECK_STATUS(python__discover(2, &py), PYTHON_NOT, &py); /* kthreadd */
}

/* Looks without a pause from fork to GIL: no look may find what is not there. */
static void look_from_the_start(const char *path, int64_t *found_us)
{
	int64_t begin = now_us();
	struct child child = start(path, spin);
	unsigned int seen[5] = { 0 };
	struct python py;

	do {
		python__discover(child.pid, &py);
		seen[py.status]++;
	} while (py.status != PYTHON_FOUND && now_us() - begin < 20000000 &&
		 py.status != PYTHON_NO_GIL);
	*found_us = now_us() - begin;
	stop(&child);
	CHECK_STATUS(py.status, PYTHON_FOUND, &py);
	CHECK_INT(seen[PYTHON_NO_GIL] + seen[PYTHON_GONE], 0);
	CHECK_INT(py.gils_n, 1);
}

static void just_started(void)
{
	static const char *const versions[] = {
		"3.8.18", "3.9.18", "3.10.13", "3.11.7", "3.12.1", "3.13.0", "/usr/bin/python3.11"
	};
	int64_t us = 0, total = 0;
	int runs = 0;

	for (size_t i = 0; i < 5 * sizeof(versions) / sizeof(versions[0]); i++) {
		const char *version = versions[i % (sizeof(versions) / sizeof(versions[0]))];
		const char *path = python_path(version);

		if (!path)
			continue;
		TAP_CALL(look_from_the_start(path, &us));
		total += us;
		runs++;
	}
	if (!runs)
		TAP_SKIP("no interpreter is installed");
	printf("# %d starts, found after %lld us on average\n", runs, (long long)total / runs);
}

/* More builds, named in the environment as PATH:PATH; a script that execs one will do. */
static void further_interpreters(void)
{
	const char *list = getenv("GILPROF_TEST_PYTHONS");
	char paths[1024], *save = NULL;
	int64_t us;

	if (!list)
		TAP_SKIP("GILPROF_TEST_PYTHONS names none");
	snprintf(paths, sizeof(paths), "%s", list);
	for (char *path = strtok_r(paths, ":", &save); path; path = strtok_r(NULL, ":", &save)) {
		struct child child = start(path, spin);
		struct python py = { 0 };

		if (is_ready(&child))
			check_spinning(child.pid, "3.", &py);
		else
			tap_failed = true;
		report_cost(child.pid, &py);
		stop(&child);
		for (int i = 0; i < 5 && !tap_failed; i++)
			look_from_the_start(path, &us);
		if (tap_failed)
			TAP_FAIL("%s", path);
	}
}

/* Interpreters with a GIL of their own come and go; one that shares the main one's adds none. */
static void look_at_subinterpreters(const char *version, const char *script)
{
	const char *path = python_path(version);
	struct child child;
	struct python py;
	unsigned int gils[3] = { 0 };

	if (!path)
		TAP_SKIP("this interpreter is not installed");
	child = start(path, script);
	for (int i = 0; i < 3 && is_ready(&child); i++) {
		if (i == 0)
			python__discover(child.pid, &py);
		else
			python__refresh(child.pid, &py);
		gils[i] = py.status == PYTHON_FOUND ? py.gils_n : 99;
		kill(child.pid, SIGUSR1);
	}
	stop(&child);
	CHECK_INT(gils[0], 1);
	CHECK_INT(gils[1], 3);
	CHECK_INT(gils[2], 2);
}

#define STEPS(import, shared) \
	"import os, signal\n" \
	"signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n" import \
	"def step(): os.write(1, b'r'); signal.sigwait([signal.SIGUSR1])\n" \
	"step(); a = s.create(); b = s.create(); c = " shared "\n" \
	"step(); s.destroy(a)\n" \
	"step(); signal.pause()\n"

static void subinterpreters_3_12(void)
{
	look_at_subinterpreters("3.12.1", STEPS("import _xxsubinterpreters as s\n",
						"s.create(isolated=False)"));
}

static void subinterpreters_3_13(void)
{
	look_at_subinterpreters("3.13.0",
				STEPS("import _interpreters as s\n", "s.create('legacy')"));
}

int main(void)
{
	TAP_RUN(python_3_8);
	TAP_RUN(python_3_9);
	TAP_RUN(python_3_10);
	TAP_RUN(python_3_11);
	TAP_RUN(python_3_12);
	TAP_RUN(python_3_13);
	TAP_RUN(debian_python_3_11);
	TAP_RUN(unsupported_3_7);
	TAP_RUN(unsupported_3_6);
	TAP_RUN(unsupported_2_7);
	TAP_RUN(not_python);
	TAP_RUN(just_started);
	TAP_RUN(further_interpreters);
	TAP_RUN(subinterpreters_3_12);
	TAP_RUN(subinterpreters_3_13);
	return TAP_DONE();
}
