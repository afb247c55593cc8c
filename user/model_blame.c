/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_blame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "weights.h"

const char *const model_blame_kinds[BLAME_KINDS] = {
	[BLAME_PYTHON] = "python",	 [BLAME_NATIVE] = "native",   [BLAME_OFFCPU] = "offcpu",
	[BLAME_PREEMPTED] = "preempted", [BLAME_HANDOFF] = "handoff", [BLAME_UNKNOWN] = "unknown",
};

static int compare_calls(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int by_place(const void *a, const void *b)
{
	const struct model_line *p = a, *q = b;
	int c = compare__u64(p->row->key, q->row->key);

	c = c ? c : compare__u64(p->row->pid, q->row->pid);
	c = c ? c : compare__u64(p->row->kind, q->row->kind);
	c = c ? c : compare__u64(p->python, q->python);
	c = c ? c : compare__u64(p->native, q->native);
	return c ? c : compare_calls(p->row->call, q->row->call);
}

static int by_threads(const void *a, const void *b)
{
	const struct model_pair *p = a, *q = b;
	int c = compare__u64(p->key, q->key);

	c = c ? c : compare__u64(p->pid, q->pid);
	c = c ? c : compare__u64(p->waiter, q->waiter);
	return c ? c : compare__u64(p->holder, q->holder);
}

static int gravest_line(const void *a, const void *b)
{
	const struct model_line *p = a, *q = b;
	int c = compare__u64(q->wait_ns, p->wait_ns);

	return c ? c : by_place(a, b);
}

static int gravest_pair(const void *a, const void *b)
{
	const struct model_pair *p = a, *q = b;
	int c = compare__u64(q->wait_ns, p->wait_ns);

	return c ? c : by_threads(a, b);
}

static void find_frames(const struct capture *c, struct model_line *line)
{
	for (uint32_t node = line->row->stack; node; node = c->nodes[node - 1].parent) {
		uint32_t frame = c->nodes[node - 1].frame;

		if (c->frames[frame - 1].kind == FRAME_PYTHON) {
			line->python = frame;
			return;
		}
		if (c->frames[frame - 1].kind == FRAME_NATIVE && !line->native)
			line->native = frame;
	}
}

const char *model__thread_name(const struct model *m, uint64_t key, uint32_t pid, uint32_t tid)
{
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		if (p->process->key != key || p->process->pid != pid)
			continue;
		for (size_t j = 0; j < p->threads_n; j++) {
			if (p->threads[j].row->tid == tid)
				return p->threads[j].row->name;
		}
	}
	return "";
}

static void add(uint64_t *to, uint64_t ns)
{
	*to = model__sum(*to, ns);
}

static void merge_lines(struct model_blame *b)
{
	size_t n = 0;

	qsort(b->lines, b->lines_n, sizeof(*b->lines), by_place);
	for (size_t i = 0; i < b->lines_n; i++) {
		struct model_line *last = n ? &b->lines[n - 1] : NULL, *line = &b->lines[i];

		if (!last || by_place(last, line)) {
			b->lines[n++] = *line;
			continue;
		}
		add(&last->wait_ns, line->wait_ns);
		add(&last->runq_ns, line->runq_ns);
		add(&last->samples, line->samples);
		last->waiters++;
		if (last->row->holder_tid != line->row->holder_tid)
			last->thread = NULL;
	}
	b->lines_n = n;
	qsort(b->lines, b->lines_n, sizeof(*b->lines), gravest_line);
}

static void merge_pairs(struct model_blame *b)
{
	size_t n = 0;

	qsort(b->pairs, b->pairs_n, sizeof(*b->pairs), by_threads);
	for (size_t i = 0; i < b->pairs_n; i++) {
		struct model_pair *last = n ? &b->pairs[n - 1] : NULL;

		if (!last || by_threads(last, &b->pairs[i])) {
			b->pairs[n++] = b->pairs[i];
			continue;
		}
		add(&last->wait_ns, b->pairs[i].wait_ns);
		add(&last->runq_ns, b->pairs[i].runq_ns);
	}
	b->pairs_n = n;
	qsort(b->pairs, b->pairs_n, sizeof(*b->pairs), gravest_pair);
}

static void take_row(struct model_blame *b, const struct model *m, const struct capture_blame *row)
{
	struct model_line *line = &b->lines[b->lines_n++];

	*line = (struct model_line){
		.row = row,
		.wait_ns = row->wait_ns,
		.runq_ns = row->runq_ns,
		.samples = row->samples,
		.waiters = 1,
		.thread = row->holder_tid
				  ? model__thread_name(m, row->key, row->pid, row->holder_tid)
				  : NULL,
	};
	find_frames(m->capture, line);
	b->pairs[b->pairs_n++] = (struct model_pair){
		.key = row->key,
		.pid = row->pid,
		.waiter = row->waiter_tid,
		.holder = row->kind == BLAME_HANDOFF ? 0 : row->holder_tid,
		.wait_ns = row->wait_ns,
		.runq_ns = row->runq_ns,
	};
	add(&b->wait_ns, row->wait_ns);
	add(&b->runq_ns, row->runq_ns);
	add(&b->kind_ns[row->kind], row->wait_ns);
	add(&b->count, row->count);
}

struct model_blame *model_blame__new(const struct model *m)
{
	const struct capture *c = m->capture;
	struct model_blame *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->lines = calloc(c->blame_n + 1, sizeof(*b->lines));
	b->pairs = calloc(c->blame_n + 1, sizeof(*b->pairs));
	if (!b->lines || !b->pairs) {
		model_blame__free(b);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < c->blame_n; i++)
		take_row(b, m, &c->blame[i]);
	merge_lines(b);
	merge_pairs(b);
	return b;
}

void model_blame__free(struct model_blame *b)
{
	if (!b)
		return;
	free(b->lines);
	free(b->pairs);
	free(b);
}

bool model_blame__imprecise(const struct model_blame *b)
{
	return b->count && b->wait_ns / b->count < TIMELINE_SHORT_NS;
}
