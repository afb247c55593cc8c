/* SPDX-License-Identifier: BSD-2-Clause */
#include "placeholder.h"

#include <stdlib.h>

#include "tap.h"

static const uint32_t values[PLACEHOLDERS] = {
	[PLACEHOLDER_N] = 4294967295u,
	[PLACEHOLDER_THREADS] = 12,
	[PLACEHOLDER_PROCESSES] = 3,
};

static char *const command[] = { (char[]){ "app" },
				 (char[]){ "{n}{n}{n}{n}" },
				 (char[]){ "--threads={threads}" },
				 (char[]){ "{processes} x {threads}, {}, {n, {m}, {" },
				 (char[]){ "" },
				 NULL };

static void fills_all_arguments(void)
{
	static const char *const want[] = { "app", "4294967295429496729542949672954294967295",
					    "--threads=12", "3 x 12, {}, {n, {m}, {", "" };
	char **filled = placeholder__fill(command, values);

	CHECK(filled);
	for (int i = 0; i < 5; i++)
		CHECK_STR(filled[i], want[i]);
	CHECK(!filled[5]);
	free(filled);
}

static void says_which_there_are(void)
{
	CHECK(placeholder__is_in(command, PLACEHOLDER_N));
	CHECK(placeholder__is_in(command, PLACEHOLDER_THREADS));
	CHECK(placeholder__is_in(command, PLACEHOLDER_PROCESSES));
	CHECK(!placeholder__is_in(command + 2, PLACEHOLDER_N));
	CHECK(!placeholder__is_in(command + 4, PLACEHOLDER_PROCESSES));
}

int main(void)
{
	TAP_RUN(fills_all_arguments);
	TAP_RUN(says_which_there_are);
	return TAP_DONE();
}
