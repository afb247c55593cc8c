// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cpu.bpf.h"
#include "events.bpf.h"
#include "python.bpf.h"
#include "stack.bpf.h"

#define STACK_NEW_CODES 16 /* told per walk: each takes some 3 µs, once */
#define STR_HEADER 80	   /* of the longest header and the first characters of a str object */

/*
 * A walk. It lies in a map, one per CPU since walks do not interrupt each other, and not on the stack:
 * there the verifier would follow every value that a counter in a loop can have.
 */
struct stack_walk {
	u64 frame;
	u64 hash;
	struct wire_frames f;
	u32 told;   /* code objects, */
	u32 untold; /* and those that user space still does not know */
	struct wire_stack_event e;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack_walk);
} stack_walks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wire_code_event);
} code_scratch SEC(".maps");

struct code_key {
	u64 key; /* of the process */
	u64 code;
};

/* What has been told. Whatever falls out is told again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, u8);
} stacks_told SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct code_key);
	__type(value, u64); /* what it is told by from another one at the same address */
} codes_told SEC(".maps");

/* Two rounds of a mixer (Murmur's), as an id: 2^64 of them, and some thousand stacks. */
static __always_inline u64 stack__mix(u64 h, u64 x)
{
	h = (h ^ x) * 0xff51afd7ed558ccdull;
	return h ^ (h >> 32);
}

static __always_inline u64 stack__u64(const u8 *bytes, u32 at)
{
	return *(const u64 *)(bytes + (at & 120));
}

static __always_inline struct stack_walk *stack__this(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stack_walks, &zero);
}

static long stack__step(u32 i, void *unused)
{
	struct stack_walk *w = stack__this();
	u8 bytes[128];
	u64 code, ip, shim, loop;
	u32 size;

	if (!w || !w->frame || i >= WIRE_STACK_FRAMES)
		return 1;
	size = w->f.frame_bytes;
	if (size > WIRE_FRAME_BYTES || bpf_probe_read_user(bytes, size, (void *)w->frame))
		return 1;
	barrier_var(i); /* the verifier has forgotten its bound by now, the compiler not */
	i &= WIRE_STACK_FRAMES - 1;
	code = stack__u64(bytes, w->f.code) & ~3ull; /* 3.14: a tagged pointer */
	ip = stack__u64(bytes, w->f.ip);
	if (w->f.ip_is_index)
		ip = (u32)ip;
	/* without a branch, which would double the paths at each frame */
	shim = (u64)(w->f.owner != WIRE_NO_OWNER) &
	       (u64)(bytes[w->f.owner & 127] >= w->f.shim_owner);
	loop = shim | (u64)(w->f.entry == WIRE_EVERY_FRAME) |
	       ((u64)(w->f.entry - 1u < 127) & bytes[w->f.entry & 127]);
	code = (code & (shim - 1)) | (loop & WIRE_LOOP);
	w->e.frames[i].code = code;
	w->e.frames[i].ip = ip & (shim - 1);
	w->hash = stack__mix(stack__mix(w->hash, code), ip & (shim - 1));
	w->frame = stack__u64(bytes, w->f.previous);
	w->e.frames_n = i + 1;
	return 0;
}

/* A str object as it lies in memory. Returns the bytes read. */
static __always_inline u32 code__read_str(const struct wire_frames *f, u8 *to, u64 object)
{
	u64 length, size;
	u32 state;

	if (!object || bpf_probe_read_user(to, STR_HEADER, (void *)object))
		return 0;
	length = *(u64 *)(to + (f->str_length & 56));
	state = *(u32 *)(to + (f->str_state & 60));
	if (length > WIRE_STR_BYTES)
		length = WIRE_STR_BYTES;
	size = f->str_compact + length * ((state >> (f->str_kind_shift & 31)) & 7);
	if (size > WIRE_STR_BYTES)
		size = WIRE_STR_BYTES;
	return bpf_probe_read_user(to, size, (void *)object) ? STR_HEADER : size;
}

static __always_inline u64 code__pointer(const struct wire_code_event *e, u32 at)
{
	return *(const u64 *)(e->object + (at & (WIRE_CODE_BYTES - 8)));
}

static __always_inline void code__read_table(const struct wire_frames *f, struct wire_code_event *e)
{
	u64 table = code__pointer(e, f->linetable), size = 0;

	e->table_len = 0;
	e->table_size = 0;
	if (!table || bpf_probe_read_user(&size, sizeof(size), (void *)(table + f->bytes_size)))
		return;
	e->table_size = size > 0xffffffff ? 0xffffffff : size;
	if (size > WIRE_TABLE_BYTES)
		size = WIRE_TABLE_BYTES;
	if (!bpf_probe_read_user(e->table, size, (void *)(table + f->bytes_data)))
		e->table_len = size;
}

#define CODE_TOLD 2

/* Returns whether user space knows the code object now, CODE_TOLD if since now. Global: see python.bpf.h. */
__noinline int code__tell(u64 key, u64 code, u32 tgid, const struct wire_frames *f)
{
	struct code_key known = { key, code };
	struct wire_code_event *e;
	u32 zero = 0, size;
	u64 print, *told;

	e = bpf_map_lookup_elem(&code_scratch, &zero);
	if (!e || !f)
		return false;
	size = f->code_bytes;
	if (size > WIRE_CODE_BYTES || bpf_probe_read_user(e->object, size, (void *)code))
		return true; /* it will not get better */
	print = stack__mix(code__pointer(e, f->name), code__pointer(e, f->linetable));
	told = bpf_map_lookup_elem(&codes_told, &known);
	if (told && *told == print)
		return true;
	e->h.type = EV_CODE;
	e->h.tgid = tgid;
	e->h.key = key;
	e->h.time = bpf_ktime_get_ns();
	e->code = code;
	e->filename_len = code__read_str(f, e->filename, code__pointer(e, f->filename));
	e->name_len = code__read_str(f, e->name, code__pointer(e, f->name));
	code__read_table(f, e);
	size = offsetof(struct wire_code_event, table) +
	       (e->table_len & (2 * WIRE_TABLE_BYTES - 1));
	if (size > sizeof(*e))
		return true;
	if (!events__send(e, size))
		return false;
	bpf_map_update_elem(&codes_told, &known, &print, BPF_ANY);
	return CODE_TOLD;
}

static long stack__tell_code(u32 i, void *unused)
{
	struct stack_walk *w = stack__this();
	u64 code;
	int known;

	if (!w || i >= WIRE_STACK_FRAMES || i >= w->e.frames_n)
		return 1;
	code = w->e.frames[i].code & ~WIRE_LOOP;
	if (!code)
		return 0;
	if (w->told >= STACK_NEW_CODES) {
		w->untold++;
		return 1;
	}
	known = code__tell(w->e.h.key, code, w->e.h.tgid, &w->f);
	w->told += known == CODE_TOLD;
	w->untold += !known;
	return 0;
}

static __always_inline void stack__tell(struct stack_walk *w)
{
	u8 one = 1;
	u32 size;

	if (bpf_map_lookup_elem(&stacks_told, &w->e.id))
		return;
	w->told = 0;
	w->untold = 0;
	w->e.h.type = EV_STACK;
	w->e.h.time = bpf_ktime_get_ns();
	w->e.cut = w->frame != 0;
	bpf_loop(WIRE_STACK_FRAMES, stack__tell_code, NULL, 0);
	size = offsetof(struct wire_stack_event, frames) +
	       (w->e.frames_n & (2 * WIRE_STACK_FRAMES - 1)) * sizeof(struct wire_frame);
	if (size <= sizeof(w->e) && events__send(&w->e, size) && !w->untold)
		bpf_map_update_elem(&stacks_told, &w->e.id, &one, BPF_ANY);
}

/* The newest frame of a thread. */
static __always_inline u64 stack__begin(const struct wire_frames *f, u64 tstate)
{
	u64 frame = 0;

	if (bpf_probe_read_user(&frame, sizeof(frame), (void *)(tstate + f->tstate_frame)))
		return 0;
	if (f->cframe_frame != WIRE_NO_CFRAME && frame &&
	    bpf_probe_read_user(&frame, sizeof(frame), (void *)(frame + f->cframe_frame)))
		return 0;
	return frame;
}

__noinline u64 stack__walk(struct wire_thread *t, u64 tstate)
{
	struct stack_walk *w = stack__this();
	struct wire_python *p;

	if (!t || !w || !tstate || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	p = python__find(t);
	if (!p || !p->frames.valid)
		return 0;
	w->f = p->frames;
	w->e.h.key = t->key;
	w->e.h.tgid = t->tgid;
	w->e.frames_n = 0;
	w->hash = stack__mix(t->key, t->tgid);
	w->frame = stack__begin(&w->f, tstate);
	bpf_loop(WIRE_STACK_FRAMES, stack__step, NULL, 0);
	if (!w->e.frames_n)
		return 0;
	w->e.id = w->hash | 1; /* never 0 */
	stack__tell(w);
	return w->e.id;
}
