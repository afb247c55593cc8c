// SPDX-License-Identifier: BSD-2-Clause
/* Who the workers of a tree are, which are idle, and how unlike their work is: see user/model_trees.h. */
#include "model_groups.h"

#include <stdlib.h>

#include "compare.h"

#define COMPARED 1024 /* characters of a command line */
#define LIVED_SHARE 2 /* of the time that the oldest lived: a half */
#define IDLE_WANTED 0.01
#define IDLE_SLEEPS 10 /* a second */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

static int compare_programs(const char *a, const char *b)
{
	for (int i = 0; i < COMPARED; i++) {
		if (is_digit(*a) && is_digit(*b)) {
			a = skip_digits(a);
			b = skip_digits(b);
		}
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		if (!*a)
			return 0;
		a++;
		b++;
	}
	return 0;
}

bool model_groups__same_program(const char *a, const char *b)
{
	return compare_programs(a, b) == 0;
}

/* The name alone, where no arguments are known. */
static const char *program(const struct model_member *w)
{
	const struct capture_process *c = w->process->process;

	return *c->cmdline ? c->cmdline : c->comm;
}

static int by_group(const void *a, const void *b)
{
	const struct model_member *v = *(const struct model_member *const *)a;
	const struct model_member *w = *(const struct model_member *const *)b;
	int order = compare__u64(v->tree, w->tree);

	order = order ? order : compare__u64(v->parent, w->parent);
	return order ? order : compare_programs(program(v), program(w));
}

static int by_cpu(const void *a, const void *b)
{
	const struct model_member *v = *(const struct model_member *const *)a;
	const struct model_member *w = *(const struct model_member *const *)b;
	int order = compare__u64(w->process->cpu_ns, v->process->cpu_ns);

	return order ? order : (v > w) - (v < w);
}

static int by_tree(const void *a, const void *b)
{
	const struct model_group *g = a, *h = b;
	int order = compare__u64(g->tree, h->tree);

	order = order ? order : compare__u64(h->cpu_ns, g->cpu_ns);
	return order ? order : (g->workers > h->workers) - (g->workers < h->workers);
}

/* Of workers[0...n-1], keeps those that lived long enough, in front; returns how many. */
static size_t keep_old(const struct model_member **workers, size_t n)
{
	uint64_t longest = 0;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (workers[i]->process->lived_ns > longest)
			longest = workers[i]->process->lived_ns;
	for (size_t i = 0; i < n; i++) {
		const struct model_member *w = workers[i];

		if (w->process->lived_ns >= longest / LIVED_SHARE)
			workers[kept++] = w;
	}
	return kept;
}

static bool is_idle(const struct model_process *p)
{
	uint64_t active = model__sum(p->state_ns[ST_RUN], p->state_ns[ST_RUNQ]);

	active = model__sum(active, p->state_ns[ST_GIL_WAIT]);
	return p->lived_ns && model__share(active, p->lived_ns) < IDLE_WANTED &&
	       1e9 * model__share(p->sleeps, p->lived_ns) < IDLE_SLEEPS;
}

static void add_up(struct model_trees *t, struct model_group *g)
{
	qsort(g->workers, g->workers_n, sizeof(*g->workers), by_cpu);
	for (size_t i = 0; i < g->workers_n; i++) {
		struct model_member *w = &t->members[g->workers[i] - t->members];

		w->idle = is_idle(w->process);
		g->idle_n += w->idle;
		g->cpu_ns = model__sum(g->cpu_ns, w->process->cpu_ns);
	}
	g->imbalance =
		model__share(g->workers[0]->process->cpu_ns, g->cpu_ns) * (double)g->workers_n;
}

/* The workers[0...n-1] have one parent and run one program. */
static void add_group(struct model_trees *t, const struct model_member **workers, size_t n)
{
	const struct model_member *parent = &t->members[workers[0]->parent];
	struct model_group *g = &t->groups[t->groups_n];
	size_t kept = n < 2 ? 0 : keep_old(workers, n);

	if (kept < 2)
		return;
	t->groups_n++;
	g->parent = parent->process;
	g->tree = parent->tree;
	g->forked = compare_programs(program(workers[0]), program(parent)) == 0;
	g->workers = workers;
	g->workers_n = kept;
	g->left_out = n - kept;
}

void model_groups__find(struct model_trees *t, size_t n)
{
	size_t children = 0, end;

	for (size_t i = 0; i < n; i++)
		if (t->members[i].parent != MODEL_NONE)
			t->workers[children++] = &t->members[i];
	if (children)
		qsort(t->workers, children, sizeof(*t->workers), by_group);
	for (size_t i = 0; i < children; i = end) {
		for (end = i + 1; end < children && !by_group(&t->workers[i], &t->workers[end]);)
			end++;
		add_group(t, t->workers + i, end - i);
	}
	for (size_t i = 0; i < t->groups_n; i++) /* their CPU time orders them, */
		add_up(t, &t->groups[i]);
	if (t->groups_n)
		qsort(t->groups, t->groups_n, sizeof(*t->groups), by_tree);
	for (size_t i = 0; i < t->groups_n; i++) /* and then they have another number */
		for (size_t w = 0; w < t->groups[i].workers_n; w++)
			t->members[t->groups[i].workers[w] - t->members].group = i;
}
