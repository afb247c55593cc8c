// SPDX-License-Identifier: BSD-2-Clause
#include "reap.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

static pid_t late = -1; /* the last child that could not be reaped */

/*
 * A child that is stuck in a read of a hostile FUSE file cannot be killed while that file system keeps
 * the request: it is left to be reaped by a later call, or by init.
 */
void reap(pid_t child, bool done)
{
	kill(child, SIGKILL);
	while (done && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	while (late > 0 && waitpid(late, NULL, WNOHANG) != 0)
		late = -1;
	if (!done && waitpid(child, NULL, WNOHANG) == 0)
		late = child;
}
