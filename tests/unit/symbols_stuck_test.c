/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.c when the target serves the file system of its own libraries (FUSE) and no longer answers:
 * to note it waits for nothing, to ask for a name waits for two seconds, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../user/openat.h"
#include "../../user/symbols.h"
#include "tap.h"

#define KEY 1

/* --- a file system of one file, of which nothing may be cached --- */

struct reply {
	struct fuse_out_header header;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
	};
};

static struct fuse_attr attributes(uint64_t inode)
{
	return (struct fuse_attr){ .ino = inode,
				   .size = 4096,
				   .nlink = 1,
				   .mode = inode == 1 ? S_IFDIR | 0755 : S_IFREG | 0755 };
}

/* How long the reply is; 0: none that we know. */
static size_t answer(const struct fuse_in_header *in, struct reply *out)
{
	switch (in->opcode) {
	case FUSE_INIT:
		out->init.major = FUSE_KERNEL_VERSION;
		out->init.minor = 31;
		out->init.max_write = 4096;
		return sizeof(out->init);
	case FUSE_LOOKUP:
		out->entry.nodeid = 2;
		out->entry.attr = attributes(2);
		return sizeof(out->entry);
	case FUSE_GETATTR:
		out->attr.attr = attributes(in->nodeid);
		return sizeof(out->attr);
	case FUSE_OPEN:
		return sizeof(out->open);
	default:
		return 0;
	}
}

static void serve(int fd)
{
	static union {
		struct fuse_in_header header;
		char bytes[64 << 10];
	} in;

	while (read(fd, &in, sizeof(in)) > 0) {
		struct reply out;
		size_t len;

		memset(&out, 0, sizeof(out));
		len = answer(&in.header, &out);
		out.header.unique = in.header.unique;
		out.header.error = len ? 0 : -ENOSYS;
		out.header.len = (uint32_t)(sizeof(out.header) + len);
		if (in.header.opcode != FUSE_FORGET && in.header.opcode != FUSE_BATCH_FORGET)
			(void)!write(fd, &out, out.header.len);
	}
	_exit(0);
}

static char folder[] = "/tmp/gilprof_stuck_XXXXXX";
static char file[64];

/* The server's PID, or -1. Nobody else has the descriptor: with the server all requests end. */
static pid_t mount_it(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[80];
	pid_t server;

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("stuck", folder, "fuse", MS_NOSUID | MS_NODEV, options)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	server = fork();
	if (server == 0)
		serve(fd);
	close(fd);
	return server;
}

/* --- a process that has mapped it --- */

struct target {
	pid_t pid;
	uint64_t address;
};

static struct target start_target(void)
{
	struct target t = { .pid = -1 };
	int fds[2];

	if (pipe(fds))
		return t;
	t.pid = fork();
	if (t.pid == 0) {
		int fd = open(file, O_RDONLY);
		void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		uint64_t address = (uint64_t)(uintptr_t)at;

		if (at == MAP_FAILED || write(fds[1], &address, sizeof(address)) < 0)
			_exit(1);
		pause();
	}
	close(fds[1]);
	if (read(fds[0], &t.address, sizeof(t.address)) != sizeof(t.address))
		t.address = 0;
	close(fds[0]);
	return t;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

struct outcome {
	int noted, opened;
	bool found;
	struct symbols_place place;
	int64_t note_ms, open_ms, find_ms, again_ms;
};

static void measure(struct symbols *s, const struct target *t, struct outcome *o)
{
	int64_t start = now_ms();

	o->noted = symbols__note_process(s, KEY, t->pid);
	o->note_ms = now_ms() - start;
	start += o->note_ms;
	o->opened = openat__in_root(t->pid, file + 1);
	o->open_ms = now_ms() - start;
	if (o->opened >= 0)
		close(o->opened);
	start = now_ms();
	o->found = symbols__find(s, KEY, t->address + 8, &o->place);
	o->find_ms = now_ms() - start;
	start += o->find_ms;
	symbols__find(s, KEY, t->address + 16, &o->place);
	o->again_ms = now_ms() - start;
}

static void a_file_system_that_hangs(void)
{
	struct symbols *s = symbols__new();
	struct outcome o = { 0 };
	struct target target = { 0 };
	pid_t server;

	if (geteuid() != 0 || !mkdtemp(folder) || (server = mount_it()) < 0) {
		rmdir(folder);
		symbols__free(s);
		TAP_SKIP("FUSE cannot be mounted here");
	}
	snprintf(file, sizeof(file), "%s/f", folder);
	target = start_target();
	kill(server, SIGSTOP);
	if (target.address)
		measure(s, &target, &o);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	if (target.pid > 0) {
		kill(target.pid, SIGKILL);
		waitpid(target.pid, NULL, 0);
	}
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	CHECK(target.address != 0);
	CHECK_INT(o.noted, 0);
	printf("# noted in %d ms, opened by name in %d ms (%d), asked in %d and %d ms\n",
	       (int)o.note_ms, (int)o.open_ms, o.opened, (int)o.find_ms, (int)o.again_ms);
	CHECK(o.note_ms < 500 && o.open_ms < 500);
	CHECK(o.find_ms >= 1900 && o.find_ms < 6000 && o.again_ms < 500);
	CHECK(o.found && !o.place.function);
	CHECK_STR(o.place.object, "f");
	symbols__free(s);
}

int main(void)
{
	TAP_RUN(a_file_system_that_hangs);
	return TAP_DONE();
}
