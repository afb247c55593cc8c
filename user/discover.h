/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks at processes from a child process, with a time limit: the files and the memory that are read
 * may belong to somebody who made them to crash a reader, or never to answer. The child serves until
 * it crashes, is late or is told to end, since a fork costs more than most looks.
 */
#ifndef GILPROF_DISCOVER_H
#define GILPROF_DISCOVER_H

#include "python.h"

#define DISCOVER_ARGS 1024

/* What was seen. Fixed size and free of pointers: it travels through a socket. */
struct sight {
	struct python python;
	uint64_t holder
		[WIRE_MAX_GILS]; /* fs base of the thread that holds each of its GILs; 0: none */
	uint64_t cpu_ns;	 /* that looking took */
	uint32_t args_len;	 /* discover__look only: the command line, as in /proc */
	char args[DISCOVER_ARGS];
};

/*
 * python__discover resp. python__refresh, of what is in s->python. Both return 0, -ETIMEDOUT, or
 * another -errno if there was no answer: s->python then is PYTHON_GONE, and its note says why.
 */
int discover__look(pid_t pid, uint64_t limit_ns, struct sight *s);
int discover__refresh(pid_t pid, uint64_t limit_ns, struct sight *s);

/* Ends the child, so that what it cost can be asked for. The next look begins another one. */
void discover__end(void);

#endif
