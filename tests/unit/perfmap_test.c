/* SPDX-License-Identifier: BSD-2-Clause */
/* perfmap.c: lines as JITs write them and as somebody hostile may; where the file is looked for. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../user/openat.h"
#include "../../user/perfmap.h"
#include "tap.h"

static struct symtab *parsed(const char *text, size_t len)
{
	struct symtab *t = symtab__new();

	perfmap__parse(text, len, t);
	symtab__finish(t);
	return t;
}

static const char *at(const struct symtab *t, uint64_t address)
{
	static char text[2048];
	struct symtab_place place;

	if (!symtab__find(t, address, &place))
		return "-";
	snprintf(text, sizeof(text), "%s+%llu", place.name, (unsigned long long)place.offset);
	return text;
}

static void lines_of_jits(void)
{
	static const char text[] = "7f0000001000 40 py::<module>:/srv/a b.py\n"
				   "0x7f0000002000 0x10 Builtin:Add\n"
				   "7f0000001000 20 again\n"
				   "7F0000003000 1 last, unfinished";
	struct symtab *t = parsed(text, sizeof(text) - 1);

	CHECK_INT(symtab__count(t), 3);
	CHECK_STR(at(t, 0x7f0000001001), "again+1");
	CHECK_STR(at(t, 0x7f0000001020), "py::<module>:/srv/a b.py+32");
	CHECK_STR(at(t, 0x7f000000200f), "Builtin:Add+15");
	CHECK_STR(at(t, 0x7f0000003000), "-");
	symtab__free(t);
}

static void junk(void)
{
	static const char *const lines[] = {
		"\n",
		" \n",
		"1000\n",
		"1000 \n",
		"1000 10\n",
		"1000 10 \n",
		"1000 0 empty\n",
		"xyz 10 name\n",
		"-1000 10 name\n",
		"00000000000001000 10 too many digits\n",
		"ffffffffffffffff 10 wraps round\n",
		"1000  10 two blanks\n",
		"0x 10 nothing\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct symtab *t = parsed(lines[i], strlen(lines[i]));

		if (symtab__count(t) != 0)
			TAP_FAIL("taken: %s", lines[i]);
		symtab__free(t);
	}
}

static void huge_lines_and_bad_bytes(void)
{
	size_t len = 4u << 20;
	char *text = malloc(len);
	struct symtab *t;

	memset(text, 'x', len);
	memcpy(text, "1000 10 a\xff\x1b\0b\n2000 10 ", 23);
	text[len - 1] = '\n';
	t = parsed(text, len);
	CHECK_STR(at(t, 0x1000), "a\\xff\x1b\\x00b+0");
	CHECK_INT(strlen(at(t, 0x2000)), SYMTAB_MAX_NAME + 2);
	symtab__free(t);
	free(text);
}

static void reads_a_file(void)
{
	struct symtab *t = symtab__new();
	int fd = memfd_create("perfmap_test", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, "1000 10 f\n", 10) == 10 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK_INT(perfmap__load(fd, t), 0);
	CHECK_STR(at(t, 0x100f), "f+15");
	symtab__free(t);
	close(fd);
}

static char map_path[64];

static int found(void)
{
	int fd = perfmap__find(getpid());

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void only_files_of_the_right_owner(void)
{
	unlink(map_path);
	CHECK_INT(found(), -ENOENT);
	close(open(map_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK_INT(found(), 0);
	if (geteuid() == 0 && chown(map_path, 65534, 65534) == 0)
		CHECK_INT(found(), -EPERM);
	unlink(map_path);
	CHECK(mkfifo(map_path, 0600) == 0);
	CHECK_INT(found(), -EINVAL);
	unlink(map_path);
	CHECK(symlink("/etc/passwd", map_path) == 0);
	CHECK_INT(found(), -EINVAL);
	unlink(map_path);
	CHECK(mkdir(map_path, 0700) == 0);
	CHECK_INT(found(), -EINVAL);
	rmdir(map_path);
}

/* In a container of its own, with PID 1 and another /tmp. */
static void contained(int ready)
{
	int fd;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL))
		_exit(1);
	fd = open("/tmp/perf-1.map", O_WRONLY | O_CREAT, 0600);
	if (getpid() != 1 || write(fd, "1000 10 inside\n", 15) != 15 || write(ready, "x", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static void start_container(int ready, int pid_to)
{
	pid_t child;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		_exit(1);
	child = fork();
	if (child == 0)
		contained(ready);
	_exit(write(pid_to, &child, sizeof(child)) == sizeof(child) ? 0 : 1);
}

static void in_namespaces_of_its_own(void)
{
	struct symtab *t = symtab__new();
	int ready[2], pids[2], handle, fd;
	pid_t helper, pid = 0;
	char c;

	if (geteuid() != 0) {
		symtab__free(t);
		TAP_SKIP("needs root");
	}
	CHECK(pipe(ready) == 0 && pipe(pids) == 0);
	helper = fork();
	if (helper == 0)
		start_container(ready[1], pids[1]);
	close(ready[1]);
	close(pids[1]);
	CHECK(read(pids[0], &pid, sizeof(pid)) == sizeof(pid) && read(ready[0], &c, 1) == 1);
	waitpid(helper, NULL, 0);
	handle = perfmap__find(pid);
	kill(pid, SIGKILL);
	fd = handle >= 0 ? openat__read(handle) : handle;
	CHECK(fd >= 0);
	CHECK_INT(perfmap__load(fd, t), 0);
	CHECK_STR(at(t, 0x1001), "inside+1");
	close(fd);
	close(handle);
	close(ready[0]);
	close(pids[0]);
	symtab__free(t);
}

int main(void)
{
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", (int)getpid());
	TAP_RUN(lines_of_jits);
	TAP_RUN(junk);
	TAP_RUN(huge_lines_and_bad_bytes);
	TAP_RUN(reads_a_file);
	TAP_RUN(only_files_of_the_right_owner);
	TAP_RUN(in_namespaces_of_its_own);
	return TAP_DONE();
}
