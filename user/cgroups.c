/* SPDX-License-Identifier: BSD-2-Clause */
#include "cgroups.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"

#define MOST 256
#define LINES 64 /* of a file that are looked at: there are some ten */
#define TICK_NS (500 * NSEC_PER_MSEC)

struct cgroup {
	char *dir, *name;
	uint64_t quota_millicpus;
	uint64_t since; /* CLOCK_MONOTONIC ns; 0: the window's start */
	bool known;	/* its file could be read at both times */
	struct cgroups_stat first, last;
};

struct cgroups {
	size_t n;
	struct cgroup all[MOST];
	bool open;
	uint64_t next;
};

struct cgroups *cgroups__new(void)
{
	return calloc(1, sizeof(struct cgroups));
}

void cgroups__free(struct cgroups *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->all[i].dir);
		free(c->all[i].name);
	}
	free(c);
}

static void take(uint64_t *to, unsigned long long value, uint64_t unit)
{
	*to = value < INT64_MAX / unit ? value * unit : INT64_MAX;
}

bool cgroups__parse(FILE *f, struct cgroups_stat *s)
{
	struct cgroups_stat new = { 0 };
	const struct {
		const char *key;
		uint64_t *to;
		uint64_t unit;
	} keys[] = {
		{ "nr_periods", &new.periods, 1 },
		{ "nr_throttled", &new.throttled, 1 },
		{ "throttled_usec", &new.throttled_ns, 1000 }, /* version 2 */
		{ "throttled_time", &new.throttled_ns, 1 },    /* version 1: ns */
	};
	unsigned long long value;
	bool found = false;
	char key[32];

	for (int i = 0; i < LINES && fscanf(f, "%31s %llu", key, &value) == 2; i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			if (strcmp(key, keys[k].key) != 0)
				continue;
			take(keys[k].to, value, keys[k].unit);
			found = true;
		}
	}
	if (found)
		*s = new;
	return found;
}

static bool look(const struct cgroup *g, struct cgroups_stat *s)
{
	cleanup_free char *path = NULL;
	cleanup_fclose FILE *f = NULL;

	if (asprintf(&path, "%s/cpu.stat", g->dir) < 0) {
		path = NULL;
		return false;
	}
	f = fopen(path, "re");
	return f && cgroups__parse(f, s);
}

static struct cgroup *find(struct cgroups *c, const char *dir)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!strcmp(c->all[i].dir, dir))
			return &c->all[i];
	}
	return NULL;
}

void cgroups__note(struct cgroups *c, const char *dir, const char *name, uint64_t quota_millicpus)
{
	struct cgroup *g = find(c, dir);

	if (g)
		g->quota_millicpus = quota_millicpus;
	if (g || c->n == MOST)
		return;
	g = &c->all[c->n];
	*g = (struct cgroup){ .dir = strdup(dir),
			      .name = strdup(name),
			      .quota_millicpus = quota_millicpus,
			      .since = c->open ? clock__now() : 0 };
	if (!g->dir || !g->name) {
		free(g->dir);
		free(g->name);
		return;
	}
	c->n++;
	g->known = look(g, &g->first);
	g->last = g->first;
}

void cgroups__begin(struct cgroups *c)
{
	c->open = true;
	for (size_t i = 0; i < c->n; i++) {
		struct cgroup *g = &c->all[i];

		g->known = look(g, &g->first);
		g->last = g->first;
	}
}

void cgroups__end(struct cgroups *c)
{
	for (size_t i = 0; i < c->n; i++)
		look(&c->all[i], &c->all[i].last); /* if it has gone, what was seen last holds */
}

void cgroups__tick(struct cgroups *c, uint64_t now)
{
	if (now < c->next)
		return;
	c->next = now + TICK_NS;
	cgroups__end(c);
}

static uint64_t gained(uint64_t first, uint64_t last)
{
	return last > first ? last - first : 0;
}

int cgroups__write(const struct cgroups *c, struct capture_writer *w, uint64_t start)
{
	int err = 0;

	for (size_t i = 0; i < c->n && !err; i++) {
		const struct cgroup *g = &c->all[i];
		struct capture_cgroup row = {
			.name = g->name,
			.quota_millicpus = g->quota_millicpus,
			.from_ns = gained(start, g->since),
			.periods = gained(g->first.periods, g->last.periods),
			.throttled = gained(g->first.throttled, g->last.throttled),
			.throttled_ns = gained(g->first.throttled_ns, g->last.throttled_ns),
		};

		if (g->known)
			err = capture_writer__cgroup(w, &row);
	}
	return err;
}
