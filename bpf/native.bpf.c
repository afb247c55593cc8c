// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch.bpf.h"
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "native.bpf.h"

#define NATIVE_PAGE 4096u /* of the smallest size: no piece crosses into the next one */
#define NATIVE_PAGES (WIRE_MEMORY_BYTES / NATIVE_PAGE + 1)

const volatile u32 native_how = NATIVE_LEAF;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wire_callers_event);
} native_callers SEC(".maps");

/* One for each CPU, as user space sets it: an element of a per-CPU map may not be so large. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wire_memory_event);
} native_memory SEC(".maps");

struct native_link {
	u64 fp, ip;
};

static __always_inline struct wire_callers_event *native__callers(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&native_callers, &zero);
}

static __always_inline struct wire_memory_event *native__memory(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&native_memory, &cpu);
}

static __always_inline void native__head(struct wire_event *h, struct wire_thread *t, u32 type,
					 u64 time)
{
	h->type = type;
	h->tgid = t->tgid;
	h->key = t->key;
	h->time = time;
}

/* --- by frame pointers ------------------------------------------------------------------------ */

/* The stack grows downwards: a caller's frame is above its callee's. */
static long native__link(u32 unused, void *frame)
{
	struct wire_callers_event *e = native__callers();
	struct native_link link;
	u64 fp = *(u64 *)frame;
	u32 i;

	if (!e || e->n > WIRE_CALLERS)
		return 1;
	i = e->n;
	e->ended = !fp;
	if (!fp || fp & 7 || bpf_probe_read_user(&link, sizeof(link), (void *)fp) || !link.ip)
		return 1;
	e->ip[i & WIRE_CALLERS] = link.ip;
	e->n = i + 1;
	*(u64 *)frame = link.fp;
	if (!link.fp)
		e->ended = 1;
	return link.fp <= fp;
}

static __always_inline u64 native__tell_callers(struct wire_thread *t, u64 time)
{
	struct wire_callers_event *e = native__callers();
	struct task_struct *task = bpf_get_current_task_btf();
	u64 frame = arch__user_fp(task);
	u32 size;

	if (!e)
		return 0;
	native__head(&e->h, t, EV_CALLERS, time);
	e->tid = t->tid;
	e->ip[0] = arch__user_ip(task);
	e->ip[1] = arch__returns_to(task);
	e->n = e->ip[1] ? 2 : 1;
	e->ended = 0;
	e->pad = 0;
	if (frame >= arch__user_sp(task)) /* the same in a function that uses the red zone alone */
		bpf_loop(WIRE_CALLERS, native__link, &frame, 0);
	size = offsetof(struct wire_callers_event, ip) + (e->n & (2 * WIRE_CALLERS + 1)) * 8;
	if (size > sizeof(*e))
		return 0;
	return events__send_spare(e, size) ? time : 0;
}

/* --- a copy of the stack ---------------------------------------------------------------------- */

/* A page at a time, since a read that meets an absent one brings nothing at all. */
static long native__page(u32 i, void *unused)
{
	struct wire_memory_event *e = native__memory();
	u32 at, n;

	if (!e)
		return 1;
	at = e->len;
	n = NATIVE_PAGE - ((e->sp + at) & (NATIVE_PAGE - 1));
	if (at > WIRE_MEMORY_BYTES - NATIVE_PAGE || n > NATIVE_PAGE)
		return 1;
	if (bpf_probe_read_user(e->bytes + at, n, (void *)(e->sp + at)))
		return 1;
	e->len = at + n;
	return 0;
}

static __always_inline u64 native__tell_memory(struct wire_thread *t, u64 time)
{
	struct wire_memory_event *e = native__memory();
	struct task_struct *task = bpf_get_current_task_btf();
	u32 size;

	if (!e)
		return 0;
	native__head(&e->h, t, EV_MEMORY, time);
	e->tid = t->tid;
	e->ip = arch__user_ip(task);
	e->sp = arch__user_sp(task);
	arch__user_regs(task, e->regs);
	e->len = 0;
	bpf_loop(NATIVE_PAGES, native__page, NULL, 0);
	size = offsetof(struct wire_memory_event, bytes) + (e->len & (2 * WIRE_MEMORY_BYTES - 1));
	if (size > sizeof(*e))
		return 0;
	return events__send_spare(e, size) ? time : 0;
}

__noinline u64 native__tell(struct wire_thread *t, u64 time)
{
	if (!t || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	if (native_how == NATIVE_DWARF)
		return native__tell_memory(t, time);
	return native_how == NATIVE_FP ? native__tell_callers(t, time) : 0;
}
