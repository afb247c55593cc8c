// SPDX-License-Identifier: BSD-2-Clause
#include "intern.h"

#include <errno.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

/* A node of the tree is compared as its key is: that is the first thing in it. */
struct interned {
	const void *key;
	size_t number;
};

static void free_key(const struct intern *t, const void *key)
{
	if (t->owns_keys)
		free((void *)(uintptr_t)key);
}

static struct interned *new_node(const void *key, size_t number)
{
	struct interned *node = malloc(sizeof(*node));

	if (node)
		*node = (struct interned){ .key = key, .number = number };
	return node;
}

int intern__add(struct intern *t, const void *key, size_t *number)
{
	struct interned wanted = { .key = key }, *node, **found;

	found = tfind(&wanted, &t->root, t->compare);
	if (found) {
		free_key(t, key);
		*number = (*found)->number;
		return 0;
	}
	node = new_node(key, t->n);
	if (!node || !tsearch(node, &t->root, t->compare)) {
		free(node);
		free_key(t, key);
		return -ENOMEM;
	}
	*number = t->n++;
	return 1;
}

static void free_with_key(void *node)
{
	free((void *)(uintptr_t)((struct interned *)node)->key);
	free(node);
}

void intern__free(struct intern *t)
{
	tdestroy(t->root, t->owns_keys ? free_with_key : free);
	t->root = NULL;
	t->n = 0;
}

/* --- comparisons --- */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

int intern__by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_or_null(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int compare_functions(const struct weights_frame *a, const struct weights_frame *b)
{
	int order = COMPARE(a->kind, b->kind);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : compare_or_null(a->file, b->file);
}

int intern__by_function(const void *a, const void *b)
{
	return compare_functions(*(const struct weights_frame *const *)a,
				 *(const struct weights_frame *const *)b);
}

int intern__by_frame(const void *a, const void *b)
{
	const struct weights_frame *f = *(const struct weights_frame *const *)a;
	const struct weights_frame *g = *(const struct weights_frame *const *)b;
	int order = compare_functions(f, g);

	return order ? order : COMPARE(f->line, g->line);
}

int intern__by_thread(const void *a, const void *b)
{
	const struct weights_row *r = *(const struct weights_row *const *)a;
	const struct weights_row *s = *(const struct weights_row *const *)b;
	int order = COMPARE(r->pid, s->pid);

	order = order ? order : COMPARE(r->tid, s->tid);
	order = order ? order : strcmp(r->process, s->process);
	return order ? order : strcmp(r->thread, s->thread);
}
