/* SPDX-License-Identifier: BSD-2-Clause */
#include "leaves.h"

#include <stdlib.h>
#include <string.h>

struct leaf {
	uint64_t key, stack;
	uint32_t tid;
	uint64_t held;
	struct symbols_place place;
	const struct samples_row *row;
};

struct leaves {
	size_t n;
	struct leaf *leaf; /* by row of the samples */
	const struct samples_row *rows;
	struct leaf *sorted; /* those on a CPU, by thread, stack and function */
	size_t sorted_n;
};

bool leaves__is_common(const char *object)
{
	static const char *const common[] = { "libc.so", "libc-",      "libm.so", "libm-",
					      "ld-",	 "libpthread", "[vdso]",  "ld.so" };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (!strncmp(object, common[i], strlen(common[i])))
			return true;
	}
	return false;
}

static int compare_places(const struct leaf *a, const struct leaf *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->stack < b->stack ? -1 : a->stack > b->stack;
}

static int compare(const void *a, const void *b)
{
	const struct leaf *p = a, *q = b;
	int c = compare_places(p, q);
	const char *f = p->place.function ? p->place.function : "";
	const char *g = q->place.function ? q->place.function : "";

	return c ? c : strcmp(f, g);
}

static struct symbols_place place_of(struct symbols *s, const struct samples_row *row)
{
	struct symbols_place place = { 0 };

	if (row->state != ST_RUN || !row->ip || !symbols__find(s, row->key, row->ip, &place))
		return (struct symbols_place){ 0 };
	if (place.role == ROLE_EVAL)
		place.function = NULL;
	return place;
}

struct leaves *leaves__new(const struct samples *samples, struct symbols *symbols)
{
	struct leaves *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->n = samples__rows(samples, &l->rows);
	l->leaf = calloc(l->n + 1, sizeof(*l->leaf));
	l->sorted = calloc(l->n + 1, sizeof(*l->sorted));
	if (!l->leaf || !l->sorted) {
		leaves__free(l);
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct samples_row *r = &l->rows[i];

		l->leaf[i] =
			(struct leaf){ r->key, r->stack, r->tid, r->held, place_of(symbols, r), r };
		if (r->state == ST_RUN && r->held)
			l->sorted[l->sorted_n++] = l->leaf[i];
	}
	if (l->sorted_n)
		qsort(l->sorted, l->sorted_n, sizeof(*l->sorted), compare);
	return l;
}

void leaves__free(struct leaves *l)
{
	if (!l)
		return;
	free(l->leaf);
	free(l->sorted);
	free(l);
}

struct symbols_place leaves__place(const struct leaves *l, const struct samples_row *row)
{
	return l->leaf[row - l->rows].place;
}

static const struct leaf *first_of(const struct leaves *l, const struct leaf *probe)
{
	size_t low = 0, high = l->sorted_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&l->sorted[middle], probe) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return l->sorted + low;
}

struct leaves_share leaves__share(const struct leaves *l, uint64_t key, uint32_t tid,
				  uint64_t stack)
{
	const struct leaf probe = { .key = key, .tid = tid, .stack = stack };
	const struct leaf *end = l->sorted + l->sorted_n, *f;
	struct leaves_share share = { 0 };
	const struct samples_row *most = NULL;
	uint64_t run = 0, best = 0;
	bool best_native = false;

	for (f = first_of(l, &probe); f < end && !compare_places(f, &probe); f++) {
		bool same = f > l->sorted && !compare(f, f - 1), native;

		run = same ? run + f->held : f->held;
		most = same && most && most->held >= f->held ? most : f->row;
		native = f->place.role == ROLE_LIBRARY && f->place.object &&
			 !leaves__is_common(f->place.object);
		share.samples += f->held;
		share.native += native ? f->held : 0;
		/* the extension that was called says more than the interpreter's functions that it calls */
		if (f->place.function && native >= best_native &&
		    (native > best_native || run > best)) {
			best = run;
			best_native = native;
			share.function = f->place.function;
			share.object = f->place.object;
			share.row = most;
		}
	}
	return share;
}
