// SPDX-License-Identifier: BSD-2-Clause
#include "export_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define UNKNOWN "[unknown]"

const struct weights_frame export__unknown_stack = { .name = "[unknown stack]",
						     .kind = FRAME_NOTE };

/* Bytes of the first EXPORT_NAME_CHARS characters. */
static size_t prefix(const char *s)
{
	size_t chars = 0, i = 0;

	for (; s[i]; i++)
		if ((s[i] & 0xc0) != 0x80 && chars++ == EXPORT_NAME_CHARS)
			break;
	return i;
}

/* Cut before it is escaped: an escape that ends half-way says something else. */
static char *shown(const char *s)
{
	size_t bytes = prefix(s);
	char *cut = strndup(s, bytes), *escaped = cut ? text__escape(cut) : NULL, *out = NULL;

	if (escaped && asprintf(&out, "%s%s", escaped, s[bytes] ? ".." : "") < 0)
		out = NULL;
	free(escaped);
	free(cut);
	return out;
}

/* "pkg/mod.py": every package has an __init__.py, and more of the path makes names too long to read. */
static const char *last_parts(const char *path, int parts)
{
	const char *p = path + strlen(path);

	while (p > path && (p[-1] != '/' || --parts > 0))
		p--;
	return p;
}

/* Prints into a new string; takes over what it prints. */
static char *join(const char *format, char *a, char *b, uint32_t number)
{
	char *out = NULL;

	if (a && b && asprintf(&out, format, a, b, number) < 0)
		out = NULL;
	free(a);
	free(b);
	return out;
}

char *export__frame_name(const struct weights_frame *f)
{
	bool blank = f->name[strspn(f->name, " ")] == '\0';
	char *name = shown(blank ? UNKNOWN : f->name);
	int parts = f->kind == FRAME_PYTHON ? 2 : 1;

	if (!f->file || !*f->file || f->kind == FRAME_NOTE)
		return name;
	return join(f->line ? "%s (%s:%u)" : "%s (%s)", name, shown(last_parts(f->file, parts)),
		    f->line);
}

/* "NAME (TID 43)" */
static char *with_number(const char *name, const char *what, uint32_t number)
{
	if (!number)
		return shown(name);
	return join("%s (%s %u)", shown(*name ? name : UNKNOWN), strdup(what), number);
}

char *export__thread_name(const struct weights_row *r)
{
	return with_number(r->thread, "TID", r->tid);
}

char *export__process_name(const struct weights_row *r)
{
	return with_number(r->process, "PID", r->pid);
}
