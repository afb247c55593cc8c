// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each row becomes a path of names, the rows are sorted by path, and neighbours share the nodes that
 * their paths have in common. So the tree comes out in preorder, and only the nodes of one path are
 * open at a time: one that turns out too narrow when it is closed is the last of all and goes away,
 * so that memory is needed for what is kept only.
 */
#include "flame.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "export_name.h"

#define SEEN 4096 /* frames whose names are at hand */
#define ROOTS 2	  /* names before the frames: the process's and the thread's */

/* There is one of each text and kind; rank is its place in the order of all. */
struct name {
	char *text;
	enum frame_kind kind;
	uint32_t rank;
};

/* Frames recur, with the same strings at the same place, and their names are not cheap to make. */
struct seen {
	struct weights_frame frame;
	const struct name *name;
};

struct path {
	const struct weights_row *row;
	const struct name **at;
	size_t n;
};

/* What is merged below a node. */
struct rest {
	uint64_t nodes, ns, other_ns, count;
};

struct open {
	size_t node; /* its index: nodes move */
	const struct name *name;
	struct rest rest;
};

struct flame {
	struct flame_limits limits;
	bool functions;	   /* are told apart, and nothing finer */
	uint64_t least_ns; /* of a node that is kept */
	void *names;	   /* tsearch(3) of struct name */
	struct seen seen[SEEN];
	struct path *paths;
	size_t paths_n;
	struct open *open; /* the root and the nodes below it that the current path goes through */
	size_t open_n;
	struct flame_node *nodes;
	size_t nodes_n, nodes_cap;
};

/* --- names --- */

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (int)x->kind - (int)y->kind;
}

static void free_name(void *name)
{
	free(((struct name *)name)->text);
	free(name);
}

static const struct name *add_name(struct flame *f, char *text, enum frame_kind kind)
{
	struct name *n = malloc(sizeof(*n));

	if (!n) {
		free(text);
		return NULL;
	}
	*n = (struct name){ text, kind, 0 };
	if (tsearch(n, &f->names, compare_names))
		return n;
	free_name(n);
	return NULL;
}

/* Takes over the text, which is NULL where there was no memory for it. */
static const struct name *name_of(struct flame *f, char *text, enum frame_kind kind)
{
	struct name key = { text, kind, 0 }, *const * known;

	if (!text)
		return NULL;
	known = tfind(&key, &f->names, compare_names);
	if (!known)
		return add_name(f, text, kind);
	free(text);
	return *known;
}

static bool is_same(const struct weights_frame *a, const struct weights_frame *b)
{
	return a->name == b->name && a->file == b->file && a->line == b->line && a->kind == b->kind;
}

static const struct name *frame_name(struct flame *f, const struct weights_frame *frame)
{
	struct weights_frame shown = *frame;
	uintptr_t h = (uintptr_t)frame->name / 8 + 31 * ((uintptr_t)frame->file / 8) + frame->line;
	struct seen *s = &f->seen[(h ^ h / SEEN) % SEEN];

	if (f->functions)
		shown.line = 0;
	if (!s->name || !is_same(&s->frame, &shown)) {
		s->name = name_of(f, export__frame_name(&shown), shown.kind);
		s->frame = shown;
	}
	return s->name;
}

static void rank(const void *node, VISIT visit, void *next)
{
	if (visit == postorder || visit == leaf)
		(*(struct name *const *)node)->rank = (*(uint32_t *)next)++;
}

/* --- paths --- */

static int append_name(struct path *p, const struct name *n)
{
	if (!n)
		return -ENOMEM;
	if (*n->text)
		p->at[p->n++] = n;
	return 0;
}

static int append_frames(struct flame *f, struct path *p)
{
	static const struct weights_frame deeper = { .name = FLAME_REST, .kind = FRAME_NOTE };
	const struct weights_row *r = p->row;
	int err = 0;

	if (r->frames_n == 0)
		return append_name(p, frame_name(f, &export__unknown_stack));
	for (size_t i = 0; i < r->frames_n && p->n < f->limits.depth && !err; i++) {
		bool last = p->n + 1 == f->limits.depth && i + 1 < r->frames_n;

		err = append_name(p, frame_name(f, last ? &deeper : &r->frames[i]));
	}
	return err;
}

static int append_roots(struct flame *f, struct path *p)
{
	int err = append_name(p, name_of(f, export__process_name(p->row), FRAME_NOTE));

	return err ? err : append_name(p, name_of(f, export__thread_name(p->row), FRAME_NOTE));
}

static int add_path(struct flame *f, const struct weights_row *r)
{
	struct path *p = &f->paths[f->paths_n];
	size_t most = ROOTS + 1 + r->frames_n;
	int err = 0;

	p->row = r;
	p->at = reallocarray(NULL, most, sizeof(struct name *));
	if (!p->at)
		return -ENOMEM;
	f->paths_n++;
	if (!f->functions)
		err = append_roots(f, p);
	return err ? err : append_frames(f, p);
}

static int compare_paths(const void *a, const void *b)
{
	const struct path *x = a, *y = b;

	for (size_t i = 0; i < x->n && i < y->n; i++)
		if (x->at[i] != y->at[i])
			return x->at[i]->rank < y->at[i]->rank ? -1 : 1;
	return (x->n > y->n) - (x->n < y->n);
}

static int add_paths(struct flame *f, const struct weights *w)
{
	uint32_t next = 0;
	int err = 0;

	f->paths = calloc(w->rows_n ? w->rows_n : 1, sizeof(*f->paths));
	if (!f->paths)
		return -ENOMEM;
	for (size_t i = 0; i < w->rows_n && !err; i++)
		err = add_path(f, &w->rows[i]);
	twalk_r(f->names, rank, &next);
	if (!err)
		qsort(f->paths, f->paths_n, sizeof(*f->paths), compare_paths);
	return err;
}

/* --- nodes --- */

static int append_node(struct flame *f, struct flame_node n)
{
	if (f->nodes_n == f->nodes_cap) {
		size_t cap = 2 * f->nodes_cap + 64;
		struct flame_node *more = reallocarray(f->nodes, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->nodes = more;
		f->nodes_cap = cap;
	}
	f->nodes[f->nodes_n++] = n;
	return 0;
}

static int open_node(struct flame *f, const struct name *n)
{
	struct flame_node node = { .name = n ? n->text : "all",
				   .kind = n ? n->kind : FRAME_NOTE,
				   .depth = (uint32_t)f->open_n };

	f->open[f->open_n++] = (struct open){ .node = f->nodes_n, .name = n };
	return append_node(f, node);
}

/* Counts are for information only, and a file may say what it likes. */
static void add_count(uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

static int append_rest(struct flame *f, const struct rest *r, uint32_t depth)
{
	return append_node(f, (struct flame_node){ .name = FLAME_REST,
						   .kind = FRAME_NOTE,
						   .depth = depth,
						   .merged = r->nodes,
						   .ns = r->ns,
						   .other_ns = r->other_ns,
						   .count = r->count });
}

/* Nothing is kept below a node that is not. */
static int close_node(struct flame *f)
{
	struct open *o = &f->open[--f->open_n];
	struct flame_node *n = &f->nodes[o->node];

	if (f->open_n > 0 && n->ns < f->least_ns) {
		struct rest *r = &o[-1].rest;

		r->nodes += 1 + o->rest.nodes;
		r->ns += n->ns;
		r->other_ns += n->other_ns;
		add_count(&r->count, n->count);
		f->nodes_n = o->node;
		return 0;
	}
	return o->rest.nodes ? append_rest(f, &o->rest, n->depth + 1) : 0;
}

static int close_below(struct flame *f, size_t depth)
{
	int err = 0;

	while (f->open_n > depth && !err)
		err = close_node(f);
	return err;
}

static int merge_path(struct flame *f, const struct path *p)
{
	size_t same = 0;
	int err;

	while (same < p->n && same + 1 < f->open_n && f->open[same + 1].name == p->at[same])
		same++;
	err = close_below(f, same + 1);
	for (; same < p->n && !err; same++)
		err = open_node(f, p->at[same]);
	for (size_t i = 0; i < f->open_n && !err; i++) {
		struct flame_node *n = &f->nodes[f->open[i].node];

		n->ns += p->row->ns;
		n->other_ns += p->row->other_ns;
		add_count(&n->count, p->row->count);
	}
	return err;
}

static int merge(struct flame *f)
{
	int err;

	f->nodes_n = 0;
	err = open_node(f, NULL);
	for (size_t i = 0; i < f->paths_n && !err; i++)
		err = merge_path(f, &f->paths[i]);
	return err ? err : close_below(f, 0);
}

/* --- limits --- */

static int set_least(struct flame *f, const struct weights *w)
{
	uint64_t total = 0, other = 0;

	for (size_t i = 0; i < w->rows_n; i++)
		if (__builtin_add_overflow(total, w->rows[i].ns, &total) ||
		    __builtin_add_overflow(other, w->rows[i].other_ns, &other))
			return -EOVERFLOW;
	f->least_ns = total / f->limits.parts + (total % f->limits.parts > 0);
	if (f->least_ns == 0)
		f->least_ns = 1;
	return 0;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/*
 * Fewer than half of the nodes allowed will be kept, as each of them can get a "..."; of several as
 * heavy as the limit, none is.
 */
static int raise_least(struct flame *f)
{
	uint64_t *ns = reallocarray(NULL, f->nodes_n, sizeof(*ns));
	size_t n = 0, most = f->limits.nodes / 2;

	if (!ns)
		return -ENOMEM;
	for (size_t i = 0; i < f->nodes_n; i++)
		if (!f->nodes[i].merged)
			ns[n++] = f->nodes[i].ns;
	qsort(ns, n, sizeof(*ns), compare_ns);
	if (n > most && ns[most] < UINT64_MAX)
		f->least_ns = ns[most] + 1;
	free(ns);
	return 0;
}

/* --- the whole --- */

static void place(struct flame *f, uint64_t *next_start)
{
	next_start[0] = 0;
	for (size_t i = 0; i < f->nodes_n; i++) {
		struct flame_node *n = &f->nodes[i];

		n->start_ns = next_start[n->depth];
		next_start[n->depth] += n->ns;
		next_start[n->depth + 1] = n->start_ns;
	}
}

static int build(struct flame *f, const struct weights *w)
{
	uint64_t *starts;
	int err = set_least(f, w);

	err = err ? err : add_paths(f, w);
	err = err ? err : merge(f);
	if (!err && f->nodes_n > f->limits.nodes) {
		err = raise_least(f);
		err = err ? err : merge(f);
	}
	if (err)
		return err;
	starts = calloc(f->limits.depth + 3, sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	place(f, starts);
	free(starts);
	return 0;
}

struct flame *flame__new(const struct weights *w, const struct flame_limits *l)
{
	struct flame *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		return NULL;
	f->limits = *l;
	f->functions = w->difference != WEIGHTS_ALONE;
	if (f->limits.depth <= ROOTS)
		f->limits.depth = ROOTS + 1;
	f->open = calloc(f->limits.depth + 1, sizeof(*f->open));
	if (f->open)
		err = build(f, w);
	if (!err)
		return f;
	flame__free(f);
	errno = -err;
	return NULL;
}

const struct flame_node *flame__nodes(const struct flame *f, size_t *n)
{
	*n = f->nodes_n;
	return f->nodes;
}

void flame__free(struct flame *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->paths_n; i++)
		free(f->paths[i].at);
	free(f->paths);
	tdestroy(f->names, free_name);
	free(f->open);
	free(f->nodes);
	free(f);
}
