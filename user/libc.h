/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which C library a process uses, as far as the layout of its condition variables goes. Called by
 * user/python.c.
 */
#ifndef GILPROF_LIBC_H
#define GILPROF_LIBC_H

#include <sys/types.h>

#include "../bpf/wire.h"
#include "maps.h"
#include "procmem.h"

/* By its name and version. */
enum wire_libc libc__find(pid_t pid, const struct maps *maps);

/*
 * glibc 2.41 changed the layout, and distributions may carry that change in older versions: looks
 * at the condition variables of a living GIL, and returns what they say, or libc if they say
 * nothing.
 */
enum wire_libc libc__check(const struct procmem *mem, uint64_t gil, enum wire_libc libc);

#endif
