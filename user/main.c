/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>

#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "deliver.h"
#include "log.h"
#include "opts.h"
#include "profile.h"
#include "schema.h"
#include "status.h"

static enum status report(const struct opts *o, const struct caller *caller)
{
	cleanup_close int fd = open(o->input, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		return deliver__report(o, caller, fd);
	log__error("cannot read the capture: %s", strerror(errno));
	return STATUS_FAILED;
}

static enum status live(const struct opts *o, const struct caller *caller, uint64_t born)
{
	cleanup_close int fd = memfd_create("gilprof-capture", MFD_CLOEXEC);
	struct output *output = NULL;
	enum status status;

	if (fd < 0) {
		log__error("no memory for the capture: %s", strerror(errno));
		return STATUS_FAILED;
	}
	/* an output that cannot be written is better known before an hour of recording */
	if (o->output && output__open(o->output, caller, &output))
		return STATUS_FAILED;
	status = profile__run(o, caller, born, fd);
	if (status != STATUS_OK) {
		output__abandon(output);
		return status;
	}
	return deliver__capture(o, fd, output);
}

/* A standard stream that came closed would be the next file opened, and get what is meant for it. */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* so that writing to it fails, as it should */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	uint64_t born = clock__now();
	struct caller caller;
	struct opts o;

	fill_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "C.UTF-8"); /* names are UTF-8 and columns are counted; numbers stay C's */
	log__libbpf(0);
	if (opts__parse(argc, argv, &o))
		return STATUS_USAGE;
	log__libbpf(o.verbose > 1);
	if (o.mode == OPTS_SCHEMA)
		return deliver__schema();
	if (caller__find(o.user, &caller))
		return STATUS_USAGE;
	return o.mode == OPTS_REPORT ? report(&o, &caller) : live(&o, &caller, born);
}
