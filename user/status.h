/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit statuses (README, "Exit status"). */
#ifndef GILPROF_STATUS_H
#define GILPROF_STATUS_H

#include <errno.h>

enum status {
	STATUS_OK = 0,         /* the report was printed, also if the target has gone meanwhile */
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_PERMISSION = 3, /* or no kernel support */
	STATUS_NO_PROCESS = 4, /* also a zombie or a kernel thread: nothing of it can be profiled */
};

/* The status that an error, already told, ends in. */
static inline enum status status__of(int err)
{
	switch (err) {
	case 0:
		return STATUS_OK;
	case -EPERM:
	case -EACCES:
	case -ENOTSUP:
		return STATUS_PERMISSION;
	case -ESRCH:
		return STATUS_NO_PROCESS;
	default:
		return STATUS_FAILED;
	}
}

#endif
