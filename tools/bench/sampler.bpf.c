// SPDX-License-Identifier: GPL-2.0
/* A sample that looks at nothing: what remains is the timer's own cost. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("perf_event")
int bench_sample(void *ctx)
{
	return 0;
}
