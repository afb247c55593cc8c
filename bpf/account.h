/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The accounting of one thread: a state machine on struct wire_thread that knows neither the kernel
 * nor BPF. Probes (sched.bpf.c) tell it what happened and when; the native tests (tests/bpf) drive
 * it with event scripts.
 *
 * Every instant between a thread's begin and end is charged to exactly one state, because time is
 * only ever charged from `since` to now and `since` never moves back: law 1 by construction. All
 * times are clipped to the window, which may open and close in the middle of anything.
 */
#ifndef GILPROF_ACCOUNT_H
#define GILPROF_ACCOUNT_H

#include "hist.h"
#include "wire.h"

/*
 * The parts with the most branches. In BPF they are global functions, which the verifier looks at once
 * instead of on every path that leads to them: they return a scalar and must expect NULL.
 */
#ifndef ACCOUNT_PART
#define ACCOUNT_PART static inline
#endif

/* What every switch does: a call costs as much as the work (bpf/gilprof.bpf.c). */
#define ACCOUNT_HOT static inline __attribute__((always_inline))

/* The window, in CLOCK_MONOTONIC ns: ~0 while not yet open, resp. not yet closed. */
struct account_window {
	__u64 start;
	__u64 end;
};

/*
 * A thread that came back from a time-out of its wait for the GIL looks at the lock and sleeps again
 * within microseconds; one that got the GIL runs for longer. 100 µs leaves room for interrupts. One
 * that was woken has to get gil->mutex before it may look, and may sleep again for that, at once: with
 * 10 µs the waits counted come closest to the calls of take_gil that waited (4 threads that compute: 119
 * to 114, with 3 µs 240 to 120; an echo convoy: 23,000 to 14,000, with 3 µs 77,000 to 22,000). The
 * total hardly depends on it.
 */
#define ACCOUNT_RETRY_NS 100000ull
#define ACCOUNT_RELOCK_NS 10000ull

#define ACCOUNT_EARLY_SHIFT \
	6 /* a time-out may come early by 1/64 of the interval, for all that clocks differ */

#define ACCOUNT_NO_CPU (~0u) /* of a thread that has not run yet */

#define ACCOUNT_DEFAULT_INTERVAL_US 5000 /* CPython Python/ceval_gil.h: DEFAULT_INTERVAL */

/* [from, to] clipped to the window; 0 if nothing of it lies inside. */
ACCOUNT_HOT __u64 account__clip(const struct account_window *w, __u64 from, __u64 to)
{
	if (from < w->start)
		from = w->start;
	if (to > w->end)
		to = w->end;
	return to > from ? to - from : 0;
}

ACCOUNT_HOT void account__count(struct wire_hist *h, __u64 ns)
{
	__u32 bucket = hist__bucket(ns);

	h->total_ns += ns;
	h->count++;
	if (ns > h->max_ns)
		h->max_ns = ns;
	if (bucket < HIST_BUCKETS) /* always so; the verifier wants to see it */
		h->bucket[bucket]++;
}

/* Charges the time since the last event to the present state. Returns what was charged. */
ACCOUNT_HOT __u64 account__charge(const struct account_window *w, struct wire_thread *t, __u64 now)
{
	__u64 ns = account__clip(w, t->since, now);
	__u32 state = t->state;

	if (state < ST_COUNT)
		t->state_ns[state] += ns;
	t->since = now;
	return ns;
}

/* The clocks of two CPUs may differ by some µs: time never runs backwards for a thread. */
static inline __u64 account__forward(const struct wire_thread *t, __u64 now)
{
	return now > t->since ? now : t->since;
}

ACCOUNT_HOT void account__charge_cpu(struct wire_thread *t, __u64 ran)
{
	__u32 cpu = t->cpu;

	if (cpu < WIRE_MAX_CPUS)
		t->cpu_ns[cpu] += ran;
}

static inline struct wire_gil_use *account__use(struct wire_thread *t)
{
	return &t->uses[t->use & (WIRE_GIL_USES - 1)];
}

/*
 * Makes `gil` the one the thread deals with now. Returns 0 if it has used more GILs than are told
 * apart: it is then charged to the last one.
 */
static inline int account__select_gil(struct wire_thread *t, __u64 gil)
{
	__u32 i;

	t->gil = gil;
	for (i = 0; i < WIRE_GIL_USES; i++) {
		if (t->uses[i].gil == gil || !t->uses[i].gil) {
			t->uses[i].gil = gil;
			t->use = i;
			return 1;
		}
	}
	t->use = WIRE_GIL_USES - 1;
	return 0;
}

/*
 * The episode is over: it lasted from its first sleep until the thread last got a CPU, but for the
 * time in between that it ran without having timed out.
 */
ACCOUNT_PART int account__end_episode(const struct account_window *w, struct wire_thread *t)
{
	struct wire_episode *e;
	__u64 total, parts;

	if (!w || !t)
		return 0;
	e = &t->episode;
	total = account__clip(w, e->begin, e->end);
	parts = e->asleep_ns + e->runq_ns;
	total = total > e->ran_between ? total - e->ran_between : 0;
	if (total) {
		account__count(&t->gil_wait, total);
		t->episode_asleep_ns += e->asleep_ns;
		t->episode_runq_ns += e->runq_ns;
		t->episode_running_ns += total > parts ? total - parts : 0;
	}
	e->begin = 0;
	return 0;
}

static inline void account__begin_episode(struct wire_thread *t, __u64 gil, __u64 now, __u64 slept)
{
	struct wire_episode *e = &t->episode;

	e->gil = gil;
	e->begin = now;
	e->end = now;
	e->slept = slept;
	e->ran = 0;
	e->asleep_ns = 0;
	e->runq_ns = 0;
	e->ran_between = 0;
	e->awake = EPISODE_ASLEEP;
	e->timed_out = 0;
}

/* A thread with an open episode leaves its CPU: does the wait go on? */
static inline void account__leave_episode(const struct account_window *w, struct wire_thread *t,
					  __u64 now, const struct wire_leave *l)
{
	struct wire_episode *e = &t->episode;
	__u64 retry = e->timed_out ? ACCOUNT_RETRY_NS : ACCOUNT_RELOCK_NS;

	if (l->state == ST_RUNQ && l->gil) {
		e->awake = EPISODE_WOKEN; /* preempted inside the system call */
	} else if (l->state == ST_RUNQ && e->ran <= ACCOUNT_RETRY_NS) {
		e->awake = EPISODE_PREEMPTED; /* it has a CPU, but not for good */
	} else if (l->state == ST_GIL_WAIT && l->gil == e->gil && e->ran <= retry) {
		e->ran_between += e->timed_out ? 0 : e->ran;
		e->slept = now;
		e->ran = 0;
		e->awake = EPISODE_ASLEEP;
	} else {
		account__end_episode(w, t);
	}
}

ACCOUNT_PART int account__blocked(struct wire_thread *t, __u32 cause, __u64 ns)
{
	__u32 i;

	if (!t)
		return 0;
	for (i = 0; i < WIRE_BLOCK_CAUSES - 1; i++) {
		if (t->blocked[i].cause == cause || !t->blocked[i].count)
			break;
	}
	/* the last entry is for whatever did not fit */
	t->blocked[i].cause = i < WIRE_BLOCK_CAUSES - 1 ? cause : CAUSE_OTHER;
	t->blocked[i].ns += ns;
	t->blocked[i].count++;
	return 0;
}

/* A GIL's switch interval in ns; 0 us: not known. */
ACCOUNT_HOT __u64 account__interval(__u32 us)
{
	return (us ? us : ACCOUNT_DEFAULT_INTERVAL_US) * 1000ull;
}

/* Has a wait for a GIL of this switch interval that lasted `ns` ended by itself? */
ACCOUNT_HOT int account__has_timed_out(__u32 interval_us, __u64 ns)
{
	__u64 interval = account__interval(interval_us);

	return ns >= interval - (interval >> ACCOUNT_EARLY_SHIFT);
}

ACCOUNT_HOT void account__end_gil_sleep(struct wire_thread *t, __u64 now, __u64 ns)
{
	struct wire_gil_use *use = account__use(t);
	struct wire_episode *e = &t->episode;

	use->wait_ns += ns;
	use->waits++;
	e->asleep_ns += ns;
	e->awake = EPISODE_WOKEN;
	e->timed_out = !e->slept || account__has_timed_out(t->interval_us, now - e->slept);
}

/* The end of a sleep that has lasted `ns`, at `now`. */
ACCOUNT_HOT void account__end_sleep(struct wire_thread *t, __u64 now, __u64 ns)
{
	if (t->state == ST_GIL_WAIT)
		account__end_gil_sleep(t, now, ns);
	else if (t->state == ST_BLOCKED)
		account__blocked(t, t->cause, ns);
}

/* A thread is born, at `now`, in a known state. Nobody else can see its record yet. */
static inline void account__open(struct wire_thread *t, __u64 now, __u32 state)
{
	t->begin = now;
	t->since = now;
	t->left = now;
	t->state = state;
}

/*
 * A thread that was asleep when we first looked at it, since nobody knows when: everything but its
 * state, which must be set last and atomically, since it may wake meanwhile. All zeroes else.
 */
static inline void account__open_asleep(struct wire_thread *t, const struct wire_leave *l)
{
	t->cause = l->cause;
	t->holds = l->holds;
	if (l->gil)
		account__select_gil(t, l->gil);
	if (l->state == ST_GIL_WAIT)
		account__begin_episode(t, l->gil, 1, 0);
}

ACCOUNT_HOT void account__off(const struct account_window *w, struct wire_thread *t, __u64 now,
			      const struct wire_leave *l)
{
	__u64 ran = account__charge(w, t, now);

	account__charge_cpu(t, ran);
	if (l->held)
		t->run_held_ns += ran;
	if (now >= w->start) {
		t->voluntary += l->state != ST_RUNQ;
		t->involuntary += l->state == ST_RUNQ;
	}
	if (t->episode.begin) {
		t->episode.ran += ran;
		account__leave_episode(w, t, now, l);
	}
	if (l->state == ST_GIL_WAIT && !t->episode.begin)
		account__begin_episode(t, l->gil, now, now);
	t->state = l->state;
	t->cause = l->cause;
	t->holds = l->holds;
	t->left = now;
}

/* The thread is woken: from here it waits for a CPU. A wake-up of a runnable thread is no event. */
ACCOUNT_HOT void account__wake(const struct account_window *w, struct wire_thread *t, __u64 now)
{
	__u64 slept;

	if (t->state < ST_GIL_WAIT)
		return;
	now = account__forward(t, now);
	slept = account__charge(w, t, now);
	account__end_sleep(t, now, slept);
	t->state = ST_RUNQ;
}

/* The thread, off its CPU since it left one, gets CPU `cpu` at `now`. */
ACCOUNT_HOT void account__on(const struct account_window *w, struct wire_thread *t, __u64 now,
			     __u32 cpu)
{
	struct wire_episode *e = &t->episode;
	__u32 was = t->state;
	__u64 ns;

	if (was >= ST_GIL_WAIT) /* no wake-up is known: all of it was sleep */
		account__wake(w, t, now);
	ns = account__charge(w, t, now);
	if (was == ST_RUNQ && now >= w->start)
		account__count(&t->runq, ns);
	if (e->begin && e->awake) {
		e->runq_ns += e->awake == EPISODE_WOKEN ? ns : 0;
		e->end = now;
		e->ran = 0;
		e->awake = EPISODE_ASLEEP;
	}
	if (t->holds) {
		account__use(t)->held_offcpu_ns += account__clip(w, t->left, now);
		t->holds = 0;
	}
	if (t->cpu != cpu && t->cpu != ACCOUNT_NO_CPU && now >= w->start)
		t->migrations++;
	t->cpu = cpu;
	t->state = ST_RUN;
}

/*
 * Some switches are never told (measured: those away from the threads of one process, a virtual
 * machine's agent; the kernel's own trace lacks them, too). What the kernel has booked as CPU time
 * since the thread last left a CPU or got one repairs that: `booked` ns.
 */

/* The thread leaves its CPU at `now`, and nobody has told that it got it: when it must have got it. */
static inline __u64 account__got_cpu(const struct wire_thread *t, __u64 now, __u64 booked)
{
	return account__forward(t, now > booked ? now - booked : 0);
}

/* The thread, on a CPU, leaves it at `now`. */
ACCOUNT_HOT void account__leave(const struct account_window *w, struct wire_thread *t, __u64 now,
				const struct wire_leave *l)
{
	account__off(w, t, account__forward(t, now), l);
}

/* Does state ST_RUN of a thread that gets a CPU mean that we were not told how it left its last one? */
static inline int account__missed_leave(const struct wire_thread *t)
{
	return t->state == ST_RUN && t->since;
}

/* It must have left its CPU by `left`, which nobody has told. */
ACCOUNT_PART int account__make_up_leave(const struct account_window *w, struct wire_thread *t,
					__u64 left, const struct wire_leave *missed)
{
	if (!w || !t || !missed)
		return 0;
	account__off(w, t, left, missed);
	return 0;
}

/*
 * The thread gets CPU `cpu` at `now`. If it has slept, it was woken `queued` ns ago, unless
 * account__wake has been told. `missed` is how it must have left its CPU, if that was not told.
 */
ACCOUNT_HOT void account__run(const struct account_window *w, struct wire_thread *t, __u64 now,
			      __u64 booked, __u64 queued, __u32 cpu,
			      const struct wire_leave *missed)
{
	__u64 left;

	now = account__forward(t, now);
	if (account__missed_leave(t)) {
		left = t->since + booked;
		account__make_up_leave(w, t, left < now ? left : now, missed);
	}
	if (queued && queued < now)
		account__wake(w, t, now - queued);
	account__on(w, t, now, cpu);
}

/* The thread ends, or the window does: nothing may stay open. */
static inline void account__close(const struct account_window *w, struct wire_thread *t, __u64 now)
{
	__u32 was = t->state;
	__u64 ns;

	now = account__forward(t, now);
	ns = account__charge(w, t, now);
	if (was == ST_RUN)
		account__charge_cpu(t, ns);
	if (was >= ST_GIL_WAIT)
		account__end_sleep(t, now, ns);
	if (t->episode.begin) {
		if (was == ST_RUNQ && t->episode.awake == EPISODE_WOKEN)
			t->episode.runq_ns += ns;
		if (t->episode.awake)
			t->episode.end = now;
		account__end_episode(w, t);
	}
	if (was == ST_RUNQ && ns)
		account__count(&t->runq, ns);
	if (t->holds)
		account__use(t)->held_offcpu_ns += account__clip(w, t->left, now);
	t->holds = 0;
	if (t->begin < w->start) {
		t->begin = w->start;
		t->flags &= ~WT_BORN;
	}
	t->end = now < w->end ? now : w->end;
}

#endif
