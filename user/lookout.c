/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "discover.h"

#define FIRST_LOOK_NS (5 * NSEC_PER_MSEC) /* after exec */
#define LOOK_FACTOR 4                     /* each wait is this much longer than the last */
#define LAST_LOOK_NS (4 * NSEC_PER_SEC)
#define SETTLED_NS (300 * NSEC_PER_MSEC)  /* no interpreter by now: it counts as having none */
#define REFRESH_NS (250 * NSEC_PER_MSEC)  /* interpreters come and go */
#define LIMIT_NS (2 * NSEC_PER_SEC)	  /* of one look before the window, */
#define WINDOW_LIMIT_NS (500 * NSEC_PER_MSEC) /* and in it, where the ring waits meanwhile */
#define MAX_STUCK 2			  /* looks at one process that were not answered in time */
#define LOOK_BUDGET 50                    /* 1/50 of the time may go into looking, */
#define LOOK_CREDIT_NS (200 * NSEC_PER_MSEC) /* after this much */

/* Its threads may wait on a parking lot: from 3.13 on, with a GIL or without. */
static bool parks(const struct python *py)
{
	return !strncmp(py->version, "3.", 2) && atoi(py->version + 2) >= PYVER_DEBUG_OFFSETS;
}

/* Tells the kernel side what the process's GILs are, or that it has none. */
static void publish(struct lookout *l, struct process *p, const struct sight *s)
{
	struct wire_python w = {.key = p->key, .execs = p->execs};
	const struct python *py = &p->python;

	w.parks = parks(py);
	if (py->status == PYTHON_FOUND) {
		w.gils = py->gils_n;
		w.thread_id = py->thread_id;
		w.libc = py->libc;
		w.frames = py->frames.wire;
	}
	for (uint32_t i = 0; i < w.gils; i++) {
		w.gil[i] = py->gils[i].address;
		w.holder[i] = s->holder[i];
		process__add_gil(p, py->gils[i].address, py->gils[i].interpreter);
	}
	p->published = !session__set_python(l->session, (pid_t)p->pid, &w);
	if (!p->published && !p->refused)
		session__note_lost(l->session, LOST_PROCESS_MAP); /* once, though it is tried again */
	p->refused = !p->published;
}

static bool same_gils(const struct python *a, const struct python *b)
{
	if (a->status != b->status || a->gils_n != b->gils_n)
		return false;
	for (uint32_t i = 0; i < a->gils_n; i++) {
		if (a->gils[i].address != b->gils[i].address)
			return false;
	}
	return true;
}

static void note_sight(struct lookout *l, struct process *p, const struct sight *s)
{
	const struct python *py = &s->python;
	bool found = py->status == PYTHON_FOUND;
	/* a fork may have come before the kernel side knew its parent's GIL */
	bool news = !p->published || !same_gils(py, &p->python);

	p->python = *py;
	if (found && news)
		publish(l, p, s);
	if (!p->cmdline)
		process__set_args(p, s->args, s->args_len);
	for (uint32_t i = 0; found && i < py->gils_n; i++) {
		struct process_gil *g = process__find_gil(p, py->gils[i].address);

		if (!g)
			continue;
		g->holder = s->holder[i];
		process__note_switches(g, py->gils[i].switch_number, py->gils[i].switch_number);
	}
}

static void schedule(struct process *p, uint64_t now, uint64_t wait)
{
	p->wait = wait < LAST_LOOK_NS ? wait : LAST_LOOK_NS;
	p->next_look = now + p->wait;
}

static bool wants_patience(enum python_status s)
{
	return s == PYTHON_NOT || s == PYTHON_NOT_YET;
}

/* How long a look may take; 0 if so little time is left that one in vain would prove nothing. */
static uint64_t limit(const struct lookout *l, uint64_t now)
{
	if (!l->until)
		return WINDOW_LIMIT_NS;
	if (l->until < now + WINDOW_LIMIT_NS)
		return 0;
	return l->until - now < LIMIT_NS ? l->until - now : LIMIT_NS;
}

/* One that never answers may not keep the others waiting again and again. */
static bool is_stuck(struct process *p, int err)
{
	p->stuck += err == -ETIMEDOUT;
	return p->stuck >= MAX_STUCK;
}

static void note_cost(struct lookout *l, const struct sight *s, int err, uint64_t from)
{
	/* not the time: where many compute, most of it is spent in the run queue */
	l->looking_ns += err ? clock__now() - from : s->cpu_ns;
}

static void plan_next(struct process *p, enum python_status status, uint64_t now)
{
	if (status == PYTHON_FOUND)
		p->next_look = now + REFRESH_NS;
	else if (status == PYTHON_NO_GIL || status == PYTHON_GONE)
		p->next_look = UINT64_MAX;
	else
		schedule(p, now, p->wait ? p->wait * LOOK_FACTOR : FIRST_LOOK_NS);
}

static void first_look(struct lookout *l, struct process *p, uint64_t now)
{
	struct sight s;
	int err = discover__look((pid_t)p->pid, limit(l, now), &s);
	enum python_status status = s.python.status;

	note_cost(l, &s, err, now);
	note_sight(l, p, &s);
	if (!is_stuck(p, err) && err == -ETIMEDOUT) {
		schedule(p, now, LAST_LOOK_NS);
		return;
	}
	plan_next(p, status, now);
	if (p->settled || (wants_patience(status) && now - p->program_since < SETTLED_NS))
		return;
	p->settled = true;
	if (status != PYTHON_FOUND)
		publish(l, p, &s); /* from here on "no GIL" is known, not unknown */
}

static void look_again(struct lookout *l, struct process *p, uint64_t now)
{
	struct sight s = { .python = p->python };
	int err = discover__refresh((pid_t)p->pid, limit(l, now), &s);

	note_cost(l, &s, err, now);
	if (s.python.status == PYTHON_FOUND)
		note_sight(l, p, &s);
	p->next_look = is_stuck(p, err) ? UINT64_MAX : now + REFRESH_NS;
}

bool lookout__look(struct lookout *l, struct process *p)
{
	uint64_t now = clock__now();

	if (p->borrows_memory || p->stuck >= MAX_STUCK) {
		p->next_look = UINT64_MAX; /* exec is news */
		return true;
	}
	if (!limit(l, now))
		return false;
	if (p->python.status == PYTHON_FOUND)
		look_again(l, p, now);
	else
		first_look(l, p, now);
	return true;
}

void lookout__end(struct lookout *l, struct process *p)
{
	p->ended = true;
	if (l->session)
		session__forget_python(l->session, (pid_t)p->pid, p->key);
}

void lookout__begin(struct lookout *l, struct session *s)
{
	l->session = s;
	l->began = clock__now();
	l->looking_ns = 0;
	l->until = 0;
}

void lookout__hurry(struct lookout *l, uint64_t ns)
{
	l->until = clock__now() + ns;
}

void lookout__expect(struct process *p, uint64_t now)
{
	schedule(p, now, FIRST_LOOK_NS);
}

void lookout__mark(struct lookout *l, struct process *p)
{
	if (p->python.status == PYTHON_FOUND && !p->ended)
		lookout__look(l, p);
}

/* How long to wait before looking at anything, to stay within the budget. */
static uint64_t overdraft(const struct lookout *l, uint64_t now)
{
	uint64_t earned = LOOK_CREDIT_NS + (now - l->began) / LOOK_BUDGET;

	return l->looking_ns > earned ? (l->looking_ns - earned) * LOOK_BUDGET : 0;
}

uint64_t lookout__tick(struct lookout *l, struct process *p, uint64_t now)
{
	uint64_t wait = overdraft(l, now);

	if (p->ended)
		return UINT64_MAX;
	if (p->next_look <= now && !wait)
		lookout__look(l, p);
	return p->next_look > now + wait ? p->next_look : now + wait;
}
