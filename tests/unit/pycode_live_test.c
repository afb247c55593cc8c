/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stacks of running interpreters, read from their memory by the layouts of pyver_frames.c as the
 * kernel side does it, against what the program says of itself (tests/oracle/pycode_live.py).
 */
#include <sys/uio.h>

#include "../../user/pycode.h"
#include "cleanup.h"
#include "interpreter.h"
#include "tap.h"

#define PROGRAM "tests/oracle/pycode_live.py"
#define MAX_THREADS 32
#define MAX_DEPTH 128
#define STOPS 40 /* looks at the running thread */

struct live {
	struct child child;
	struct python py;
	FILE *out;
	unsigned int frames, threads; /* compared */
};

static ssize_t read_some(const struct live *l, uint64_t at, void *to, size_t len)
{
	struct iovec local = { to, len };
	struct iovec remote = { (void *)(uintptr_t)at, len };

	return process_vm_readv(l->child.pid, &local, 1, &remote, 1, 0);
}

static uint64_t read_u64(const struct live *l, uint64_t at)
{
	uint64_t value = 0;

	return read_some(l, at, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static uint64_t u64_at(const uint8_t *bytes, size_t at)
{
	uint64_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static uint64_t tstate_of(const struct live *l, uint64_t thread_id)
{
	const struct pyver_layout *layout = &l->py.layout;
	uint64_t interp = read_u64(l, l->py.runtime + layout->interpreters_head);
	uint64_t at = read_u64(l, interp + layout->interp_threads);

	for (int i = 0; at && i < MAX_THREADS; i++) {
		if (read_u64(l, at + layout->tstate_thread_id) == thread_id)
			return at;
		at = read_u64(l, at + layout->tstate_next);
	}
	return 0;
}

static uint64_t newest_frame(const struct live *l, uint64_t tstate)
{
	const struct wire_frames *f = &l->py.frames.wire;
	uint64_t frame = read_u64(l, tstate + f->tstate_frame);

	if (f->cframe_frame != WIRE_NO_CFRAME)
		frame = read_u64(l, frame + f->cframe_frame);
	return frame;
}

static uint32_t read_string(const struct live *l, uint64_t at, uint8_t *to)
{
	ssize_t n = read_some(l, at, to, WIRE_STR_BYTES);

	return n > 0 ? (uint32_t)n : 0;
}

static void read_table(const struct live *l, uint64_t at, struct wire_code_event *e)
{
	const struct wire_frames *f = &l->py.frames.wire;
	uint64_t size = read_u64(l, at + f->bytes_size);
	size_t len = size < WIRE_TABLE_BYTES ? size : WIRE_TABLE_BYTES;

	e->table_size = (uint32_t)size;
	if (read_some(l, at + f->bytes_data, e->table, len) == (ssize_t)len)
		e->table_len = (uint32_t)len;
}

/* The code object at this address, as it would come through the ring buffer. */
static struct pycode *read_code(const struct live *l, uint64_t code)
{
	const struct wire_frames *f = &l->py.frames.wire;
	struct wire_code_event *e = calloc(1, sizeof(*e));
	struct pycode *c = NULL;

	e->code = code;
	if (read_some(l, code, e->object, f->code_bytes) == f->code_bytes) {
		e->filename_len = read_string(l, u64_at(e->object, f->filename), e->filename);
		e->name_len = read_string(l, u64_at(e->object, f->name), e->name);
		read_table(l, u64_at(e->object, f->linetable), e);
		c = pycode__decode(e, offsetof(struct wire_code_event, table) + e->table_len, f,
				   &l->py.frames.code);
	}
	free(e);
	return c;
}

/* A thread of a free-threaded build may run a copy of the bytecode: as if it ran the first one. */
static uint64_t in_first_copy(const struct live *l, const uint8_t *frame, uint64_t code,
			      uint64_t ip)
{
	uint16_t tlbc = l->py.frames.code.tlbc, index_at = l->py.frames.wire.tlbc_index;
	uint32_t index;
	uint64_t copy;

	if (!tlbc || !index_at)
		return ip;
	memcpy(&index, frame + index_at, sizeof(index));
	copy = read_u64(l, read_u64(l, code + tlbc) + 8 + 8 * index);
	return ip - copy + code + l->py.frames.code.bytecode;
}

static uint64_t ip_of(const struct live *l, const uint8_t *frame, uint64_t code)
{
	const struct wire_frames *f = &l->py.frames.wire;
	int32_t index;

	if (!f->ip_is_index)
		return in_first_copy(l, frame, code, u64_at(frame, f->ip));
	memcpy(&index, frame + f->ip, sizeof(index));
	return (uint64_t)(int64_t)index;
}

/* Reads the frame at *at and goes on to its caller; false: there is none. Skips the interpreter's. */
static bool next_frame(const struct live *l, uint64_t *at, struct pycode **c, uint32_t *line)
{
	const struct wire_frames *f = &l->py.frames.wire;
	uint8_t frame[WIRE_FRAME_BYTES];

	while (*at) {
		uint64_t code;

		if (read_some(l, *at, frame, f->frame_bytes) != f->frame_bytes)
			return false;
		*at = u64_at(frame, f->previous);
		if (f->owner != WIRE_NO_OWNER && frame[f->owner] >= f->shim_owner)
			continue;
		code = u64_at(frame, f->code) & ~3ull;
		*c = read_code(l, code);
		*line = *c ? pycode__line(*c, ip_of(l, frame, code)) : 0;
		return *c != NULL;
	}
	return false;
}

static void check_frame(struct live *l, uint64_t *at, const char *want)
{
	char got[4096] = "no frame";
	struct pycode *c;
	uint32_t line;

	if (next_frame(l, at, &c, &line)) {
		snprintf(got, sizeof(got), "%u %s\t%s\n", line, c->file, c->name);
		pycode__free(c);
	}
	CHECK_STR(got, want);
	l->frames++;
}

static void check_end(struct live *l, uint64_t *at)
{
	struct pycode *c;
	uint32_t line;

	if (!*at || !next_frame(l, at, &c, &line))
		return;
	printf("# one more: %u %s %s\n", line, c->file, c->name);
	pycode__free(c);
	tap_failed = true;
}

/* Stops the process while looking at a thread that runs. */
static void look_at_spinner(const struct live *l, uint64_t tstate, uint32_t *line)
{
	struct pycode *c = NULL;
	uint64_t at;
	int status;

	*line = 0;
	kill(l->child.pid, SIGSTOP);
	waitpid(l->child.pid, &status, WUNTRACED);
	at = newest_frame(l, tstate);
	if (next_frame(l, &at, &c, line) && (!c->name || strcmp(c->name, "spin") != 0))
		*line = 0;
	pycode__free(c);
	kill(l->child.pid, SIGCONT);
	usleep(2000);
}

static void check_spinner(const struct live *l, const char *text)
{
	unsigned long long thread;
	unsigned int first, last, seen = 0;
	uint32_t line;

	CHECK_INT(sscanf(text, "spin %llu %u %u", &thread, &first, &last), 3);
	for (int i = 0; i < STOPS; i++) {
		look_at_spinner(l, tstate_of(l, thread), &line);
		if (line < first + 2 || line > last)
			TAP_FAIL("line %u, not %u to %u", line, first + 2, last);
		seen |= 1u << (line - first);
	}
	CHECK(__builtin_popcount(seen) >= 2);
}

static void check_stacks(struct live *l)
{
	cleanup_free char *text = NULL;
	uint64_t at = 0;
	size_t size = 0;

	while (getline(&text, &size, l->out) > 0 && strcmp(text, "end\n") != 0) {
		if (strncmp(text, "thread ", 7) == 0) {
			TAP_CALL(check_end(l, &at));
			at = newest_frame(l, tstate_of(l, strtoull(text + 7, NULL, 10)));
			l->threads++;
		} else if (strncmp(text, "spin ", 5) == 0) {
			TAP_CALL(check_end(l, &at));
			TAP_CALL(check_spinner(l, text));
		} else {
			TAP_CALL(check_frame(l, &at, text));
		}
	}
	CHECK(text && strcmp(text, "end\n") == 0);
	CHECK(l->threads >= 10 && l->frames > 100);
}

static char *program(void)
{
	static char text[16384];
	FILE *f = fopen(PROGRAM, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return n > 0 && n < sizeof(text) - 1 ? text : NULL;
}

static void look_at(const char *version)
{
	const char *path = python_path(version), *script = program();
	struct live l = { 0 };

	if (!path)
		TAP_SKIP("this interpreter is not installed");
	CHECK(script);
	l.child = start(path, script);
	l.out = fdopen(dup(l.child.out), "r");
	if (poll(&(struct pollfd){ l.child.out, POLLIN, 0 }, 1, 60000) == 1 &&
	    python__discover(l.child.pid, &l.py) == PYTHON_FOUND && l.py.frames.wire.valid) {
		check_stacks(&l);
		printf("# %s: %u frames of %u threads\n", l.py.version, l.frames, l.threads);
	} else {
		printf("# %s: no stacks: %s\n", l.py.version, l.py.note);
		tap_failed = true;
	}
	fclose(l.out);
	stop(&l.child);
}

static void frames_of_3_8(void)
{
	look_at("3.8.18");
}

static void frames_of_3_9(void)
{
	look_at("3.9.18");
}

static void frames_of_3_10(void)
{
	look_at("3.10.13");
}

static void frames_of_3_11(void)
{
	look_at("3.11.7");
}

static void frames_of_3_12(void)
{
	look_at("3.12.1");
}

static void frames_of_3_13(void)
{
	look_at("3.13.0");
}

static void frames_of_debian_3_11(void)
{
	look_at("/usr/bin/python3.11");
}

/* Others, by their path, as in pycode_test.c. */
static void frames_of_another(void)
{
	const char *path = getenv("GILPROF_TEST_PYTHON");

	if (!path)
		TAP_SKIP("GILPROF_TEST_PYTHON is not set");
	look_at(path);
}

int main(void)
{
	TAP_RUN(frames_of_3_8);
	TAP_RUN(frames_of_3_9);
	TAP_RUN(frames_of_3_10);
	TAP_RUN(frames_of_3_11);
	TAP_RUN(frames_of_3_12);
	TAP_RUN(frames_of_3_13);
	TAP_RUN(frames_of_debian_3_11);
	TAP_RUN(frames_of_another);
	return TAP_DONE();
}
