/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callers in machine code of the current thread, told beside its stack of Python: return addresses, or
 * what user space needs to unwind it (--native). With --native=leaf nothing of it is called.
 */
#ifndef GILPROF_NATIVE_BPF_H
#define GILPROF_NATIVE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

extern const volatile u32 native_how; /* enum wire_native */

/*
 * Tells of the current thread t; `time` is what the event that it belongs to will call it by. Returns
 * that, or 0 if nothing was told. Global: see python.bpf.h.
 */
u64 native__tell(struct wire_thread *t, u64 time);

#endif
