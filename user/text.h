/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings from the target: from bytes that may be anything, to valid UTF-8 (for captures and JSON),
 * to what a terminal may see (for the page). The two steps are apart because JSON has escapes of its
 * own and must show a name as it is.
 */
#ifndef GILPROF_TEXT_H
#define GILPROF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes as valid UTF-8 without NUL, each byte that is not part of a valid character written as
 * the text \xNN. At most `cap` bytes long, cut between characters. malloc'ed; NULL and ENOMEM.
 */
char *text__utf8(const void *bytes, size_t len, size_t cap);

/* Whether all of it is valid UTF-8 already; NULs are allowed here. */
bool text__is_utf8(const void *bytes, size_t len);

/*
 * What may go to a terminal: control characters (also C1), bidirectional and invisible ones, line
 * separators and all that has no width are written as \xNN or \u{NNNN}. malloc'ed; NULL and ENOMEM.
 */
char *text__escape(const char *s);

/* Columns that an escaped string takes. */
size_t text__width(const char *escaped);

/*
 * An escaped string in exactly `columns` columns: padded with blanks, or cut, ending in "..".
 * malloc'ed; NULL and ENOMEM.
 */
char *text__fit(const char *escaped, size_t columns);

/* Bytes of the longest beginning of an escaped string that takes at most `columns` columns. */
size_t text__prefix(const char *escaped, size_t columns);

#endif
