/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process of the target: who it is, what is known of its interpreter, and its row of the capture.
 * Kept by user/tree.c, looked at by user/lookout.c.
 */
#ifndef GILPROF_PROCESS_H
#define GILPROF_PROCESS_H

#include "capture.h"
#include "hold_run.h"
#include "allowance.h"
#include "memory.h"
#include "python.h"

struct process_gil {
	uint64_t address;
	int64_t interpreter;
	uint64_t holder; /* fs base of the thread that held it at the latest look; 0: none */
	uint64_t switch_begin, switch_end; /* gil->switch_number, first and last seen */
	bool known; /* those two are */
	bool used;  /* by a thread */
	struct hold_totals waits;
};

struct memory_seen {
	uint64_t rss_bytes, pss_bytes; /* 0: none, or not known */
};

struct process {
	uint64_t key;           /* start of its leader, boot-time ns */
	uint32_t pid, ppid, execs;
	char *comm, *cmdline;   /* valid UTF-8; NULL: not known */
	uint64_t born;          /* when it was forked, CLOCK_MONOTONIC ns; 0: before us */
	bool ended;
	bool borrows_memory;    /* its parent's, until exec (vfork): the GIL in it is not its own */
	bool settled;           /* it has been decided whether it has a GIL */
	bool noted;             /* its native code has been, at least once */
	bool published;         /* and the kernel side has been told, of this process */
	bool refused;           /* it has had no room for it */
	int32_t status;         /* once ended, as wait(2) gives it */
	struct python python;   /* as last looked at; status PYTHON_NOT until then */
	uint64_t program_since; /* when its present program began, CLOCK_MONOTONIC ns; 0: before us */
	uint64_t next_look, wait; /* user/lookout.c */
	uint32_t stuck;		  /* looks that were not answered in time */
	struct allowance allowance;
	struct memory memory;
	struct memory_seen seen, peak; /* user/memory_peak.h */
	size_t gils_n;
	struct process_gil *gils; /* also those of programs that exec has replaced */
	struct capture_thread *merged; /* the threads that have no row of their own */
};

struct process *process__new(uint64_t key, uint32_t pid); /* NULL and errno */
void process__free(struct process *p);                    /* NULL is fine */

void process__set_comm(struct process *p, const char *comm);
/* as /proc/PID/cmdline has it, with NULs between the arguments */
void process__set_args(struct process *p, const char *args, size_t len);
/* Whatever it was, it is not that of its present program. */
void process__forget_args(struct process *p);

/* A forked child is what its parent is, at `now`. */
void process__inherit(struct process *p, const struct process *parent, uint64_t now);
/* exec, its `execs`th: of what was known of its interpreter nothing holds. */
void process__new_program(struct process *p, uint32_t execs, uint64_t now);

/* NULL if it has none there, resp. if there is no memory. */
struct process_gil *process__find_gil(struct process *p, uint64_t address);
struct process_gil *process__add_gil(struct process *p, uint64_t address, int64_t interpreter);
void process__note_switches(struct process_gil *g, uint64_t first, uint64_t last);

/* What a thread's record says of the process's GILs. */
void process__note_uses(struct process *p, const struct wire_thread *t);

/*
 * Writes its row, for a window that began at `start`; looks, if it lives and only if `dear`, which CPUs it may
 * use now (`seen`: see allowance__read). 0 or -errno.
 */
int process__write(struct process *p, struct capture_writer *w, uint64_t start, bool dear,
		   struct cgroups *seen);

#endif
