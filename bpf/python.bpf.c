// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch.bpf.h"
#include "cpu.bpf.h"
#include "kernel.bpf.h"
#include "python.bpf.h"
#include "tss.bpf.h"

/* Purpose of each futex word of a GIL, per C library (user/pyver.c). */
const volatile u8 gil_words[LIBC_COUNT][WIRE_GIL_WORDS] = {};

/* Raised by user space whenever it changes an entry of `pythons`. */
u32 python_gen = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32); /* tgid */
	__type(value, struct wire_python);
} pythons SEC(".maps");

#define GIL_COND 32 /* musl: its waiters' list begins 8 bytes in, */
#define GIL_SWITCH_COND 120
#define MUSL_HEAD 8	/* pthread_cond_t._c_head, src/thread/pthread_cond_timedwait.c */
#define MUSL_BARRIER 20 /* struct waiter.barrier, the word that is waited on */

/*
 * Who a PyThreadState belongs to is asked again after this time: it may have been freed and its
 * memory used for another thread's.
 */
#define STRANGER_NS 1000000ull

static __always_inline struct wire_python *python__find(struct wire_thread *t)
{
	struct wire_python *p = bpf_map_lookup_elem(&pythons, &t->tgid);

	return p && p->key == t->key && p->execs == t->execs ? p : NULL;
}

__noinline int python__learn(struct wire_thread *t)
{
	struct wire_python *p;
	u32 i;

	if (!t)
		return 0;
	p = python__find(t);

	t->python_gen = python_gen;
	t->python_known = p != NULL;
	t->gils = p ? p->gils : 0;
	t->parks = p ? p->parks : 0;
	if (!t->gils)
		return 0;
	t->thread_id = p->thread_id;
	t->libc = p->libc;
	for (i = 0; i < WIRE_MAX_GILS && i < p->gils; i++) {
		if (p->gil[i] == t->gil)
			return 0;
	}
	if (!account__select_gil(t, p->gil[0]))
		cpu__lost(LOST_GIL_USES);
	t->own_tstate = 0;
	t->other_tstate = 0;
	return 0;
}

void python__fork(struct task_struct *parent, struct wire_thread *t, struct task_struct *child)
{
	struct wire_python *p = python__find(t), copy;
	u32 to = child->tgid;

	/* vfork: it must not be taken for its parent */
	if (!p || kernel__mm(parent) == kernel__mm(child))
		return;
	copy = *p;
	copy.key = kernel__walk(child)->group_leader->start_boottime;
	copy.execs = 0;
	if (bpf_map_update_elem(&pythons, &to, &copy, BPF_ANY))
		cpu__lost(LOST_PROCESS_MAP);
}

void python__forget(u32 tgid)
{
	bpf_map_delete_elem(&pythons, &tgid);
}

static __always_inline u32 python__word_of_libc(struct wire_thread *t, u64 gil, u64 uaddr)
{
	u64 word = (uaddr - gil) / 4;

	if (word >= WIRE_GIL_WORDS || t->libc >= LIBC_COUNT)
		return GW_NONE;
	return gil_words[t->libc][word];
}

/* musl sleeps on a word of the waiter's own stack, which the condition's list points to. */
static __always_inline u32 python__word_of_musl(u64 gil, u64 uaddr)
{
	u64 head = 0;

	bpf_probe_read_user(&head, sizeof(head), (void *)(gil + GIL_COND + MUSL_HEAD));
	if (head && head + MUSL_BARRIER == uaddr)
		return GW_WAIT;
	bpf_probe_read_user(&head, sizeof(head), (void *)(gil + GIL_SWITCH_COND + MUSL_HEAD));
	return head && head + MUSL_BARRIER == uaddr ? GW_DROP : GW_NONE;
}

/* What the word is in the GIL at `gil`. Global, as what is in the header: verified once. */
__noinline u32 python__word_of(struct wire_thread *t, u64 gil, u64 uaddr, u32 current)
{
	u32 word;

	if (!t)
		return GW_NONE;
	word = python__word_of_libc(t, gil, uaddr);
	return word || !current || t->libc != LIBC_MUSL ? word : python__word_of_musl(gil, uaddr);
}

__noinline u32 python__word(struct wire_thread *t, u64 uaddr, u64 *gil, u32 current)
{
	struct wire_python *p;
	u32 i, word;

	if (!t || !gil)
		return GW_NONE;
	*gil = t->gil;
	word = python__word_of(t, t->gil, uaddr, current);
	if (word || t->gils < 2)
		return word;
	p = python__find(t);
	for (i = 0; p && i < WIRE_MAX_GILS; i++) {
		if (i >= p->gils)
			break;
		*gil = p->gil[i];
		word = python__word_of(t, *gil, uaddr, current);
		if (word)
			return word;
	}
	return GW_NONE;
}

/* Is the PyThreadState the current thread's? Remembers the answer for strangers for a while. */
static __always_inline bool python__is_mine(struct wire_thread *t, u64 tls, u64 tstate, u64 now)
{
	u64 id = 0;

	if (tstate == t->other_tstate && now - t->other_checked < STRANGER_NS)
		return false;
	if (bpf_probe_read_user(&id, sizeof(id), (void *)(tstate + t->thread_id))) {
		cpu__lost(LOST_GIL_READ);
		return false;
	}
	t->other_id = id;
	if (id == tls) {
		t->own_tstate = tstate;
		return true;
	}
	if (t->own_tstate == tstate) /* freed, and now another's */
		t->own_tstate = 0;
	t->other_tstate = tstate;
	t->other_checked = now;
	return false;
}

static __always_inline void python__note_switches(struct wire_thread *t, const struct wire_gil *g)
{
	struct wire_gil_use *use = account__use(t);

	if (!use->seen)
		use->switch_first = g->switch_number;
	use->seen = 1;
	use->switch_last = g->switch_number;
	t->interval_us = g->interval;
}

/* As python__holds, of the GIL at `gil` alone. */
static __always_inline u32 python__look(struct wire_thread *t, u64 tls, u64 gil, u64 now,
					struct wire_gil *g)
{
	if (bpf_probe_read_user(g, sizeof(*g), (void *)gil)) {
		cpu__lost(LOST_GIL_READ);
		return 0;
	}
	if (g->locked > 0 && g->last_holder)
		return python__is_mine(t, tls, g->last_holder, now) ? 2 : 0;
	if (!g->last_holder || t->own_tstate)
		return g->last_holder && g->last_holder == t->own_tstate;
	return python__is_mine(t, tls, g->last_holder, now);
}

/* For a loop, in which it would be verified again and again. */
__noinline u32 python__look_once(struct wire_thread *t, u64 tls, u64 gil, u64 now,
				 struct wire_gil *g)
{
	return t && g ? python__look(t, tls, gil, now, g) : 0;
}

/* The GIL of the process that this PyThreadState holds becomes the thread's. */
static __always_inline u32 python__held_by(struct wire_thread *t, struct wire_python *p, u64 tstate)
{
	struct wire_gil g;
	u32 i;

	for (i = 0; i < WIRE_MAX_GILS; i++) {
		if (i >= p->gils)
			break;
		if (bpf_probe_read_user(&g, sizeof(g), (void *)p->gil[i]) || g.locked <= 0 ||
		    g.last_holder != tstate)
			continue;
		t->look = g;
		t->own_tstate = tstate;
		if (!account__select_gil(t, p->gil[i]))
			cpu__lost(LOST_GIL_USES);
		python__note_switches(t, &g);
		return 2;
	}
	return 0;
}

/*
 * In a process with several GILs thread_id can be somebody else's: in 3.12 the first PyThreadState of
 * an interpreter names the thread that created the interpreter, whichever runs it
 * (Modules/_xxsubinterpretersmodule.c, _run_in_interpreter). Each thread knows its own, though.
 */
static __noinline u32 python__holds_any(struct wire_thread *t, struct wire_python *p, u64 tls)
{
	u64 tstate = 0;

	if (bpf_probe_read_user(&tstate, sizeof(tstate), (void *)(tls + p->tss)))
		cpu__lost(LOST_GIL_READ);
	return tstate ? python__held_by(t, p, tstate) : 0;
}

__noinline int python__sample(struct wire_thread *t, u64 tls)
{
	struct wire_python *p;
	struct wire_gil g;
	u32 i;

	if (!t)
		return 0;
	p = python__find(t);
	if (!p || p->tss_seen >= TSS_CERTAIN)
		return 0;
	for (i = 0; i < WIRE_MAX_GILS; i++) {
		if (i >= p->gils)
			break;
		if (!bpf_probe_read_user(&g, sizeof(g), (void *)p->gil[i]) && g.locked > 0)
			tss__find(p, tls, g.last_holder);
	}
	return 0;
}

/* The process has several GILs and the thread does not hold the one it used last: another one? */
static __noinline u32 python__look_further(struct wire_thread *t, u64 tls, u64 now)
{
	struct wire_python *p = python__find(t);
	u64 before = t->gil;
	struct wire_gil g = {};
	u32 i;

	for (i = 0; p && i < WIRE_MAX_GILS; i++) {
		if (i >= p->gils)
			break;
		if (p->gil[i] == before)
			continue;
		if (python__look_once(t, tls, p->gil[i], now, &g) == 2) {
			t->look = g;
			if (!account__select_gil(t, p->gil[i]))
				cpu__lost(LOST_GIL_USES);
			python__note_switches(t, &g);
			return 2;
		}
	}
	return 0;
}

static __always_inline u32 python__holds_its(struct wire_thread *t, u64 tls, u64 now)
{
	struct wire_gil *g = &t->look;
	u32 holds;

	g->interval = 0;
	holds = python__look(t, tls, t->gil, now, g);
	if (g->interval)
		python__note_switches(t, g);
	return holds;
}

static __always_inline void python__look_at(struct wire_thread *t)
{
	t->look.interval = 0;
	if (bpf_probe_read_user(&t->look, sizeof(t->look), (void *)t->gil))
		cpu__lost(LOST_GIL_READ);
}

/* As python__holds, in a process with several GILs. */
__noinline u32 python__holds_one_of(struct wire_thread *t, u64 tls, u64 now)
{
	struct wire_python *p;
	u32 holds;

	if (!t)
		return 0;
	p = python__find(t);
	if (p && p->tss_seen >= TSS_CERTAIN) {
		holds = python__holds_any(t, p, tls);
		if (!holds) /* then of interest is the one that it used last, or waits for */
			python__look_at(t);
		return holds;
	}
	holds = python__holds_its(t, tls, now);
	return holds < 2 && python__look_further(t, tls, now) ? 2 : holds;
}

__noinline u32 python__holds(struct wire_thread *t, u64 tls, u64 now)
{
	if (!t)
		return 0;
	return t->gils > 1 ? python__holds_one_of(t, tls, now) : python__holds_its(t, tls, now);
}

__noinline u32 python__held_at_start(struct wire_thread *t, u64 tls)
{
	struct wire_python *p;
	u32 i;

	if (!t)
		return 0;
	p = python__find(t);
	if (t->gils > 1) /* see python__holds_any */
		return 0;
	for (i = 0; p && i < WIRE_MAX_GILS; i++) {
		if (i >= p->gils)
			break;
		if (p->holder[i] && p->holder[i] == tls)
			return account__select_gil(t, p->gil[i]);
	}
	return 0;
}
