// SPDX-License-Identifier: BSD-2-Clause
/* empty: keeps an empty program attached to sched_switch until SIGTERM. */
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "empty.skel.h"

int main(void)
{
	struct empty_bpf *b = empty_bpf__open_and_load();

	if (!b)
		err(1, "load");
	if (empty_bpf__attach(b))
		err(1, "attach");
	puts("ready");
	fflush(stdout);
	return pause();
}
