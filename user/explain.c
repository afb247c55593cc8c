/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame.h"
#include "samples.h"
#include "stacks.h"
#include "syscalls.h"

struct explain {
	struct stacks *stacks;
	struct blame *blame;
	struct samples *samples;
	uint64_t lost;
};

struct explain *explain__new(void)
{
	struct explain *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->stacks = stacks__new();
	x->blame = blame__new();
	x->samples = samples__new();
	if (x->stacks && x->blame && x->samples)
		return x;
	explain__free(x);
	return NULL;
}

void explain__free(struct explain *x)
{
	if (!x)
		return;
	stacks__free(x->stacks);
	blame__free(x->blame);
	samples__free(x->samples);
	free(x);
}

static void count_lost(struct explain *x, int err)
{
	x->lost += err != 0;
}

static void on_sample(struct explain *x, const struct wire_sample_event *e)
{
	const struct samples_place nowhere = { 0 };

	if (e->h.type == EV_OFF && e->state == ST_GIL_WAIT)
		blame__waiter_stack(x->blame, e);
	count_lost(x, samples__add(x->samples, e, &nowhere));
}

void explain__event(struct explain *x, const struct wire_event *h, size_t len,
		    const struct pyver_frames *frames)
{
	const void *e = h;

	if (h->type == EV_CODE && frames)
		count_lost(x, stacks__add_code(x->stacks, e, len, frames));
	else if (h->type == EV_STACK)
		count_lost(x, stacks__add(x->stacks, e, len));
	else if (h->type == EV_GIL && len >= sizeof(struct wire_gil_event))
		count_lost(x, blame__step(x->blame, e));
	else if ((h->type == EV_SAMPLE || h->type == EV_OFF) &&
		 len >= sizeof(struct wire_sample_event))
		on_sample(x, e);
}

void explain__holder(struct explain *x, uint64_t key, uint64_t gil, uint64_t holder, uint64_t at)
{
	blame__seed(x->blame, key, gil, holder, at);
}

void explain__close(struct explain *x, uint64_t end)
{
	count_lost(x, blame__close(x->blame, end));
}

void explain__thread(struct explain *x, const struct wire_thread *t)
{
	count_lost(x, blame__account(x->blame, t));
}

uint64_t explain__lost(const struct explain *x)
{
	return x->lost;
}

/* --- the capture ------------------------------------------------------------------------------ */

static char *call_name(uint32_t nr, char *buffer, size_t size)
{
	const char *name = nr == CAUSE_NONE ? NULL : syscalls__cause(nr, buffer, size);

	if (name && name != buffer)
		snprintf(buffer, size, "%s", name);
	return name ? buffer : NULL;
}

static int write_blame(struct explain *x, struct capture_writer *w)
{
	const struct blame_row *rows;
	size_t n = blame__rows(x->blame, &rows);
	char call[64];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct blame_row *b = &rows[i];
		const struct capture_blame row = {
			.key = b->key,
			.gil = b->gil,
			.pid = b->pid,
			.waiter_tid = b->waiter,
			.holder_tid = b->holder_tid,
			.kind = b->kind,
			.call = b->kind == BLAME_OFFCPU ? call_name(b->nr, call, sizeof(call))
							: NULL,
			.wait_ns = b->wait_ns,
			.runq_ns = b->runq_ns,
			.count = b->count,
			.samples = b->samples,
			.stack = stacks__node(x->stacks, b->stack),
		};

		if (row.wait_ns || row.runq_ns)
			err = capture_writer__blame(w, &row);
	}
	return err;
}

static int write_samples(struct explain *x, struct capture_writer *w)
{
	const struct samples_row *rows;
	size_t n = samples__rows(x->samples, &rows);
	char call[64];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct samples_row *s = &rows[i];
		struct capture_sample row = {
			.key = s->key,
			.pid = s->pid,
			.tid = s->tid,
			.state = s->state,
			.call = s->state == ST_RUN ? NULL : call_name(s->nr, call, sizeof(call)),
			.ns = s->ns,
			.count = s->count,
			.held = s->held,
			.stack = stacks__node(x->stacks, s->stack),
		};

		if (s->place.function)
			row.stack = stacks__leaf(x->stacks, row.stack, FRAME_NATIVE,
						 s->place.function, s->place.object);
		err = capture_writer__sample(w, &row);
	}
	return err;
}

static int write_cases(struct explain *x, struct capture_writer *w, const struct blame_case *cases,
		       size_t n, uint64_t start)
{
	char call[64];
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
			.call = c->kind == BLAME_OFFCPU ? call_name(c->nr, call, sizeof(call))
							: NULL,
			.stack = stacks__node(x->stacks, c->stack),
			.waiter_stack = stacks__node(x->stacks, c->waiter_stack),
		};

		err = capture_writer__case(w, &row);
	}
	return err;
}

int explain__write(struct explain *x, struct capture_writer *w, uint64_t start)
{
	const struct blame_case *cases;
	int err = write_blame(x, w);
	size_t n;

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
