/* SPDX-License-Identifier: BSD-2-Clause */
#include "numbers.h"

#include "tap.h"

static struct pattern *compile(const char *regex)
{
	char why[128] = "";

	return pattern__new(regex, why, sizeof(why));
}

/* What `text` tells, in pieces of `piece` bytes. */
static struct numbers read_units(const struct pattern *p, const char *text, size_t len,
				 size_t piece)
{
	struct numbers n = { .patterns = { [NUMBER_UNITS] = p } };

	for (size_t i = 0; i < len; i += piece)
		numbers__take(&n, text + i, len - i < piece ? len - i : piece);
	numbers__end(&n);
	return n;
}

static void the_last_line_counts_however_it_comes(void)
{
	static const char text[] = "warm-up\nserved 7 of 9\nserved 42 of 99\nbye\n";
	struct pattern *p = compile("served ([0-9]+)");

	CHECK(p);
	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		struct numbers n = read_units(p, text, sizeof(text) - 1, piece);

		CHECK(n.found[NUMBER_UNITS]);
		CHECK_NEAR(n.values[NUMBER_UNITS], 42, 0);
		CHECK(!n.found[NUMBER_ELAPSED] && !n.found[NUMBER_RATE]);
		numbers__release(&n);
	}
	pattern__free(p);
}

static void several_at_once(void)
{
	static const char text[] = "{\"seconds\": 1.25, \"ops\": 3e2}";
	struct pattern *units = compile("\"ops\": ([^,}]+)"),
		       *elapsed = compile("seconds\": ([0-9.]+)");
	struct numbers n = { .patterns = { [NUMBER_UNITS] = units, [NUMBER_ELAPSED] = elapsed } };

	numbers__take(&n, text, sizeof(text) - 1);
	CHECK(!n.found[NUMBER_UNITS]); /* a line ends with a newline, or at the end */
	numbers__end(&n);
	CHECK(n.found[NUMBER_UNITS] && n.found[NUMBER_ELAPSED]);
	CHECK_NEAR(n.values[NUMBER_UNITS], 300, 0);
	CHECK_NEAR(n.values[NUMBER_ELAPSED], 1.25, 0);
	numbers__release(&n);
	pattern__free(units);
	pattern__free(elapsed);
}

/* Of a line that matches without a number it is told what it was; a later one may still have one. */
static void no_number(void)
{
	static const char *const bad[] = { "n=",    "n=x",     "n=0",	   "n=-3",  "n=nan",
					   "n=inf", "n=1e300", "n=1e-300", "n=12x", "n=1,000" };
	struct pattern *p = compile("n=(.*)$");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct numbers n = read_units(p, bad[i], strlen(bad[i]), 64);

		CHECK(!n.found[NUMBER_UNITS]);
		CHECK_STR(n.strange[NUMBER_UNITS], bad[i]);
		numbers__take(&n, "n=5\n", 4);
		CHECK(n.found[NUMBER_UNITS] && !n.strange[NUMBER_UNITS]);
		numbers__take(&n, "n=?\n", 4);
		CHECK(!n.found[NUMBER_UNITS]);
		numbers__release(&n);
	}
	pattern__free(p);
}

static void hostile_lines(void)
{
	static const char nul[] = "a\0n=5", escape[] = "n=\033[31m";
	struct pattern *p = compile("n=(.*)$");
	static char line[3 * NUMBERS_LINE_MOST];
	struct numbers n = read_units(p, nul, sizeof(nul) - 1, 64);

	CHECK_NEAR(n.values[NUMBER_UNITS], 5, 0);
	numbers__release(&n);
	n = read_units(p, escape, sizeof(escape) - 1, 64);
	CHECK_STR(n.strange[NUMBER_UNITS], "n=\\x1b[31m");
	numbers__release(&n);
	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 3, "n=5", 3);
	n = read_units(p, line, sizeof(line), 1000); /* too far to the right */
	CHECK(!n.found[NUMBER_UNITS] && !n.strange[NUMBER_UNITS]);
	memcpy(line, "n=7 ", 4);
	numbers__release(&n);
	pattern__free(p);
	p = compile("n=([0-9]*)");
	n = read_units(p, line, sizeof(line), 1000);
	CHECK_NEAR(n.values[NUMBER_UNITS], 7, 0);
	numbers__release(&n);
	pattern__free(p);
}

static void patterns_that_cannot_be_used(void)
{
	char why[128];

	CHECK(!pattern__new("([0-9]+", why, sizeof(why)));
	CHECK(why[0]);
	CHECK(!pattern__new("[0-9]+", why, sizeof(why)));
	CHECK(strstr(why, "has no group"));
}

/* A group that takes no part in the match, and one that is empty. */
static void groups_without_text(void)
{
	struct pattern *p = compile("a(b)?c"), *q = compile("a(b*)c");
	double value = 1;

	CHECK_INT(pattern__find(p, "ac", &value), PATTERN_NO_NUMBER);
	CHECK_INT(pattern__find(q, "ac", &value), PATTERN_NO_NUMBER);
	CHECK_INT(pattern__find(q, "", &value), PATTERN_NOTHING);
	pattern__free(p);
	pattern__free(q);
}

int main(void)
{
	TAP_RUN(the_last_line_counts_however_it_comes);
	TAP_RUN(several_at_once);
	TAP_RUN(no_number);
	TAP_RUN(hostile_lines);
	TAP_RUN(patterns_that_cannot_be_used);
	TAP_RUN(groups_without_text);
	return TAP_DONE();
}
