/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON report. */
#include <jansson.h>
#include <sys/wait.h>

#include "report_fixture.h"
#include "schema.h"

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
						      pool, hostile };
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

static json_int_t sum_of(const json_t *list, const char *member)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		sum += number_in(json_array_get(list, i), member);
	return sum;
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

static double real(const json_t *object, const char *of, const char *member)
{
	return json_real_value(json_object_get(json_object_get(object, of), member));
}

static void over_time(void)
{
	char *text = render(report_json, &plain, fixture__zoo());
	json_t *root = json_loads(text, 0, NULL), *p = json_object_get(root, "parallelism");

	free(text);
	CHECK_INT(json_integer_value(json_object_get(p, "intervals")), 10);
	CHECK_INT(json_integer_value(json_object_get(p, "interval_ns")), S);
	CHECK(real(p, "wanted", "mean") == 3.75 && real(p, "wanted", "p10") == 2.75);
	CHECK(real(p, "achieved", "p50") == 1.25 && real(p, "achieved", "max") == 1.5);
	json_decref(root);
	text = render(report_json, &plain, fixture__spinners());
	root = json_loads(text, 0, NULL);
	free(text);
	CHECK(json_is_null(json_object_get(root, "parallelism")));
	json_decref(root);
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

int main(void)
{
	TAP_RUN(keeps_the_schema);
	TAP_RUN(json);
	TAP_RUN(over_time);
	TAP_RUN(many_locks);
	TAP_RUN(blame_in_json);
	TAP_RUN(cases_in_json);
	TAP_RUN(many_rows);
	TAP_RUN(laws_in_json);
	TAP_RUN(states_add_up);
	return TAP_DONE();
}
