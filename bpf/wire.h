/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The contract between the kernel side and user space: every struct that crosses a map, an iterator
 * or the ring buffer. Fixed-width types only, sizes asserted, enums append-only. All times are
 * nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef GILPROF_WIRE_H
#define GILPROF_WIRE_H

#include "hist.h"
#include "types.h"

#define WIRE_COMM_LEN 16     /* TASK_COMM_LEN, include/linux/sched.h */
#define WIRE_ARGS_LEN 256    /* of a command line; the rest is cut */
#define WIRE_MAX_GILS 16     /* GILs of one process; further interpreters are counted as lost */
#define WIRE_GIL_USES 4      /* GILs that one thread can use and have told apart */
#define WIRE_BLOCK_CAUSES 6  /* causes of `blocked` told apart per thread; the rest is "other" */
#define WIRE_MAX_CPUS 256    /* CPUs whose share of a thread's time is told apart */
#define WIRE_SYSCALLS 512    /* system call numbers; x86_64 ends at 470 in Linux 6.18 */
#define WIRE_GIL_WORDS 56    /* 4-byte words of struct _gil_runtime_state: 208 bytes, 216 free-threaded */

/* Where a thread's time goes: design section 2, with io_wait split by class and run not yet split. */
enum wire_state {
	ST_UNSEEN = 0, /* traced, but nothing known of it yet */
	ST_RUN = 1,
	ST_RUNQ = 2,
	ST_GIL_WAIT = 3,
	ST_GIL_DROP = 4,
	ST_LOCK_WAIT = 5,
	ST_IO_FILE = 6,
	ST_IO_PIPE = 7,
	ST_IO_SOCKET = 8,
	ST_IO_POLL = 9,
	ST_SLEEP = 10,
	ST_CHILD_WAIT = 11,
	ST_BLOCKED = 12,
	ST_COUNT = 13,
};

/* What a thread asleep in a system call waits for, per system call number (user/syscalls.c). */
enum wire_syscall_class {
	SC_OTHER = 0,   /* blocked, named after the call */
	SC_FUTEX = 1,   /* the GIL or a lock, by the address in argument 0 */
	SC_IO_FD = 2,   /* file, pipe or socket, by the descriptor in argument 0 */
	SC_IO_FILE = 3,
	SC_IO_SOCKET = 4,
	SC_IO_POLL = 5,
	SC_POLL = 6,    /* poll, ppoll: argument 1 counts the descriptors; none of them is a sleep */
	SC_SELECT = 7,  /* select, pselect6: no set given is a sleep */
	SC_SLEEP = 8,
	SC_CHILD = 9,
	SC_CLONE = 10,  /* clone: child_wait if argument 0 has CLONE_VFORK */
	SC_RESTART = 11, /* restart_syscall has lost its number: the last state goes on */
	SC_LOCK = 12,   /* waits on futexes that are no GIL's */
	SC_COUNT = 13,
};

/* What a futex word inside the GIL is for, per libc (user/pyver.c has the tables and sources). */
enum wire_gil_word {
	GW_NONE = 0, /* not a word of the GIL's condition variables or mutexes: an ordinary lock */
	GW_WAIT = 1, /* the condition or the mutex: waits for the GIL */
	GW_DROP = 2, /* switch_cond, switch_mutex, the signaller's quiescence: gives the GIL away */
};

/* The layouts that enum wire_gil_word is known for. */
enum wire_libc {
	LIBC_UNKNOWN = 0,
	LIBC_GLIBC_2_25 = 1, /* glibc 2.25 to 2.40 */
	LIBC_GLIBC_2_41 = 2, /* glibc 2.41 and later: no g_refs any more */
	LIBC_MUSL = 3,       /* waits on a word of the waiter's own stack */
	LIBC_COUNT = 4,
};

/* Causes of `blocked` beside system call numbers. */
enum wire_cause {
	CAUSE_IA32 = 0x1000, /* + number: a 32-bit system call, which has numbers of its own */
	CAUSE_STOPPED = 0x2000,
	CAUSE_TRACED = 0x2001,
	CAUSE_PAGE_FAULT = 0x2002, /* D state outside a system call */
	CAUSE_KERNEL = 0x2003,     /* asleep outside a system call, not in D state */
	CAUSE_OTHER = 0x2004,      /* what did not fit WIRE_BLOCK_CAUSES */
	CAUSE_NONE = 0xffff,
};

/* Everything that can be lost, by cause. Each is a counter in the report. */
enum wire_lost {
	LOST_RING_FULL = 0,       /* an event found no room in the ring buffer */
	LOST_THREAD_STORAGE = 1,  /* no memory for a new thread's record: it is not accounted */
	LOST_PROCESS_MAP = 2,     /* no room to follow a process, or to copy its GIL at fork */
	LOST_GIL_READ = 3,        /* the GIL could not be read (page gone, thread exiting) */
	LOST_GIL_USES = 4,        /* a thread used more GILs than are told apart */
	LOST_CLOCK_BACKWARDS = 5, /* a negative interval between two CPUs, clamped to zero */
	LOST_RECURSION = 6,       /* the kernel skipped one of our programs (recursion_misses) */
	LOST_STACKS = 7,          /* user space had no room for a stack, a code object or a charge */
	LOST_NATIVE_ROOM = 8, /* callers or memory of a stack found less than half the ring free */
	LOST_UNWIND = 9,      /* a copied stack could not be unwound: its files, or no time */
	LOST_COUNT = 10,
};

/*
 * Where Python's frames are (CPython Include/internal/pycore_frame.h, Include/cpython/frameobject.h
 * before 3.11). Offsets in bytes.
 */
struct wire_frames {
	__u16 tstate_frame;  /* in PyThreadState: the newest frame, or the _PyCFrame that points to it */
	__u16 cframe_frame;  /* in _PyCFrame, 3.11 and 3.12: the newest frame; WIRE_NO_CFRAME else */
	__u16 frame_bytes;   /* read of each frame, at most WIRE_FRAME_BYTES */
	__u16 previous;	     /* in a frame: the one that called it, */
	__u16 code;	     /* its code object, */
	__u16 ip;	     /* the instruction: a pointer, or the int f_lasti before 3.11, */
	__u16 owner;	     /* who made it: a byte; WIRE_NO_OWNER: all frames are Python's */
	__u16 shim_owner;    /* from this owner on it is the interpreter's own, to be skipped */
	__u16 tlbc_index;    /* free-threaded 3.14: int, which copy of the bytecode; 0: none */
	__u16 ip_is_index;   /* ip is f_lasti */
	__u16 valid;	     /* 0: not known for this version: no Python stacks */
	__u16 code_bytes;    /* read of a code object, at most WIRE_CODE_BYTES */
	__u16 filename;	     /* in it: pointers to str, */
	__u16 name;	     /* co_qualname, before 3.11 co_name, */
	__u16 linetable;     /* and to bytes: co_linetable, before 3.10 co_lnotab */
	__u16 str_length;    /* in a str object, */
	__u16 str_state;
	__u16 str_kind_shift; /* of 3 bits in the state (bytes a character); compact and ascii follow them */
	__u16 str_ascii;     /* where the characters begin, if it is ASCII */
	__u16 str_compact;   /* and if it is not */
	__u16 bytes_size;    /* in a bytes object */
	__u16 bytes_data;
	__u16 entry; /* 3.11: a byte of a frame, 1 if an eval loop of C began with it; 0: none, */
	__u16 pad;   /* the shims tell; WIRE_EVERY_FRAME: each has a loop of its own */
};

#define WIRE_NO_CFRAME 0xffff
#define WIRE_EVERY_FRAME 0xffff
#define WIRE_NO_OWNER 0xffff
#define WIRE_FRAME_BYTES 112
#define WIRE_CODE_BYTES 256
#define WIRE_STR_BYTES 640    /* of an object with its characters: 10 kB names are cut */
#define WIRE_TABLE_BYTES 16384

_Static_assert(sizeof(struct wire_frames) == 48, "wire_frames has a hole");

/* How a process's GILs are found; user space fills it in, one entry per Python process. */
struct wire_python {
	__u64 key;       /* the process it holds for: start of its leader, PIDs are reused */
	__u32 execs;     /* and how many execs it had made: exec voids all addresses */
	__u32 gils;      /* entries of gil[] in use; 0 when the build has no GIL */
	__u32 thread_id; /* offset of PyThreadState.thread_id, the thread's fs base */
	__u32 libc;      /* enum wire_libc */
	__u32 parks;     /* 3.13 and later: may wait in _PyParkingLot_Park (bpf/lock.bpf.c) */
	__u32 pad;
	__u64 gil[WIRE_MAX_GILS]; /* addresses of `interval` in struct _gil_runtime_state */
	__s64 tss;      /* from a thread's fs base to its pointer to its PyThreadState (bpf/tss.bpf.h), */
	__u64 tss_seen; /* and how often it was found there: the kernel side finds it out */
	struct wire_frames frames;
	__u64 holder[WIRE_MAX_GILS]; /* fs base of the thread that held it when user space looked; 0: none */
};

/* A waiter timed out and looked, and slept on: after how long, and for how long it was queued and ran. */
struct wire_gap {
	__u32 asleep_ns;
	__u32 queued_ns;
	__u32 ran_ns;
};

#define WIRE_GAPS 5

/* One thread's dealings with one GIL. */
struct wire_gil_use {
	__u64 gil; /* address; 0 ends the list */
	__u64 held_offcpu_ns;
	__u64 wait_ns;      /* asleep, waiting for it */
	__u64 switch_first; /* gil->switch_number as this thread first and last saw it */
	__u64 switch_last;
	__u32 samples; /* taken while the thread held it */
	__u32 waits;   /* sleeps */
	__u32 seen;    /* switch_first and switch_last are valid */
	__u32 pad;
	__u32 wanted;  /* of the samples, while somebody waited for a GIL, */
	__u32 waiters; /* and how many did, summed up over those: asleep, or woken and not yet running */
};

enum wire_awake {
	EPISODE_ASLEEP = 0,    /* or on a CPU */
	EPISODE_WOKEN = 1,     /* in the run queue, the system call not yet left */
	EPISODE_PREEMPTED = 2, /* in the run queue again, before it could do anything */
};

/*
 * One wait for the GIL: from its first sleep until the thread runs again for good. take_gil sleeps
 * for one switch interval at a time (CPython Python/ceval_gil.c, take_gil), so a sleep that timed
 * out and is followed by another sleep on the same GIL is the same wait.
 */
struct wire_episode {
	__u64 gil;
	__u64 begin;       /* of the first sleep; 0: no episode */
	__u64 end;         /* when it last got a CPU back */
	__u64 slept;       /* begin of the latest sleep; 0 if that was before we looked */
	__u64 ran;         /* ns on a CPU since `end` */
	__u64 asleep_ns;   /* so far */
	__u64 runq_ns;
	__u64 ran_between; /* on a CPU between two sleeps of which the first did not time out */
	__u32 awake;       /* enum wire_awake: why it is off its CPU */
	__u32 timed_out;   /* the latest sleep lasted as long as the switch interval */
};

struct wire_blocked {
	__u64 ns;
	__u32 cause; /* enum wire_cause or a system call number; CAUSE_NONE ends the list */
	__u32 count;
};

/* Distribution of one kind of interval. */
struct wire_hist {
	__u64 total_ns;
	__u64 max_ns;
	__u64 count;
	__u32 bucket[HIST_BUCKETS];
};

/*
 * Head of struct _gil_runtime_state, the same in 3.8 to 3.15 (Include/internal/pycore_gil.h; in a
 * free-threaded build `enabled` comes before it, which user space has skipped). The fifth member is
 * cond, the sixth mutex. One read: it costs 116 ns whatever its size.
 */
struct wire_gil {
	__u64 interval; /* µs; 0: it could not be read */
	__u64 last_holder;
	__s32 locked;
	__u32 pad;
	__u64 switch_number;
};

/* Why and how a thread leaves its CPU. */
struct wire_leave {
	__u32 state; /* ST_RUNQ when preempted, else what it sleeps in */
	__u32 cause; /* of ST_BLOCKED */
	__u64 gil;   /* address of the GIL it waits for or gives away, else 0 */
	__u32 holds; /* it holds a GIL */
	__u32 held;  /* it holds one, or was the last to hold one */
	__u32 word;  /* ST_GIL_WAIT: the futex word's distance from the GIL */
	__u32 nr;    /* the system call it sleeps in; CAUSE_NONE else */
};

/*
 * Time in ST_LOCK_WAIT by lock: an entry of a hash map for each lock, waiter and owner. What finds no
 * room there is kept in the waiter's own record, so that nothing is lost (struct wire_lock).
 */
#define WIRE_LOCKS 16384

struct wire_lock_key {
	__u64 key;     /* of the process */
	__u64 address; /* of the lock; 0: not known */
	__u32 tid;     /* of the waiter */
	__u32 owner;   /* as the waiter fell asleep: a TID of the process's own namespace; 0: not known */
};

struct wire_lock_use {
	__u64 wait_ns;
	__u64 count; /* sleeps */
	__u32 tgid;
	__u32 pad;
};

/* The lock a thread waits for, or last waited for. */
struct wire_lock {
	__u64 told_ns; /* of state_ns[ST_LOCK_WAIT]: what is in the map, or in rest_ns */
	__u64 word;    /* the futex word it sleeps on, */
	__u64 address; /* and the lock that is for: the same, but for a parked thread */
	__u64 rest_ns; /* of locks that found no room */
	__u64 rest_count;
	__u64 shared_ns; /* of told_ns: on futexes that other processes can wait on, too */
	__u32 owner; /* as in struct wire_lock_key */
	__u32 shared; /* it is such a futex */
};

/* Who has brought a record to its end and sends it: only one of them may. */
enum wire_closed {
	CLOSED_NOT = 0,
	CLOSED_BY_END = 1, /* the thread's own */
	CLOSED_BY_ITERATOR = 2,
};

enum wire_thread_flags {
	WT_BORN = 1,       /* created inside the window */
	WT_EXITED = 2,     /* ended, at the latest while the window was being closed */
	WT_EXEC_BEGAN = 4, /* began when another thread of the process made exec and took the leader's TID */
	WT_TEST_SKIPS = 32, /* its present run is dropped (drop_every) */
	WT_ON_CPU_START = 8, /* was on a CPU when its record was opened, so */
	WT_ON_CPU_END = 16,  /* kernel_ns is off by up to a tick at that edge */
};

/*
 * One thread's account. It lives in task storage while the thread lives and is sent whole when the
 * thread ends or the window closes. What switches touch comes first, the more of them the earlier: where
 * threads change CPUs, each cache line that a switch writes to comes from the other one.
 */
struct wire_thread {
	__u32 flags; /* enum wire_thread_flags */

	/* what it does now */
	__u32 state;      /* enum wire_state */
	__u64 since; /* when `state` began */
	__u64 left;  /* when it last left a CPU, */
	__u64 booked;         /* its sum_exec_runtime now */
	__u64 booked_at_left; /* and when it last left a CPU or got one */
	__u64 queued_at_left; /* its sched_info.run_delay likewise */
	__u32 cpu;        /* it runs or last ran on */
	__u32 cause;      /* why blocked */

	/* scratch of a switch: values on the BPF stack would make the verifier follow each apart */
	struct wire_leave leave;
	__u32 holds;      /* 1: left its CPU while holding the GIL */
	__u32 asleep_state; /* of its last sleep in a system call, for restart_syscall */
	__u32 asleep_cause;
	__u32 python_gen;   /* generation of wire_python seen */
	__u32 gils;         /* how many its process has */
	__u32 use;          /* index in uses[] of `gil` */
	__u64 mm;           /* the memory that `gil` lies in: exec gives the process another one */

	/* totals */
	__u64 state_ns[ST_COUNT];
	__u64 run_held_ns; /* of ST_RUN: stretches that ended as holder or last holder of the GIL */
	__u64 voluntary;
	__u64 involuntary;

	/* its GIL */
	__u64 call_arg;      /* first argument of the system call it last slept in */
	__u64 gil;          /* the one it last used */
	__u64 tls;           /* its fs base, which PyThreadState.thread_id equals */
	__u64 own_tstate;   /* its PyThreadState, when it was last seen holding */
	struct wire_gil look; /* its GIL as this thread last saw it */
	__u64 other_tstate; /* a holder that was somebody else, */
	__u64 other_checked; /* and when that was checked, */
	__u64 other_id;      /* its thread_id */
	__u32 thread_id;    /* copies of wire_python */
	__u32 libc;
	__u32 interval_us;  /* the switch interval of `gil`, in µs */
	__u32 waits;         /* it is counted in blame_waiters */
	__u32 resolves;      /* its next leave tells what became of its wait */
	__u32 timed_out;     /* its last sleep for the GIL lasted for a switch interval */
	__u64 off_stack;     /* the stack it left its CPU with; 0: not walked */
	__u64 walked;        /* when its stack was last walked */

	struct {             /* when it was last seen to sleep without its GIL, */
		__u64 at;
		__u64 arg;   /* in this system call, */
		__u32 nr;
		__u32 held;  /* but to be the last that had held it */
	} released;

	struct wire_lock lock;
	__u64 migrations;
	struct wire_episode episode; /* open, or not yet known to be over */
	__u64 woken;         /* when it was woken, if that was not told; else 0 */
	__u64 ran_at;        /* when it last got a CPU, by the clock itself; 0: not told */
	__u64 slept_number;  /* switch_number of `gil` as it fell asleep for it */
	__u32 gaps_n;        /* in its sleep, that are not told yet */
	__u32 closed;       /* enum wire_closed */
	__u64 off_native; /* when the callers in machine code of off_stack were told of; 0: they were not */

	/* parts of all episodes of waiting for the GIL; gil_wait.total_ns is their sum */
	__u64 episode_asleep_ns;
	__u64 episode_runq_ns;
	__u64 episode_running_ns;
	struct wire_gil_use uses[WIRE_GIL_USES];

	__u64 key;   /* of its process: start of the leader, boot-time ns */
	__u32 tgid;
	__u32 tid;
	char comm[WIRE_COMM_LEN];
	__u32 execs;
	__u32 ns_tid; /* as the target itself knows it: in its own PID namespace */
	__u32 parks;  /* copy of wire_python */
	__u32 python_known; /* user space has told whether its process has a GIL */
	__u64 begin; /* of its existence inside the window */
	__u64 end;
	__u64 kernel_ns_begin; /* sum_exec_runtime of the task at both ends: the second source of law 4 */
	__u64 kernel_ns;
	__u64 samples;      /* cpu-clock samples taken on this thread */
	__u64 unknown_gil_samples; /* of those, before it was known whether its process has a GIL */
	struct wire_gap gaps[WIRE_GAPS];
	__u32 pad;
	struct wire_blocked blocked[WIRE_BLOCK_CAUSES];
	struct wire_hist gil_wait; /* episodes */
	struct wire_hist runq;
	__u64 cpu_ns[WIRE_MAX_CPUS]; /* last: only the possible CPUs' part of it travels */
};

_Static_assert(sizeof(struct wire_gil_use) == 64, "wire_gil_use has a hole");
_Static_assert(sizeof(struct wire_leave) == 32, "wire_leave has a hole");
_Static_assert(sizeof(struct wire_episode) == 72, "wire_episode has a hole");
_Static_assert(sizeof(struct wire_lock_key) == 24, "wire_lock_key has a hole");
_Static_assert(sizeof(struct wire_lock_use) == 24, "wire_lock_use has a hole");
_Static_assert(sizeof(struct wire_lock) == 56, "wire_lock has a hole");
_Static_assert(sizeof(struct wire_blocked) == 16, "wire_blocked has a hole");
_Static_assert(sizeof(struct wire_hist) == 24 + 4 * HIST_BUCKETS, "wire_hist has a hole");
_Static_assert(sizeof(struct wire_python) == 96 + 16 * WIRE_MAX_GILS, "wire_python has a hole");
_Static_assert(sizeof(struct wire_thread) % 8 == 0, "wire_thread has a hole at its end");

/* Events in the ring buffer; each begins with this. */
enum wire_event_type {
	EV_FORK = 1,   /* a process was born */
	EV_EXEC = 2,
	EV_EXIT = 3,   /* its last thread is leaving */
	EV_THREAD = 4, /* a thread ended: struct wire_thread_event */
	EV_CODE = 6,   /* struct wire_code_event */
	EV_STACK = 7,  /* struct wire_stack_event */
	EV_GIL = 8,    /* struct wire_gil_event */
	EV_SAMPLE = 9, /* struct wire_sample_event */
	EV_OFF = 10,   /* the same: the end of a time off the CPU */
	EV_CALLERS = 11, /* struct wire_callers_event */
	EV_MEMORY = 12,	 /* struct wire_memory_event */
	EV_SEEN = 5,   /* a process found by the task iterator, not in the ring */
};

struct wire_event {
	__u32 type;
	__u32 tgid;
	__u64 key;
	__u64 time;
};

struct wire_process_event {
	struct wire_event h;
	__u64 parent_key; /* EV_FORK; 0 if the parent is not traced */
	__u32 ppid;
	__s32 status;     /* EV_EXIT: as wait(2) gives it */
	__u32 execs;
	__u32 borrows_memory; /* its parent's, until it makes exec (vfork) */
	char comm[WIRE_COMM_LEN];
};

struct wire_exec_event { /* EV_EXEC */
	struct wire_process_event p;
	__u64 args_len;
	char args[WIRE_ARGS_LEN]; /* as in /proc/PID/cmdline */
};

#define WIRE_STACK_FRAMES 128

/*
 * In wire_frame.code: this frame is the oldest one that its activation of the interpreter's eval loop
 * runs, so where machine code is merged in, that activation stands for it and the newer ones up to it.
 */
#define WIRE_LOOP 1ull

/* A frame of the interpreter; code 0 (but for WIRE_LOOP) and ip 0: it was not one of Python's. */
struct wire_frame {
	__u64 code;
	__u64 ip; /* the instruction, as struct wire_frames says */
};

/* EV_STACK: the stack that others name by its id, the newest frame first. */
struct wire_stack_event {
	struct wire_event h;
	__u64 id;
	__u32 frames_n;
	__u32 cut; /* there were more */
	struct wire_frame frames[WIRE_STACK_FRAMES];
};

enum wire_gil_what {
	GIL_LEFT = 0, /* the thread left its CPU into `state`, having looked at the GIL */
	GIL_RAN = 1,  /* the thread got a CPU, having been in `state` */
};

/*
 * EV_GIL: a step of a thread of a process with a GIL that somebody waits for, or that the thread
 * keeps while it is off its CPU. From these user space makes the timeline of the GIL (user/timeline.h).
 */
struct wire_gil_event {
	struct wire_event h; /* its time: CLOCK_MONOTONIC */
	__u64 gil;	     /* address */
	__u64 tls;	     /* the thread's fs base */
	__u64 since;	     /* GIL_LEFT: when it got its CPU; GIL_RAN: when it was woken or preempted */
	__u64 woken;	     /* GIL_LEFT: that one's GIL_RAN was not told: it had been woken then; else 0 */
	__u64 confirmed;     /* GIL_LEFT: when somebody last saw of it what was told last; 0: nobody since */
	__u64 holder;	     /* thread_id of the last holder; 0: not seen */
	__u64 switch_number;
	__u64 stack;	     /* of the holder, walked now; 0: not walked */
	__u32 tid;
	__u32 what;	     /* enum wire_gil_what */
	__u16 state;	     /* enum wire_state */
	__u16 gils;	     /* how many its process has */
	__s32 locked;	     /* -1: not looked */
	__u32 holds;	     /* GIL_LEFT: it keeps the GIL; GIL_RAN: it kept it */
	__u32 word;	     /* of the GIL, that it waits on */
	__u32 nr;	     /* the system call that it sleeps in */
	__u32 interval_us;
	__u16 sparse;	     /* only every n-th slice of time is told of, a power of 2; those whose */
	__u16 slice_shift;   /* number, CLOCK_MONOTONIC ns shifted by this, n divides */
	__u32 asked;	     /* GIL_LEFT: take_gil has asked this holder, in this tenure, to drop it */
	__u32 gaps_n;	     /* in the sleep before this step, the first gap first */
	struct wire_gap gaps[WIRE_GAPS];
};

/* 8.4 ms: longer than a switch interval, or waits would be missed; down to 1 ms where they are short. */
#define WIRE_SLICE_SHIFT 23
#define WIRE_SHORT_SLICE_SHIFT 20

/* EV_SAMPLE, EV_OFF */
struct wire_sample_event {
	struct wire_event h;
	__u64 stack;	/* Python's; 0: not walked */
	__u64 ip;	/* EV_SAMPLE: the instruction in user space; EV_OFF: the thread's fs base */
	__u64 ns;	/* EV_OFF: how long */
	__u32 tid;
	__u32 state;	/* EV_OFF */
	__u32 holds;	/* EV_SAMPLE: it holds a GIL */
	__u32 nr;	/* EV_OFF: the system call */
	__u64 native; /* time of its EV_CALLERS or EV_MEMORY, which came before; 0: none */
};

/* How callers in machine code are told: --native. */
enum wire_native {
	NATIVE_LEAF = 0,  /* not at all: only where the thread is */
	NATIVE_FP = 1,	  /* by frame pointers, as far as there are any */
	NATIVE_DWARF = 2, /* by the unwind tables of the files, from a copy of the stack */
};

#define WIRE_CALLERS 127

/* EV_CALLERS: return addresses by the chain of frame pointers, the newest first, none of them checked. */
struct wire_callers_event {
	struct wire_event h;
	__u32 tid;
	__u32 n;
	__u32 ended; /* the chain ended as it should, with 0 */
	__u32 pad;
	__u64 ip[WIRE_CALLERS + 1]; /* the first is where the thread itself is */
};

#define WIRE_REGS 33 /* as DWARF numbers them; x86_64: 17, aarch64: 33, the PC last */
#define WIRE_MEMORY_BYTES 65536u

/* EV_MEMORY: the registers of a thread in user space and its stack, from the stack pointer up. */
struct wire_memory_event {
	struct wire_event h;
	__u32 tid;
	__u32 len; /* of the bytes that came */
	__u64 ip;  /* the same as in the registers */
	__u64 sp;
	__u64 regs[WIRE_REGS];
	__u8 bytes[WIRE_MEMORY_BYTES];
};

_Static_assert(sizeof(struct wire_sample_event) == 72, "wire_sample_event has a hole");
_Static_assert(sizeof(struct wire_callers_event) == 40 + 8 * (WIRE_CALLERS + 1),
	       "wire_callers_event has a hole");
_Static_assert(sizeof(struct wire_memory_event) == 48 + 8 * WIRE_REGS + WIRE_MEMORY_BYTES,
	       "wire_memory_event has a hole");

/* EV_CODE: a code object when it was first seen on a stack, its parts as they lie in memory. */
struct wire_code_event {
	struct wire_event h;
	__u64 code; /* its address */
	__u32 filename_len; /* of the bytes below; 0: could not be read */
	__u32 name_len;
	__u32 table_size; /* the whole line table's */
	__u32 table_len;  /* of the bytes that came */
	__u8 object[WIRE_CODE_BYTES];
	__u8 filename[WIRE_STR_BYTES]; /* str objects, header and characters */
	__u8 name[WIRE_STR_BYTES];
	__u8 table[WIRE_TABLE_BYTES]; /* the characters of the bytes object alone */
};

struct wire_thread_event {
	struct wire_event h;
	struct wire_thread thread; /* its cpu_ns cut after the possible CPUs */
};

/* See bpf/parts.h. They are used in turn, and never cleared. */
#define WIRE_PART_SHIFT 27
#define WIRE_PARTS 64
struct wire_parts {
	__u64 ns[WIRE_PARTS];     /* waited, in parts that a wait did not fill */
	__s64 filled[WIRE_PARTS]; /* waits that fill this part and all after it, less those that do no more */
};

/* Per CPU: whom its time went to. */
enum wire_cpu_for {
	FOR_TARGET = 0,
	FOR_OTHER = 1,
	FOR_IDLE = 2,
	FOR_COUNT = 3,
};

struct wire_cpu {
	__u64 ns[FOR_COUNT];
	__u64 since;     /* last change of class */
	__u64 clock_off; /* CLOCK_MONOTONIC minus the run queue's clock, */
	__u64 clock_synced; /* measured at this reading of the latter */
	__u32 on_cpu;    /* class + 1 of what runs on it; 0: no change of class was seen */
	__u32 pad0;
	__u64 lost[LOST_COUNT];
	__u64 target_switches; /* of threads of the target, either way */
	__u64 samples;
	/*
	 * What the run queue's clock has over its clock_task, which CPU time is booked by: interrupts and
	 * what the hypervisor stole. First and last seen in the window, plus 1; 0: not seen.
	 */
	__u64 lag_first;
	__u64 lag_last;
	__u64 walked; /* when a thread's own stack was last walked on it */
	__u64 copied; /* and when with its callers in machine code */
	__u64 pad1;    /* CPUs must not share cache lines */
	struct wire_parts waits; /* for CPUs and GILs, of threads that have got this CPU since */
};

_Static_assert(sizeof(struct wire_cpu) % 64 == 0, "CPUs must not share cache lines");

/* What the task iterator does with each thread, in this order over a session. */
enum wire_pass {
	PASS_SEED = 0,       /* open a record for threads that have none, see what they sleep in */
	PASS_MARK_BEGIN = 1, /* note the kernel's own count of CPU time */
	PASS_MARK_END = 2,
	PASS_CLOSE = 3,      /* bring the record to the window's end and write it out */
	PASS_LIST = 4,       /* at any time, tell of each process again: news may have been lost */
};

#endif
