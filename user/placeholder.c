/* SPDX-License-Identifier: BSD-2-Clause */
#include "placeholder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[PLACEHOLDERS] = {
	[PLACEHOLDER_N] = "{n}",
	[PLACEHOLDER_THREADS] = "{threads}",
	[PLACEHOLDER_PROCESSES] = "{processes}",
};

/* {n} is the shortest name and may become ten digits */
#define GROWTH 4

bool placeholder__is_in(char *const *argv, enum placeholder which)
{
	for (; *argv; argv++) {
		if (strstr(*argv, names[which]))
			return true;
	}
	return false;
}

/* The placeholder that s begins with; PLACEHOLDERS: none. */
static enum placeholder at(const char *s)
{
	enum placeholder which = PLACEHOLDER_N;

	while (which < PLACEHOLDERS && strncmp(s, names[which], strlen(names[which])) != 0)
		which++;
	return which;
}

/* Writes one argument, returns where the next begins. */
static char *fill(char *to, const char *from, const uint32_t values[PLACEHOLDERS])
{
	while (*from) {
		enum placeholder which = at(from);

		if (which == PLACEHOLDERS) {
			*to++ = *from++;
			continue;
		}
		to += sprintf(to, "%" PRIu32, values[which]);
		from += strlen(names[which]);
	}
	*to = '\0';
	return to + 1;
}

char **placeholder__fill(char *const *argv, const uint32_t values[PLACEHOLDERS])
{
	size_t n = 0, bytes = 0;
	char **filled, *text;

	for (; argv[n]; n++)
		bytes += GROWTH * strlen(argv[n]) + 1;
	filled = malloc((n + 1) * sizeof(*filled) + bytes);
	if (!filled)
		return NULL;
	text = (char *)(filled + n + 1);
	for (size_t i = 0; i < n; i++) {
		filled[i] = text;
		text = fill(text, argv[i], values);
	}
	filled[n] = NULL;
	return filled;
}
