/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that holds a process's CPython interpreter, a program or a library: where _PyRuntime is
 * and which version it is. Called by user/python.c.
 */
#ifndef GILPROF_BINARY_H
#define GILPROF_BINARY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "elf_file.h"
#include "maps.h"
#include "pyver.h"

struct binary {
	struct elf *elf;
	uint64_t runtime;     /* address of _PyRuntime in the process */
	uint64_t bias;	      /* from addresses in the file to those in the process */
	char name[256];	      /* of the file */
	bool shared;	      /* a library, not the program */
	struct pyver version; /* what the name says */
};

/*
 * 0, or -ENOENT: no CPython here; -EAGAIN: there will be one, once its library is loaded;
 * -ENOTSUP: an interpreter that is not supported, why not is in note.
 */
int binary__find(pid_t pid, const struct maps *maps, struct binary *binary, char *note,
		 size_t size);

/* Completes version from the file, for builds without _Py_DebugOffsets; hex is 0 if that fails. */
void binary__read_version(struct binary *binary);

/* The note that `what` is not supported, and -ENOTSUP. */
int binary__unsupported(const char *what, char *note, size_t size);

void binary__close(struct binary *binary);

#endif
