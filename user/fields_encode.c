// SPDX-License-Identifier: BSD-2-Clause
/* Structs to JSON: see user/fields.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "text.h"

static const void *at(const void *row, size_t offset)
{
	return (const char *)row + offset;
}

#define GET(type, row, f) (*(type const *)at(row, (f)->offset))
#define GET_COUNT(row, f) (*(const size_t *)at(row, (f)->count))

/* Each encoder returns a new value, or NULL. */

/* A counter beyond what JSON can carry is a negative difference gone wrong: shown as the largest. */
static json_t *integer(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *encode_u64(const struct field *f, const void *row)
{
	return integer(GET(uint64_t, row, f));
}

static json_t *encode_u32(const struct field *f, const void *row)
{
	return json_integer(GET(uint32_t, row, f));
}

static json_t *encode_i64(const struct field *f, const void *row)
{
	return json_integer(GET(int64_t, row, f));
}

static json_t *encode_bool(const struct field *f, const void *row)
{
	return json_boolean(GET(bool, row, f));
}

/* Strings should be UTF-8 by now, and short; one that is not must not cost the whole capture. */
static json_t *encode_string(const struct field *f, const void *row)
{
	const char *s = GET(char *, row, f);
	json_t *value;
	char *clean;

	if (!s)
		return f->type == FIELD_STRING ? json_string("") : json_null();
	clean = text__utf8(s, strlen(s), FIELDS_MAX_STRING);
	value = json_string(clean);
	free(clean);
	return value;
}

static json_t *encode_u64s(const struct field *f, const void *row)
{
	const uint64_t *v = at(row, f->offset);
	json_t *list = json_array();

	for (size_t i = 0; i < f->max; i++)
		if (json_array_append_new(list, integer(v[i])) < 0)
			goto fail;
	return list;
fail:
	json_decref(list);
	return NULL;
}

/* Not json_pack, which takes longer for its format than for all the rest. */
static int append_pair(json_t *list, size_t index, uint64_t v)
{
	json_t *pair = json_array();

	if (json_array_append_new(pair, json_integer((json_int_t)index)) < 0 ||
	    json_array_append_new(pair, integer(v)) < 0) {
		json_decref(pair);
		return -1;
	}
	return json_array_append_new(list, pair);
}

static json_t *encode_sparse(const struct field *f, const void *row)
{
	bool wide = f->type == FIELD_SPARSE_U64P;
	size_t n = wide ? GET_COUNT(row, f) : f->max;
	const uint64_t *v64 = wide ? GET(void *, row, f) : NULL;
	const uint32_t *v32 = at(row, f->offset);
	json_t *list;

	if (n > f->max)
		return errno = E2BIG, NULL;
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		uint64_t v = wide ? v64[i] : v32[i];

		if (v && append_pair(list, i, v) < 0)
			goto fail;
	}
	return list;
fail:
	json_decref(list);
	return NULL;
}

static json_t *encode_object(const struct field *f, const void *row)
{
	return fields__encode(f->fields, at(row, f->offset));
}

static json_t *encode_rows(const struct field *f, const void *row)
{
	const char *rows = f->type == FIELD_ROWS ? at(row, f->offset) : GET(void *, row, f);
	json_t *list;

	if (GET_COUNT(row, f) > f->max)
		return errno = E2BIG, NULL;
	list = json_array();
	for (size_t i = 0; i < GET_COUNT(row, f); i++)
		if (json_array_append_new(list, fields__encode(f->fields, rows + i * f->size)) < 0)
			goto fail;
	return list;
fail:
	json_decref(list);
	return NULL;
}

static json_t *(*const encoders[FIELD_TYPES])(const struct field *f, const void *row) = {
	[FIELD_U64] = encode_u64,
	[FIELD_U32] = encode_u32,
	[FIELD_I64] = encode_i64,
	[FIELD_BOOL] = encode_bool,
	[FIELD_STRING] = encode_string,
	[FIELD_STRING_NULL] = encode_string,
	[FIELD_U64S] = encode_u64s,
	[FIELD_SPARSE_U32] = encode_sparse,
	[FIELD_SPARSE_U64P] = encode_sparse,
	[FIELD_OBJECT] = encode_object,
	[FIELD_ROWS] = encode_rows,
	[FIELD_ROWSP] = encode_rows,
};

json_t *fields__encode(const struct field *table, const void *row)
{
	json_t *object = json_object();

	for (const struct field *f = table; f->type != FIELD_END; f++) {
		if (json_object_set_new(object, f->name, encoders[f->type](f, row)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
