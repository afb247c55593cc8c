/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structs to and from JSON objects, driven by one table per struct, so that writer and reader cannot
 * disagree. Reading is for hostile input: every number is checked against the range of its member,
 * every list against its length, and what is allocated comes out of a budget.
 */
#ifndef GILPROF_FIELDS_H
#define GILPROF_FIELDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_MAX_STRING 8192u /* bytes written of one string; what is longer is cut */

enum field_type {
	FIELD_END = 0, /* ends a table */
	FIELD_U64,     /* 0 to INT64_MAX, which is what JSON libraries agree on */
	FIELD_U32,
	FIELD_I64,
	FIELD_BOOL,
	FIELD_STRING,	   /* char *, never NULL */
	FIELD_STRING_NULL, /* char *, may be NULL */
	FIELD_U64S,	   /* uint64_t[max]; a list from an older gilprof may be shorter */
	FIELD_SPARSE_U32,  /* uint32_t[max], written as [[index, value], ...] */
	FIELD_SPARSE_U64P, /* uint64_t *, allocated, its length at offset `count` */
	FIELD_OBJECT,	   /* a struct in place */
	FIELD_ROWS,	   /* struct[max] in place, its length at offset `count` */
	FIELD_ROWSP,	   /* struct *, allocated, its length at offset `count` */
	FIELD_TYPES,
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	size_t count;		    /* offset of the size_t that holds the length of a list */
	size_t max;		    /* length of a list */
	size_t size;		    /* of one row */
	const struct field *fields; /* of an object or a row */
};

struct fields_reader {
	size_t budget; /* bytes that may still be allocated */
	char *err;     /* one line: which member, and what is wrong with it */
	size_t err_len;
};

/* The struct at row as a new JSON object. NULL and errno: ENOMEM, E2BIG for too long a list. */
json_t *fields__encode(const struct field *table, const void *row);

/*
 * Fills the struct at row, zeroed before, from a JSON object; members that the table does not name
 * are skipped. Returns 0 or -errno with r->err written; fields__free is due in both cases.
 */
int fields__decode(const struct field *table, const json_t *object, void *row,
		   struct fields_reader *r);

/* Frees what the struct at row owns. */
void fields__free(const struct field *table, void *row);

#endif
