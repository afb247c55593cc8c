// SPDX-License-Identifier: BSD-2-Clause
/* deep N: computes below N calls of a function to itself, in main. */
#include "workload.h"

#define STAY(value) __asm__ volatile("" : "+r"(value))

__attribute__((noinline)) static long down(long n)
{
	long left;

	if (n > 1) {
		left = down(n - 1);
		STAY(left);
		return left + 1;
	}
	while (!stopped_within(1)) {
		for (volatile int i = 0; i < 1000000; i++)
			;
	}
	return 1;
}

int main(int argc, char **argv)
{
	long depth = argc > 1 ? atol(argv[1]) : 1;

	block_stop();
	say_ready();
	printf("{\"depth\": %ld}\n", down(depth));
	return 0;
}
