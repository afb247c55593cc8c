/* SPDX-License-Identifier: BSD-2-Clause */
#include "numbers.h"

#include <stdlib.h>

#include "text.h"

static void look(struct numbers *n, int k)
{
	enum pattern_found found = pattern__find(n->patterns[k], n->line, &n->values[k]);

	if (found == PATTERN_NOTHING)
		return;
	n->found[k] = found == PATTERN_NUMBER;
	free(n->strange[k]);
	n->strange[k] = n->found[k] ? NULL : text__escape(n->line);
}

void numbers__end(struct numbers *n)
{
	n->line[n->line_n] = '\0';
	for (int k = 0; k < NUMBERS && n->line_n; k++) {
		if (n->patterns[k])
			look(n, k);
	}
	n->line_n = 0;
}

void numbers__take(struct numbers *n, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n')
			numbers__end(n);
		else if (n->line_n + 1 < sizeof(n->line))
			n->line[n->line_n++] = bytes[i] ? bytes[i]
							: ' '; /* else it would end there */
	}
}

void numbers__release(struct numbers *n)
{
	for (int k = 0; k < NUMBERS; k++) {
		free(n->strange[k]);
		n->strange[k] = NULL;
	}
}
