// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel side is compiled as one unit, so that the compiler may inline across files: a call costs
 * up to 10 ns where the kernel's mitigations replace each return by a mispredicted one (Safe RET of
 * AMD Zen 1 to 4, arch/x86/lib/retpoline.S), and a switch made ten. So what each switch does is inlined,
 * and what few do, or what takes the verifier long, is called: that halved the cost of a switch of the target,
 * 200 to 110 ns.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define ACCOUNT_PART __noinline /* see account.h */
#include "cpu.bpf.c"
#include "thread.bpf.c"
#include "tss.bpf.c"
#include "python.bpf.c"
#include "sleep.bpf.c"
#include "events.bpf.c"
#include "stack.bpf.c"
#include "native.bpf.c"
#include "blame.bpf.c"
#include "lock.bpf.c"
#include "sched.bpf.c"
#include "sample.bpf.c"
#include "iter.bpf.c"

char LICENSE[] SEC("license") = "GPL";
