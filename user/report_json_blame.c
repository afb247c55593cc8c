/* SPDX-License-Identifier: BSD-2-Clause */
/* Blame, the longest waits and the longest holds in JSON. */
#include <stdlib.h>

#include "model_blame.h"
#include "model_weights.h"
#include "report_json.h"

#define MAX_ROWS 2000 /* with a stack; the others are added up by waiter, holder and kind */
#define MAX_FRAMES CAPTURE_MAX_DEPTH

static const char *const frame_kinds[FRAME_KINDS] = {
	[FRAME_PYTHON] = "python",
	[FRAME_NATIVE] = "native",
	[FRAME_KERNEL] = "kernel",
	[FRAME_NOTE] = "note",
};

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *number_or_null(uint64_t v)
{
	return v ? number(v) : json_null();
}

static json_t *stack(const struct capture *c, uint32_t node)
{
	struct weights_frame frames[MAX_FRAMES];
	size_t n = model__frames(c, node, frames, MAX_FRAMES);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *object = json_object();

		set(object, "name", json_string(frames[i].name));
		set(object, "file", text_or_null(frames[i].file));
		set(object, "line", number_or_null(frames[i].line));
		set(object, "kind", json_string(frame_kinds[frames[i].kind]));
		json_array_append_new(list, object);
	}
	return list;
}

static int by_wait(const void *a, const void *b)
{
	const struct capture_blame *p = *(const struct capture_blame *const *)a;
	const struct capture_blame *q = *(const struct capture_blame *const *)b;

	if (p->wait_ns != q->wait_ns)
		return p->wait_ns > q->wait_ns ? -1 : 1;
	return p < q ? -1 : p > q; /* as they stand in the capture */
}

static int by_pair(const void *a, const void *b)
{
	const struct capture_blame *p = *(const struct capture_blame *const *)a;
	const struct capture_blame *q = *(const struct capture_blame *const *)b;

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (p->waiter_tid != q->waiter_tid)
		return p->waiter_tid < q->waiter_tid ? -1 : 1;
	if (p->holder_tid != q->holder_tid)
		return p->holder_tid < q->holder_tid ? -1 : 1;
	return p->kind < q->kind ? -1 : p->kind > q->kind;
}

static json_t *blame_row(const struct capture *c, const struct capture_blame *row)
{
	json_t *object = json_object();

	set_number(object, "pid", row->pid);
	set_number(object, "waiter_tid", row->waiter_tid);
	set(object, "holder_tid", number_or_null(row->holder_tid));
	set(object, "kind", json_string(model_blame_kinds[row->kind]));
	set(object, "call", text_or_null(row->call));
	set_number(object, "wait_ns", row->wait_ns);
	set_number(object, "runq_ns", row->runq_ns);
	set_number(object, "count", row->count);
	set_number(object, "samples", row->samples);
	set(object, "stack", stack(c, row->stack));
	return object;
}

/* [from, to) are of one waiter, holder and kind. */
static json_t *merged_row(const struct capture *c, const struct capture_blame **from,
			  const struct capture_blame **to)
{
	struct capture_blame sum = **from;

	for (from++; from < to; from++) {
		sum.wait_ns = model__sum(sum.wait_ns, (*from)->wait_ns);
		sum.runq_ns = model__sum(sum.runq_ns, (*from)->runq_ns);
		sum.count = model__sum(sum.count, (*from)->count);
		sum.samples = model__sum(sum.samples, (*from)->samples);
	}
	sum.call = NULL;
	sum.stack = 0;
	return blame_row(c, &sum);
}

json_t *report_json__blame(const struct model *m)
{
	const struct capture *c = m->capture;
	const struct capture_blame **rows =
		calloc(c->blame_n + 1, sizeof(const struct capture_blame *));
	size_t shown = c->blame_n < MAX_ROWS ? c->blame_n : MAX_ROWS, end;
	json_t *list = rows ? json_array() : NULL;

	for (size_t i = 0; i < c->blame_n && rows; i++)
		rows[i] = &c->blame[i];
	if (rows && c->blame_n)
		qsort(rows, c->blame_n, sizeof(*rows), by_wait);
	for (size_t i = 0; i < shown && rows; i++)
		json_array_append_new(list, blame_row(c, rows[i]));
	if (rows && c->blame_n > shown)
		qsort(rows + shown, c->blame_n - shown, sizeof(*rows), by_pair);
	for (size_t i = shown; i < c->blame_n && rows; i = end) {
		for (end = i; end < c->blame_n && !by_pair(&rows[end], &rows[i]); end++)
			;
		json_array_append_new(list, merged_row(c, rows + i, rows + end));
	}
	free(rows);
	return list;
}

static json_t *a_case(const struct capture *c, const struct capture_case *row)
{
	json_t *object = json_object();

	set_number(object, "pid", row->pid);
	if (row->tid)
		set_number(object, "waiter_tid", row->tid);
	set_number(object, "begin_ns", row->begin_ns);
	set_number(object, "ns", row->ns);
	set(object, "holder_tid", number_or_null(row->holder_tid));
	set(object, "kind", json_string(model_blame_kinds[row->kind]));
	set(object, "call", text_or_null(row->call));
	set(object, "stack", stack(c, row->stack));
	if (row->tid)
		set(object, "waiter_stack", stack(c, row->waiter_stack));
	return object;
}

json_t *report_json__cases(const struct model *m, bool waits)
{
	const struct capture *c = m->capture;
	json_t *list = json_array();

	for (size_t i = 0; i < c->cases_n; i++) {
		if (!c->cases[i].tid == !waits)
			json_array_append_new(list, a_case(c, &c->cases[i]));
	}
	return list;
}
