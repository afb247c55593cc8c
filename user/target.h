/* SPDX-License-Identifier: BSD-2-Clause */
/* A process that the user has named. */
#ifndef GILPROF_TARGET_H
#define GILPROF_TARGET_H

#include <sys/types.h>

/*
 * Opens a pidfd for process pid, so that its end is seen and its PID cannot be taken by another one
 * unnoticed. Returns it, or -errno after having said why (-ESRCH: no such process, a zombie, a
 * kernel thread, or a thread's ID).
 */
int target__open(pid_t pid);

#endif
