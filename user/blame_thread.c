/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame_thread.h"

#include <stdlib.h>

#define MAX_THREADS 65536

struct blame_threads {
	struct blame_thread **places; /* by hash of the fs base, a power of two of them */
	size_t n, max;
	struct waits *waits;
};

static struct blame_thread **place_of(const struct blame_threads *ts, uint64_t key, uint64_t tls)
{
	size_t mask = ts->max - 1;
	/* fs bases are multiples of 64, and mostly far apart */
	size_t i = (size_t)(((tls >> 6) ^ key) * 0x9e3779b97f4a7c15ull >> 32) & mask;

	while (ts->places[i] && (ts->places[i]->id.tls != tls || ts->places[i]->id.key != key))
		i = (i + 1) & mask;
	return &ts->places[i];
}

struct blame_thread *blame_threads__find(const struct blame_threads *ts, uint64_t key, uint64_t tls)
{
	return tls && ts->max ? *place_of(ts, key, tls) : NULL;
}

/* Room for one more thread, half of the places staying empty. */
static bool grow(struct blame_threads *ts)
{
	size_t old_max = ts->max, max = old_max ? 2 * old_max : 64;
	struct blame_thread **old = ts->places, **places;

	if (2 * (ts->n + 1) <= old_max)
		return true;
	places = max <= 2 * MAX_THREADS ? calloc(max, sizeof(struct blame_thread *)) : NULL;
	if (!places)
		return false;
	ts->places = places;
	ts->max = max;
	for (size_t i = 0; i < old_max; i++) {
		if (old[i])
			*place_of(ts, old[i]->id.key, old[i]->id.tls) = old[i];
	}
	free(old);
	return true;
}

void blame_thread__settle(struct blame_thread *t)
{
	if (t->state != BLAME_WOKEN)
		return;
	wait__asleep(t->wait, t->begin, t->end);
	wait__queued(t->wait, t->end, t->ran_since);
	t->state = BLAME_AWAKE;
	t->queued = 0;
}

void blame_thread__close(struct blame_thread *t, uint64_t end)
{
	if (t->state == BLAME_ASLEEP) {
		t->end = end > t->begin ? end : t->begin;
		t->ran_since = t->end;
		t->state = BLAME_WOKEN;
	}
	blame_thread__settle(t);
	wait__end(t->wait, t->ran_since);
	t->queued = 0;
}

static struct blame_thread *new_thread(struct blame_threads *ts, const struct wait_thread *id)
{
	struct blame_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = *id;
	t->wait = wait__new(ts->waits, id);
	if (t->wait)
		return t;
	free(t);
	return NULL;
}

static void free_thread(struct blame_thread *t)
{
	if (!t)
		return;
	wait__free(t->wait);
	free(t);
}

struct blame_thread *blame_threads__get(struct blame_threads *ts, const struct wait_thread *id)
{
	struct blame_thread *old = ts->max ? *place_of(ts, id->key, id->tls) : NULL, *t;

	if (old && old->id.tid == id->tid)
		return old;
	if (old)
		blame_thread__close(old, old->ran_since);
	t = old || grow(ts) ? new_thread(ts, id) : NULL;
	if (!t)
		return NULL;
	*place_of(ts, id->key, id->tls) = t;
	ts->n += !old;
	free_thread(old);
	return t;
}

void blame_threads__close(struct blame_threads *ts, uint64_t end)
{
	for (size_t i = 0; i < ts->max; i++) {
		if (ts->places[i])
			blame_thread__close(ts->places[i], end);
	}
}

struct blame_threads *blame_threads__new(struct waits *waits)
{
	struct blame_threads *ts = calloc(1, sizeof(*ts));

	if (ts)
		ts->waits = waits;
	return ts;
}

void blame_threads__free(struct blame_threads *ts)
{
	if (!ts)
		return;
	for (size_t i = 0; i < ts->max; i++)
		free_thread(ts->places[i]);
	free(ts->places);
	free(ts);
}
