/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page for people, line by line: nothing gets wider than a terminal, and names from the target
 * get in only through page__name. Text is added to a buffer, then printed as one line or wrapped.
 */
#ifndef GILPROF_PAGE_H
#define GILPROF_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#define PAGE_COLUMNS 80

enum page_style {
	PAGE_PLAIN = 0,
	PAGE_BOLD = 1,
	PAGE_WARNING = 2,
};

struct page {
	FILE *f;
	bool colour;
	size_t len;	   /* of what is in */
	char buffer[4096]; /* and has not been printed yet */
};

__attribute__((format(printf, 2, 3))) void page__add(struct page *p, const char *format, ...);
/* A name from the target, escaped, in at most `most` columns; padded to `least`. */
void page__name(struct page *p, const char *raw, size_t least, size_t most);
size_t page__width(const struct page *p);		     /* columns added so far */
void page__line(struct page *p, enum page_style style);	     /* cut to PAGE_COLUMNS */
void page__paragraph(struct page *p, enum page_style style); /* wrapped */
void page__gap(struct page *p);				     /* an empty line */

#endif
