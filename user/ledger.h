/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where waits are charged: each waiter has an account for each GIL, in it an entry for each deed of a
 * holder, and kind. A deed is numbered once, when a timeline first tells of it: with 64 waiters the same
 * one is then charged 63 times, so a charge must touch little memory and find it by a number. Beyond
 * half of BLAME_MAX_ROWS entries stacks are dropped, beyond all of them holders, never time.
 */
#ifndef GILPROF_LEDGER_H
#define GILPROF_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "blame.h"

struct ledger;
struct ledger_account;

/* Who waits. */
struct ledger_waiter {
	uint64_t key, gil; /* process and address */
	uint32_t pid, tid;
};

/* What a holder did, whatever it ran meanwhile. */
struct ledger_deed {
	uint64_t holder;     /* fs base; 0: nobody or not known */
	uint64_t stack;	     /* 0: not known */
	uint32_t holder_tid; /* 0: not known */
	uint32_t nr;	     /* of the system call it sleeps in */
};

struct ledger *ledger__new(void);    /* NULL and ENOMEM */
void ledger__free(struct ledger *l); /* NULL is fine */

/* Its account, the same one each time; it lives as long as the ledger. NULL: no memory. */
struct ledger_account *ledger__account(struct ledger *l, const struct ledger_waiter *w);

/* Its number, from 1; 0: no memory, and then nothing can be charged to it. */
uint32_t ledger__deed(struct ledger *l, const struct ledger_deed *d);

/* A part of a wait, asleep or in a run queue. 0, or -ENOMEM: it is not charged. */
int ledger__charge(struct ledger *l, struct ledger_account *a, uint32_t deed, enum blame_kind kind,
		   bool runq, uint64_t ns);

/*
 * Gives back what was charged though nobody held the lock: of each entry of kind BLAME_PYTHON and asleep, as
 * much as `free_ns` says of `ns` under this deed. It becomes a hand-off. 0, or -ENOMEM: not of all.
 */
int ledger__give_back(struct ledger *l,
		      uint64_t (*free_ns)(void *ctx, const struct ledger_waiter *w,
					  const struct ledger_deed *d, uint64_t ns),
		      void *ctx);

/* Tells of every entry, in no order; the first -errno of `row` ends it, and is returned. */
int ledger__each(const struct ledger *l, int (*row)(void *ctx, const struct blame_row *row),
		 void *ctx);

#endif
