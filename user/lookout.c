/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookout.h"

#include "clock.h"
#include "discover.h"
#include "procmem.h"

#define FIRST_LOOK_NS (5 * NSEC_PER_MSEC) /* after exec */
#define LOOK_FACTOR 4                     /* each wait is this much longer than the last */
#define LAST_LOOK_NS (4 * NSEC_PER_SEC)
#define SETTLED_NS (300 * NSEC_PER_MSEC)  /* no interpreter by now: it counts as having none */
#define REFRESH_NS (250 * NSEC_PER_MSEC)  /* interpreters come and go */
#define LOOK_BUDGET 50                    /* 1/50 of the time may go into looking, */
#define LOOK_CREDIT_NS (200 * NSEC_PER_MSEC) /* after this much */

/* The fs base of the thread that holds a GIL now, 0 if none does. */
static uint64_t read_holder(const struct procmem *mem, uint64_t gil, uint32_t thread_id)
{
	struct {
		uint64_t interval, last_holder;
		int32_t locked;
	} head;
	uint64_t id;

	if (procmem__read(mem, gil, &head, sizeof(head)) || head.locked <= 0 ||
	    procmem__u64(mem, head.last_holder + thread_id, &id))
		return 0;
	return id;
}

static void read_holders(struct process *p, struct wire_python *w)
{
	struct procmem mem;

	if (procmem__open(&mem, (pid_t)p->pid))
		return;
	for (uint32_t i = 0; i < w->gils; i++)
		w->holder[i] = read_holder(&mem, w->gil[i], w->thread_id);
	procmem__close(&mem);
}

/* Tells the kernel side what the process's GILs are, or that it has none. */
static void publish(struct lookout *l, struct process *p)
{
	struct wire_python w = {.key = p->key, .execs = p->execs};
	const struct python *py = &p->python;

	if (py->status == PYTHON_FOUND) {
		w.gils = py->gils_n;
		w.thread_id = py->thread_id;
		w.libc = py->libc;
		w.frames = py->frames.wire;
	}
	for (uint32_t i = 0; i < w.gils; i++) {
		w.gil[i] = py->gils[i].address;
		process__add_gil(p, py->gils[i].address, py->gils[i].interpreter);
	}
	read_holders(p, &w);
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

static void note_python(struct lookout *l, struct process *p, const struct python *py)
{
	bool found = py->status == PYTHON_FOUND;
	/* a fork may have come before the kernel side knew its parent's GIL */
	bool news = !p->published || !same_gils(py, &p->python);

	p->python = *py;
	if (found && news)
		publish(l, p);
	for (uint32_t i = 0; found && i < py->gils_n; i++) {
		struct process_gil *g = process__find_gil(p, py->gils[i].address);

		if (g)
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

static void first_look(struct lookout *l, struct process *p, uint64_t now)
{
	struct python py;

	discover__run((pid_t)p->pid, &py);
	note_python(l, p, &py);
	if (py.status == PYTHON_FOUND)
		p->next_look = now + REFRESH_NS;
	else if (py.status == PYTHON_NO_GIL || py.status == PYTHON_GONE)
		p->next_look = UINT64_MAX;
	else
		schedule(p, now, p->wait ? p->wait * LOOK_FACTOR : FIRST_LOOK_NS);
	if (p->settled || (wants_patience(py.status) && now - p->program_since < SETTLED_NS))
		return;
	p->settled = true;
	if (py.status != PYTHON_FOUND)
		publish(l, p); /* from here on "no GIL" is known, not unknown */
}

static void look_again(struct lookout *l, struct process *p, uint64_t now)
{
	struct python py = p->python;

	python__refresh((pid_t)p->pid, &py);
	if (py.status == PYTHON_FOUND)
		note_python(l, p, &py);
	p->next_look = now + REFRESH_NS;
}

void lookout__look(struct lookout *l, struct process *p)
{
	uint64_t from = clock__now();

	if (p->borrows_memory) {
		p->next_look = UINT64_MAX; /* exec is news */
		return;
	}
	if (p->python.status == PYTHON_FOUND)
		look_again(l, p, from);
	else
		first_look(l, p, from);
	l->looking_ns += clock__now() - from;
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
}

void lookout__expect(struct process *p, uint64_t now)
{
	schedule(p, now, FIRST_LOOK_NS);
}

void lookout__mark(struct lookout *l, struct process *p)
{
	if (p->python.status == PYTHON_FOUND && !p->ended)
		look_again(l, p, clock__now());
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
