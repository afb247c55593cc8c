/* SPDX-License-Identifier: BSD-2-Clause */
/* maps.c: which mappings count, whatever the text looks like, and opening what is mapped. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../user/maps.h"
#include "tap.h"

#define LINE(range, perms, offset, path) range " " perms " " offset " fe:01 1234    " path "\n"

static struct maps *parse(const char *exe, const char *text)
{
	struct maps *maps = calloc(1, sizeof(*maps));

	snprintf(maps->exe_path, sizeof(maps->exe_path), "%s", exe);
	maps__parse(maps, text, strlen(text));
	return maps;
}

static void a_shared_build(void)
{
	struct maps *maps = parse(
		"/opt/bin/python3.12",
		LINE("400000-401000", "r--p", "00000000", "/opt/bin/python3.12") LINE(
			"401000-402000", "r-xp", "00001000", "/opt/bin/python3.12")
			LINE("7f0000000000-7f0000100000", "r--p", "00000000",
			     "/opt/lib/libpython3.12.so.1.0") LINE("7f0000100000-7f0000300000",
								   "r-xp", "00100000",
								   "/opt/lib/libpython3.12.so.1.0")
				LINE("7f0000300000-7f0000400000", "r-xp", "00300000", "/opt/lib/libpython3.12.so.1.0") "7f0000500000-7f0000600000 rw-p 00000000 00:00 0 \n" LINE(
					"7f0001000000-7f0001100000", "r-xp", "00028000",
					"/lib/libc.so.6") "7ffc00000000-7ffc00020000 rw-p 00000000 00:00 0      [stack]\n");

	CHECK_INT(maps->exe.start, 0x401000);
	CHECK_INT(maps->exe.end, 0x402000);
	CHECK_INT(maps->exe.offset, 0x1000);
	CHECK_INT(maps->libraries, 1);
	CHECK_INT(maps->library[0].start, 0x7f0000100000);
	CHECK_INT(maps->library[0].offset, 0x100000);
	CHECK_STR(maps->library[0].path, "/opt/lib/libpython3.12.so.1.0");
	CHECK_INT(maps->libc.start, 0x7f0001000000);
	free(maps);
}

static void check_kind(const char *path, bool library, bool libc)
{
	char line[256];
	struct maps *maps;

	snprintf(line, sizeof(line), LINE("1000-2000", "r-xp", "0", "%s"), path);
	maps = parse("/bin/other", line);
	if ((maps->libraries == 1) != library || (maps->libc.start != 0) != libc)
		printf("# %s\n", path);
	CHECK((maps->libraries == 1) == library && (maps->libc.start != 0) == libc);
	free(maps);
}

static void names_that_count(void)
{
	TAP_CALL(check_kind("/usr/lib/libpython3.8.so.1.0", true, false));
	TAP_CALL(check_kind("/usr/lib/libpython3.8.so.1.0 (deleted)", true, false));
	TAP_CALL(check_kind("/usr/lib/libpypy3.9-c.so", true, false));
	TAP_CALL(check_kind("/usr/bin/python3.11", true, false)); /* as ld.so's argument */
	TAP_CALL(check_kind("/lib/libc-2.31.so", false, true));
	TAP_CALL(check_kind("/lib/ld-musl-x86_64.so.1", false, true));
	TAP_CALL(check_kind("/usr/lib/x86_64-linux-musl/libc.so", false, true));
	TAP_CALL(check_kind("/usr/lib/libpython3.8.a", false, false));
	TAP_CALL(check_kind("/usr/lib/python3.8/lib-dynload/_ssl.so", false, false));
	TAP_CALL(check_kind("/usr/lib/libcrypt.so.1", false, false));
	TAP_CALL(check_kind("[anon:x/libpython3.8.so]", false, false));
	TAP_CALL(check_kind("", false, false));
}

static void broken_lines_are_skipped(void)
{
	struct maps *maps = parse("/bin/x", "\n"
					    "-\n"
					    "1000-\n"
					    "1000-2000\n"
					    "1000-2000 r-x\n"
					    "zz-2000 r-xp 0 0:0 1 /bin/x\n"
					    "2000-1000 r-xp 0 0:0 1 /bin/x\n"
					    "1000-2000 r-xp 0 0:0 x /bin/x\n"
					    "1000000000000000000-2000 r-xp 0 0:0 1 /bin/x\n"
					    "1000-2000 r-xp 0 0:0 1\n"
					    "3000-4000 r-xp 0 0:0 1 /bin/x\n");

	CHECK_INT(maps->exe.start, 0x3000);
	free(maps);
}

/* The reader hands over what it has; half a line waits for the rest. */
static void lines_arrive_in_pieces(void)
{
	static const char text[] = LINE("1000-2000", "r--p", "0", "/bin/x")
		LINE("2000-3000", "r-xp", "0", "/bin/x");
	size_t line = strchr(text, '\n') + 1 - text, len = sizeof(text) - 1;

	for (size_t cut = 0; cut <= len; cut++) {
		struct maps *maps = parse("/bin/x", "");
		size_t done = maps__parse(maps, text, cut);

		CHECK_INT(done, cut == len ? len : cut >= line ? line : 0);
		maps__parse(maps, text + done, len - done);
		CHECK_INT(maps->exe.start, 0x2000);
		free(maps);
	}
}

static void long_paths_and_many_libraries(void)
{
	struct maps *maps = parse("/bin/x", "");
	char line[MAPS_PATH + 128];
	int head = snprintf(line, sizeof(line), "1000-2000 r-xp 0 0:0 1 /");

	memset(line + head, 'a', MAPS_PATH);
	snprintf(line + head + MAPS_PATH - 1, 64, "/libpython3.8.so\n");
	maps__parse(maps, line, strlen(line));
	CHECK_INT(maps->libraries, 0);
	for (int i = 0; i < 3 * MAPS_LIBRARIES; i++) {
		snprintf(line, sizeof(line), LINE("1000-2000", "r-xp", "0", "/l%d/libpython3.8.so"),
			 i);
		maps__parse(maps, line, strlen(line));
	}
	CHECK_INT(maps->libraries, MAPS_LIBRARIES);
	free(maps);
}

static void base_names(void)
{
	char name[8];

	maps__base_name("/a/b/c.so", name, sizeof(name));
	CHECK_STR(name, "c.so");
	maps__base_name("/a/b/c.so (deleted)", name, sizeof(name));
	CHECK_STR(name, "c.so");
	maps__base_name("plain", name, sizeof(name));
	CHECK_STR(name, "plain");
	maps__base_name("/a/too_long_a_name", name, sizeof(name));
	CHECK_STR(name, "too_lon");
	maps__base_name("/a/", name, sizeof(name));
	CHECK_STR(name, "");
	maps__base_name(" (deleted)", name, sizeof(name));
	CHECK_STR(name, " (delet");
}

static void reads_and_opens_its_own(void)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	struct stat opened, exe;
	int fd;

	CHECK_INT(maps__read(getpid(), maps), 0);
	CHECK(maps->exe.start != 0 && strstr(maps->exe.path, "maps_test"));
	fd = maps__open(getpid(), &maps->exe);
	CHECK(fd >= 0);
	CHECK(fstat(fd, &opened) == 0 && stat("/proc/self/exe", &exe) == 0);
	CHECK(opened.st_ino == exe.st_ino && opened.st_dev == exe.st_dev);
	close(fd);
	free(maps);
}

/* A target can put anything where a file was: nothing but a regular file is opened. */
static void opens_only_regular_files(void)
{
	struct maps_file file = { .start = 1, .end = 2 };
	char fifo[] = "/tmp/gilprof_maps_test_XXXXXX";

	snprintf(file.path, sizeof(file.path), "/dev/null");
	CHECK_INT(maps__open(getpid(), &file), -EINVAL);
	snprintf(file.path, sizeof(file.path), "/proc");
	CHECK_INT(maps__open(getpid(), &file), -EINVAL);
	snprintf(file.path, sizeof(file.path), "/proc/self/exe"); /* a link */
	CHECK_INT(maps__open(getpid(), &file), -EINVAL);
	snprintf(file.path, sizeof(file.path), "/nonexistent");
	CHECK_INT(maps__open(getpid(), &file), -ENOENT);
	CHECK(mkdtemp(fifo));
	snprintf(file.path, sizeof(file.path), "%s/fifo", fifo);
	CHECK(mkfifo(file.path, 0600) == 0);
	CHECK_INT(maps__open(getpid(), &file), -EINVAL);
	unlink(file.path);
	rmdir(fifo);
}

static void nobodys_maps(void)
{
	struct maps *maps = calloc(1, sizeof(*maps));

	CHECK_INT(maps__read(0x3ffffff, maps), -ESRCH);
	free(maps);
}

int main(void)
{
	TAP_RUN(a_shared_build);
	TAP_RUN(names_that_count);
	TAP_RUN(broken_lines_are_skipped);
	TAP_RUN(lines_arrive_in_pieces);
	TAP_RUN(long_paths_and_many_libraries);
	TAP_RUN(base_names);
	TAP_RUN(reads_and_opens_its_own);
	TAP_RUN(opens_only_regular_files);
	TAP_RUN(nobodys_maps);
	return TAP_DONE();
}
