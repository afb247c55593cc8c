/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * merge.c. Stacks are written newest first. Native frames: E the eval loop, g glue, n a function,
 * ? an unnamed function of the interpreter, b a function of the interpreter or of libc. Python's: f a
 * frame, F one that is the oldest of its eval loop, s a shim. The result has the frames shown.
 */
#include "merge.h"

#include "tap.h"

static uint8_t native_flags(char c)
{
	switch (c) {
	case 'E':
		return MERGE_EVAL;
	case 'g':
		return MERGE_HIDDEN | MERGE_BASE;
	case '?':
		return MERGE_HIDDEN | MERGE_PERHAPS;
	case 'b':
		return MERGE_BASE;
	default:
		return 0;
	}
}

static uint8_t python_flags(char c)
{
	return c == 's' ? MERGE_LOOP : c == 'F' ? MERGE_CODE | MERGE_LOOP : MERGE_CODE;
}

/* A trailing '~' says that the stack goes on. The result: "n0 p0 p1", each frame with its index. */
static const char *merged(const char *native, const char *python)
{
	static char text[256];
	struct merge_frame out[64];
	uint8_t n[32], p[32];
	struct merge_stacks s = {
		.native = n, .python = p, .native_whole = true, .python_whole = true
	};
	size_t len = 0, frames;

	for (; *native; native++) {
		if (*native == '~')
			s.native_whole = false;
		else
			n[s.native_n++] = native_flags(*native);
	}
	for (; *python; python++) {
		if (*python == '~')
			s.python_whole = false;
		else
			p[s.python_n++] = python_flags(*python);
	}
	frames = merge__stacks(&s, out);
	text[0] = '\0';
	for (size_t i = 0; i < frames; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%c%u", i ? " " : "",
					out[i].python ? 'p' : 'n', out[i].index);
	return text;
}

/* Up to 3.10 each frame has an eval loop of its own. */
static void a_loop_for_each_frame(void)
{
	CHECK_STR(merged("nEgEb", "FF"), "n0 p0 p1");
	CHECK_STR(merged("nEnnnEgEb", "FFF"), "n0 p0 n2 n3 n4 p1 p2");
	CHECK_STR(merged("E", "F"), "p0");
}

/* 3.11: calls from Python to Python stay in the loop; is_entry marks its first frame. */
static void marked_entries(void)
{
	CHECK_STR(merged("nEgnEb", "fFffF"), "n0 p0 p1 n3 p2 p3 p4");
	CHECK_STR(merged("Eb", "fffF"), "p0 p1 p2 p3");
}

/* From 3.12 on a shim lies below the frames of a loop. */
static void shims(void)
{
	CHECK_STR(merged("nEgnEb", "ffsffs"), "n0 p0 p1 n3 p3 p4");
	CHECK_STR(merged("Eb", "fs"), "p0");
	/* 3.15: a sentinel at the very bottom, which no loop belongs to */
	CHECK_STR(merged("nEb", "fss"), "n0 p0");
	CHECK_STR(merged("nEnEb", "sfss"), "n0 n2 p1"); /* the newest is about to end */
}

/* C calls Python, which calls C, which calls Python. */
static void callbacks(void)
{
	CHECK_STR(merged("nngEgnnngEgbb", "FF"), "n0 n1 p0 n5 n6 n7 p1");
	CHECK_STR(merged("nngEgnnngEgbb", "fsfs"), "n0 n1 p0 n5 n6 n7 p2");
}

static void bases(void)
{
	CHECK_STR(merged("nEbbb", "F"), "n0 p0");    /* main, _start */
	CHECK_STR(merged("nEbnb", "F"), "n0 p0 n3"); /* a program that has an interpreter in it */
	CHECK_STR(merged("nbEbEb", "FF"), "n0 n1 p0 n3 p1"); /* between two: list.sort, qsort */
}

static void no_python(void)
{
	CHECK_STR(merged("nnb", ""), "n0 n1 n2");
	CHECK_STR(merged("nEgb~", ""), "n0 n3");
	CHECK_STR(merged("", ""), "");
}

static void no_native(void)
{
	CHECK_STR(merged("", "ffF"), "p0 p1 p2");
	CHECK_STR(merged("~", "fsfs"), "p0 p2");
	CHECK_STR(merged("n~", "F"), "n0 p0"); /* only where it is */
	CHECK_STR(merged("E~", "FF"), "p0 p1");
}

/* A loop that has just begun has no frame yet; one that ends has none any more. */
static void an_idle_loop(void)
{
	CHECK_STR(merged("EgEb", "F"), "p0");
	CHECK_STR(merged("nEgnEb", "fs"), "n0 n3 p0");
}

/* The memory that was copied ends: the newest are matched. */
static void native_is_cut(void)
{
	CHECK_STR(merged("nEnE~", "FFFF"), "n0 p0 n2 p1 p2 p3");
	CHECK_STR(merged("nn~", "FF"), "n0 n1 p0 p1");
}

/* A recursion of more frames than are walked: what is older has no place. */
static void python_is_cut(void)
{
	CHECK_STR(merged("nEnEnEnEb", "FF~"), "n0 p0 n2 p1");
	CHECK_STR(merged("nEnEb", "ffff~"), "n0 p0 p1 p2 p3");
}

/* They do not fit: the eval loop has parts without a name, or another interpreter's are among them. */
static void a_misfit(void)
{
	CHECK_STR(merged("nn?nEb", "FF"),
		  "n0 n1 p0 p1"); /* '?' may be a loop, so its callers are not told */
	CHECK_STR(merged("nEnEnEnEb", "FF"), "n0 p0 p1");
	CHECK_STR(merged("n?b", "F"), "n0 p0"); /* no loop has a name */
	CHECK_STR(merged("n?n~", "F"), "n0 p0");
	CHECK_STR(merged("nEnE~", "F"), "n0 p0");
}

int main(void)
{
	TAP_RUN(a_loop_for_each_frame);
	TAP_RUN(marked_entries);
	TAP_RUN(shims);
	TAP_RUN(callbacks);
	TAP_RUN(bases);
	TAP_RUN(no_python);
	TAP_RUN(no_native);
	TAP_RUN(an_idle_loop);
	TAP_RUN(native_is_cut);
	TAP_RUN(python_is_cut);
	TAP_RUN(a_misfit);
	return TAP_DONE();
}
