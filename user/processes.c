/* SPDX-License-Identifier: BSD-2-Clause */
#include "processes.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#define MAX_PROCESSES 8192

struct processes {
	void *by_key;	      /* tsearch(3) */
	struct process **all; /* the same, in the order they were met */
	size_t n, max;
	struct process *others;
};

static int compare_keys(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->pid < q->pid ? -1 : p->pid > q->pid;
}

struct processes *processes__new(void)
{
	return calloc(1, sizeof(struct processes));
}

static void keep_node(void *p)
{
	(void)p; /* freed through ps->all */
}

void processes__free(struct processes *ps)
{
	if (!ps)
		return;
	tdestroy(ps->by_key, keep_node);
	for (size_t i = 0; i < ps->n; i++)
		process__free(ps->all[i]);
	process__free(ps->others);
	free(ps->all);
	free(ps);
}

size_t processes__count(const struct processes *ps)
{
	return ps->n;
}

struct process *processes__at(const struct processes *ps, size_t i)
{
	return ps->all[i];
}

struct process *processes__find(const struct processes *ps, uint64_t key, uint32_t pid)
{
	struct process probe = { .key = key, .pid = pid };
	void *node = tfind(&probe, &ps->by_key, compare_keys);

	return node ? *(struct process **)node : NULL;
}

static int append(struct processes *ps, struct process *p)
{
	size_t max = ps->max ? 2 * ps->max : 64;
	struct process **all = ps->all;

	if (ps->n == ps->max) {
		all = realloc(ps->all, max * sizeof(*all));
		if (!all)
			return -ENOMEM;
		ps->all = all;
		ps->max = max;
	}
	all[ps->n++] = p;
	return 0;
}

struct process *processes__add(struct processes *ps, uint64_t key, uint32_t pid)
{
	struct process *p = ps->n < MAX_PROCESSES ? process__new(key, pid) : NULL;

	if (!p)
		return NULL;
	if (!append(ps, p)) {
		if (tsearch(p, &ps->by_key, compare_keys))
			return p;
		ps->n--;
	}
	process__free(p);
	return NULL;
}

struct process *processes__need_others(struct processes *ps)
{
	if (!ps->others) {
		ps->others = process__new(0, 0);
		if (ps->others) {
			process__set_comm(ps->others, "(others)");
			ps->others->ended = true;
		}
	}
	return ps->others;
}

struct process *processes__others(const struct processes *ps)
{
	return ps->others;
}
