/* SPDX-License-Identifier: BSD-2-Clause */
#include "samples.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define SLOTS (2 * SAMPLES_MAX)
#define BLOCK 16 /* functions begin at multiples of it */

struct samples {
	struct samples_row *rows;
	size_t n, max;
	uint32_t slots[SLOTS]; /* index of a row + 1 */
};

struct samples *samples__new(void)
{
	return calloc(1, sizeof(struct samples));
}

void samples__free(struct samples *s)
{
	if (s)
		free(s->rows);
	free(s);
}

static bool is_same(const struct samples_row *a, const struct samples_row *b)
{
	return a->key == b->key && a->stack == b->stack && a->tid == b->tid && a->pid == b->pid &&
	       a->state == b->state && a->nr == b->nr && a->ip / BLOCK == b->ip / BLOCK &&
	       a->callers == b->callers;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

static uint32_t *slot_of(struct samples *s, const struct samples_row *row)
{
	uint64_t h = mix(mix(row->key, row->stack), mix(row->tid, row->state * 4096 + row->nr));
	uint32_t *slot = &s->slots[mix(mix(h, row->ip / BLOCK), row->callers) % SLOTS];

	while (*slot && !is_same(&s->rows[*slot - 1], row))
		slot = slot == &s->slots[SLOTS - 1] ? s->slots : slot + 1;
	return slot;
}

static struct samples_row *new_row(struct samples *s, uint32_t *slot, const struct samples_row *row)
{
	if (s->n == s->max) {
		size_t more = s->max ? 2 * s->max : 256;
		struct samples_row *grown = reallocarray(s->rows, more, sizeof(*grown));

		if (!grown)
			return NULL;
		s->rows = grown;
		s->max = more;
	}
	s->rows[s->n++] = *row;
	*slot = (uint32_t)s->n;
	return &s->rows[s->n - 1];
}

int samples__add(struct samples *s, const struct wire_sample_event *e, uint64_t ip,
		 uint32_t callers)
{
	struct samples_row probe = {
		.key = e->h.key,
		.stack = e->stack,
		.ip = ip,
		.pid = e->h.tgid,
		.tid = e->tid,
		.state = e->state,
		.nr = e->nr,
		.callers = callers,
	};
	uint32_t *slot = slot_of(s, &probe);
	struct samples_row *row;

	if (!*slot && s->n >= SAMPLES_MAX / 2) { /* no more stacks: the rest is summed up */
		probe.stack = 0;
		probe.ip = 0;
		probe.callers = 0;
		slot = slot_of(s, &probe);
		if (!*slot && s->n >= SAMPLES_MAX)
			return -ENOMEM;
	}
	row = *slot ? &s->rows[*slot - 1] : new_row(s, slot, &probe);
	if (!row)
		return -ENOMEM;
	row->count++;
	row->ns += e->ns;
	row->held += e->holds;
	return 0;
}

size_t samples__rows(const struct samples *s, const struct samples_row **rows)
{
	*rows = s->rows;
	return s->n;
}
