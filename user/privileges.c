/* SPDX-License-Identifier: BSD-2-Clause */
#include "privileges.h"

#include <linux/capability.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/* libcap of Debian 12 knows all of these; they are in linux/capability.h since 5.9 */
static const cap_value_t looking[] = {
	CAP_SYS_PTRACE,         /* memory and files of others' processes */
	CAP_DAC_READ_SEARCH,
	CAP_CHECKPOINT_RESTORE, /* /proc/PID/map_files */
};

static const cap_value_t recording[] = {
	CAP_BPF,
	CAP_PERFMON,
	CAP_SYS_ADMIN,          /* the kernel's BPF statistics; BPF at all before 5.8 */
	CAP_SYS_PTRACE,
	CAP_DAC_READ_SEARCH,
	CAP_CHECKPOINT_RESTORE,
};

static const cap_value_t output = CAP_DAC_OVERRIDE; /* to rename in a directory of the caller's */

static void allow(cap_t to, cap_t have, cap_value_t value)
{
	cap_flag_value_t got = CAP_CLEAR;

	if (cap_get_flag(have, value, CAP_PERMITTED, &got) || got != CAP_SET)
		return;
	cap_set_flag(to, CAP_PERMITTED, 1, &value, CAP_SET);
	cap_set_flag(to, CAP_EFFECTIVE, 1, &value, CAP_SET);
}

static void keep(const cap_value_t *values, size_t n, bool outputs)
{
	cap_t have = cap_get_proc(), to = cap_init();

	if (have && to) {
		for (size_t i = 0; i < n; i++)
			allow(to, have, values[i]);
		if (outputs)
			allow(to, have, output);
		cap_set_proc(to);
	}
	cap_free(have);
	cap_free(to);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void privileges__keep_for_recording(bool outputs)
{
	keep(recording, sizeof(recording) / sizeof(recording[0]), outputs);
}

void privileges__keep_for_looking(void)
{
	keep(looking, sizeof(looking) / sizeof(looking[0]), false);
}

void privileges__keep_for_report(bool outputs)
{
	keep(NULL, 0, outputs);
}
