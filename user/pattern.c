/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MOST 64
#define LEAST 1e-15 /* so that their quotients can be told, too */
#define MOST 1e15

struct pattern {
	regex_t regex;
};

static const char *compile(struct pattern *p, const char *regex, char *why, size_t len)
{
	int err = regcomp(&p->regex, regex, REG_EXTENDED);

	if (err) {
		regerror(err, &p->regex, why, len);
		return why;
	}
	if (p->regex.re_nsub >= 1)
		return NULL;
	regfree(&p->regex);
	return "has no group: put brackets around the number, as in 'done: ([0-9.]+)'";
}

struct pattern *pattern__new(const char *regex, char *why, size_t len)
{
	struct pattern *p = calloc(1, sizeof(*p));
	const char *wrong = p ? compile(p, regex, why, len) : "out of memory";

	if (!wrong)
		return p;
	if (wrong != why)
		snprintf(why, len, "%s", wrong);
	free(p);
	return NULL;
}

void pattern__free(struct pattern *p)
{
	if (!p)
		return;
	regfree(&p->regex);
	free(p);
}

enum pattern_found pattern__find(const struct pattern *p, const char *line, double *value)
{
	char digits[DIGITS_MOST], *end;
	regmatch_t groups[2];
	size_t n;
	double v;

	if (regexec(&p->regex, line, 2, groups, 0))
		return PATTERN_NOTHING;
	n = groups[1].rm_so < 0 ? 0 : (size_t)(groups[1].rm_eo - groups[1].rm_so);
	if (!n || n >= sizeof(digits))
		return PATTERN_NO_NUMBER;
	memcpy(digits, line + groups[1].rm_so, n);
	digits[n] = '\0';
	v = strtod(digits, &end);
	if (*end || !(v >= LEAST && v <= MOST))
		return PATTERN_NO_NUMBER;
	*value = v;
	return PATTERN_NUMBER;
}
