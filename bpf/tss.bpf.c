// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "tss.bpf.h"

/* One per CPU: samples do not interrupt each other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tss_block);
} tss_blocks SEC(".maps");

/* 1 if x is 0, without a branch: in a loop the verifier would follow every combination of them. */
static __always_inline u64 is_zero(u64 x)
{
	u64 minus_x = -x;

	asm volatile("" : "+r"(minus_x)); /* else the compiler sees through it and makes a branch */
	return 1 - ((x | minus_x) >> 63);
}

__noinline int tss__find(struct wire_python *p, u64 tls, u64 tstate)
{
	u32 zero = 0, i;
	struct tss_block *b = bpf_map_lookup_elem(&tss_blocks, &zero);
	u64 end = 0, equal;
	s64 tss;

	if (!p || !b || !tstate || bpf_probe_read_user(b, sizeof(*b), (void *)(tls - sizeof(*b))))
		return 0;
	for (i = 0; i < TSS_WORDS; i++) {
		equal = is_zero(b->word[i] ^ tstate);
		end = equal * (i + 1) + (1 - equal) * end;
	}
	if (!end)
		return 0;
	tss = (s64)(end - 1) * 8 - (s64)sizeof(*b);
	p->tss_seen = p->tss == tss ? p->tss_seen + 1 : 1;
	p->tss = tss;
	return 0;
}
