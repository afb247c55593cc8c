/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff_trees.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "diff_sums.h"

#define MAX_PAIRED 256 /* trees of a capture that partners are looked for: each with each */

/* A process, and as long as it is not known to which tree it belongs, its oldest known ancestor. */
struct member {
	const struct model_process *process;
	struct member *root;
	size_t tree; /* of a root; SIZE_MAX: none yet */
};

struct forest {
	size_t n;
	const struct model_process **roots;
	struct diff_sums *sums;
};

static int by_pid(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct member *const *)a)->process->process;
	const struct capture_process *q = (*(struct member *const *)b)->process->process;
	int order = compare__u64(p->pid, q->pid);

	return order ? order : compare__u64(p->key, q->key);
}

static int by_age(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct member *const *)a)->process->process;
	const struct capture_process *q = (*(struct member *const *)b)->process->process;
	int order = compare__u64(p->key, q->key);

	return order ? order : compare__u64(p->pid, q->pid);
}

/* The youngest of those with this PID that are older than the child: PIDs are reused. NULL: none. */
static struct member *parent_of(struct member **by_pids, size_t n,
				const struct capture_process *child)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct capture_process *p = by_pids[middle]->process->process;

		if (p->pid < child->ppid || (p->pid == child->ppid && p->key < child->key))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !child->ppid || by_pids[low - 1]->process->process->pid != child->ppid)
		return NULL;
	return by_pids[low - 1];
}

/* Parents are older than their children, so that their roots are known first, and nothing goes in circles. */
static void find_roots(struct member *members, struct member **by_pids, struct member **by_ages,
		       size_t n)
{
	for (size_t i = 0; i < n; i++)
		by_pids[i] = by_ages[i] = &members[i];
	qsort(by_pids, n, sizeof(struct member *), by_pid);
	qsort(by_ages, n, sizeof(struct member *), by_age);
	for (size_t i = 0; i < n; i++) {
		struct member *parent = parent_of(by_pids, n, by_ages[i]->process->process);

		by_ages[i]->root = parent ? parent->root : by_ages[i];
	}
}

static void fill_forest(struct forest *f, const struct model *m, const struct member *members)
{
	for (size_t i = 0; i < m->processes_n; i++) {
		struct member *root = members[i].root;

		if (root->tree == SIZE_MAX) {
			root->tree = f->n;
			f->roots[f->n++] = root->process;
		}
		diff_sums__add(&f->sums[root->tree], members[i].process);
	}
}

static int grow_forest(struct forest *f, const struct model *m)
{
	size_t n = m->processes_n;
	struct member *members = calloc(n + 1, sizeof(*members));
	struct member **by_pids = calloc(n + 1, sizeof(struct member *));
	struct member **by_ages = calloc(n + 1, sizeof(struct member *));
	int err = -ENOMEM;

	f->roots = calloc(n + 1, sizeof(*f->roots));
	f->sums = calloc(n + 1, sizeof(*f->sums));
	if (members && by_pids && by_ages && f->roots && f->sums) {
		for (size_t i = 0; i < n; i++)
			members[i] = (struct member){ &m->processes[i], NULL, SIZE_MAX };
		find_roots(members, by_pids, by_ages, n);
		fill_forest(f, m, members);
		err = 0;
	}
	free(members);
	free(by_pids);
	free(by_ages);
	return err;
}

static void release_forest(struct forest *f)
{
	free(f->roots);
	free(f->sums);
}

/* --- pairs of trees ----------------------------------------------------------------------------- */

static bool same_command(const struct capture_process *a, const struct capture_process *b)
{
	return !strcmp(a->cmdline, b->cmdline);
}

static bool same_name(const struct capture_process *a, const struct capture_process *b)
{
	return !strcmp(a->comm, b->comm);
}

static bool any(const struct capture_process *a, const struct capture_process *b)
{
	(void)a;
	(void)b;
	return true;
}

/* pair[i] is the tree of b that goes with the i-th of a; taken[] those of b that have one. */
static void pair_by(bool (*alike)(const struct capture_process *, const struct capture_process *),
		    const struct forest *a, const struct forest *b, size_t *pair, bool *taken)
{
	for (size_t i = 0; i < a->n && i < MAX_PAIRED; i++) {
		for (size_t j = 0; j < b->n && j < MAX_PAIRED && pair[i] == SIZE_MAX; j++) {
			if (taken[j] || !alike(a->roots[i]->process, b->roots[j]->process))
				continue;
			pair[i] = j;
			taken[j] = true;
		}
	}
}

static void add_tree(struct model_diff *d, const struct forest f[2], size_t a, size_t b)
{
	const size_t number[2] = { a, b };
	struct diff_tree *t = &d->trees[d->trees_n++];

	for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++) {
		if (number[side] == SIZE_MAX)
			continue;
		t->root[side] = f[side].roots[number[side]];
		t->figures[side] = diff_sums__figures(&f[side].sums[number[side]],
						      d->model[side]->capture->info.duration_ns);
	}
}

static void pair_trees(struct model_diff *d, const struct forest f[2], size_t *pair, bool *taken)
{
	for (size_t i = 0; i < f[DIFF_BEFORE].n; i++)
		pair[i] = SIZE_MAX;
	pair_by(same_command, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	pair_by(same_name, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	if (f[DIFF_BEFORE].n == 1 && f[DIFF_AFTER].n == 1)
		pair_by(any, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	for (size_t i = 0; i < f[DIFF_BEFORE].n; i++)
		add_tree(d, f, i, pair[i]);
	for (size_t i = 0; i < f[DIFF_AFTER].n; i++)
		if (!taken[i])
			add_tree(d, f, SIZE_MAX, i);
}

static int add_trees(struct model_diff *d, const struct forest f[2])
{
	size_t *pair = calloc(f[DIFF_BEFORE].n + 1, sizeof(*pair));
	bool *taken = calloc(f[DIFF_AFTER].n + 1, sizeof(*taken));
	int err = -ENOMEM;

	d->trees = calloc(f[DIFF_BEFORE].n + f[DIFF_AFTER].n + 1, sizeof(*d->trees));
	if (pair && taken && d->trees) {
		pair_trees(d, f, pair, taken);
		err = 0;
	}
	free(pair);
	free(taken);
	return err;
}

int diff_trees__fill(struct model_diff *d)
{
	struct forest f[2] = { 0 };
	int err = grow_forest(&f[DIFF_BEFORE], d->model[DIFF_BEFORE]);

	if (!err)
		err = grow_forest(&f[DIFF_AFTER], d->model[DIFF_AFTER]);
	if (!err)
		err = add_trees(d, f);
	release_forest(&f[DIFF_BEFORE]);
	release_forest(&f[DIFF_AFTER]);
	return err;
}
