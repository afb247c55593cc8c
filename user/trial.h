/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of the user's program from exec to exit: how long it took, and the numbers that it printed. */
#ifndef GILPROF_TRIAL_H
#define GILPROF_TRIAL_H

#include <signal.h>
#include <stdint.h>

#include "caller.h"
#include "numbers.h"
#include "opts.h"

struct trial_options {
	const struct caller *caller;		 /* whom it runs as */
	const sigset_t *mask;			 /* the signal mask that it starts with */
	int signals;				 /* a signalfd; what comes there ends the run */
	const struct pattern *patterns[NUMBERS]; /* what it must print; NULL: not wanted */
	uint64_t limit_ns;			 /* it is sent SIGTERM then; 0: it ends by itself */
	bool show;				 /* pass on to stderr what it prints */
	/* to record it as well: */
	const struct opts *record;
	uint64_t warm_up_ns; /* the window opens so long after exec */
};

struct trial {
	uint64_t duration_ns;	/* from exec to exit */
	struct numbers numbers; /* of it only what is found and the values */
	const char *unrecorded; /* why the capture is not whole, a clause; NULL: it is */
};

/*
 * Runs it; `name` is what messages call it, `capture` what to record to, or -1. Returns 0; -EINTR, if a signal
 * came (it is ended then); -EPERM, if we may not record at all; or else -errno, having said why this run counts
 * for nothing: it could not be started or ended, it ended with another status than 0, or a wanted number was
 * not printed. A recording that fails says so and costs no run.
 */
int trial__run(const struct trial_options *o, char **argv, const char *name, int capture,
	       struct trial *t);

/* Takes a signal that has come, so that it is not pending any more. Returns which, or 0: none has. */
int trial__take_signal(const struct trial_options *o);

#endif
