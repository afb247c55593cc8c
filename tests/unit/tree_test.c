/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tree makes of news of processes, in the order they come, some of them lost. */
#include "tree.h"

#include <unistd.h>

#include "clock.h"
#include "fixture.h"
#include "tap.h"

#define KEY 7

static struct capture_writer *writer;
static struct tree *tree;
static struct capture *capture;

static void begin(void)
{
	writer = capture_writer__new();
	tree = tree__new(writer, NATIVE_LEAF);
}

static void end(void)
{
	capture__free(capture);
	capture = NULL;
	tree__free(tree);
	capture_writer__free(writer);
}

/* News of this very process, whose command line can be read. */
static void tell(enum wire_event_type type, uint32_t execs, uint64_t time, const char *args)
{
	struct session_listener l = tree__listener(tree);
	struct wire_process_event e = {
		.h = { .type = type, .tgid = (uint32_t)getpid(), .key = KEY, .time = time },
		.execs = execs,
		.comm = "test",
	};

	l.process(l.ctx, &e, args, args ? strlen(args) : 0);
}

/* What the tree has written comes back as a capture. */
static const struct capture_process *row(void)
{
	struct capture *info = fixture__new();
	char err[256];
	int fd = memfd_create("tree", MFD_CLOEXEC);

	if (!tree__finish(tree, 1, 2) && !capture_writer__end(writer, &info->info, fd) &&
	    lseek(fd, 0, SEEK_SET) == 0)
		capture = capture__read(fd, err, sizeof(err));
	close(fd);
	capture__free(info);
	return capture && capture->processes_n == 1 ? &capture->processes[0] : NULL;
}

/* Its ring events were lost: the iterator's count of execs tells that it is another program. */
static void exec_was_lost(void)
{
	uint64_t first;

	begin();
	tell(EV_EXEC, 1, NSEC_PER_SEC, "first");
	first = tree__tick(tree, 1);
	tell(EV_SEEN, 1, 2 * NSEC_PER_SEC, NULL);
	CHECK_INT(tree__tick(tree, 1), first);
	tell(EV_SEEN, 2, 3 * NSEC_PER_SEC, NULL);
	CHECK_INT(tree__tick(tree, 1), first + 2 * NSEC_PER_SEC);
	CHECK(row());
	CHECK(strcmp(capture->processes[0].cmdline, "first") != 0);
	end();
}

/* What lay in the ring when the iterator came by is older than what the iterator said. */
static void old_news(void)
{
	begin();
	tell(EV_SEEN, 1, 3 * NSEC_PER_SEC, NULL);
	tell(EV_FORK, 0, NSEC_PER_SEC, NULL);
	CHECK_INT(tree__tick(tree, 1) / NSEC_PER_SEC, 3);
	tell(EV_EXEC, 1, 2 * NSEC_PER_SEC, "second");
	CHECK_INT(tree__tick(tree, 1) / NSEC_PER_SEC, 2);
	tell(EV_EXEC, 0, NSEC_PER_SEC, "first");
	CHECK(row());
	CHECK_STR(capture->processes[0].cmdline, "second");
	CHECK(capture->processes[0].born);
	end();
}

/* Of its birth nothing was heard. */
static void fork_was_lost(void)
{
	begin();
	tell(EV_SEEN, 0, 3 * NSEC_PER_SEC, NULL);
	CHECK(row());
	CHECK_INT(capture->processes[0].pid, getpid());
	CHECK_STR(capture->processes[0].comm, "test");
	end();
}

int main(void)
{
	TAP_RUN(exec_was_lost);
	TAP_RUN(old_news);
	TAP_RUN(fork_was_lost);
	return TAP_DONE();
}
