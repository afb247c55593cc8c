// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "account.h"
#include "blame.bpf.h"
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "native.bpf.h"
#include "stack.bpf.h"

__attribute__((aligned(64))) u32 blame_waiters[16] = { 0 };
u32 blame_sparse = 1;
u32 blame_slice_shift = WIRE_SLICE_SHIFT;

/*
 * A walk of a stack takes 1 to 15 µs, so there is a budget: the holder's once a millisecond while it
 * holds, and five times where holders change as fast; a thread's own: see blame__own_stack.
 */
#define WALK_HOLDER_NS 1000000ull
#define WALK_HOLDER_MANY_NS 4000000ull /* where many wait: each of them is charged for each stack */
#define WALK_NEXT_HOLDER_NS 200000ull
#define WALK_COPY_NS 10000000ull /* its callers in machine code: of the CPU's time, too */

#define MANY_WAITERS 16 /* it is then rare that one that has timed out gets the GIL */

struct gil_key {
	u64 key; /* of the process */
	u64 gil;
};

struct gil_walk {
	u64 time; /* by a waiter, */
	u64 own; /* and by the holder as it fell asleep: then a waiter's of just before is of no use */
	u64 switch_number;
};

/* What user space was last told of a GIL. */
struct gil_told {
	u64 last_holder;
	u64 switch_number;
	u64 confirmed; /* when that was last seen again, but not told; 0: it was not */
	u32 locked;
	u32 asked;
};

/* When the stack of a GIL's holder was last walked. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gil_key);
	__type(value, struct gil_walk);
} gil_walks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gil_key);
	__type(value, struct gil_told);
} gils_told SEC(".maps");

/* thread_id of the last holder that the thread has seen, 0: none. */
static __always_inline u64 blame__holder(struct wire_thread *t)
{
	u64 tstate = t->look.last_holder, id = 0;

	if (!tstate)
		return 0;
	if (tstate == t->own_tstate)
		return t->tls;
	if (tstate == t->other_tstate)
		return t->other_id;
	bpf_probe_read_user(&id, sizeof(id), (void *)(tstate + t->thread_id));
	return id;
}

/* The holder's stack, within the budget; else 0. */
static __noinline u64 blame__walk(struct wire_thread *t, u64 now, bool own)
{
	struct gil_key key = { t->key, t->gil };
	struct gil_walk fresh = { now, own ? now : 0, t->look.switch_number };
	struct gil_walk *last = bpf_map_lookup_elem(&gil_walks, &key);
	bool same = last && last->switch_number == fresh.switch_number;
	u64 long_pause = blame_waiters[0] < MANY_WAITERS ? WALK_HOLDER_NS : WALK_HOLDER_MANY_NS;
	u64 pause = own	   ? (same ? WALK_NEXT_HOLDER_NS : 0)
		    : same ? long_pause
			   : WALK_NEXT_HOLDER_NS;

	if (last && now - (own ? last->own : last->time) < pause)
		return 0;
	if (last && !own)
		fresh.own = last->own;
	if (last)
		*last = fresh;
	else
		bpf_map_update_elem(&gil_walks, &key, &fresh, BPF_ANY);
	return stack__walk(t, t->look.last_holder);
}

static __noinline void blame__tell_gaps(struct wire_thread *t, struct wire_gil_event *e)
{
	u32 i;

	for (i = 0; i < WIRE_GAPS; i++)
		e->gaps[i] = t->gaps[i];
	e->gaps_n = t->gaps_n;
	t->gaps_n = 0;
}

/* Is there room to tell later that it slept from t->left to `woken`, ran from `ran_since` to now? */
static __always_inline bool blame__put_off_gap(struct wire_thread *t, u64 woken, u64 ran_since,
					       u64 now)
{
	u32 n = t->gaps_n;

	if (n >= WIRE_GAPS || t->left > woken || woken > ran_since || ran_since > now ||
	    now - t->left > ~0u)
		return false;
	t->gaps[n].asleep_ns = woken - t->left;
	t->gaps[n].queued_ns = ran_since - woken;
	t->gaps[n].ran_ns = now - ran_since;
	t->gaps_n = n + 1;
	return true;
}

static __always_inline struct wire_gil_event *blame__event(struct wire_thread *t, u64 now, u32 what)
{
	struct wire_gil_event *e = events__reserve_gil();

	if (!e)
		return NULL;
	e->h.type = EV_GIL;
	e->h.tgid = t->tgid;
	e->h.key = t->key;
	e->h.time = now;
	e->gil = t->gil;
	e->tls = t->tls;
	e->tid = t->tid;
	e->what = what;
	e->locked = -1;
	e->holder = 0;
	e->switch_number = 0;
	e->stack = 0;
	e->woken = 0;
	e->confirmed = 0;
	e->word = 0;
	e->nr = CAUSE_NONE;
	e->holds = 0;
	e->interval_us = t->interval_us;
	e->gils = t->gils;
	e->sparse = blame_sparse;
	e->slice_shift = blame_slice_shift;
	e->asked = 0;
	e->gaps_n = 0;
	if (t->gaps_n)
		blame__tell_gaps(t, e);
	return e;
}

/* NULL if only a few wait: then all is told. */
static __always_inline struct gil_told *blame__told(struct wire_thread *t)
{
	struct gil_key key = { t->key, t->gil };
	struct gil_told none = {};
	struct gil_told *told;

	if (blame_waiters[0] < MANY_WAITERS)
		return NULL;
	told = bpf_map_lookup_elem(&gils_told, &key);
	if (!told)
		bpf_map_update_elem(&gils_told, &key, &none, BPF_ANY);
	return told;
}

/*
 * A waiter that timed out and sleeps on has seen what user space knows: the same holder still has it. It is
 * told later, together with its next such steps. Where many wait that leaves one step in five. Not where
 * slices of time stand for all of it: there each slice has to tell of every waiter.
 */
static __always_inline bool blame__is_known(const struct gil_told *told,
					    const struct wire_thread *t, u32 asked)
{
	return blame_sparse <= 1 && t->look.locked > 0 && told->locked &&
	       told->switch_number == t->look.switch_number &&
	       told->last_holder == t->look.last_holder && asked <= told->asked;
}

static __always_inline void blame__note_told(struct gil_told *told, const struct wire_thread *t,
					     u32 asked)
{
	told->last_holder = t->look.last_holder;
	told->switch_number = t->look.switch_number;
	told->confirmed = 0;
	told->locked = t->look.locked > 0;
	told->asked = asked;
}

/* take_gil asks the holder to drop the GIL when a sleep has timed out in one tenure, Python/ceval_gil.c */
static __always_inline u32 blame__asks(struct wire_thread *t)
{
	u32 asks = t->timed_out && t->look.locked > 0 && t->look.switch_number == t->slept_number;

	t->timed_out = 0;
	t->slept_number = t->look.switch_number;
	return asks;
}

/*
 * The time of a step by the clock itself: between two CPUs the run queues' clocks differ by up to 10 us,
 * which is half a wait in a convoy. Not of one that is told late, nor in another slice.
 */
#define STEP_LATE_NS 1000000

static __always_inline u64 blame__time(u64 now)
{
	u64 clock = bpf_ktime_get_ns();

	if (blame_sparse > 1 && (clock ^ now) >> (blame_slice_shift & 63))
		return now;
	return clock - now < STEP_LATE_NS || (s64)(clock - now) < 0 ? clock : now;
}

/* The holder's stack, or 0. */
static __always_inline u64 blame__look_at_stack(struct wire_thread *t, u64 now, bool waits)
{
	if (t->look.locked <= 0)
		return 0;
	if (t->leave.holds && t->leave.state != ST_RUNQ)
		return blame__walk(t, now, true);
	return waits ? blame__walk(t, now, false) : 0;
}

__noinline int blame__tell_left(struct wire_thread *t, u64 now, u64 ran_since, u64 woken)
{
	struct wire_gil_event *e;
	struct gil_told *told;
	u64 holder, stack;
	bool waits;
	u32 asked;

	if (!t)
		return 0;
	waits = t->leave.state == ST_GIL_WAIT;
	asked = blame__asks(t);
	holder = blame__holder(t);
	stack = blame__look_at_stack(t, now, waits);
	told = blame__told(t);
	if (told && woken && waits && !stack && blame__is_known(told, t, asked) &&
	    blame__put_off_gap(t, woken, ran_since, now)) {
		told->confirmed = now;
		return 0;
	}
	e = blame__event(t, blame__time(now), GIL_LEFT);
	if (!e)
		return 0;
	e->since = t->ran_at ? t->ran_at : ran_since;
	e->woken = woken;
	e->holder = holder;
	e->switch_number = t->look.switch_number;
	e->stack = stack;
	e->state = t->leave.state;
	e->locked = t->look.locked > 0;
	e->holds = t->leave.holds;
	e->word = t->leave.word;
	e->nr = t->leave.nr;
	e->asked = asked;
	if (told) {
		e->confirmed = told->confirmed;
		blame__note_told(told, t, asked);
	}
	events__submit_gil(e);
	return 0;
}

__noinline int blame__tell_ran(struct wire_thread *t, u64 now, u64 queued, u32 was)
{
	struct wire_gil_event *e;

	if (!t)
		return 0;
	/* Most likely it looks, and sleeps again. That one will tell of both, which halves the number of events. */
	if (t->timed_out && blame_waiters[0] >= MANY_WAITERS) {
		t->woken = now - queued;
		return 0;
	}
	now = blame__time(now);
	e = blame__event(t, now, GIL_RAN);
	if (!e)
		return 0;
	t->ran_at = now;
	e->since = queued < now ? now - queued : now;
	e->state = was;
	e->word = t->leave.word;
	e->holds = t->holds;
	events__submit_gil(e);
	return 0;
}

__noinline u64 blame__walk_own(struct wire_thread *t, u64 now)
{
	struct wire_cpu *c = cpu__get(bpf_get_smp_processor_id());
	u64 stack, since;

	if (!t || !c)
		return 0;
	since = now - t->walked;
	t->walked = now;
	c->walked = now;
	stack = stack__walk(t, t->own_tstate);
	t->off_native = 0; /* it may be of a sleep whose end we were not told of */
	if (native_how && stack && (now - c->copied >= WALK_COPY_NS || since >= WALK_RARE_NS)) {
		c->copied = now;
		t->off_native = native__tell(t, now);
	}
	return stack;
}

__noinline int blame__tell_off(struct wire_thread *t, u64 now)
{
	struct wire_sample_event e = {};

	if (!t)
		return 0;
	e.h.type = EV_OFF;
	e.h.tgid = t->tgid;
	e.h.key = t->key;
	e.h.time = now;
	e.tid = t->tid;
	e.ip = t->tls;
	e.stack = t->off_stack;
	e.native = t->off_native;
	e.state = t->state;
	e.nr = t->leave.nr;
	e.ns = now > t->left ? account__clip(&window, t->left, now) : 0;
	t->off_stack = 0;
	t->off_native = 0;
	events__send(&e, sizeof(e));
	return 0;
}

/* The beginning of a wait, or of a hold, that nobody has seen. */
__noinline int blame__tell_seed(struct wire_thread *t, u64 now)
{
	struct wire_gil_event *e;

	if (!t)
		return 0;
	if (t->state == ST_GIL_WAIT && !t->waits) {
		blame__remember(t);
	} else if (t->waits || !t->holds || t->state < ST_GIL_WAIT) {
		return 0;
	}
	e = blame__event(t, now, GIL_LEFT);
	if (!e)
		return 0;
	e->since = now;
	e->state = t->state;
	e->holds = t->state != ST_GIL_WAIT;
	e->nr = t->leave.nr;
	events__submit_gil(e);
	return 0;
}
