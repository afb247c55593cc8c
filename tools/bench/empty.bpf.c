// SPDX-License-Identifier: GPL-2.0
/* What no program on sched_switch can be cheaper than. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_switch")
int bench_empty(void *ctx)
{
	return 0;
}
