// SPDX-License-Identifier: BSD-2-Clause
#include "model_trees.h"

#include <errno.h>
#include <stdlib.h>

#include "compare.h"
#include "model_groups.h"

static int by_age(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct model_member *const *)a)->process->process;
	const struct capture_process *q = (*(struct model_member *const *)b)->process->process;
	int order = compare__u64(p->key, q->key);

	return order ? order : compare__u64(p->pid, q->pid);
}

static int by_pid(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct model_member *const *)a)->process->process;
	const struct capture_process *q = (*(struct model_member *const *)b)->process->process;
	int order = compare__u64(p->pid, q->pid);

	return order ? order : compare__u64(p->key, q->key);
}

/*
 * Who had the parent's PID when the child was born: PIDs are reused, so the youngest that is older than
 * the child. Nobody's parent is younger, so there are no cycles.
 */
static size_t parent_of(const struct model_trees *t, struct model_member **sorted, size_t n,
			const struct capture_process *child)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct capture_process *c = sorted[middle]->process->process;

		if (c->pid < child->ppid || (c->pid == child->ppid && c->key < child->key))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !child->ppid || sorted[low - 1]->process->process->pid != child->ppid)
		return MODEL_NONE;
	return (size_t)(sorted[low - 1] - t->members);
}

static void link_children(struct model_trees *t, size_t n)
{
	for (size_t i = n;
	     i-- > 0;) { /* from behind, so that they are in the order of their indices */
		struct model_member *c = &t->members[i];

		if (c->parent == MODEL_NONE)
			continue;
		c->next = t->members[c->parent].first;
		t->members[c->parent].first = i;
	}
}

/* As they come in the model, by the first process of each; number[] is of roots, all MODEL_NONE. */
static void number_trees(struct model_trees *t, size_t n, size_t *number)
{
	for (size_t i = 0; i < n; i++) {
		size_t root = t->members[i].tree;

		if (number[root] == MODEL_NONE) {
			number[root] = t->trees_n;
			t->trees[t->trees_n++].root = root;
		}
		t->members[i].tree = number[root];
	}
}

/* Until trees have numbers their roots stand for them. Parents come before their children. */
static void find_roots(struct model_trees *t, struct model_member **oldest_first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct model_member *c = oldest_first[i];
		const struct model_member *parent =
			c->parent == MODEL_NONE ? NULL : &t->members[c->parent];

		c->tree = parent ? parent->tree : (size_t)(c - t->members);
		c->depth = parent ? parent->depth + 1 : 0;
	}
}

uint64_t model_process__spared(const struct model_process *p)
{
	const struct capture_memory *mem = &p->process->memory;

	return mem->anonymous_bytes > mem->anonymous_pss_bytes
		       ? mem->anonymous_bytes - mem->anonymous_pss_bytes
		       : 0;
}

static void add(uint64_t *sum, uint64_t v)
{
	*sum = model__sum(*sum, v);
}

static void add_to_tree(struct model_tree *tree, const struct model_process *p)
{
	tree->processes++;
	tree->wanted += p->wanted;
	tree->achieved += p->achieved;
	add(&tree->cpu_ns, p->cpu_ns);
	add(&tree->pipe_ns, p->state_ns[ST_IO_PIPE]);
	add(&tree->socket_ns, p->state_ns[ST_IO_SOCKET]);
	add(&tree->semaphore_ns, p->shared_lock_ns);
	add(&tree->rss_bytes, p->process->rss_bytes);
	add(&tree->pss_bytes, p->process->pss_bytes);
	add(&tree->spared_bytes, model_process__spared(p));
	tree->without_pss += !p->process->pss_bytes;
}

/* sorted[] and number[] have room for all. */
static void fill(struct model_trees *t, const struct model *m, struct model_member **sorted,
		 size_t *number)
{
	size_t n = m->processes_n;

	for (size_t i = 0; i < n; i++) {
		t->members[i] = (struct model_member){ &m->processes[i], MODEL_NONE, MODEL_NONE,
						       MODEL_NONE,	 0,	     0,
						       MODEL_NONE,	 false };
		sorted[i] = &t->members[i];
		number[i] = MODEL_NONE;
	}
	qsort(sorted, n, sizeof(*sorted), by_pid);
	for (size_t i = 0; i < n; i++)
		t->members[i].parent = parent_of(t, sorted, n, m->processes[i].process);
	link_children(t, n);
	qsort(sorted, n, sizeof(*sorted), by_age);
	find_roots(t, sorted, n);
	number_trees(t, n, number);
	for (size_t i = 0; i < n; i++)
		add_to_tree(&t->trees[t->members[i].tree], &m->processes[i]);
	for (size_t i = 0; i < t->trees_n; i++)
		t->trees[i].speedup =
			model__share(t->trees[i].cpu_ns, m->capture->info.duration_ns);
	model_groups__find(t, n);
}

static bool allocate(struct model_trees *t, size_t room)
{
	t->trees = calloc(room, sizeof(*t->trees));
	t->groups = calloc(room, sizeof(*t->groups));
	t->members = calloc(room, sizeof(*t->members));
	t->workers = calloc(room, sizeof(*t->workers));
	return t->trees && t->groups && t->members && t->workers;
}

struct model_trees *model_trees__new(const struct model *m)
{
	size_t room = m->processes_n + 1;
	struct model_trees *t = calloc(1, sizeof(*t));
	struct model_member **sorted = calloc(room, sizeof(*sorted));
	size_t *number = calloc(room, sizeof(*number));

	if (t && sorted && number && allocate(t, room)) {
		fill(t, m, sorted, number);
	} else {
		model_trees__free(t);
		t = NULL;
	}
	free(sorted);
	free(number);
	if (!t)
		errno = ENOMEM;
	return t;
}

void model_trees__free(struct model_trees *t)
{
	if (!t)
		return;
	free(t->trees);
	free(t->groups);
	free(t->members);
	free(t->workers);
	free(t);
}

size_t model_trees__next(const struct model_trees *t, size_t member)
{
	if (t->members[member].first != MODEL_NONE)
		return t->members[member].first;
	while (t->members[member].next == MODEL_NONE && t->members[member].parent != MODEL_NONE)
		member = t->members[member].parent;
	return t->members[member].next;
}
