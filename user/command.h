/* SPDX-License-Identifier: BSD-2-Clause */
/* The program behind "--": a child that waits at the door until it is told to go. */
#ifndef GILPROF_COMMAND_H
#define GILPROF_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "caller.h"

struct command {
	pid_t pid;
	int go;	  /* closed or written to: exec */
	int told; /* errno of an exec that failed comes through here */
};

struct command_streams {
	int in, out; /* what becomes its standard input and output */
};

/*
 * Forks; `mask` is the signal mask that the program starts with, `streams` may be NULL: it has ours. With
 * streams of its own it leads a session, and so a process group, of its own. 0 or -errno, said.
 */
int command__start(struct command *c, char **argv, const struct caller *caller,
		   const sigset_t *mask, const struct command_streams *streams);

/* Lets it exec. Returns 0 when it has, or -errno after having said why it could not. */
int command__go(struct command *c, const char *name);

/* Its status can still be asked for. */
bool command__has_ended(const struct command *c);

/* Its wait status, or -1 while it runs. */
int command__status(const struct command *c);

/* Before it was let go: ends it. */
void command__cancel(struct command *c);

#endif
