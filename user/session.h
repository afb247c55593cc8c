/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel side at work: loads and attaches the BPF programs, opens and closes the window, hands
 * on what they tell. The only file that knows the skeleton. The calls come in this order:
 *
 *   session__open -> session__add_root ... -> session__seed -> session__set_python ... ->
 *   session__seed -> session__start (or, for a command, its exec does) -> session__poll ... ->
 *   session__stop -> session__cpu ... -> session__free
 *
 * All return 0 or -errno; session__open has then said why.
 */
#ifndef GILPROF_SESSION_H
#define GILPROF_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/wire.h"

struct session_options {
	uint32_t state_hz;  /* samples per second and CPU that tell who holds the GIL */
	uint32_t stack_every; /* every n-th of them takes a stack; 0: none */
	enum wire_native native; /* how callers in machine code are told */
	bool children;      /* follow forks into new processes */
	uint32_t drop_every; /* tests only: lose every n-th run, 0 none, */
	uint32_t miss_every; /* and the beginning of every n-th */
};

/* Who hears of processes and threads. `args` is a command line as /proc/PID/cmdline has it. */
struct session_listener {
	void *ctx;
	void (*process)(void *ctx, const struct wire_process_event *e, const char *args,
			size_t args_len);
	void (*thread)(void *ctx, const struct wire_thread *t);
	/* at the end of the window, after all threads */
	void (*lock)(void *ctx, const struct wire_lock_key *k, const struct wire_lock_use *u);
	void (*explain)(void *ctx, const struct wire_event *h,
			size_t len); /* EV_CODE to EV_MEMORY */
};

struct session;

/* -EPERM/-EACCES: no permission; -ENOTSUP: the kernel lacks something that we need. */
int session__open(const struct session_options *o, const struct session_listener *l,
		  struct session **s);
void session__free(struct session *s);

/* A process to be traced. */
int session__add_root(struct session *s, pid_t tgid);

/* The window opens when this process, traced and alone in it, makes exec. */
void session__start_at_exec(struct session *s, pid_t tgid);

/* Opens a record for every thread of the target and tells of its processes; again, to use what was
 * learnt of their interpreters. */
int session__seed(struct session *s);

/* What is known of a process's GILs; p->gils == 0 says that it has none. */
int session__set_python(struct session *s, pid_t tgid, const struct wire_python *p);
/* The process, which began at `key`, has ended. */
void session__forget_python(struct session *s, pid_t tgid, uint64_t key);
/* Counts what user space has lost. */
void session__note_lost(struct session *s, enum wire_lost cause);

/* Tell of the GILs only every n-th slice of time from now on, n a power of two (struct wire_gil_event). */
void session__set_sparse(struct session *s, uint32_t n, uint32_t slice_shift);

/* Opens the window. */
int session__start(struct session *s);

/* When the window opened and closed, CLOCK_MONOTONIC ns; 0 if it has not. */
uint64_t session__start_ns(const struct session *s);
uint64_t session__end_ns(const struct session *s);

/* Tells of the target's processes again if news of one may have been lost since this was last called. */
int session__catch_up(struct session *s);

/* A descriptor that is readable while session__poll has work. */
int session__fd(const struct session *s);

/* Hands on some of what the kernel side has told. Returns 1 if there may be more, 0 if not, or -errno. */
int session__poll(struct session *s);

/* Closes the window and hands on every living thread's record. */
int session__stop(struct session *s);

uint32_t session__cpus(const struct session *s); /* possible ones */
/* CPU's time since the last change up to the window's end is included after session__stop. */
struct wire_cpu session__cpu(const struct session *s, uint32_t cpu);

/* What threads of the target have had since the window opened. */
struct session_work {
	uint64_t at;		 /* CLOCK_MONOTONIC ns: by then, */
	uint64_t ran_ns;	 /* on CPUs, summed over them */
	struct wire_parts waits; /* for CPUs and GILs, as far as they have ended */
};
/*
 * Read while CPUs write it: what one has just done may be missing, or there twice, until the next time.
 * After session__stop it is what they had by the window's end.
 */
void session__work(const struct session *s, struct session_work *work);

/* What all CPUs together lost to interrupts and to the hypervisor in the window, ns, to some 4 ms. */
uint64_t session__lag_ns(const struct session *s);
void session__lost(const struct session *s, uint64_t lost[LOST_COUNT]);

/* Run time of all our programs so far; counted only while the kernel's statistics are on. */
struct session_cost {
	uint64_t run_ns, runs;
};
struct session_cost session__cost(const struct session *s);

#endif
