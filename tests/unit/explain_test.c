/* SPDX-License-Identifier: BSD-2-Clause */
/* Events go in as the kernel side sends them, rows of a capture come out. */
#include "explain.h"

#include <sys/syscall.h>
#include <zlib.h>

#include "fixture.h"
#include "tap.h"
#include "wire_fixture.h"

#define MS FIXTURE_MS
#define START (1000 * MS)
#define GIL 0x1000u
#define WAITER 43 /* TIDs; a thread's fs base is its TID * 256 */
#define HOLDER 44
#define MAIN 0x7f0000001000ull /* code objects */
#define SPIN 0x7f0000002000ull
#define LOAD 0x7f0000003000ull

static struct explain *x;
static struct capture *c;

static void code(uint64_t address, const char *name, int line)
{
	struct wire_code_event *e = wire_code(WIRE_KEY, address, name, "app.py", line);

	explain__event(x, &e->h, wire_code_len(e), &wire_frames_3_12);
	free(e);
}

static void stack(uint64_t id, uint64_t top)
{
	struct wire_stack_event *e = wire_stack(WIRE_KEY, id, 2, (const uint64_t[]){ top, MAIN });

	explain__event(x, &e->h, wire_stack_len(e), &wire_frames_3_12);
	free(e);
}

/* A step at START + ms; `about`: the thread, the state, what it saw. */
static void step(unsigned int ms, struct wire_gil_event about)
{
	about.h = (struct wire_event){
		.type = EV_GIL, .tgid = 42, .key = WIRE_KEY, .time = START + ms * MS
	};
	about.gil = GIL;
	about.tls = about.tid * 256ull;
	about.since = about.since ? START + about.since * MS : 0;
	about.interval_us = 5000;
	explain__event(x, &about.h, sizeof(about), NULL);
}

/* Asleep from `from` to `to`, waiting for the HOLDER at `where`. */
static void wait_for(unsigned int from, unsigned int to, uint64_t where)
{
	step(from, (struct wire_gil_event){ .tid = WAITER,
					    .what = GIL_LEFT,
					    .state = ST_GIL_WAIT,
					    .locked = 1,
					    .holder = HOLDER * 256,
					    .switch_number = 7,
					    .stack = where,
					    .nr = SYS_futex });
	step(to, (struct wire_gil_event){ .tid = WAITER,
					  .what = GIL_RAN,
					  .state = ST_GIL_WAIT,
					  .since = to,
					  .locked = -1,
					  .nr = SYS_futex });
}

static void seen(uint32_t type, uint32_t tid, uint64_t at, uint64_t ns, uint64_t ip)
{
	const struct wire_sample_event e = {
		.h = { .type = type, .tgid = 42, .key = WIRE_KEY, .time = START },
		.stack = at,
		.ip = type == EV_OFF ? tid * 256ull : ip,
		.ns = ns,
		.tid = tid,
		.state = type == EV_OFF ? ST_GIL_WAIT : ST_RUN,
		.holds = type == EV_SAMPLE,
		.nr = type == EV_OFF ? SYS_futex : CAUSE_NONE,
	};

	explain__event(x, &e.h, sizeof(e), NULL);
}

static void account(uint32_t tid, uint64_t wait_ns)
{
	struct wire_thread *t = calloc(1, sizeof(*t));

	t->key = WIRE_KEY;
	t->tgid = 42;
	t->tid = tid;
	t->tls = tid * 256ull;
	t->gils = 1;
	t->uses[0].gil = GIL;
	t->uses[0].wait_ns = wait_ns;
	explain__thread(x, t);
	free(t);
}

static void begin(void)
{
	x = explain__new(NATIVE_LEAF);
	explain__process(x, WIRE_KEY, getpid());
	explain__holder(x, WIRE_KEY, GIL, HOLDER * 256, START);
	code(MAIN, "main", 1);
	code(SPIN, "spin", 5);
	code(LOAD, "load", 9);
	stack(1, SPIN);
	stack(2, LOAD);
}

/* The window has closed: what was written, read back. */
static void finish(uint64_t waited)
{
	struct capture *empty = fixture__new();
	struct capture_writer *w = capture_writer__new();
	struct capture_process *p = fixture__process(empty, 42, "python3");
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char err[256] = "";

	account(HOLDER, 0);
	explain__close(x, START + 1000 * MS);
	account(WAITER, waited);
	p->key = WIRE_KEY;
	capture_writer__process(w, p);
	if (explain__write(x, w, START) || capture_writer__end(w, &empty->info, fd) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	c = capture__read(fd, err, sizeof(err));
	if (!c) {
		printf("# %s\n", err);
		abort();
	}
	capture_writer__free(w);
	capture__free(empty);
	close(fd);
}

static void end(void)
{
	capture__free(c);
	explain__free(x);
}

/* The name of the n-th innermost frame at a node. */
static const char *frame_at(uint32_t node, unsigned int n)
{
	while (node && n--)
		node = c->nodes[node - 1].parent;
	return node ? c->frames[c->nodes[node - 1].frame - 1].name : NULL;
}

static uint64_t blamed(uint32_t kind)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < c->blame_n; i++)
		ns += kind == BLAME_KINDS || c->blame[i].kind == kind ? c->blame[i].wait_ns : 0;
	return ns;
}

static void nothing(void)
{
	x = explain__new(NATIVE_LEAF);
	finish(0);
	CHECK_INT(c->blame_n + c->samples_n + c->cases_n + c->frames_n + c->nodes_n, 0);
	CHECK_INT(explain__lost(x), 0);
	end();
}

static void one_wait(void)
{
	begin();
	wait_for(10, 14, 1);
	seen(EV_OFF, WAITER, 2, 4 * MS, 0);
	finish(4 * MS);
	CHECK_INT(blamed(BLAME_KINDS), 4 * MS);
	CHECK_INT(blamed(BLAME_PYTHON), 4 * MS);
	CHECK_INT(c->blame_n, 1);
	CHECK_INT(c->blame[0].key, WIRE_KEY);
	CHECK_INT(c->blame[0].gil, GIL);
	CHECK_INT(c->blame[0].pid, 42);
	CHECK_INT(c->blame[0].waiter_tid, WAITER);
	CHECK_INT(c->blame[0].holder_tid, HOLDER);
	CHECK(!c->blame[0].call);
	CHECK_STR(frame_at(c->blame[0].stack, 0), "spin");
	CHECK_STR(frame_at(c->blame[0].stack, 1), "main");
	CHECK_INT(c->samples_n, 1);
	CHECK_INT(c->samples[0].state, ST_GIL_WAIT);
	CHECK_INT(c->samples[0].ns, 4 * MS);
	CHECK_STR(c->samples[0].call, "futex");
	CHECK_STR(frame_at(c->samples[0].stack, 0), "load");
	CHECK_INT(explain__lost(x), 0);
	end();
}

static void longest_wait(void)
{
	const struct capture_case *k;

	begin();
	wait_for(10, 14, 1);
	seen(EV_OFF, WAITER, 2, 4 * MS, 0);
	finish(4 * MS);
	CHECK(c->cases_n);
	k = &c->cases[0]; /* the waits come first, then the holds */
	CHECK_INT(k->tid, WAITER);
	CHECK_INT(k->holder_tid, HOLDER);
	CHECK_INT(k->begin_ns, 10 * MS);
	CHECK_INT(k->ns, 4 * MS);
	CHECK_STR(frame_at(k->stack, 0), "spin");
	CHECK_STR(frame_at(k->waiter_stack, 0), "load");
	for (k++; k < c->cases + c->cases_n; k++)
		CHECK_INT(k->tid, 0);
	end();
}

/* What was waited and not charged is charged to nobody, so that the sum is what was waited. */
static void lost_steps(void)
{
	begin();
	wait_for(10, 14, 1);
	finish(9 * MS);
	CHECK_INT(blamed(BLAME_KINDS), 9 * MS);
	end();
}

/* The holder sleeps in read() with the GIL. */
static void asleep_with_the_gil(void)
{
	const char *call = NULL;

	begin();
	step(5, (struct wire_gil_event){ .tid = HOLDER,
					 .what = GIL_LEFT,
					 .state = ST_IO_FILE,
					 .locked = 1,
					 .holder = HOLDER * 256,
					 .switch_number = 7,
					 .holds = 1,
					 .nr = SYS_read });
	wait_for(10, 14, 1);
	finish(4 * MS);
	CHECK_INT(blamed(BLAME_OFFCPU), 4 * MS);
	for (size_t i = 0; i < c->blame_n; i++)
		call = c->blame[i].kind == BLAME_OFFCPU ? c->blame[i].call : call;
	CHECK_STR(call, "read");
	end();
}

/*
 * A hold too short for anybody to ask for the GIL: three of four samples there were in a library, so
 * that three quarters of what was waited are that function's.
 */
static void native_by_samples(void)
{
	uint64_t in_zlib = (uint64_t)(uintptr_t)&crc32, sum = 0;

	begin();
	for (int i = 0; i < 3; i++)
		seen(EV_SAMPLE, HOLDER, 1, 0, in_zlib);
	seen(EV_SAMPLE, HOLDER, 1, 0, 0);
	wait_for(10, 14, 1);
	finish(4 * MS);
	CHECK_INT(blamed(BLAME_NATIVE), 3 * MS);
	CHECK_INT(blamed(BLAME_PYTHON), MS);
	for (size_t i = 0; i < c->blame_n; i++) {
		if (c->blame[i].kind != BLAME_NATIVE)
			continue;
		CHECK_STR(frame_at(c->blame[i].stack, 0), "crc32");
		CHECK_STR(frame_at(c->blame[i].stack, 1), "spin");
	}
	CHECK_INT(c->samples_n, 2);
	for (size_t i = 0; i < c->samples_n; i++)
		sum += c->samples[i].count;
	CHECK_INT(sum, 4);
	end();
}

/* Instructions of one function, blocks apart, are one row. */
static void instructions_of_one_function(void)
{
	uint64_t at = (uint64_t)(uintptr_t)&inflate;

	begin();
	for (uint64_t i = 0; i < 4; i++)
		seen(EV_SAMPLE, HOLDER, 1, 0, at + 16 * i);
	finish(0);
	CHECK_INT(c->samples_n, 1);
	CHECK_INT(c->samples[0].count, 4);
	CHECK_INT(c->samples[0].held, 4);
	CHECK(!c->samples[0].call);
	end();
}

/* Events cut short, or of kinds from elsewhere, are nothing. */
static void strange_events(void)
{
	struct wire_event *e = calloc(1, sizeof(*e)); /* the sanitizer sees a read behind it */

	begin();
	e->key = WIRE_KEY;
	for (uint32_t type = 0; type < 20; type++) {
		e->type = type;
		explain__event(x, e, sizeof(*e), &wire_frames_3_12);
	}
	finish(0);
	CHECK_INT(c->blame_n + c->samples_n + c->cases_n, 0);
	CHECK_INT(explain__lost(x), 3); /* a code object, a stack, callers */
	CHECK_INT(explain__lost_unwinds(x), 1);
	free(e);
	end();
}

int main(void)
{
	TAP_RUN(nothing);
	TAP_RUN(one_wait);
	TAP_RUN(longest_wait);
	TAP_RUN(lost_steps);
	TAP_RUN(asleep_with_the_gil);
	TAP_RUN(native_by_samples);
	TAP_RUN(instructions_of_one_function);
	TAP_RUN(strange_events);
	return TAP_DONE();
}
