// SPDX-License-Identifier: BSD-2-Clause
#include "natives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "callers.h"
#include "glue.h"
#include "leaves.h"
#include "merge.h"
#include "unwinder.h"

#define PENDING 16384 /* threads whose callers have come and whose sample, or wake-up, has not */
#define NO_NAME "[unknown function]"
#define MAX_NATIVE UNWIND_MAX

_Static_assert(MAX_NATIVE + WIRE_STACK_FRAMES + 1 <= CAPTURE_MAX_DEPTH, "a stack must be readable");
_Static_assert(MAX_NATIVE > WIRE_CALLERS, "both kinds of callers must fit");

struct pending {
	uint64_t time; /* as the sample calls it; 0: none */
	uint32_t tid;
	struct natives_place place;
};

struct natives {
	struct symbols *symbols;
	struct stacks *stacks;
	enum wire_native how;
	struct callers *callers;
	struct unwinder *unwinder;	  /* from the first copy on */
	struct pending pending[PENDING];  /* by TID */
	const struct samples_row **known; /* rows with callers, by process, stack and state */
	size_t known_n;
	uint64_t lost;
};

struct natives *natives__new(struct symbols *symbols, struct stacks *stacks, enum wire_native how)
{
	struct natives *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->symbols = symbols;
	n->stacks = stacks;
	n->how = how;
	n->callers = callers__new();
	if (n->callers)
		return n;
	free(n);
	return NULL;
}

void natives__free(struct natives *n)
{
	if (!n)
		return;
	callers__free(n->callers);
	unwinder__free(n->unwinder);
	free(n->known);
	free(n);
}

/* --- during the window ------------------------------------------------------------------------ */

/* The first address is where the thread is. */
static int keep(struct natives *n, const struct wire_event *h, uint32_t tid, const uint64_t *pc,
		size_t pc_n, bool whole)
{
	struct pending *p = &n->pending[tid % PENDING];

	*p = (struct pending){ .time = h->time, .tid = tid, .place.ip = pc[0] };
	if (pc_n < 2 && !whole)
		return 0;
	p->place.callers = callers__add(n->callers, pc + 1, pc_n - 1, whole);
	return p->place.callers || pc_n < 2 ? 0 : -ENOSPC;
}

int natives__callers(struct natives *n, const struct wire_callers_event *e, size_t len)
{
	uint64_t pc[WIRE_CALLERS + 1];

	if (len < offsetof(struct wire_callers_event, ip) || !e->n || e->n > WIRE_CALLERS + 1 ||
	    len < offsetof(struct wire_callers_event, ip) + e->n * sizeof(e->ip[0]))
		return -EINVAL;
	pc[0] = e->ip[0];
	for (uint32_t i = 1; i < e->n; i++)
		pc[i] = e->ip[i] - 1; /* within the call */
	return keep(n, &e->h, e->tid, pc, e->n, e->ended);
}

int natives__memory(struct natives *n, const struct wire_memory_event *e, size_t len)
{
	struct unwound out;
	int err;

	if (!n->unwinder)
		n->unwinder = unwinder__new(n->symbols);
	err = n->unwinder ? unwinder__stack(n->unwinder, e, len, &out) : -ENOMEM;
	if (!err && out.n)
		err = keep(n, &e->h, e->tid, out.pc, out.n, out.whole);
	if (!err && out.strange)
		return -EAGAIN;
	n->lost += err != 0;
	return err;
}

bool natives__claim(struct natives *n, const struct wire_sample_event *e,
		    struct natives_place *place)
{
	const struct pending *p = &n->pending[e->tid % PENDING];

	*place = (struct natives_place){ 0 };
	if (!e->native || p->time != e->native || p->tid != e->tid)
		return false;
	*place = p->place;
	return true;
}

void natives__end_child(struct natives *n)
{
	if (n->unwinder)
		unwinder__end(n->unwinder);
}

uint64_t natives__lost(const struct natives *n)
{
	return n->lost;
}

/* --- at its end ------------------------------------------------------------------------------- */

static int by_stack(const void *a, const void *b)
{
	const struct samples_row *p = *(const struct samples_row *const *)a;
	const struct samples_row *q = *(const struct samples_row *const *)b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	if (p->stack != q->stack)
		return p->stack < q->stack ? -1 : 1;
	if (p->state != q->state)
		return p->state < q->state ? -1 : 1;
	return (p->nr > q->nr) - (p->nr < q->nr);
}

int natives__finish(struct natives *n, const struct samples *samples)
{
	const struct samples_row *rows;
	size_t rows_n = samples__rows(samples, &rows);

	n->known = calloc(rows_n + 1, sizeof(*n->known));
	if (!n->known)
		return -ENOMEM;
	for (size_t i = 0; i < rows_n; i++) {
		if (rows[i].callers)
			n->known[n->known_n++] = &rows[i];
	}
	if (n->known_n)
		qsort(n->known, n->known_n, sizeof(n->known[0]), by_stack);
	return 0;
}

/* Of the rows that compare equal to the probe, the one with most samples; NULL: there is none. */
static const struct samples_row *most_like(const struct natives *n, const struct samples_row *probe,
					   bool any_state)
{
	const struct samples_row *best = NULL;
	size_t low = 0, high = n->known_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_stack(&n->known[middle], &probe) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n->known_n; low++) {
		const struct samples_row *row = n->known[low];

		if (row->key != probe->key || row->stack != probe->stack ||
		    (!any_state && by_stack(&row, &probe)))
			break;
		if (!best || row->count > best->count)
			best = row;
	}
	return best;
}

/* --- one stack -------------------------------------------------------------------------------- */

struct joint {
	struct symbols_place place[MAX_NATIVE];
	uint8_t native[MAX_NATIVE], python[WIRE_STACK_FRAMES];
	struct merge_frame frames[MAX_NATIVE + WIRE_STACK_FRAMES];
	struct merge_stacks stacks;
	size_t n;
};

static uint8_t flags_of(const struct symbols_place *p, bool newest)
{
	bool inside = p->role == ROLE_INTERPRETER;
	uint8_t flags = 0;

	if (p->role == ROLE_EVAL)
		return MERGE_EVAL;
	if (inside && !p->function)
		return MERGE_HIDDEN | MERGE_PERHAPS;
	if (inside && !newest && glue__is(p->function))
		flags |= MERGE_HIDDEN;
	if (!newest && (inside || (p->object && leaves__is_common(p->object))))
		flags |= MERGE_BASE;
	return flags;
}

/* The chain of frame pointers is right as far as the functions keep one. */
static size_t check(struct natives *n, uint64_t key, const uint64_t *pc, size_t pc_n,
		    struct joint *j)
{
	for (size_t i = 0; i < pc_n; i++) {
		if (!symbols__find(n->symbols, key, pc[i], &j->place[i]))
			return i;
		j->native[i] = flags_of(&j->place[i], i == 0);
		if (n->how == NATIVE_FP && !j->place[i].framed)
			return i + 1;
	}
	return pc_n;
}

static void find_native(struct natives *n, const struct samples_row *row, uint64_t ip,
			uint32_t callers, struct joint *j)
{
	uint64_t pc[MAX_NATIVE];
	bool whole = false;
	size_t pc_n = 1, good;

	pc[0] = ip;
	if (callers)
		pc_n += callers__get(n->callers, callers, pc + 1, MAX_NATIVE - 1, &whole);
	good = check(n, row->key, pc, pc_n, j);
	j->stacks.native = j->native;
	j->stacks.native_n = good;
	j->stacks.native_whole = whole && good == pc_n;
}

static uint32_t node_of(struct natives *n, uint64_t stack, const struct joint *j, size_t from)
{
	const struct merge_stacks *s = &j->stacks;
	bool whole = s->python_n ? s->python_whole : s->native_whole;
	uint32_t node = whole ? 0 : stacks__more(n->stacks);

	for (size_t i = j->n; i > from; i--) {
		const struct merge_frame *f = &j->frames[i - 1];
		const struct symbols_place *p = &j->place[f->index];

		if (f->python)
			node = stacks__python(n->stacks, node, stack, f->index);
		else
			node = stacks__leaf(n->stacks, node, FRAME_NATIVE,
					    p->function ? p->function : NO_NAME, p->object);
	}
	return node;
}

static void join(struct natives *n, const struct samples_row *row, const struct samples_row *native,
		 struct joint *j)
{
	memset(&j->stacks, 0, sizeof(j->stacks));
	j->stacks.python = j->python;
	j->stacks.python_n =
		stacks__flags(n->stacks, row->stack, j->python, &j->stacks.python_whole);
	find_native(n, native, native->ip, native->callers, j);
	j->n = merge__stacks(&j->stacks, j->frames);
}

/* Only some of the times off a CPU come with callers: the others were where those were. */
uint32_t natives__node(struct natives *n, const struct samples_row *row)
{
	const struct samples_row *native = row->callers || row->ip ? row : most_like(n, row, false);
	struct joint j;

	if (!native || !native->ip)
		return stacks__node(n->stacks, row->stack);
	join(n, row, native, &j);
	return node_of(n, row->stack, &j, 0);
}

uint32_t natives__python_node(struct natives *n, uint64_t key, uint64_t stack)
{
	const struct samples_row probe = { .key = key, .stack = stack };
	const struct samples_row *native = stack ? most_like(n, &probe, true) : NULL;
	struct joint j;
	size_t from = 0;

	if (!native)
		return stacks__node(n->stacks, stack);
	join(n, native, native, &j);
	while (from < j.n && !j.frames[from].python)
		from++;
	return node_of(n, stack, &j, from);
}
