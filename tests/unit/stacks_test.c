/* SPDX-License-Identifier: BSD-2-Clause */
#include "stacks.h"

#include <errno.h>
#include <stdio.h>

#include "fixture.h"
#include "tap.h"
#include "wire_fixture.h"

#define A 0x7f0000001000ull /* code objects */
#define B 0x7f0000002000ull
#define C 0x7f0000003000ull
#define MANY 100000

static int add_code(struct stacks *s, uint64_t key, uint64_t address, const char *name,
		    int32_t line)
{
	struct wire_code_event *e = wire_code(key, address, name, "app.py", line);
	int err = stacks__add_code(s, e, wire_code_len(e), &wire_frames_3_12);

	free(e);
	return err;
}

static int add_cut(struct stacks *s, uint64_t key, uint64_t id, size_t n, const uint64_t *codes,
		   bool cut)
{
	struct wire_stack_event *e = wire_stack(key, id, n, codes);
	int err;

	e->cut = cut;
	err = stacks__add(s, e, wire_stack_len(e));
	free(e);
	return err;
}

static int add(struct stacks *s, uint64_t id, size_t n, const uint64_t *codes)
{
	return add_cut(s, WIRE_KEY, id, n, codes, false);
}

/* What the stacks write, through a file. */
static struct capture *written(const struct stacks *s)
{
	struct capture *empty = fixture__new(), *c;
	struct capture_writer *w = capture_writer__new();
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char err[256] = "";

	if (stacks__write(s, w) || capture_writer__end(w, &empty->info, fd) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	c = capture__read(fd, err, sizeof(err));
	if (!c)
		printf("# %s\n", err);
	capture_writer__free(w);
	capture__free(empty);
	close(fd);
	return c;
}

/* "main:1 > f:5": the stack of a node. */
static const char *text_of(const struct capture *c, uint32_t node)
{
	static char text[4096];
	char rest[4096];

	text[0] = '\0';
	for (; node; node = c->nodes[node - 1].parent) {
		const struct capture_frame *f = &c->frames[c->nodes[node - 1].frame - 1];

		memcpy(rest, text, sizeof(rest));
		snprintf(text, sizeof(text), "%.40s:%u%s%.3000s", f->name, f->line,
			 rest[0] ? " > " : "", rest);
	}
	return text;
}

static void one_stack(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t node;

	CHECK_INT(add(s, 7, 2, (const uint64_t[]){ B, A }), 0);
	CHECK_INT(add_code(s, WIRE_KEY, A, "main", 1), 0); /* its name may come later */
	CHECK_INT(add_code(s, WIRE_KEY, B, "f", 5), 0);
	node = stacks__node(s, 7);
	CHECK(node);
	CHECK_INT(stacks__node(s, 7), node);
	CHECK_INT(stacks__node(s, 8), 0);
	CHECK_INT(stacks__node(s, 0), 0);
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, node), "main:1 > f:5");
	CHECK_STR(c->frames[0].file, "app.py");
	CHECK_INT(c->frames[0].kind, FRAME_PYTHON);
	CHECK_INT(c->frames_n, 2);
	CHECK_INT(c->nodes_n, 2);
	CHECK_INT(stacks__lost(s), 0);
	capture__free(c);
	stacks__free(s);
}

/* What nobody refers to is not written. */
static void only_what_is_used(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;

	add_code(s, WIRE_KEY, A, "main", 1);
	add(s, 7, 1, (const uint64_t[]){ A });
	c = written(s);
	CHECK(c);
	CHECK_INT(c->frames_n, 0);
	CHECK_INT(c->nodes_n, 0);
	capture__free(c);
	stacks__free(s);
}

static void shared_roots(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t one, two, three;

	add_code(s, WIRE_KEY, A, "main", 1);
	add_code(s, WIRE_KEY, B, "f", 5);
	add_code(s, WIRE_KEY, C, "g", 9);
	add(s, 1, 2, (const uint64_t[]){ B, A });
	add(s, 2, 2, (const uint64_t[]){ C, A });
	add(s, 3, 3, (const uint64_t[]){ B, B, A }); /* recursion */
	one = stacks__node(s, 1);
	two = stacks__node(s, 2);
	three = stacks__node(s, 3);
	c = written(s);
	CHECK(c);
	CHECK_INT(c->frames_n, 3);
	CHECK_INT(c->nodes_n, 4); /* main, f, g, f on f */
	CHECK_STR(text_of(c, one), "main:1 > f:5");
	CHECK_STR(text_of(c, two), "main:1 > g:9");
	CHECK_STR(text_of(c, three), "main:1 > f:5 > f:5");
	capture__free(c);
	stacks__free(s);
}

static void leaves(void)
{
	struct stacks *s = stacks__new();
	uint32_t node, leaf, again, alone;
	struct capture *c;

	add_code(s, WIRE_KEY, A, "main", 1);
	add(s, 1, 1, (const uint64_t[]){ A });
	node = stacks__node(s, 1);
	leaf = stacks__leaf(s, node, FRAME_NATIVE, "scan_once", "_json.so");
	again = stacks__leaf(s, node, FRAME_NATIVE, "scan_once", "_json.so");
	CHECK(leaf && leaf != node);
	CHECK_INT(again, leaf);
	CHECK(stacks__leaf(s, node, FRAME_NATIVE, "scan_once", NULL) != leaf);
	CHECK(stacks__leaf(s, node, FRAME_NOTE, "scan_once", "_json.so") != leaf);
	alone = stacks__leaf(s, 0, FRAME_NATIVE, "start_thread", "libc.so.6");
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, leaf), "main:1 > scan_once:0");
	CHECK_STR(text_of(c, alone), "start_thread:0");
	CHECK_STR(c->frames[c->nodes[leaf - 1].frame - 1].file, "_json.so");
	capture__free(c);
	stacks__free(s);
}

static void unknown_code(void)
{
	struct stacks *s = stacks__new();
	struct wire_code_event *e = wire_code(WIRE_KEY, B, "f", "app.py", 1);
	struct capture *c;
	uint32_t node;

	e->name_len = 0; /* it could not be read */
	CHECK_INT(stacks__add_code(s, e, wire_code_len(e), &wire_frames_3_12), 0);
	add_code(s, WIRE_KEY, A, "main", 1);
	add_code(s, WIRE_KEY + 1, C, "another process", 1);
	add(s, 1, 3, (const uint64_t[]){ C, B, A });
	node = stacks__node(s, 1);
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, node), "main:1 > [unknown code]:0 > [unknown code]:0");
	capture__free(c);
	free(e);
	stacks__free(s);
}

static void the_interpreters_own_frames(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t node;

	add_code(s, WIRE_KEY, A, "main", 1);
	add_code(s, WIRE_KEY, B, "f", 5);
	add(s, 1, 4, (const uint64_t[]){ B, 0, A, 0 });
	add(s, 2, 1, (const uint64_t[]){ 0 });
	add(s, 3, 0, NULL);
	node = stacks__node(s, 1);
	CHECK_INT(stacks__node(s, 2), 0);
	CHECK_INT(stacks__node(s, 3), 0);
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, node), "main:1 > f:5");
	capture__free(c);
	stacks__free(s);
}

static void cut_stacks(void)
{
	uint64_t codes[WIRE_STACK_FRAMES];
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t node, depth = 0;

	add_code(s, WIRE_KEY, A, "f", 5);
	for (size_t i = 0; i < WIRE_STACK_FRAMES; i++)
		codes[i] = A;
	CHECK_INT(add_cut(s, WIRE_KEY, 1, WIRE_STACK_FRAMES, codes, true), 0);
	node = stacks__node(s, 1);
	c = written(s);
	CHECK(c);
	for (; node; node = c->nodes[node - 1].parent, depth++)
		if (!c->nodes[node - 1].parent)
			CHECK_STR(c->frames[c->nodes[node - 1].frame - 1].name, "[more frames]");
	CHECK_INT(depth, WIRE_STACK_FRAMES + 1);
	capture__free(c);
	stacks__free(s);
}

/* An address that serves another code object now; a stack that is told again stays what it was. */
static void told_again(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t node;

	add(s, 1, 1, (const uint64_t[]){ A });
	add(s, 1, 1, (const uint64_t[]){ B });
	add_code(s, WIRE_KEY, A, "old", 1);
	add_code(s, WIRE_KEY, A, "new", 2);
	node = stacks__node(s, 1);
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, node), "new:2");
	CHECK_INT(stacks__lost(s), 0);
	capture__free(c);
	stacks__free(s);
}

/* A program that makes code objects for ever, at the same addresses, does not fill the room. */
static void replaced_code_leaves_its_room(void)
{
	struct stacks *s = stacks__new();
	struct capture *c;
	uint32_t node;
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		if (add_code(s, WIRE_KEY, A + 64 * (unsigned int)(i % 50), name, i + 1))
			TAP_FAIL("code object %d is refused", i);
	}
	CHECK_INT(stacks__lost(s), 0);
	add(s, 1, 1, (const uint64_t[]){ A });
	node = stacks__node(s, 1);
	c = written(s);
	CHECK(c);
	CHECK_STR(text_of(c, node), "f99950:99951");
	capture__free(c);
	stacks__free(s);
}

/* Names of any length: what they take is counted. */
static void long_names(void)
{
	struct stacks *s = stacks__new();
	unsigned int taken = 0;
	static char name[10001];

	memset(name, '\x1b', 10000);
	for (unsigned int i = 0; i < MANY / 2; i++)
		taken += add_code(s, WIRE_KEY, A + 64 * (uint64_t)i, name, 1) == 0;
	CHECK(taken > 1000);
	CHECK(taken < (8u << 20) / 600);
	CHECK_INT(stacks__lost(s), MANY / 2 - taken);
	stacks__free(s);
}

static void bounds(void)
{
	struct wire_stack_event *e = wire_stack(WIRE_KEY, 1, 3, (const uint64_t[]){ A, B, C });
	struct wire_code_event *code = wire_code(WIRE_KEY, A, "f", "app.py", 1);
	struct wire_event *cut = malloc(sizeof(*cut)); /* the sanitizer sees a read behind it */
	struct pyver_frames invalid = { 0 };
	struct stacks *s = stacks__new();

	CHECK_INT(stacks__add(s, e, wire_stack_len(e) - 1), -EINVAL);
	CHECK_INT(stacks__add(s, e, 8), -EINVAL);
	e->frames_n = WIRE_STACK_FRAMES + 1;
	CHECK_INT(stacks__add(s, e, sizeof(*e) + sizeof(e->frames[0])), -EINVAL);
	e->frames_n = UINT32_MAX;
	CHECK_INT(stacks__add(s, e, sizeof(*e)), -EINVAL);
	CHECK_INT(stacks__node(s, 1), 0);
	CHECK(stacks__add_code(s, code, wire_code_len(code), &invalid) < 0);
	*cut = code->h;
	CHECK(stacks__add_code(s, (const void *)cut, sizeof(*cut), &wire_frames_3_12) < 0);
	CHECK_INT(stacks__lost(s), 6);
	free(cut);
	free(code);
	free(e);
	stacks__free(s);
}

/* Different stacks without end: what does not fit is an unknown stack, and counted. */
static void many_stacks(void)
{
	struct stacks *s = stacks__new();
	uint64_t codes[64];
	uint64_t taken = 0;
	struct capture *c;

	for (uint64_t i = 1; i <= MANY; i++) {
		for (size_t f = 0; f < 64; f++)
			codes[f] = A + 64 * (i * 7 + f * f);
		taken += add(s, i, 64, codes) == 0;
	}
	CHECK(taken > 5000 && taken < MANY);
	CHECK_INT(stacks__lost(s), MANY - taken);
	CHECK(stacks__node(s, 1));
	CHECK_INT(stacks__node(s, MANY), 0);
	for (uint64_t i = 1; i <= taken; i++)
		CHECK(stacks__node(s, i));
	c = written(s); /* within what a reader takes */
	CHECK(c);
	capture__free(c);
	stacks__free(s);
}

int main(void)
{
	TAP_RUN(one_stack);
	TAP_RUN(only_what_is_used);
	TAP_RUN(shared_roots);
	TAP_RUN(leaves);
	TAP_RUN(unknown_code);
	TAP_RUN(the_interpreters_own_frames);
	TAP_RUN(cut_stacks);
	TAP_RUN(told_again);
	TAP_RUN(replaced_code_leaves_its_room);
	TAP_RUN(long_names);
	TAP_RUN(bounds);
	TAP_RUN(many_stacks);
	return TAP_DONE();
}
