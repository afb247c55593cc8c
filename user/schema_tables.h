/* SPDX-License-Identifier: BSD-2-Clause */
/* How schemas are told: tables, which user/schema.c makes JSON of. */
#ifndef GILPROF_SCHEMA_TABLES_H
#define GILPROF_SCHEMA_TABLES_H

#include <stddef.h>

/*
 * JSON Schema, draft 2020-12. All members named here are required; others may be added at any time.
 * A type is the name of a definition, with a suffix: "[]" a list of them, "{}" an object of them by
 * any names, "?" it or null.
 */
struct member {
	const char *name, *type, *about;
};

struct object {
	const char *name, *about;
	const struct member *members;
};

struct schema {
	const char *id, *version, *title;
	const struct member *members;
	size_t objects_n;
	const struct object *objects; /* beside those of user/schema.c */
};

extern const struct schema schema_diff;

#endif
