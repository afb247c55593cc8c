/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program prints, as `gilprof scale` looks through it for numbers; its first byte says in which pieces. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../user/numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pattern *compile(const char *regex)
{
	char why[128];
	struct pattern *p = pattern__new(regex, why, sizeof(why));

	if (!p)
		abort();
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pattern *units, *elapsed, *rate;
	struct numbers n = { 0 };
	size_t piece = size ? (size_t)data[0] + 1 : 1;

	if (!units) {
		units = compile("\"ops\": ([0-9]+)");
		elapsed = compile("seconds\": (.*),?");
		rate = compile("^(a|b|[0-9.e+-])*$");
	}
	n.patterns[NUMBER_UNITS] = units;
	n.patterns[NUMBER_ELAPSED] = elapsed;
	n.patterns[NUMBER_RATE] = rate;
	for (size_t i = 1; i < size; i += piece)
		numbers__take(&n, (const char *)data + i, size - i < piece ? size - i : piece);
	numbers__end(&n);
	for (int k = 0; k < NUMBERS; k++) {
		if (n.found[k] && !(n.values[k] >= 1e-15 && n.values[k] <= 1e15))
			abort();
	}
	numbers__release(&n);
	return 0;
}
