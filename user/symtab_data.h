/* SPDX-License-Identifier: BSD-2-Clause */
/* What symtab.c and symtab_wire.c share, and nobody else. */
#ifndef GILPROF_SYMTAB_DATA_H
#define GILPROF_SYMTAB_DATA_H

#include "symtab.h"

#define SYMTAB_NONE UINT32_MAX

_Static_assert(SYMTAB_MAX_NAMES <= 1u << 26, "symtab_entry.name must reach them");

struct symtab_entry {
	uint64_t start;
	uint64_t end;	    /* of an unsized one, its limit until symtab__finish */
	uint32_t name : 26; /* where in the names */
	uint32_t
		framed : 5; /* how far into it its frame pointer is set; 0: it is not, at its beginning */
	uint32_t sized : 1;
	uint32_t rank; /* until symtab__finish; then the index of the function it lies in */
};

struct symtab_text {
	uint64_t offset, size, address;
};

struct symtab {
	struct symtab_entry *entries;
	char *names; /* each with its NUL */
	size_t n, room, names_len, names_room;
	struct symtab_text texts[SYMTAB_MAX_TEXTS];
	uint32_t texts_n;
	bool partial;
};

/* Which function each one lies in, so that an address behind the inner one finds the outer. */
void symtab__link(struct symtab *t);

#endif
