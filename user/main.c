/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "clock.h"
#include "deliver.h"
#include "diff.h"
#include "log.h"
#include "opts.h"
#include "privileges.h"
#include "profile.h"
#include "scale.h"
#include "status.h"

static enum status report(const struct opts *o, struct deliver *d)
{
	cleanup_close int fd = open(o->input, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	privileges__keep_for_report(o->outputs_n > 0); /* who knows who wrote it */
	if (fd >= 0)
		return deliver__write(d, fd);
	log__error("cannot read the capture: %s", strerror(errno));
	deliver__abandon(d);
	return STATUS_FAILED;
}

static enum status live(const struct opts *o, const struct caller *caller, uint64_t born,
			struct deliver *d)
{
	cleanup_close int fd = memfd_create("gilprof-capture", MFD_CLOEXEC);
	enum status status = STATUS_FAILED;

	if (fd < 0)
		log__error("no memory for the capture: %s", strerror(errno));
	else
		status = profile__run(o, caller, born, fd);
	if (status == STATUS_OK)
		return deliver__write(d, fd);
	deliver__abandon(d);
	return status;
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
	struct deliver deliver;
	struct caller caller;
	struct opts o;

	fill_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE,
		  "C.UTF-8"); /* names are UTF-8 and columns are counted; numbers stay C's */
	log__libbpf(0);
	if (argc > 1 && !strcmp(argv[1], "scale"))
		return scale__run(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "diff"))
		return diff__run(argc - 1, argv + 1);
	if (opts__parse(argc, argv, &o))
		return STATUS_USAGE;
	log__libbpf(o.verbose > 1);
	if (o.mode == OPTS_SCHEMA)
		return deliver__schema();
	if (caller__find(o.user, &caller))
		return STATUS_USAGE;
	if (deliver__open(&deliver, &o, &caller))
		return STATUS_FAILED;
	return o.mode == OPTS_REPORT ? report(&o, &deliver) : live(&o, &caller, born, &deliver);
}
