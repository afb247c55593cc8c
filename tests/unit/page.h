/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for every page of text. */
#ifndef GILPROF_PAGE_H
#define GILPROF_PAGE_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tap.h"

/* No line is wider than a terminal, and nothing but printable characters and newlines is in it. */
static inline void check_page(const char *page)
{
	wchar_t line[4096];

	setlocale(LC_CTYPE, "C.UTF-8");
	CHECK(*page);
	while (*page) {
		size_t len = strcspn(page, "\n");
		char copy[4096];

		CHECK(page[len] == '\n');
		snprintf(copy, sizeof(copy), "%.*s", (int)len, page);
		CHECK(mbstowcs(line, copy, 4096) != (size_t)-1);
		if (wcswidth(line, 4096) < 0 || wcswidth(line, 4096) > 80)
			TAP_FAIL("%d columns: %s", wcswidth(line, 4096), copy);
		page += len + 1;
	}
}

#endif
