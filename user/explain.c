/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blame.h"
#include "clock.h"
#include "leaves.h"
#include "natives.h"
#include "samples.h"
#include "stacks.h"
#include "symbols.h"
#include "syscalls.h"

/* Between two looks at what code a process has: longer, if the last one was of no use. */
#define NOTE_NS (20 * NSEC_PER_MSEC)
#define NOTE_MAX_NS (2 * NSEC_PER_SEC)

struct explain {
	enum wire_native native;
	struct stacks *stacks;
	struct blame *blame;
	struct samples *samples;
	struct symbols *symbols;
	struct natives *natives;
	struct leaves *leaves; /* at the end */
	char *calls[WIRE_SYSCALLS];
	uint64_t lost;
	uint64_t noted; /* when a process was last found to need a look, */
	uint64_t pause; /* and how long none will be now */
};

struct explain *explain__new(enum wire_native native)
{
	struct explain *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->stacks = stacks__new();
	x->blame = blame__new();
	x->samples = samples__new();
	x->symbols = symbols__new();
	x->native = native;
	x->pause = NOTE_NS;
	if (x->symbols && x->stacks)
		x->natives = natives__new(x->symbols, x->stacks, native);
	if (x->natives && x->blame && x->samples)
		return x;
	explain__free(x);
	return NULL;
}

void explain__free(struct explain *x)
{
	if (!x)
		return;
	natives__free(x->natives);
	stacks__free(x->stacks);
	blame__free(x->blame);
	leaves__free(x->leaves);
	samples__free(x->samples);
	symbols__free(x->symbols);
	for (size_t i = 0; i < WIRE_SYSCALLS; i++)
		free(x->calls[i]);
	free(x);
}

static void count_lost(struct explain *x, int err)
{
	x->lost += err != 0;
}

static void on_sample(struct explain *x, const struct wire_sample_event *e)
{
	struct natives_place place;

	if (e->h.type == EV_OFF && e->state == ST_GIL_WAIT)
		blame__waiter_stack(x->blame, e);
	natives__claim(x->natives, e, &place);
	if (e->h.type == EV_SAMPLE)
		place.ip = e->ip;
	count_lost(x, samples__add(x->samples, e, place.ip, place.callers));
}

/* Whether it is time to look at the code of a process; the event that asks may then come again. */
static bool note(struct explain *x, uint64_t time)
{
	if ((int64_t)(time - x->noted) < (int64_t)x->pause)
		return false;
	x->noted = time;
	return true;
}

/* The event that asked for a look is back. */
static void note_again(struct explain *x, bool is_still_news)
{
	x->pause = !is_still_news		? NOTE_NS
		   : 2 * x->pause < NOTE_MAX_NS ? 2 * x->pause
						: NOTE_MAX_NS;
}

/* Is it of a thread that is in code which its process was not known to have? */
static bool is_news(const struct explain *x, const struct wire_event *h, size_t len)
{
	const void *e = h;
	uint64_t ip = 0;

	if (h->type == EV_SAMPLE && len >= sizeof(struct wire_sample_event))
		ip = ((const struct wire_sample_event *)e)->ip;
	else if (h->type == EV_MEMORY && len >= offsetof(struct wire_memory_event, bytes))
		ip = ((const struct wire_memory_event *)e)->ip;
	return ip && !symbols__has(x->symbols, h->key, ip);
}

static void on_step(struct explain *x, const struct wire_gil_event *e)
{
	count_lost(x, blame__step(x->blame, e));
}

uint64_t explain__mean_sleep(const struct explain *x)
{
	return blame__mean_sleep(x->blame);
}

uint64_t explain__work(const struct explain *x)
{
	return blame__work(x->blame);
}

bool explain__event(struct explain *x, const struct wire_event *h, size_t len,
		    const struct pyver_frames *frames)
{
	const void *e = h;

	bool news = is_news(x, h, len);

	if (h->time == x->noted)
		note_again(x, news);
	else if (news && note(x, h->time))
		return true;
	if (h->type == EV_CODE && frames)
		count_lost(x, stacks__add_code(x->stacks, e, len, frames));
	else if (h->type == EV_STACK)
		count_lost(x, stacks__add(x->stacks, e, len));
	else if (h->type == EV_GIL && len >= sizeof(struct wire_gil_event))
		on_step(x, e);
	else if ((h->type == EV_SAMPLE || h->type == EV_OFF) &&
		 len >= sizeof(struct wire_sample_event))
		on_sample(x, e);
	else if (h->type == EV_CALLERS)
		count_lost(x, natives__callers(x->natives, e, len));
	else if (h->type == EV_MEMORY && natives__memory(x->natives, e, len) == -EAGAIN)
		return note(x, h->time);
	return false;
}

void explain__process(struct explain *x, uint64_t key, pid_t pid)
{
	symbols__note_process(x->symbols, key, pid); /* it may have gone: then it has no names */
}

void explain__holder(struct explain *x, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at)
{
	blame__seed(x->blame, key, gil, holder, at);
}

struct hold_totals explain__under_holds(const struct explain *x, uint64_t key, uint64_t gil)
{
	return blame__under_holds(x->blame, key, gil);
}

void explain__close(struct explain *x, uint64_t end)
{
	count_lost(x, blame__close(x->blame, end));
}

void explain__end_child(struct explain *x)
{
	natives__end_child(x->natives);
}

void explain__thread(struct explain *x, const struct wire_thread *t)
{
	count_lost(x, blame__account(x->blame, t));
}

uint64_t explain__lost(const struct explain *x)
{
	return x->lost;
}

uint64_t explain__lost_unwinds(const struct explain *x)
{
	return natives__lost(x->natives);
}

/* --- the capture ------------------------------------------------------------------------------ */

/* The name of a system call, NULL for none. One pointer per number. */
static char *call_name(struct explain *x, uint32_t nr)
{
	const char *name;
	char buffer[64];

	if (nr >= WIRE_SYSCALLS)
		return NULL;
	if (!x->calls[nr]) {
		name = syscalls__cause(nr, buffer, sizeof(buffer));
		x->calls[nr] = strdup(name);
	}
	return x->calls[nr];
}

/* Of a stack of Python that was seen from outside, as a holder's is. */
static uint32_t python_node(struct explain *x, uint64_t key, uint64_t stack)
{
	return x->native ? natives__python_node(x->natives, key, stack)
			 : stacks__node(x->stacks, stack);
}

/* The node of a holder's stack, with the C function it was in most. */
static uint32_t native_node(struct explain *x, uint32_t node, const struct leaves_share *share)
{
	if (x->native && share->row)
		return natives__node(x->natives, share->row);
	return share->function
		       ? stacks__leaf(x->stacks, node, FRAME_NATIVE, share->function, share->object)
		       : node;
}

static int write_blame_row(struct explain *x, struct capture_writer *w, const struct blame_row *b,
			   enum blame_kind kind, const struct leaves_share *share)
{
	struct capture_blame row = {
		.key = b->key,
		.gil = b->gil,
		.pid = b->pid,
		.waiter_tid = b->waiter,
		.holder_tid = b->holder_tid,
		.kind = kind,
		.call = kind == BLAME_OFFCPU ? call_name(x, b->nr) : NULL,
		.wait_ns = b->wait_ns,
		.runq_ns = b->runq_ns,
		.count = b->count,
		.samples = b->samples,
		.stack = python_node(x, b->key, b->stack),
	};

	if (!row.wait_ns && !row.runq_ns)
		return 0;
	if (kind == BLAME_NATIVE)
		row.stack = native_node(x, row.stack, share);
	return capture_writer__blame(w, &row);
}

static uint64_t part_of(uint64_t whole, const struct leaves_share *share)
{
	return (uint64_t)((__uint128_t)whole * share->native / share->samples);
}

/*
 * A hold shorter than the switch interval: nobody has asked the holder to let go, so whether it was in a
 * C function only the samples tell.
 */
static int write_split(struct explain *x, struct capture_writer *w, const struct blame_row *b,
		       const struct leaves_share *share)
{
	struct blame_row native = *b, python = *b;
	int err;

	native.wait_ns = part_of(b->wait_ns, share);
	native.runq_ns = part_of(b->runq_ns, share);
	native.count = part_of(b->count, share);
	native.samples = part_of(b->samples, share);
	python.wait_ns -= native.wait_ns;
	python.runq_ns -= native.runq_ns;
	python.count -= native.count;
	python.samples -= native.samples;
	err = write_blame_row(x, w, &python, BLAME_PYTHON, share);
	return err ? err : write_blame_row(x, w, &native, BLAME_NATIVE, share);
}

static int write_blame(struct explain *x, struct capture_writer *w)
{
	const struct blame_row *rows;
	size_t n = blame__rows(x->blame, &rows);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct blame_row *b = &rows[i];
		struct leaves_share share =
			leaves__share(x->leaves, b->key, b->holder_tid, b->stack);

		if (b->kind == BLAME_PYTHON && share.native)
			err = write_split(x, w, b, &share);
		else
			err = write_blame_row(x, w, b, b->kind, &share);
	}
	return err;
}

static uint32_t leaf_node(struct explain *x, const struct samples_row *s)
{
	struct symbols_place place = leaves__place(x->leaves, s);
	uint32_t node = stacks__node(x->stacks, s->stack);

	return place.function
		       ? stacks__leaf(x->stacks, node, FRAME_NATIVE, place.function, place.object)
		       : node;
}

static struct capture_sample sample_of(struct explain *x, const struct samples_row *s)
{
	struct capture_sample row = {
		.key = s->key,
		.pid = s->pid,
		.tid = s->tid,
		.state = s->state,
		.ns = s->ns,
		.count = s->count,
		.held = s->held,
		.stack = x->native ? natives__node(x->natives, s) : leaf_node(x, s),
	};

	return row;
}

static bool is_same_place(const struct capture_sample *a, const struct capture_sample *b)
{
	return a->key == b->key && a->tid == b->tid && a->state == b->state &&
	       a->stack == b->stack && a->call == b->call;
}

static int by_place(const void *a, const void *b)
{
	const struct capture_sample *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	if (p->tid != q->tid)
		return p->tid < q->tid ? -1 : 1;
	if (p->state != q->state)
		return p->state < q->state ? -1 : 1;
	if (p->stack != q->stack)
		return p->stack < q->stack ? -1 : 1;
	return (p->call > q->call) - (p->call < q->call);
}

/* Instructions of one function are one row. Returns how many are left. */
static size_t merge_samples(struct capture_sample *rows, size_t n)
{
	size_t kept = 0;

	qsort(rows, n, sizeof(*rows), by_place);
	for (size_t i = 0; i < n; i++) {
		struct capture_sample *last = kept ? &rows[kept - 1] : NULL;

		if (!last || !is_same_place(last, &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		last->ns += rows[i].ns;
		last->count += rows[i].count;
		last->held += rows[i].held;
	}
	return kept;
}

static int write_samples(struct explain *x, struct capture_writer *w)
{
	const struct samples_row *from;
	size_t n = samples__rows(x->samples, &from);
	struct capture_sample *rows = n ? calloc(n, sizeof(*rows)) : NULL;
	int err = n && !rows ? -ENOMEM : 0;

	for (size_t i = 0; i < n && !err; i++) {
		rows[i] = sample_of(x, &from[i]);
		if (from[i].state != ST_RUN)
			rows[i].call = call_name(x, from[i].nr);
	}
	if (!err && n)
		n = merge_samples(rows, n);
	for (size_t i = 0; i < n && !err; i++)
		err = capture_writer__sample(w, &rows[i]);
	free(rows);
	return err;
}

static int write_cases(struct explain *x, struct capture_writer *w, const struct blame_case *cases,
		       size_t n, uint64_t start)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct blame_case *c = &cases[i];
		const struct capture_case row = {
			.key = c->key,
			.gil = c->gil,
			.pid = c->pid,
			.tid = c->waiter,
			.begin_ns = c->begin > start ? c->begin - start : 0,
			.ns = c->ns,
			.holder_tid = c->holder_tid,
			.kind = c->kind,
			.call = c->kind == BLAME_OFFCPU ? call_name(x, c->nr) : NULL,
			.stack = python_node(x, c->key, c->stack),
			.waiter_stack = python_node(x, c->key, c->waiter_stack),
		};

		err = capture_writer__case(w, &row);
	}
	return err;
}

int explain__write(struct explain *x, struct capture_writer *w, uint64_t start)
{
	const struct blame_case *cases;
	size_t n;
	int err;

	x->leaves = leaves__new(x->samples, x->symbols);
	if (!x->leaves)
		return -ENOMEM;
	err = natives__finish(x->natives, x->samples);
	if (!err)
		err = write_blame(x, w);
	if (!err)
		err = write_samples(x, w);
	if (!err) {
		n = blame__waits(x->blame, &cases);
		err = write_cases(x, w, cases, n, start);
	}
	if (!err) {
		n = blame__holds(x->blame, &cases);
		err = write_cases(x, w, cases, n, start);
	}
	return err ? err : stacks__write(x->stacks, w);
}
