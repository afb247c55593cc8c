/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol in a few macros: a test program calls TAP_RUN for each of its functions and
 * returns TAP_DONE(). A function is one test; its first failed check ends it, saying where and why.
 */
#ifndef GILPROF_TAP_H
#define GILPROF_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;
static bool tap_failed;
static const char *tap_skipped;

#define TAP_FAIL(...) \
	do { \
		printf("# %s:%d: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__); \
		putchar('\n'); \
		tap_failed = true; \
		return; \
	} while (0)

#define CHECK(cond) \
	do { \
		if (!(cond)) \
			TAP_FAIL("%s", #cond); \
	} while (0)

#define CHECK_INT(got, want) \
	do { \
		long long tap_got = (long long)(got), tap_want = (long long)(want); \
		if (tap_got != tap_want) \
			TAP_FAIL("%s is %lld, not %lld", #got, tap_got, tap_want); \
	} while (0)

/* within `tolerance` of `want`, both in the unit of the values */
#define CHECK_NEAR(got, want, tolerance) \
	do { \
		double tap_got = (double)(got), tap_want = (double)(want); \
		double tap_off = tap_got > tap_want ? tap_got - tap_want : tap_want - tap_got; \
		if (!(tap_off <= (double)(tolerance))) \
			TAP_FAIL("%s is %.9g, not %.9g", #got, tap_got, tap_want); \
	} while (0)

/* NULL is equal to NULL only */
#define CHECK_STR(got, want) \
	do { \
		const char *tap_got = (got), *tap_want = (want); \
		if (!tap_got != !tap_want || (tap_got && strcmp(tap_got, tap_want) != 0)) \
			TAP_FAIL("%s is \"%s\", not \"%s\"", #got, tap_got ? tap_got : "(null)", \
				 tap_want ? tap_want : "(null)"); \
	} while (0)

#define TAP_SKIP(reason) \
	do { \
		tap_skipped = (reason); \
		return; \
	} while (0)

/* a failure in a helper function is the caller's: TAP_CALL(helper(...)) returns then */
#define TAP_CALL(call) \
	do { \
		call; \
		if (tap_failed) \
			return; \
	} while (0)

static inline void tap_run(const char *name, void (*test)(void))
{
	tap_failed = false;
	tap_skipped = NULL;
	test();
	tap_count++;
	tap_failures += tap_failed;
	printf("%s %d - %s%s%s\n", tap_failed ? "not ok" : "ok", tap_count, name,
	       tap_skipped ? " # SKIP " : "", tap_skipped ? tap_skipped : "");
	fflush(stdout); /* so that what a crash in the next test leaves is in order */
}

#define TAP_RUN(test) tap_run(#test, test)
#define TAP_DONE() (printf("1..%d\n", tap_count), fflush(stdout), tap_failures ? 1 : 0)

#endif
