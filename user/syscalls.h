/* SPDX-License-Identifier: BSD-2-Clause */
/* What system calls wait for, by number, and what they are called. */
#ifndef GILPROF_SYSCALLS_H
#define GILPROF_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"

/* Fill a table of enum wire_syscall_class for this machine's calls, and for 32-bit programs' on it. */
void syscalls__classes(uint8_t table[WIRE_SYSCALLS]);
void syscalls__classes_ia32(uint8_t table[WIRE_SYSCALLS]);

/* The name of a cause of `blocked` (enum wire_cause or a number) in buf; returns buf. */
const char *syscalls__cause(uint32_t cause, char *buf, size_t len);

#endif
