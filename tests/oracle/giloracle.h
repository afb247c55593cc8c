/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The log of the oracle, written by giloracle, read by clip.py and pairs.py: whole intervals, so that they can be
 * clipped to a window that is known only later. Include after vmlinux.h or <linux/types.h>.
 */
#ifndef GILORACLE_H
#define GILORACLE_H

#define ORACLE_GILS 8
#define ORACLE_OPEN (~0ull) /* the end of an interval that was open when the log ended */

enum oracle_kind {
	ORACLE_TAKE = 0,  /* inside take_gil */
	ORACLE_FUTEX = 1, /* in a futex wait for the GIL: its condition's g_signals, its mutex */
	ORACLE_DROP =
		2, /* in a futex wait while giving it away: g_refs, switch_cond, switch_mutex */
	/* with --signal only: */
	ORACLE_HELD =
		3, /* holding it: from taking it (begin 0: before we looked) to giving it up */
	ORACLE_SLEEP = 4, /* the part of ORACLE_FUTEX that it is asleep */
};

struct oracle_record {
	__u64 begin; /* CLOCK_MONOTONIC ns */
	__u64 end;
	__u64 asleep; /* the parts of a futex wait, with --sched only */
	__u64 runq;
	__u32 tid;
	__u32 waits; /* futex waits inside this call of take_gil */
	__u16 kind;
	__u16 word; /* futex word - GIL */
	__u32 gil;  /* index of the GIL in the order of --gil */
};

_Static_assert(sizeof(struct oracle_record) == 48, "clip.py reads 48 bytes");

#endif
