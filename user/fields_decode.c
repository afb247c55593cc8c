// SPDX-License-Identifier: BSD-2-Clause
/* Structs from JSON that may be hostile: see user/fields.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"

static void *at(void *row, size_t offset)
{
	return (char *)row + offset;
}

#define MEMBER(type, row, f) (*(type *)at(row, (f)->offset))
#define COUNT(row, f) (*(size_t *)at(row, (f)->count))

/* Each decoder returns 0 or -errno, with the reason in r->err. */

static int bad(struct fields_reader *r, const struct field *f, const char *what)
{
	snprintf(r->err, r->err_len, "%s %s", f->name, what);
	return -EINVAL;
}

/* calloc within the budget; n may be 0. */
static void *allocate(struct fields_reader *r, size_t n, size_t size)
{
	void *p;

	if (n > r->budget / size) {
		snprintf(r->err, r->err_len, "it needs too much memory");
		return NULL;
	}
	r->budget -= n * size;
	p = calloc(n ? n : 1, size);
	if (!p)
		snprintf(r->err, r->err_len, "out of memory");
	return p;
}

static int to_u64(struct fields_reader *r, const struct field *f, const json_t *v, uint64_t max,
		  uint64_t *out)
{
	if (!json_is_integer(v))
		return bad(r, f, "is not an integer");
	if (json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return bad(r, f, "is out of range");
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

static int decode_u64(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	return to_u64(r, f, v, INT64_MAX, &MEMBER(uint64_t, row, f));
}

static int decode_u32(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	uint64_t wide = 0;
	int err = to_u64(r, f, v, UINT32_MAX, &wide);

	MEMBER(uint32_t, row, f) = (uint32_t)wide;
	return err;
}

static int decode_i64(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	if (!json_is_integer(v))
		return bad(r, f, "is not an integer");
	MEMBER(int64_t, row, f) = json_integer_value(v);
	return 0;
}

static int decode_bool(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	if (!json_is_boolean(v))
		return bad(r, f, "is not a boolean");
	MEMBER(bool, row, f) = json_is_true(v);
	return 0;
}

/* jansson has checked that it is UTF-8 and has no NUL. */
static int decode_string(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	size_t len;
	char *copy;

	if (f->type == FIELD_STRING_NULL && json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return bad(r, f, "is not a string");
	len = json_string_length(v);
	copy = allocate(r, len + 1, 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, json_string_value(v), len);
	MEMBER(char *, row, f) = copy;
	return 0;
}

static int decode_u64s(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	uint64_t *out = at(row, f->offset);
	int err = 0;

	if (!json_is_array(v))
		return bad(r, f, "is not a list");
	if (json_array_size(v) > f->max)
		return bad(r, f, "is a longer list than this gilprof knows");
	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = to_u64(r, f, json_array_get(v, i), INT64_MAX, &out[i]);
	return err;
}

/* The n-th pair of a sparse list: its index must be above the one before, and below max. */
static int to_pair(struct fields_reader *r, const struct field *f, const json_t *list, size_t n,
		   uint64_t *index, uint64_t *value)
{
	const json_t *pair = json_array_get(list, n);
	uint64_t before = *index;
	uint64_t limit = f->type == FIELD_SPARSE_U32 ? UINT32_MAX : INT64_MAX;
	int err;

	if (!json_is_array(pair) || json_array_size(pair) != 2)
		return bad(r, f, "is not a list of pairs");
	err = to_u64(r, f, json_array_get(pair, 0), f->max - 1, index);
	if (!err && n && *index <= before)
		err = bad(r, f, "is not in order");
	return err ? err : to_u64(r, f, json_array_get(pair, 1), limit, value);
}

static int decode_sparse(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	uint64_t index = 0, value = 0;
	bool wide = f->type == FIELD_SPARSE_U64P;
	int err = json_is_array(v) ? 0 : bad(r, f, "is not a list");

	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = to_pair(r, f, v, i, &index, &value);
	if (err || json_array_size(v) == 0)
		return err;
	if (wide) {
		MEMBER(void *, row, f) = allocate(r, index + 1, sizeof(uint64_t));
		if (!MEMBER(void *, row, f))
			return -ENOMEM;
		COUNT(row, f) = index + 1;
	}
	index = 0;
	for (size_t i = 0; i < json_array_size(v); i++) {
		to_pair(r, f, v, i, &index, &value);
		if (wide)
			((uint64_t *)MEMBER(void *, row, f))[index] = value;
		else
			((uint32_t *)at(row, f->offset))[index] = (uint32_t)value;
	}
	return 0;
}

static int decode_object(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	return json_is_object(v) ? fields__decode(f->fields, v, at(row, f->offset), r)
				 : bad(r, f, "is not an object");
}

static int decode_rows(const struct field *f, const json_t *v, void *row, struct fields_reader *r)
{
	size_t n = json_array_size(v);
	char *rows = at(row, f->offset);

	if (!json_is_array(v))
		return bad(r, f, "is not a list");
	if (n > f->max)
		return bad(r, f, "is too long a list");
	if (f->type == FIELD_ROWSP) {
		rows = allocate(r, n, f->size);
		if (!rows)
			return -ENOMEM;
		MEMBER(void *, row, f) = rows;
	}
	COUNT(row, f) = n; /* before the rows are filled: all are zeroed, so all can be freed */
	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(v, i);
		int err = json_is_object(o) ? fields__decode(f->fields, o, rows + i * f->size, r)
					    : bad(r, f, "has a row that is not an object");

		if (err)
			return err;
	}
	return 0;
}

/* Freeing. */

static void free_pointer(const struct field *f, void *row)
{
	free(MEMBER(void *, row, f));
	MEMBER(void *, row, f) = NULL;
}

static void free_object(const struct field *f, void *row)
{
	fields__free(f->fields, at(row, f->offset));
}

static void free_rows(const struct field *f, void *row)
{
	char *rows = f->type == FIELD_ROWS ? at(row, f->offset) : MEMBER(void *, row, f);

	for (size_t i = 0; i < COUNT(row, f); i++)
		fields__free(f->fields, rows + i * f->size);
	if (f->type == FIELD_ROWSP)
		free_pointer(f, row);
	COUNT(row, f) = 0;
}

static const struct {
	int (*decode)(const struct field *f, const json_t *v, void *row, struct fields_reader *r);
	void (*free)(const struct field *f, void *row); /* NULL: owns nothing */
} types[FIELD_TYPES] = {
	[FIELD_U64] = { decode_u64, NULL },
	[FIELD_U32] = { decode_u32, NULL },
	[FIELD_I64] = { decode_i64, NULL },
	[FIELD_BOOL] = { decode_bool, NULL },
	[FIELD_STRING] = { decode_string, free_pointer },
	[FIELD_STRING_NULL] = { decode_string, free_pointer },
	[FIELD_U64S] = { decode_u64s, NULL },
	[FIELD_SPARSE_U32] = { decode_sparse, NULL },
	[FIELD_SPARSE_U64P] = { decode_sparse, free_pointer },
	[FIELD_OBJECT] = { decode_object, free_object },
	[FIELD_ROWS] = { decode_rows, free_rows },
	[FIELD_ROWSP] = { decode_rows, free_rows },
};

int fields__decode(const struct field *table, const json_t *object, void *row,
		   struct fields_reader *r)
{
	for (const struct field *f = table; f->type != FIELD_END; f++) {
		const json_t *v = json_object_get(object, f->name);
		int err = v ? types[f->type].decode(f, v, row, r) : bad(r, f, "is missing");

		if (err)
			return err;
	}
	return 0;
}

void fields__free(const struct field *table, void *row)
{
	for (const struct field *f = table; f->type != FIELD_END; f++)
		if (types[f->type].free)
			types[f->type].free(f, row);
}
