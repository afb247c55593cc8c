/* SPDX-License-Identifier: BSD-2-Clause */
/* What the page says of who made others wait. */
#include "report_fixture.h"

#define CASES(waits, over_ns) \
	(&(const struct report_options){ .worst = (waits), .hold_over_ns = (over_ns) })

static void single_cases(void)
{
	static const char first[] =
		"The longest single waits for the GIL: 15.0 ms at 1.2 s: spinner 43 in Worker.spin "
		"(spin.py:12) < <module> (main.py:3), for spinner 44, in C code in scan_once "
		"(_json.cpython-312.so) < load (spin.py:34) < <module> (main.py:3)";
	static const char second[] =
		"12.0 ms at 1.2 s: spinner 44 in (stack not known), for spinner "
		"45, asleep in load (spin.py:34)";
	static const char holds[] =
		"Holds of the GIL over 10.0 ms: 16.0 ms at 1.2 s: spinner 44, in C code in scan_once "
		"(_json.cpython-312.so) < load";
	static const char short_hold[] =
		"6.0 ms at 1.2 s: spinner 45, runs Python in (stack not known)";

	SAYS_NOT(fixture__spinners(), "The longest single");
	SAYS_NOT(fixture__spinners(), "Holds of");
	SAYS_WITH(fixture__spinners(), CASES(1, 0), first);
	SAYS_NOT_WITH(fixture__spinners(), CASES(1, 0), second);
	SAYS_WITH(fixture__spinners(), CASES(2, 0), second);
	SAYS_WITH(fixture__spinners(), CASES(0, 10 * FIXTURE_MS), holds);
	SAYS_NOT_WITH(fixture__spinners(), CASES(0, 10 * FIXTURE_MS), short_hold);
	SAYS_WITH(fixture__spinners(), CASES(0, 6 * FIXTURE_MS), short_hold);
	SAYS_NOT_WITH(fixture__spinners(), CASES(0, 17 * FIXTURE_MS), "Holds of");
}

static void blame_words(void)
{
	struct capture *c = fixture__spinners();

	SAYS_NOT(python("static", 1), "Who made others wait");
	for (size_t i = 0; i < c->blame_n; i++)
		c->blame[i].count = c->blame[i].wait_ns / 17000;
	SAYS(c, "19.8 s in all; short waits, holders roughly");
	c = fixture__spinners();
	for (size_t i = 0; i < c->blame_n; i++)
		c->blame[i].stack = 0;
	SAYS(c, "18.0s    91 %  runs Python    (stack not known)");
}

static void broken_law_of_blame(void)
{
	struct capture *c = fixture__spinners();

	c->blame[0].wait_ns += 19 * FIXTURE_MS; /* of 19.8 s: 0.1 % are 19.8 ms */
	SAYS_NOT(c, "WARNING");
	c = fixture__spinners();
	c->blame[0].wait_ns += 1000 * FIXTURE_MS;
	SAYS(c,
	     "678Z WARNING: law 3 (blame = waits for the GIL) is broken for 1 of 1 process; worst: "
	     "process 42, off by 1.0 s of 19.8 s");
	c = fixture__spinners();
	c->blame[20].wait_ns = 0; /* lost: it is 20 ms too little */
	SAYS(c, "WARNING: law 3");
}

int main(void)
{
	TAP_RUN(single_cases);
	TAP_RUN(blame_words);
	TAP_RUN(broken_law_of_blame);
	return TAP_DONE();
}
