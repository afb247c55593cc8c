/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds out whether a process runs CPython, which, and where its GILs are, by reading its files and
 * its memory, never writing. Called by user/discover.c, in a child process of its own: the ELF files
 * and the memory belong to somebody who may be hostile.
 */
#ifndef GILPROF_PYTHON_H
#define GILPROF_PYTHON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/wire.h"
#include "pyver.h"

enum python_status {
	PYTHON_FOUND = 0,   /* everything below is valid, gils may be 0 on a free-threaded build */
	PYTHON_NOT = 1,	    /* no CPython mapped (perhaps not yet) */
	PYTHON_NOT_YET = 2, /* CPython, but its runtime is not up, or just changing: try again */
	PYTHON_NO_GIL = 3,  /* CPython, but its GIL cannot be told: `note` names the fact missing */
	PYTHON_GONE = 4,    /* the process has gone, or may not be read: `note` says which */
};

#define PYTHON_NO_SPLIT ": profiled without the GIL split" /* ends each note of PYTHON_NO_GIL */

struct python_gil {
	uint64_t address; /* of `interval`: in a free-threaded build 8 above the struct */
	uint64_t switch_number;
	int64_t interpreter; /* PyInterpreterState.id */
};

/* Fixed size and free of pointers: it travels through a pipe. */
struct python {
	enum python_status status;
	uint32_t hex;	  /* PY_VERSION_HEX; low 16 bits 0 if the patch level is unknown */
	char version[16]; /* "3.12.1", "3.8" if the patch level is unknown, "" if all is */
	char build[48];	  /* "static", "shared", + " stripped", " free-threaded", " debug" */
	char source[32];  /* "_Py_DebugOffsets", "table row 3.11" */
	char note[160];	  /* one line, for PYTHON_NO_GIL and PYTHON_GONE, else empty */
	bool free_threaded;
	uint32_t libc;	    /* enum wire_libc */
	uint32_t thread_id; /* offset of PyThreadState.thread_id */
	uint64_t runtime;   /* address of _PyRuntime */
	uint32_t interval_us;
	uint32_t gils_n;    /* at most WIRE_MAX_GILS; those that share one are counted once */
	uint32_t gils_lost; /* beyond that, or of another interpreter and making no sense */
	struct python_gil gils[WIRE_MAX_GILS]; /* by interpreter, the main one's first */
	struct pyver_layout layout;	       /* how they were found: for python__refresh only */
	struct pyver_frames frames; /* whatever the status; wire.valid 0: no Python stacks */
};

/*
 * Looks at process pid. Always fills all of *py; returns py->status.
 */
enum python_status python__discover(pid_t pid, struct python *py);

/*
 * Looks again for interpreters created or ended since: walks the list of interpreters of a process
 * that was PYTHON_FOUND, without opening its files. Returns as above; cheap enough for every 250 ms.
 * PYTHON_NOT_YET means that nothing is there where the runtime was (between two looks at a GIL
 * being made, the end of the interpreter, an exec): *py keeps its last GILs.
 */
enum python_status python__refresh(pid_t pid, struct python *py);

#endif
