/* SPDX-License-Identifier: BSD-2-Clause */
#include "flame.h"

#include <errno.h>

#include "tap.h"
#include "weights_fixture.h"

/* An array and its length: the members of a row. */
#define FRAMES(...) \
	.frames = (const struct weights_frame[]){ __VA_ARGS__ }, \
	.frames_n = sizeof((const struct weights_frame[]){ __VA_ARGS__ }) / \
		    sizeof(struct weights_frame)

static const struct flame_limits usual = { .depth = 100, .parts = 1000, .nodes = 1000 };

/* Each node as the line "DEPTH NAME START+NS COUNT"; malloc'ed. */
static char *outline(const struct weights *w, const struct flame_limits *l)
{
	struct flame *f = flame__new(w, l);
	char *text = NULL;
	size_t len, n;
	FILE *out = open_memstream(&text, &len);
	const struct flame_node *nodes = flame__nodes(f, &n);

	for (size_t i = 0; i < n; i++)
		fprintf(out, "%u %s %llu+%llu %llu\n", nodes[i].depth, nodes[i].name,
			(unsigned long long)nodes[i].start_ns, (unsigned long long)nodes[i].ns,
			(unsigned long long)nodes[i].count);
	fclose(out);
	flame__free(f);
	return text;
}

static void check_outline(const struct weights *w, const struct flame_limits *l, const char *want)
{
	char *got = outline(w, l);
	bool same = !strcmp(got, want);

	if (!same)
		printf("# %s\n", got);
	free(got);
	CHECK(same);
}

/* Children lie in their parents side by side, and all rows are in the root. */
static void check_sums(const struct weights *w, const struct flame_limits *l)
{
	static uint64_t end[1000],
		edge[1000]; /* of the open node of a depth, and of its last child */
	struct flame *f = flame__new(w, l);
	uint64_t ns = 0;
	size_t n;
	const struct flame_node *nodes = flame__nodes(f, &n);

	for (size_t i = 0; i < w->rows_n; i++)
		ns += w->rows[i].ns;
	CHECK_INT(nodes[0].ns, ns);
	CHECK(n <= l->nodes);
	end[0] = ns;
	edge[0] = 0;
	for (size_t i = 1; i < n; i++) {
		uint32_t d = nodes[i].depth;

		CHECK(d > 0 && d <= nodes[i - 1].depth + 1 && d <= l->depth);
		CHECK_INT(nodes[i].start_ns, edge[d - 1]);
		CHECK(nodes[i].merged || nodes[i].ns >= ns / l->parts);
		edge[d] = nodes[i].start_ns;
		edge[d - 1] = end[d] = nodes[i].start_ns + nodes[i].ns;
		CHECK(end[d] <= end[d - 1]);
	}
	flame__free(f);
}

static void nothing(void)
{
	struct weights w = weights__of(NULL, 0);

	TAP_CALL(check_outline(&w, &usual, "0 all 0+0 0\n"));
}

static void the_sample(void)
{
	struct weights w = weights__sample();

	TAP_CALL(check_sums(&w, &usual));
	TAP_CALL(check_outline(&w, &usual,
			       "0 all 0+100000000 442\n"
			       "1 python3.12 (PID 42) 0+100000000 435\n"
			       "2 reader (TID 44) 0+30000000 5\n"
			       "3 [waiting for the GIL] 0+998000 1\n"
			       "3 main (app/views.py:12) 998000+29000000 3\n"
			       "4 Take_GIL (libpython3.12.so.1.0) 998000+29000000 3\n"
			       "5 do_futex 998000+29000000 3\n"
			       "3 ... 29998000+2000 1\n"
			       "2 worker (TID 43) 30000000+70000000 430\n"
			       "3 main (app/views.py:12) 30000000+70000000 430\n"
			       "4 handle (app/views.py:12) 30000000+40000000 400\n"
			       "5 take_gil (libpython3.12.so.1.0) 30000000+40000000 400\n"
			       "4 render <b> & co (app/views.py:12) 70000000+20000000 20\n"
			       "5 handle (app/views.py:12) 70000000+20000000 20\n"
			       "1 ... 100000000+0 7\n"));
}

static void the_order_of_rows_does_not_matter(void)
{
	struct weights w = weights__sample(), turned = w;
	struct weights_row rows[16];
	char *want = outline(&w, &usual);

	for (size_t i = 0; i < w.rows_n; i++)
		rows[i] = w.rows[w.rows_n - 1 - i];
	turned.rows = rows;
	check_outline(&turned, &usual, want);
	free(want);
}

/* The same name in another kind of code is something else. */
static void kinds_are_apart(void)
{
	const struct weights_row rows[] = {
		{ .process = "", .thread = "", FRAMES(KERNEL("f")), .ns = 1, .count = 1 },
		{ .process = "", .thread = "", FRAMES(NOTE("f")), .ns = 2, .count = 1 },
		{ .process = "", .thread = "", FRAMES(KERNEL("f")), .ns = 4, .count = 1 },
	};
	struct weights w = weights__of(rows, 3);

	TAP_CALL(check_outline(&w, &usual, "0 all 0+7 3\n1 f 0+5 2\n1 f 5+2 1\n"));
}

static void an_unknown_stack(void)
{
	const struct weights_row row = { WORKER, .ns = 5, .count = 1 };
	struct weights w = weights__of(&row, 1);

	TAP_CALL(check_outline(&w, &usual,
			       "0 all 0+5 1\n1 python3.12 (PID 42) 0+5 1\n2 worker (TID 43) 0+5 1\n"
			       "3 [unknown stack] 0+5 1\n"));
}

static void recursion(void)
{
	const struct weights_row row = {
		.process = "", .thread = "", .ns = 5, FRAMES(NOTE("f"), NOTE("f"), NOTE("f"))
	};
	struct weights w = weights__of(&row, 1);

	TAP_CALL(check_outline(&w, &usual, "0 all 0+5 0\n1 f 0+5 0\n2 f 0+5 0\n3 f 0+5 0\n"));
}

static void too_deep(void)
{
	const struct flame_limits l = { .depth = 3, .parts = 1000, .nodes = 1000 };
	const struct weights_row rows[] = {
		{ .process = "", .thread = "", .ns = 1, FRAMES(NOTE("a"), NOTE("b"), NOTE("c")) },
		{ .process = "",
		  .thread = "",
		  .ns = 2,
		  FRAMES(NOTE("a"), NOTE("b"), NOTE("c"), NOTE("d")) },
		{ .process = "",
		  .thread = "",
		  .ns = 4,
		  FRAMES(NOTE("a"), NOTE("b"), NOTE("e"), NOTE("f")) },
	};
	struct weights w = weights__of(rows, 3);

	TAP_CALL(check_sums(&w, &l));
	TAP_CALL(check_outline(&w, &l,
			       "0 all 0+7 0\n1 a 0+7 0\n2 b 0+7 0\n3 ... 0+6 0\n3 c 6+1 0\n"));
}

/* Many narrow ones, which together are not narrow, each with a child. */
static void too_narrow(void)
{
	static const struct weights_frame frames[] = { NOTE("\1"), NOTE("x") };
	static struct weights_frame own[3000][2];
	static struct weights_row rows[3000];
	static char names[3000][8];
	struct weights w = weights__of(rows, 3000);
	struct flame *f;
	size_t n;

	for (size_t i = 0; i < 3000; i++) {
		memcpy(own[i], frames, sizeof(frames));
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		own[i][0].name = names[i];
		rows[i] = (struct weights_row){ .process = "",
						.thread = "",
						.frames = own[i],
						.frames_n = 2,
						.ns = 10,
						.count = 1 };
	}
	rows[7].ns = 1000;
	f = flame__new(&w, &usual);
	CHECK_INT(flame__nodes(f, &n)[n - 1].merged, 2 * 2999);
	CHECK_INT(flame__nodes(f, &n)[n - 1].count, 2999);
	flame__free(f);
	TAP_CALL(check_outline(&w, &usual,
			       "0 all 0+30990 3000\n1 f7 0+1000 1\n2 x 0+1000 1\n"
			       "1 ... 1000+29990 2999\n"));
}

static void too_many(void)
{
	const struct flame_limits l = { .depth = 100, .parts = 1000000, .nodes = 300 };
	struct weights w = weights__many();

	TAP_CALL(check_sums(&w, &l));
	weights__free_many(&w);
}

static void no_sum(void)
{
	const struct weights_row rows[] = {
		{ .process = "", .thread = "", .ns = UINT64_MAX, .count = UINT64_MAX },
		{ .process = "", .thread = "", .ns = 1, .count = 1 },
	};
	struct weights w = weights__of(rows, 2);

	errno = 0;
	CHECK(!flame__new(&w, &usual));
	CHECK_INT(errno, EOVERFLOW);
	w.rows_n = 1;
	TAP_CALL(check_sums(&w, &usual));
}

static void hostile(void)
{
	char *name = weights__long_name();
	struct weights w = weights__hostile(name);
	struct flame *f = flame__new(&w, &usual);
	size_t n;
	const struct flame_node *nodes = flame__nodes(f, &n);

	for (size_t i = 0; i < n; i++)
		for (const char *c = nodes[i].name; *c; c++)
			CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
	CHECK(nodes[0].count == UINT64_MAX);
	flame__free(f);
	TAP_CALL(check_sums(&w, &usual));
	free(name);
}

int main(void)
{
	TAP_RUN(nothing);
	TAP_RUN(the_sample);
	TAP_RUN(the_order_of_rows_does_not_matter);
	TAP_RUN(kinds_are_apart);
	TAP_RUN(an_unknown_stack);
	TAP_RUN(recursion);
	TAP_RUN(too_deep);
	TAP_RUN(too_narrow);
	TAP_RUN(too_many);
	TAP_RUN(no_sum);
	TAP_RUN(hostile);
	return TAP_DONE();
}
