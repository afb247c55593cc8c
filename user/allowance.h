/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many CPUs a process may use: its affinity, and the quotas of its cgroups (versions 1 and 2). What the
 * kernel says is read; of a target's own files, nothing.
 */
#ifndef GILPROF_ALLOWANCE_H
#define GILPROF_ALLOWANCE_H

#include <stdint.h>
#include <sys/types.h>

#include "capture.h"
#include "cgroups.h"

struct allowance {
	uint32_t cpus[CAPTURE_CPU_WORDS]; /* a bit for each that it may run on; all 0: not known */
	uint64_t quota_millicpus; /* the tightest of its cgroups', thousandths; 0: none known */
	char quota_cgroup[256];	  /* whose it is: its members share it. UTF-8, cut at its front */
};

/*
 * Asks for those of a process; what is not to be had stays "not known". All of its cgroups that have a quota
 * are noted in `seen`, if that is not NULL.
 */
void allowance__read(struct allowance *l, pid_t pid, struct cgroups *seen);

/*
 * The quota of a process whose /proc/PID/cgroup is `membership`, in the hierarchies mounted below `mount`
 * ("/sys/fs/cgroup"): the tightest one on the way from its cgroup to the root.
 */
void allowance__quota(struct allowance *l, const char *membership, const char *mount,
		      struct cgroups *seen);

#endif
