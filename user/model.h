/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a capture means: how each thread's time is split (design section 2), what each GIL and each
 * process did, and whether the figures keep the laws of conservation. Pure: a capture goes in, facts
 * come out, and the reports (user/report.h) print them.
 *
 * Sums of hostile figures stop at MODEL_MAX instead of wrapping around.
 */
#ifndef GILPROF_MODEL_H
#define GILPROF_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"

#define MODEL_MAX INT64_MAX

struct model_thread {
	const struct capture_thread *row; /* several rows of one thread are added up in it */
	uint64_t run_gil_ns;		  /* of row->state_ns[ST_RUN]: holding a GIL, */
	uint64_t run_nogil_ns;		  /* and not */
	uint64_t io_ns;			  /* all classes */
	uint64_t gil_samples;
	uint64_t held_offcpu_ns;
	uint64_t held_ns; /* run_gil + held_offcpu */
	bool waited;	  /* for a GIL, at least 1 % of its existence */
};

struct model_gil {
	const struct capture_gil *gil; /* NULL: all those of images that exec has replaced */
	uint64_t held_ns;
	uint64_t held_offcpu_ns;
	uint64_t wait_ns;
	uint64_t waits;	   /* sleeps */
	uint64_t waiters;  /* threads */
	uint64_t switches; /* of the holder */
	double utilization;
};

struct model_process {
	const struct capture_process *process;
	size_t threads_n;	      /* rows */
	struct model_thread *threads; /* the busiest first, rows of several threads last */
	uint64_t existed;	      /* threads */
	size_t gils_n;
	struct model_gil *gils;
	uint64_t exists_ns; /* these are sums over the threads */
	uint64_t state_ns[ST_COUNT];
	uint64_t run_gil_ns, run_nogil_ns, io_ns, held_offcpu_ns;
	uint64_t locks_ns; /* of the rows of locks: all of ST_LOCK_WAIT */
	uint64_t shared_lock_ns; /* of that: for semaphores and other locks between processes */
	uint64_t lived_ns;	 /* in the window: as long as the thread that existed longest */
	uint64_t sleeps;	 /* of all threads: times they left their CPU of their own accord */
	uint64_t cpu_ns, kernel_cpu_ns, edges_on_cpu;
	uint64_t gil_unknown_ns;  /* on a CPU while a GIL may have existed that was not known */
	uint64_t switches;	  /* of threads on CPUs */
	double achieved;	  /* mean number of threads running, */
	double wanted;		  /* and of those that would have liked to */
	uint64_t waiters;	  /* threads that waited >= 1 % of their existence for a GIL, */
	double waiters_share;	  /* the share that each of them waited, on average, */
	uint64_t longest_wait_ns; /* and the longest episode of all threads */
};

/* One law: for each thing it is checked on, |figure - expected| must stay within a tolerance. */
struct model_law {
	uint64_t checked, broken;
	double worst;	      /* the largest deviation, in tolerances: up to 1 is kept */
	uint64_t error_ns;    /* the deviation there, */
	uint64_t expected_ns; /* of this, */
	uint32_t at;	      /* at this thread, CPU or process */
};

enum model_laws {
	LAW_THREAD = 0,	 /* law 1: states = existence */
	LAW_CPU = 1,	 /* law 2: target + other + idle + offline = window */
	LAW_GIL = 2,	 /* law 3: blame = waits for the GIL */
	LAW_PROCESS = 3, /* law 4: CPU time of the threads = the kernel's own count */
	LAW_LOCK = 4,	 /* law 5: waits by lock = waits for locks */
	LAW_COUNT = 5,
};

struct model {
	const struct capture *capture;
	size_t processes_n;
	struct model_process *processes; /* those that used or wanted most CPU first */
	struct model_law laws[LAW_COUNT];
	uint64_t cpu_target_ns, cpu_other_ns, cpu_idle_ns, cpu_offline_ns;
	uint64_t switches, samples;
};

/*
 * The facts of a capture, which must outlive them; its rows of the same thread are merged. NULL and
 * ENOMEM.
 */
struct model *model__new(struct capture *c);
void model__free(struct model *m); /* NULL is fine */

/* Whether so much was lost by this cause that figures of the report may be wrong. */
bool model__lost_matters(const struct model *m, enum wire_lost cause);
extern const char *const model_lost_names[]; /* LOST_COUNT of them */
extern const char *const model_law_names[LAW_COUNT];

/* part of whole, 0 if there is no whole */
double model__share(uint64_t part, uint64_t whole);

/* Inside the model: its parts, one file each. */
uint64_t model__sum(uint64_t a, uint64_t b);			  /* at most MODEL_MAX */
uint64_t model__scale(uint64_t v, uint64_t part, uint64_t whole); /* v * part / whole, at most v */
size_t model__merge(struct capture_thread **sorted, size_t n);	  /* rows of one thread: new n */
void model__split(struct model_process *p, struct model_thread *t); /* fills t, adds to p->gils */
void model__laws(struct model *m);

#endif
