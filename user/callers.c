// SPDX-License-Identifier: BSD-2-Clause
#include "callers.h"

#include <stdlib.h>

#define SLOTS (2 * CALLERS_MAX)

/* The root of the lists that end before their root: no code is there. */
#define CUT 0

struct entry {
	uint64_t pc;
	uint32_t parent; /* its number; 0: this one is a root */
};

struct callers {
	struct entry *entry; /* by number - 1 */
	uint32_t n, room;
	uint32_t slots[SLOTS]; /* numbers */
};

struct callers *callers__new(void)
{
	return calloc(1, sizeof(struct callers));
}

void callers__free(struct callers *c)
{
	if (c)
		free(c->entry);
	free(c);
}

static uint32_t *slot_of(struct callers *c, uint32_t parent, uint64_t pc)
{
	uint64_t h = (pc ^ (uint64_t)parent << 40) * 0x9e3779b97f4a7c15ull;
	uint32_t *slot = &c->slots[(h ^ h >> 29) % SLOTS];

	while (*slot && (c->entry[*slot - 1].pc != pc || c->entry[*slot - 1].parent != parent))
		slot = slot == &c->slots[SLOTS - 1] ? c->slots : slot + 1;
	return slot;
}

static bool has_room(struct callers *c)
{
	uint32_t room = c->room ? 2 * c->room : 1024;
	struct entry *grown;

	if (c->n < c->room)
		return true;
	grown = c->n < CALLERS_MAX ? reallocarray(c->entry, room, sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	c->entry = grown;
	c->room = room;
	return true;
}

static uint32_t child_of(struct callers *c, uint32_t parent, uint64_t pc)
{
	uint32_t *slot = slot_of(c, parent, pc);

	if (!*slot && has_room(c)) {
		c->entry[c->n++] = (struct entry){ pc, parent };
		*slot = c->n;
	}
	return *slot;
}

uint32_t callers__add(struct callers *c, const uint64_t *pc, size_t n, bool whole)
{
	uint32_t number = 0;

	if (!n)
		return 0;
	if (!whole)
		number = child_of(c, 0, CUT);
	if (!whole && !number)
		return 0;
	for (size_t i = n; i > 0; i--) {
		number = child_of(c, number, pc[i - 1]);
		if (!number)
			return 0;
	}
	return number;
}

size_t callers__get(const struct callers *c, uint32_t number, uint64_t *pc, size_t max, bool *whole)
{
	size_t n = 0;

	*whole = true;
	for (; number; number = c->entry[number - 1].parent) {
		const struct entry *e = &c->entry[number - 1];

		if ((e->pc == CUT && !e->parent) || n == max)
			*whole = false;
		else
			pc[n++] = e->pc;
	}
	return n;
}
