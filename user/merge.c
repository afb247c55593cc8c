// SPDX-License-Identifier: BSD-2-Clause
#include "merge.h"

struct merge {
	const struct merge_stacks *s;
	struct merge_frame *out;
	size_t n;
	size_t python; /* the next frame to be shown */
};

static size_t count(const uint8_t *flags, size_t n, uint8_t bit)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += (flags[i] & bit) != 0;
	return found;
}

static void add_native(struct merge *m, size_t i, uint8_t unless)
{
	if (!(m->s->native[i] & (unless | MERGE_EVAL)))
		m->out[m->n++] = (struct merge_frame){ false, (uint32_t)i };
}

/* Those that one activation runs. */
static void add_loop(struct merge *m)
{
	const struct merge_stacks *s = m->s;
	bool last = false;

	for (; m->python < s->python_n && !last; m->python++) {
		last = s->python[m->python] & MERGE_LOOP;
		if (s->python[m->python] & MERGE_CODE)
			m->out[m->n++] = (struct merge_frame){ true, (uint32_t)m->python };
	}
}

static void add_rest(struct merge *m)
{
	while (m->python < m->s->python_n)
		add_loop(m);
}

/* Of the oldest of Python's frames nothing is known: what is older has no place. */
static bool is_out_of_python(const struct merge *m)
{
	return m->python == m->s->python_n && !m->s->python_whole;
}

static void in_order(struct merge *m, size_t skip)
{
	const struct merge_stacks *s = m->s;

	for (size_t i = 0; i < s->native_n && !is_out_of_python(m); i++) {
		uint8_t base = m->python == s->python_n ? MERGE_BASE : 0;

		if (!(s->native[i] & MERGE_EVAL))
			add_native(m, i, MERGE_HIDDEN | base);
		else if (skip)
			skip--;
		else
			add_loop(m);
	}
	add_rest(m);
}

static void newest_first(struct merge *m)
{
	const struct merge_stacks *s = m->s;

	for (size_t i = 0; i < s->native_n; i++) {
		if (s->native[i] & (MERGE_EVAL | MERGE_PERHAPS))
			break;
		add_native(m, i, MERGE_HIDDEN);
	}
	add_rest(m);
}

static void native_only(struct merge *m)
{
	for (size_t i = 0; i < m->s->native_n; i++)
		add_native(m, i, MERGE_HIDDEN);
}

/*
 * Whether every activation is known to be seen, or the oldest are the ones that are not. One more than
 * Python knows of has just begun, or is about to end: it runs nothing.
 */
static bool fits(const struct merge_stacks *s, size_t *skip)
{
	size_t evals = count(s->native, s->native_n, MERGE_EVAL);
	size_t loops = count(s->python, s->python_n, MERGE_LOOP);
	bool perhaps = count(s->native, s->native_n, MERGE_PERHAPS) != 0;

	*skip = 0;
	if (!s->python_whole)
		return s->native_whole ? evals >= loops : true;
	if (!s->native_whole)
		return evals <= loops && (evals || !perhaps);
	*skip = evals == loops + 1;
	return evals == loops || *skip;
}

/* From 3.15 on there is one more shim, PyThreadState.base_frame, below the oldest loop's. */
static bool ends_in_sentinel(const struct merge_stacks *s)
{
	size_t n = s->python_n;

	return s->python_whole && n > 1 && !(s->python[n - 1] & MERGE_CODE) &&
	       s->python[n - 2] & MERGE_LOOP;
}

size_t merge__stacks(const struct merge_stacks *stacks, struct merge_frame *out)
{
	struct merge_stacks s = *stacks;
	struct merge m = { .s = &s, .out = out };
	size_t skip;

	s.python_n -= ends_in_sentinel(&s);
	if (!s.python_n)
		native_only(&m);
	else if (fits(&s, &skip))
		in_order(&m, skip);
	else
		newest_first(&m);
	return m.n;
}
