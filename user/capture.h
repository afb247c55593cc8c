/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture: all that the model needs to know of a window, and nothing else reaches it. A live run
 * writes one into memory and reports from it, `gilprof record` writes one into a file and `gilprof
 * report` reads it elsewhere, so both print the same bytes.
 *
 * The file is gzip (zlib checks its CRC-32s; two members, which gunzip joins) of JSON lines. The
 * first line is {"gilprof.capture":5,"info":{...}} with the members of struct capture_info; then
 * come {"process":{...}}, {"thread":{...}} and so on, one line each, and last
 * {"end":true,"lines":N}, without which a file is truncated. Readers skip lines and members they do
 * not know, but do without none that they know: who adds a member raises the version
 * (tests/unit/corpus_test.c), as who changes or removes one, and files of another are refused by it.
 *
 * All times are nanoseconds; all strings are valid UTF-8 (text__utf8 made them so).
 */
#ifndef GILPROF_CAPTURE_H
#define GILPROF_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"

/*
 * 1 knew nothing of cpu_mask and of long holds, 2 of host and of the most memory, 3 of shared memory, shared
 * locks and quotas, 4 nothing of how it was over time, and it had a cause of losses that there cannot be.
 */
#define CAPTURE_VERSION 5
#define CAPTURE_MAX_BYTES (256u << 20) /* of JSON in one file: stops a zip bomb */
#define CAPTURE_MAX_THREADS 262144u    /* rows of each kind accepted from a file */
#define CAPTURE_MAX_PROCESSES 65536u
#define CAPTURE_MAX_CPUS 16384u
#define CAPTURE_MAX_FRAMES 1048576u
#define CAPTURE_MAX_NODES 4194304u
#define CAPTURE_MAX_DEPTH 1024u /* nodes of one stack */
#define CAPTURE_MAX_BLAME 131072u
#define CAPTURE_MAX_SAMPLES 1048576u
#define CAPTURE_MAX_CASES 4096u
#define CAPTURE_MAX_LOCKS 131072u
#define CAPTURE_MAX_CGROUPS 4096u
#define CAPTURE_MAX_INTERVALS 65536u
#define CAPTURE_MAX_GILS 64u /* of one process */
#define CAPTURE_CPU_WORDS 64 /* 32 CPUs each: those beyond 2048 are left out */

struct capture_self {
	uint64_t cpu_ns;    /* of gilprof itself over the window */
	int64_t bpf_run_ns; /* in all BPF programs; -1: not measured */
	uint64_t bpf_run_count;
	uint64_t rss_peak_bytes;
	uint64_t attach_ns; /* from start of gilprof to window open */
};

/*
 * All processes together, when they had most memory of all looks at them (user/memory_peak.h).
 * Pages that processes share count once in the sum of their PSS, and again for each in that of their RSS.
 */
struct capture_memory_peak {
	uint64_t looks;		       /* in the window */
	uint64_t at_ns;		       /* since the window's start */
	uint64_t processes;	       /* that had memory then, */
	uint64_t pss_unknown;	       /* and of them, those whose RSS stands for their PSS */
	uint64_t rss_bytes, pss_bytes; /* sums */
};

struct capture_info {
	char *gilprof_version;
	char *start; /* ISO 8601 in UTC, of the window's start */
	uint64_t start_monotonic_ns;
	uint64_t duration_ns;
	char *mode;		/* "attach" or "command" */
	char *host;		/* its name; null: not known */
	char *target;		/* what the user named: "PID 42,43" or the command line */
	uint32_t state_hz;	/* samples per second and CPU that tell who holds the GIL */
	uint32_t stack_hz;	/* stack samples; 0: none taken */
	uint32_t cpus;		/* on-line at the start */
	bool complete;		/* the window closed in order and every record was read */
	bool children;		/* children were followed */
	int64_t command_status; /* wait status; -1: no command, or it outlived the window */
	uint64_t lost[LOST_COUNT];
	uint64_t steal_irq_ns; /* what /proc/stat gained in steal, irq and softirq, all CPUs */
	uint64_t tick_ns;      /* of the scheduler: how stale a running thread's kernel_ns can be */
	uint64_t threads_merged; /* thread rows that were merged into "other threads" rows */
	struct capture_memory_peak memory_peak;
	struct capture_self self;
};

struct capture_gil {
	int64_t interpreter; /* PyInterpreterState.id */
	uint64_t address;
	uint64_t switch_begin; /* gil->switch_number at both ends of the window (or of its life) */
	uint64_t switch_end;
	uint64_t judged_ns;    /* waits for it, by how long the hold was that they waited under: all, */
	uint64_t long_hold_ns; /* and those under one of more than four switch intervals */
};

/* More of a process's memory, as /proc/PID/smaps_rollup has it; all 0 if the PSS is not known. */
struct capture_memory {
	uint64_t shared_clean_bytes, shared_dirty_bytes; /* mapped by other processes, too */
	uint64_t private_clean_bytes, private_dirty_bytes;
	/* of the RSS and the PSS: memory of no file, which fork shares until it is written to */
	uint64_t anonymous_bytes, anonymous_pss_bytes;
	uint64_t swap_bytes;
};

struct capture_process {
	uint64_t key; /* start of its leader (boot-time ns): PIDs are reused */
	uint32_t pid;
	uint32_t ppid;
	char *comm;
	char *cmdline;	     /* arguments joined by blanks */
	int64_t exit_status; /* wait status; -1: still alive at the window's end */
	bool born;	     /* inside the window */
	/* its memory at the end, or when it was last seen before; 0: not known */
	uint64_t rss_bytes, pss_bytes;
	uint64_t memory_at_ns; /* since the window's start */
	struct capture_memory memory;
	uint64_t peak_rss_bytes; /* when all together had most; 0: not there then, or not known */
	uint64_t peak_pss_bytes; /* the same */
	uint32_t cpu_mask[CAPTURE_CPU_WORDS]; /* CPUs it may run on, a bit each; all 0: not known */
	uint64_t quota_millicpus; /* the tightest CPU quota of its cgroups, thousandths; 0: none */
	char *quota_cgroup;	  /* whose quota that is, which its members share; or null */
	bool is_python;
	char *python_version; /* "3.12.1" */
	char *python_build;   /* "static", "shared", with " free-threaded", " stripped" */
	char *gil_source;     /* "_Py_DebugOffsets", "table row 3.11", or null */
	char *gil_note;	      /* why there is no GIL split, one line, or null */
	size_t gils_n;
	struct capture_gil *gils;
};

struct capture_hist {
	uint64_t total_ns, max_ns, count;
	uint32_t bucket[HIST_BUCKETS]; /* bpf/hist.h */
};

struct capture_gil_use {
	uint64_t gil; /* address, within the process */
	uint64_t held_offcpu_ns;
	uint64_t wait_ns;
	uint64_t samples;
	uint64_t waits;
};

struct capture_blocked {
	char *cause; /* name of a system call, "stopped", "traced", "page_fault", ... */
	uint64_t ns;
	uint64_t count;
};

struct capture_thread {
	uint64_t key; /* of its process */
	uint32_t pid;
	uint32_t tid;	 /* 0: several threads merged, see `merged` */
	uint32_t merged; /* threads in this row; 1 normally */
	char *name;
	bool born, exited;
	uint64_t exists_ns;
	uint64_t state_ns[ST_COUNT];
	uint64_t lock_shared_ns; /* of ST_LOCK_WAIT: on futexes that processes share */
	uint64_t run_held_ns; /* of ST_RUN: stretches that ended as (last) holder of the GIL */
	uint64_t samples;
	uint64_t unknown_gil_samples;
	uint64_t kernel_ns;    /* CPU time by the kernel's own count (schedstat) over exists_ns */
	uint32_t edges_on_cpu; /* ends of exists_ns at which it ran: kernel_ns may be a tick off */
	uint64_t voluntary, involuntary, migrations;
	uint64_t episode_asleep_ns, episode_runq_ns, episode_running_ns;
	size_t uses_n;
	struct capture_gil_use uses[WIRE_GIL_USES];
	size_t blocked_n;
	struct capture_blocked blocked[WIRE_BLOCK_CAUSES + 1];
	struct capture_hist gil_wait;
	struct capture_hist runq;
	size_t cpus_n;	  /* entries of cpu_ns */
	uint64_t *cpu_ns; /* by CPU number */
};

/* A function of the target, or what stands for one; numbered from 1 in the order of their lines. */
struct capture_frame {
	char *name;
	char *file;    /* source file, or library of a native function; null: not known */
	uint32_t line; /* 0: not known */
	uint32_t kind; /* enum frame_kind, user/weights.h */
};

/* A stack is a node of a tree: a frame, and the node that called it. Numbered likewise. */
struct capture_node {
	uint32_t parent; /* an earlier node; 0: it is the root */
	uint32_t frame;
};

/* Who waited for whom: see struct blame_row, user/blame.h. */
struct capture_blame {
	uint64_t key, gil;
	uint32_t pid;
	uint32_t waiter_tid;
	uint32_t holder_tid; /* 0: not known */
	uint32_t kind;	     /* enum blame_kind, user/timeline.h */
	char *call;	     /* the system call the holder slept in, or null */
	uint64_t wait_ns, runq_ns, count, samples;
	uint32_t stack; /* node of the holder's innermost frame; 0: not known */
};

/* Where a thread was: on a CPU (state ST_RUN) by samples, off it by the stacks that were walked. */
struct capture_sample {
	uint64_t key;
	uint32_t pid, tid;
	uint32_t state; /* enum wire_state */
	char *call;	/* the system call it slept in, or null */
	uint64_t ns;	/* off its CPU */
	uint64_t count; /* samples, or sleeps walked */
	uint64_t held;	/* of the samples, while it held a GIL */
	uint32_t stack;
};

/* A long wait for a GIL, or (tid 0) a GIL kept for long. */
struct capture_case {
	uint64_t key, gil;
	uint32_t pid;
	uint32_t tid;	   /* of the waiter */
	uint64_t begin_ns; /* since the window's start */
	uint64_t ns;
	uint32_t holder_tid; /* who took most of it; 0: not known */
	uint32_t kind;
	char *call;
	uint32_t stack;	       /* of the holder, */
	uint32_t waiter_stack; /* and of the waiter */
};

/* Who waited for which lock: time in ST_LOCK_WAIT, all of it, by lock, waiter and owner. */
struct capture_lock {
	uint64_t key;
	uint32_t pid;
	uint32_t tid;	    /* of the waiter; 0: several */
	uint32_t owner_tid; /* as the waiter fell asleep; 0: not known */
	uint64_t address;   /* of the lock; 0: not known, or several that found no room */
	char *symbol;	    /* its name; null: not known, or none */
	uint64_t wait_ns;
	uint64_t count; /* sleeps */
};

struct capture_cpu {
	uint32_t cpu;
	uint64_t target_ns, other_ns, idle_ns, offline_ns;
};

/*
 * A part of the window, which they fill one after the other. Time of the target's threads: on CPUs, and with that
 * the time that they waited for CPUs and GILs.
 */
struct capture_interval {
	uint64_t ns;
	uint64_t ran_ns, wanted_ns;
};

/* A cgroup whose CPU quota the target's processes share, and what it did to them in the window. */
struct capture_cgroup {
	char *name; /* its path: as quota_cgroup of a process */
	uint64_t quota_millicpus;
	uint64_t from_ns;   /* since the window's start: it was not known before */
	uint64_t periods;   /* of the quota, in which its threads ran, */
	uint64_t throttled; /* and those in which it was used up */
	uint64_t throttled_ns; /* its threads were kept from running, summed over CPUs */
};

/* A capture read back, everything owned by it. */
struct capture {
	struct capture_info info;
	size_t processes_n, threads_n, cpus_n;
	struct capture_process *processes;
	struct capture_thread *threads;
	struct capture_cpu *cpus;
	size_t frames_n, nodes_n, blame_n, samples_n, cases_n, locks_n;
	struct capture_frame *frames;
	struct capture_node *nodes;
	struct capture_blame *blame;
	struct capture_sample *samples;
	struct capture_case *cases;
	struct capture_lock *locks;
	size_t cgroups_n;
	struct capture_cgroup *cgroups;
	size_t intervals_n; /* 0: those who wrote it did not look over time */
	struct capture_interval *intervals;
};

/*
 * Writing. The writer compresses into fd, which stays the caller's. Each call returns 0 or -errno;
 * after the first error all further calls return it, so that only __end need be checked. The info
 * line comes first in the file but is known last, so rows are kept compressed in memory until __end.
 */
struct capture_writer;

struct capture_writer *capture_writer__new(void); /* NULL and errno */
int capture_writer__process(struct capture_writer *w, const struct capture_process *p);
int capture_writer__thread(struct capture_writer *w, const struct capture_thread *t);
int capture_writer__cpu(struct capture_writer *w, const struct capture_cpu *c);
int capture_writer__frame(struct capture_writer *w, const struct capture_frame *f);
int capture_writer__node(struct capture_writer *w, const struct capture_node *n);
int capture_writer__blame(struct capture_writer *w, const struct capture_blame *b);
int capture_writer__sample(struct capture_writer *w, const struct capture_sample *s);
int capture_writer__case(struct capture_writer *w, const struct capture_case *c);
int capture_writer__lock(struct capture_writer *w, const struct capture_lock *l);
int capture_writer__cgroup(struct capture_writer *w, const struct capture_cgroup *g);
int capture_writer__interval(struct capture_writer *w, const struct capture_interval *i);
int capture_writer__end(struct capture_writer *w, const struct capture_info *info, int fd);
void capture_writer__free(struct capture_writer *w); /* NULL is fine */

/*
 * Reads a capture from fd (at its start). Returns NULL after writing into err what is wrong with the
 * file, as one line that goes behind its name: "is truncated", "is not a gilprof capture".
 */
struct capture *capture__read(int fd, char *err, size_t err_len);
void capture__free(struct capture *c); /* NULL is fine */

#endif
