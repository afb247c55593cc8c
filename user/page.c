// SPDX-License-Identifier: BSD-2-Clause
#include "page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define NAME_BYTES 256

static const char *const styles[] = {
	[PAGE_PLAIN] = NULL,
	[PAGE_BOLD] = "\033[1m",
	[PAGE_WARNING] = "\033[1;31m",
};

void page__add(struct page *p, const char *format, ...)
{
	size_t room = sizeof(p->buffer) - p->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->buffer + p->len, room, format, args);
	va_end(args);
	if (n > 0)
		p->len += (size_t)n < room ? (size_t)n : room - 1;
}

void page__name(struct page *p, const char *raw, size_t least, size_t most)
{
	char head[NAME_BYTES + 1]; /* more could hide in few columns, as combining characters */
	char *escaped, *fitted = NULL;
	size_t width;

	snprintf(head, sizeof(head), "%s", raw);
	escaped = text__escape(head);
	if (escaped) {
		width = text__width(escaped);
		fitted = text__fit(escaped, width < least ? least : width < most ? width : most);
	}
	page__add(p, "%s", fitted ? fitted : "?");
	free(escaped);
	free(fitted);
}

size_t page__width(const struct page *p)
{
	return text__width(p->buffer);
}

static void print(struct page *p, const char *text, size_t len, enum page_style style)
{
	const char *on = p->colour ? styles[style] : NULL;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	fprintf(p->f, "%s%.*s%s\n", on ? on : "", (int)len, text, on ? "\033[0m" : "");
}

static void clear(struct page *p)
{
	p->len = 0;
	p->buffer[0] = '\0';
}

void page__line(struct page *p, enum page_style style)
{
	print(p, p->buffer, text__prefix(p->buffer, PAGE_COLUMNS), style);
	clear(p);
}

/* Where to break the text so that a line fits: behind the last blank, or within a longer word. */
static size_t break_at(const char *text)
{
	size_t fits = text__prefix(text, PAGE_COLUMNS - 1), n = fits;

	if (text[fits] == '\0')
		return fits;
	while (n > 0 && text[n] != ' ')
		n--;
	return n ? n : fits;
}

void page__paragraph(struct page *p, enum page_style style)
{
	const char *text = p->buffer;

	do {
		size_t n = break_at(text);

		print(p, text, n, style);
		text += n;
		text += strspn(text, " ");
	} while (*text);
	clear(p);
}

void page__gap(struct page *p)
{
	fputc('\n', p->f);
}
