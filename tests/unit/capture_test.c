/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <zlib.h>

#include "fixture.h"
#include "tap.h"

static char err[256];

/* Equal captures give equal files: the writer has no clock and no chance. */
static bool same(const struct capture *a, const unsigned char *bytes, size_t len)
{
	size_t again_len;
	unsigned char *again = fixture__write(a, &again_len);
	bool equal = again_len == len && memcmp(again, bytes, len) == 0;

	free(again);
	return equal;
}

static void round_trip(void)
{
	struct capture *c = fixture__zoo(), *back;
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	back = fixture__read(bytes, len, err, sizeof(err));
	CHECK(back);
	CHECK_INT(back->processes_n, 3);
	CHECK_INT(back->threads_n, c->threads_n);
	CHECK_INT(back->threads[0].cpus_n, 1);
	CHECK_INT(back->threads[1].cpu_ns[1], 3300 * FIXTURE_MS);
	CHECK_STR(back->processes[2].cmdline, c->processes[2].cmdline);
	CHECK(!back->processes[0].gil_note);
	CHECK_INT(back->processes[2].cpu_mask[2], 0x80000001);
	CHECK_INT(back->processes[2].quota_millicpus, 1500);
	CHECK_INT(back->processes[0].gils[0].long_hold_ns, 150 * FIXTURE_MS);
	CHECK(same(back, bytes, len));
	capture__free(back);
	capture__free(c);
	free(bytes);
}

static void cut_anywhere(void)
{
	struct capture *c = fixture__zoo();
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	for (size_t n = 0; n < len; n++) {
		err[0] = '\0';
		CHECK(!fixture__read(bytes, n, err, sizeof(err)));
		CHECK(err[0] && !strchr(err, '\n'));
	}
	capture__free(c);
	free(bytes);
}

static void flipped_bits(void)
{
	struct capture *c = fixture__zoo(), *back;
	unsigned int seed = 1, harmless = 0;
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	for (int i = 0; i < 10000; i++) {
		size_t where = ((size_t)rand_r(&seed) << 15 ^ (size_t)rand_r(&seed)) % len;
		unsigned char bit = (unsigned char)(1 << rand_r(&seed) % 8);

		bytes[where] ^= bit;
		err[0] = '\0';
		back = fixture__read(bytes, len, err, sizeof(err));
		bytes[where] ^= bit;
		CHECK(back ? same(back, bytes, len) : err[0] && !strchr(err, '\n'));
		harmless += back != NULL;
		capture__free(back);
	}
	CHECK(harmless < 200); /* the unused bits of two gzip headers: 98 of some 10,000 */
	capture__free(c);
	free(bytes);
}

/* A file of one gzip member with these contents, read. */
static struct capture *read_text(const char *text, size_t len)
{
	static unsigned char file[1 << 21];
	z_stream z = { 0 };
	struct capture *c;

	deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (unsigned int)len;
	z.next_out = file;
	z.avail_out = sizeof(file);
	deflate(&z, Z_FINISH);
	err[0] = '\0';
	c = fixture__read(file, z.total_out, err, sizeof(err));
	deflateEnd(&z);
	return c;
}

#define INFO \
	"{\"gilprof.capture\":5,\"info\":{\"gilprof_version\":\"9\",\"start\":\"\"," \
	"\"start_monotonic_ns\":0,\"duration_ns\":0,\"mode\":\"\",\"host\":null,\"target\":\"\",\"state_hz\":0," \
	"\"stack_hz\":0,\"cpus\":0,\"complete\":true,\"children\":true,\"command_status\":-1," \
	"\"lost\":[],\"steal_irq_ns\":0,\"tick_ns\":0,\"threads_merged\":0,\"news\":[1.5]," \
	"\"memory_peak\":{\"looks\":0,\"at_ns\":0,\"processes\":0,\"pss_unknown\":0,\"rss_bytes\":0," \
	"\"pss_bytes\":0},\"self\":{\"cpu_ns\":0,\"bpf_run_ns\":-1,\"bpf_run_count\":0,\"rss_peak_bytes\":0," \
	"\"attach_ns\":0}}}\n"
#define CPU(ns) \
	"{\"cpu\":{\"cpu\":0,\"target_ns\":" ns ",\"other_ns\":0,\"idle_ns\":0,\"offline_ns\":0}}\n"

#define LOCK(ns, address) \
	"{\"lock\":{\"key\":1,\"pid\":1,\"tid\":2,\"owner_tid\":0,\"address\":" address \
	",\"symbol\":null,\"wait_ns\":" ns ",\"count\":1}}\n"
#define FRAME(kind) "{\"frame\":{\"name\":\"f\",\"file\":null,\"line\":1,\"kind\":" kind "}}\n"
#define NODE(parent, frame) "{\"node\":{\"parent\":" parent ",\"frame\":" frame "}}\n"
#define BLAME(kind, ns, stack) \
	"{\"blame\":{\"key\":1,\"gil\":1,\"pid\":1,\"waiter_tid\":1,\"holder_tid\":0,\"kind\":" kind \
	",\"call\":null,\"wait_ns\":" ns \
	",\"runq_ns\":0,\"count\":0,\"samples\":0,\"stack\":" stack "}}\n"
#define SAMPLE(state, stack) \
	"{\"sample\":{\"key\":1,\"pid\":1,\"tid\":1,\"state\":" state \
	",\"call\":null,\"ns\":0,\"count\":0,\"held\":0,\"stack\":" stack "}}\n"
#define CASE(kind, stack, waiter) \
	"{\"case\":{\"key\":1,\"gil\":1,\"pid\":1,\"tid\":1,\"begin_ns\":0,\"ns\":0,\"holder_tid\":0," \
	"\"kind\":" kind ",\"call\":null,\"stack\":" stack ",\"waiter_stack\":" waiter "}}\n"
#define END(lines) "{\"end\":true,\"lines\":" lines "}\n"

static void check_refused(const char *text, const char *why)
{
	struct capture *c = read_text(text, strlen(text));

	CHECK(!c);
	CHECK_STR(err, why);
}

static void forgeries(void)
{
	static const char *const cases[][2] = {
		{ "", "is truncated" },
		{ "hello\n", "is not a gilprof capture" },
		{ "{\"a\":1}\n", "is not a gilprof capture" },
		{ "{\"gilprof.capture\":1,\"info\":{\"gilprof_version\":\"0.1.0\"}}\n",
		  "is a capture of version 1, and this gilprof reads version 5" },
		{ "{\"gilprof.capture\":6}\n",
		  "is a capture of version 6, and this gilprof reads version 5" },
		{ "{\"gilprof.capture\":5}\n",
		  "is no valid capture: line 1: gilprof_version is missing" },
		{ INFO, "is truncated" },
		{ INFO "{\"end\":true,\"lines\":1}", "is truncated" },
		{ INFO "{\"end\":true,\"lines\":7}\n",
		  "is no valid capture: line 2: the number of lines does not agree" },
		{ INFO "{\"end\":true,\"lines\":1}\n{}\n",
		  "is no valid capture: line 3: it comes after the end" },
		{ INFO "7\n", "is no valid capture: line 2: it is not a JSON object" },
		{ INFO CPU("-1"), "is no valid capture: line 2: target_ns is out of range" },
		{ INFO CPU("1e3"), "is no valid capture: line 2: target_ns is not an integer" },
		{ INFO CPU("9223372036854775808"),
		  "is no valid capture: line 2: it is not a JSON object" },
		{ INFO "{\"cpu\":7}\n", "is no valid capture: line 2: cpu is missing" },
		{ INFO LOCK("1", "-1"), "is no valid capture: line 2: address is out of range" },
		{ INFO LOCK("null", "1"),
		  "is no valid capture: line 2: wait_ns is not an integer" },
		{ INFO LOCK("1", "4096") "{\"end\":true,\"lines\":2}\n",
		  "is no valid capture: a lock of thread 2 has no process" },
		{ INFO "{\"process\":{\"key\":1,\"pid\":4294967296}}\n",
		  "is no valid capture: line 2: pid is out of range" },
		{ INFO "{\"process\":{\"key\":1,\"pid\":1,\"ppid\":1,\"comm\":null}}\n",
		  "is no valid capture: line 2: comm is not a string" },
		{ INFO "{\"process\":{\"key\":1,\"pid\":1,\"ppid\":1,\"comm\":\"\\u0000\"}}\n",
		  "is no valid capture: line 2: it is not a JSON object" },
		{ INFO "{\"process\":{\"key\":1,\"pid\":1,\"ppid\":1,\"comm\":\"\xff\"}}\n",
		  "is no valid capture: line 2: it is not a JSON object" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		TAP_CALL(check_refused(cases[i][0], cases[i][1]));
}

/* Stacks that lead nowhere, or round and round. */
static void forged_stacks(void)
{
	static const char *const nonsense[] = {
		FRAME("4") END("2"),
		NODE("0", "1") END("2"),
		FRAME("0") NODE("0", "0") END("3"),
		FRAME("0") NODE("0", "2") END("3"),
		FRAME("0") NODE("1", "1") END("3"), /* its own parent */
		FRAME("0") NODE("2", "1") NODE("1", "1") END("4"),
		BLAME("0", "1", "1") END("2"),
		BLAME("6", "1", "0") END("2"),
		SAMPLE("13", "0") END("2"),
		SAMPLE("1", "1") END("2"),
		CASE("6", "0", "0") END("2"),
		CASE("0", "1", "0") END("2"),
		CASE("0", "0", "1") END("2"),
		FRAME("0") NODE("0", "1") BLAME("0", "1", "2") END("4"),
	};
	static const char *const ranges[][2] = {
		{ BLAME("0", "-1", "0"), "wait_ns is out of range" },
		{ BLAME("0", "1", "-1"), "stack is out of range" },
		{ BLAME("0", "1", "4294967296"), "stack is out of range" },
		{ FRAME("-1"), "kind is out of range" },
		{ NODE("4294967296", "1"), "parent is out of range" },
		{ "{\"node\":{\"parent\":0}}\n", "frame is missing" },
		{ "{\"frame\":{\"name\":null}}\n", "name is not a string" },
	};
	char text[4096], why[128];

	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", INFO, nonsense[i]);
		TAP_CALL(check_refused(text, "is no valid capture: a stack makes no sense"));
	}
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", INFO, ranges[i][0]);
		snprintf(why, sizeof(why), "is no valid capture: line 2: %s", ranges[i][1]);
		TAP_CALL(check_refused(text, why));
	}
}

/* A stack that takes for ever to follow, and one that does not. */
static void deep_stacks(void)
{
	static char text[1 << 20];

	for (unsigned int nodes = 1024; nodes <= 1025; nodes++) {
		size_t n = (size_t)sprintf(text, "%s", INFO FRAME("0"));
		struct capture *c;

		for (unsigned int i = 0; i < nodes; i++)
			n += (size_t)sprintf(text + n, "{\"node\":{\"parent\":%u,\"frame\":1}}\n",
					     i);
		n += (size_t)sprintf(text + n, "{\"end\":true,\"lines\":%u}\n", nodes + 2);
		c = read_text(text, n);
		CHECK(!c == (nodes == 1025));
		if (!c)
			CHECK_STR(err, "is no valid capture: a stack makes no sense");
		capture__free(c);
	}
}

/* Rows of stacks come back as they were. */
static void stacks_round_trip(void)
{
	struct capture *c = fixture__zoo(), *back;
	const struct capture_case *k;
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	back = fixture__read(bytes, len, err, sizeof(err));
	CHECK(back);
	CHECK_INT(back->frames_n, c->frames_n);
	CHECK_INT(back->nodes_n, c->nodes_n);
	CHECK_INT(back->blame_n, 21);
	CHECK_INT(back->samples_n, 14);
	CHECK_INT(back->cases_n, 4);
	CHECK_STR(back->frames[1].name, "Worker.spin");
	CHECK_STR(back->frames[1].file, "/srv/app/spin.py");
	CHECK_INT(back->frames[1].line, 12);
	CHECK_INT(back->frames[3].kind, FRAME_NATIVE);
	CHECK_INT(back->nodes[3].parent, 3);
	CHECK_INT(back->nodes[3].frame, 4);
	CHECK_STR(back->frames[6].name, c->frames[6].name);
	CHECK_INT(back->frames[6].line, UINT32_MAX);
	CHECK_STR(back->blame[2].call, "read");
	CHECK(!back->blame[0].call);
	CHECK_INT(back->blame[0].runq_ns, 20 * FIXTURE_MS);
	CHECK_INT(back->blame[0].samples, c->blame[0].samples);
	CHECK_INT(back->samples[1].held, 24);
	k = &back->cases[0];
	CHECK(k->tid == 43 && k->holder_tid == 44 && k->stack == 4 && k->waiter_stack == 2);
	capture__free(back);
	capture__free(c);
	free(bytes);
}

static void news_are_skipped(void)
{
	const char text[] = INFO
		"{\"weather\":{\"rain\":1}}\n" CPU("5") "{\"end\":true,\"lines\":3}\n";
	struct capture *c = read_text(text, strlen(text));

	CHECK(c);
	CHECK_INT(c->cpus_n, 1);
	CHECK_INT(c->cpus[0].target_ns, 5);
	capture__free(c);
}

static void orphans_and_twins(void)
{
	struct capture *c = fixture__spinners();
	size_t len;
	unsigned char *bytes;

	c->threads[1].pid = 7;
	bytes = fixture__write(c, &len);
	CHECK(!fixture__read(bytes, len, err, sizeof(err)));
	CHECK_STR(err, "is no valid capture: thread 44 has no process");
	free(bytes);
	c->threads[1].pid = 42;
	fixture__process(c, 42, "twin");
	bytes = fixture__write(c, &len);
	CHECK(!fixture__read(bytes, len, err, sizeof(err)));
	CHECK_STR(err, "is no valid capture: process 42 is in it twice");
	free(bytes);
	capture__free(c);
}

static void trailing_bytes(void)
{
	struct capture *c = fixture__spinners();
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	bytes[len] = 'x';
	CHECK(!fixture__read(bytes, len + 1, err, sizeof(err)));
	CHECK_STR(err, "is damaged: something follows its end");
	free(bytes);
	capture__free(c);
}

/* 300 MB of blanks in 300 KB, with and without lines. */
static void zip_bomb(void)
{
	static unsigned char file[1 << 20];
	static const unsigned char blanks[1 << 20];
	z_stream z = { .next_out = file, .avail_out = sizeof(file) };

	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	for (int i = 0; i < 300; i++) {
		z.next_in = (Bytef *)(uintptr_t)blanks;
		z.avail_in = sizeof(blanks);
		deflate(&z, i < 299 ? Z_NO_FLUSH : Z_FINISH);
	}
	CHECK(!fixture__read(file, z.total_out, err, sizeof(err)));
	CHECK_STR(err, "is larger than a capture may be");
	deflateEnd(&z);
}

static void long_line(void)
{
	static char text[(1 << 20) + 4096];
	size_t len = strlen(INFO);

	memcpy(text, INFO, len);
	memset(text + len, ' ', sizeof(text) - len);
	CHECK(!read_text(text, sizeof(text)));
	CHECK_STR(err, "is no valid capture: a line is too long");
}

static void no_capture_at_all(void)
{
	CHECK(!fixture__read("#!/bin/sh", 9, err, sizeof(err)));
	CHECK_STR(err, "is not a gilprof capture");
	CHECK(!fixture__read("", 0, err, sizeof(err)));
	CHECK_STR(err, "is empty");
	CHECK(!capture__read(-1, err, sizeof(err)));
	CHECK_STR(err, "cannot be read: Bad file descriptor");
}

/* What must not happen may not cost the whole capture. */
static void careless_writers(void)
{
	struct capture *c = fixture__spinners(), *back;
	size_t len;
	unsigned char *bytes;

	c->info.duration_ns = (uint64_t)-5;
	free(c->info.target);
	c->info.target = malloc(3000001);
	memset(c->info.target, 'x', 3000000);
	c->info.target[3000000] = '\0';
	c->threads[0].name[0] = '\xff';
	bytes = fixture__write(c, &len);
	back = fixture__read(bytes, len, err, sizeof(err));
	CHECK(back);
	CHECK_INT(back->info.duration_ns, INT64_MAX);
	CHECK_INT(strlen(back->info.target), 8192);
	CHECK_STR(back->threads[0].name, "\\xffpinner");
	capture__free(back);
	capture__free(c);
	free(bytes);
}

int main(void)
{
	TAP_RUN(round_trip);
	TAP_RUN(cut_anywhere);
	TAP_RUN(flipped_bits);
	TAP_RUN(forgeries);
	TAP_RUN(forged_stacks);
	TAP_RUN(deep_stacks);
	TAP_RUN(stacks_round_trip);
	TAP_RUN(news_are_skipped);
	TAP_RUN(orphans_and_twins);
	TAP_RUN(trailing_bytes);
	TAP_RUN(zip_bomb);
	TAP_RUN(long_line);
	TAP_RUN(no_capture_at_all);
	TAP_RUN(careless_writers);
	return TAP_DONE();
}
