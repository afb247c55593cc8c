// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests measure gilprof against: how long each thread of one process is inside take_gil
 * (uprobes on its entry and on its return instructions) and inside futex waits on the GIL's words
 * (system call entry to exit), and who holds the GIL when (what it signals in libc). It shares no code
 * and no idea with gilprof, which sees none of these.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "giloracle.h"

#define NR_FUTEX 202
#define FUTEX_COMMAND 0x7f
#define FUTEX_WAIT 0
#define FUTEX_WAIT_BITSET 9
#define GIL_SIZE 216
#define GIL_COND 32	    /* signalled by who has just given the GIL up (cpython.md section 3), */
#define GIL_SWITCH_COND 120 /* and by who has just taken it */

char LICENSE[] SEC("license") = "GPL";

const volatile int tgid = 0;
const volatile __u64 gils[ORACLE_GILS] = {};
const volatile __u8
	kinds[GIL_SIZE] = {}; /* of the futex word at this offset: enum oracle_kind, 0 = none */

const volatile int logs_holders = 0;

__u64 lost = 0;

struct thread {
	struct oracle_record take, futex, held; /* open if begin is set */
	__u64 left, woken; /* when it last left its CPU, when it was woken since */
};

static const struct thread new_thread;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 26);
} records SEC(".maps");

static struct thread *find(__u32 tid)
{
	return bpf_map_lookup_elem(&threads, &tid);
}

static struct thread *find_or_add(__u32 tid)
{
	struct thread *t = find(tid);

	if (t)
		return t;
	bpf_map_update_elem(&threads, &tid, &new_thread, BPF_NOEXIST);
	return find(tid);
}

static void log_record(const struct oracle_record *r)
{
	if (bpf_ringbuf_output(&records, (void *)r, sizeof(*r), BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&lost, 1);
}

static void log_sleep(const struct thread *t)
{
	struct oracle_record r = t->futex;

	if (!logs_holders || !r.begin || r.kind != ORACLE_FUTEX || t->woken <= t->left)
		return;
	r.kind = ORACLE_SLEEP;
	r.begin = t->left;
	r.end = t->woken;
	log_record(&r);
}

static void add_off_cpu(struct oracle_record *r, const struct thread *t, __u64 now)
{
	if (!r->begin)
		return;
	r->asleep += t->woken - t->left;
	r->runq += now - t->woken;
}

/* The thread is on a CPU again: since `now`, or for a while if its switch was not traced. */
static void settle(struct thread *t, __u64 now)
{
	if (!t->left)
		return;
	if (!t->woken)
		t->woken = now;
	add_off_cpu(&t->take, t, now);
	add_off_cpu(&t->futex, t, now);
	log_sleep(t);
	t->left = 0;
}

static void settle_late(struct thread *t, __u64 now)
{
	settle(t, t->woken ? t->woken : now);
}

static void close_interval(struct thread *t, struct oracle_record *r, __u64 now)
{
	if (!r->begin)
		return;
	settle_late(t, now);
	r->end = now;
	log_record(r);
	r->begin = 0;
}

SEC("uprobe")
int take_entered(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct thread *t;

	if ((int)(id >> 32) != tgid)
		return 0;
	t = find_or_add(id);
	if (!t)
		return 0;
	t->take = (struct oracle_record){ .tid = id, .kind = ORACLE_TAKE };
	t->left = 0;
	t->take.begin = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe")
int take_returned(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	struct thread *t = (int)(id >> 32) == tgid ? find(id) : 0;

	if (t)
		close_interval(t, &t->take, now);
	return 0;
}

static void note_holder(__u64 id, int gil, int has_taken)
{
	struct thread *t = find_or_add(id);
	struct oracle_record r = { .tid = id, .kind = ORACLE_HELD, .gil = gil };

	if (!t)
		return;
	r.end = bpf_ktime_get_ns();
	if (has_taken) {
		r.begin = r.end;
		t->held = r;
		return;
	}
	r.begin = t->held.begin;
	log_record(&r);
	t->held.begin = 0;
}

SEC("uprobe")
int cond_signalled(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), cond = ctx->di;

	if ((int)(id >> 32) != tgid)
		return 0;
	for (int i = 0; i < ORACLE_GILS; i++) {
		if (!gils[i])
			continue;
		if (cond == gils[i] + GIL_SWITCH_COND)
			note_holder(id, i, 1);
		else if (cond == gils[i] + GIL_COND)
			note_holder(id, i, 0);
	}
	return 0;
}

/* Which word of which GIL is it? Fills in the record; returns 0 if it is none of them. */
static int identify(struct oracle_record *r, __u64 uaddr)
{
	for (int i = 0; i < ORACLE_GILS; i++) {
		__u64 word = uaddr - gils[i];

		if (!gils[i] || word >= GIL_SIZE || !kinds[word])
			continue;
		r->kind = kinds[word];
		r->word = word;
		r->gil = i;
		return 1;
	}
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall_entered, struct pt_regs *regs, long nr)
{
	__u64 id, command = regs->si & FUTEX_COMMAND;
	struct oracle_record r = {};
	struct thread *t;

	if (nr != NR_FUTEX || (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET))
		return 0;
	id = bpf_get_current_pid_tgid();
	if ((int)(id >> 32) != tgid || !identify(&r, regs->di))
		return 0;
	t = find_or_add(id);
	if (!t)
		return 0;
	r.tid = id;
	t->left = 0;
	t->take.waits += r.kind == ORACLE_FUTEX;
	t->futex = r;
	t->futex.begin = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_left, struct pt_regs *regs, long ret)
{
	__u64 now = bpf_ktime_get_ns(), id;
	struct thread *t;

	if (regs->orig_ax != NR_FUTEX)
		return 0;
	id = bpf_get_current_pid_tgid();
	t = (int)(id >> 32) == tgid ? find(id) : 0;
	if (t)
		close_interval(t, &t->futex, now);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(thread_exits, struct task_struct *p)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 tid = p->pid;
	struct thread *t = p->tgid == tgid ? find(tid) : 0;

	if (!t)
		return 0;
	close_interval(t, &t->take, now);
	close_interval(t, &t->futex, now);
	close_interval(t, &t->held, now);
	bpf_map_delete_elem(&threads, &tid);
	return 0;
}

/* The rest, with --sched only: how much of an interval is asleep, and how much in the run queue. */

static struct thread *in_interval(struct task_struct *p)
{
	struct thread *t = p->tgid == tgid ? find(p->pid) : 0;

	return t && (t->futex.begin || t->take.begin) ? t : 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(cpu_switches, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now = bpf_ktime_get_ns();
	struct thread *t = in_interval(prev);

	if (t) {
		settle_late(t, now);
		t->left = now;
		t->woken = preempt || !prev->__state ? now : 0;
	}
	t = in_interval(next);
	if (t)
		settle(t, now);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(thread_woken, struct task_struct *p)
{
	struct thread *t = in_interval(p);

	if (t && t->left && !t->woken)
		t->woken = bpf_ktime_get_ns();
	return 0;
}
