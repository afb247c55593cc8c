/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the functions of a file in a child process, which has no privileges but to read, and a time
 * limit: the file may be hostile, and on a file system that never answers.
 */
#ifndef GILPROF_SYMLOAD_H
#define GILPROF_SYMLOAD_H

#include "symtab.h"

enum symload_kind {
	SYMLOAD_ELF,
	SYMLOAD_PERF_MAP,
};

/*
 * The functions of the file that the O_PATH descriptor stands for and that was mapped as `path`; NULL
 * and errno, ETIMEDOUT if it took longer than timeout_ms.
 */
struct symtab *symload__run(enum symload_kind kind, int handle, const char *path, int timeout_ms);

#endif
