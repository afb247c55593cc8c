/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds where each thread keeps the pointer to its PyThreadState. Since 3.12, the first version with
 * a GIL per interpreter, that is a thread-local variable (Python/pystate.c, _Py_tss_tstate), NULL
 * while the thread is detached. Its distance from the thread pointer is the same in all threads if
 * the interpreter was there when the program started; no symbol need tell it: the holder of a GIL
 * has, somewhere in its block of thread-local variables, the address that the GIL calls last_holder.
 * Below that block may lie the thread's stack, with more of them: the uppermost is the variable.
 */
#ifndef GILPROF_TSS_BPF_H
#define GILPROF_TSS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

#define TSS_WORDS 128 /* searched below the thread pointer; x86_64: variant II of the TLS ABI */
#define TSS_CERTAIN 3 /* found in the same place so often, it is that place */

struct tss_block {
	u64 word[TSS_WORDS];
};

/* Looks for tstate in the variables of the current thread and notes in p where it was found. */
int tss__find(struct wire_python *p, u64 tls, u64 tstate);

#endif
