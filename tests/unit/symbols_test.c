/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c: this very process and its children, whose functions the test knows by other means. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../user/symbols.h"
#include "tap.h"

#define KEY 4711
#define ADDRESS(function) ((uint64_t)(uintptr_t)(function))

int exported_function(int x);

__attribute__((noinline)) int exported_function(int x)
{
	return x * 3 + getpid();
}

__attribute__((noinline)) static int static_function(int x)
{
	return x * 5 + getpid();
}

static struct symbols *noted_self(void)
{
	struct symbols *s = symbols__new();

	if (s)
		symbols__note_process(s, KEY, getpid());
	return s;
}

static void own_functions(void)
{
	struct symbols *s = noted_self();
	struct symbols_place p;

	CHECK(exported_function(1) + static_function(1) > 0);
	CHECK(symbols__find(s, KEY, ADDRESS(exported_function) + 3, &p));
	CHECK_STR(p.function, "exported_function");
	CHECK_STR(p.object, program_invocation_short_name);
	CHECK_INT(p.offset, 3);
	CHECK(p.exact);
	CHECK_INT(p.role, ROLE_LIBRARY);
	CHECK(symbols__find(s, KEY, ADDRESS(static_function), &p));
	CHECK_STR(p.function, "static_function");
	CHECK_INT(p.offset, 0);
	symbols__free(s);
}

/* libc's are what dladdr says, or another name of the same function. */
static void functions_of_libc(void)
{
	struct symbols *s = noted_self();
	static const char *const names[] = { "qsort", "getpid", "malloc_usable_size",
					     "pthread_create" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct symbols_place p;
		void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
		void *function = libc ? dlsym(libc, names[i]) : NULL;

		CHECK(function);
		CHECK(symbols__find(s, KEY, ADDRESS(function) + 1, &p));
		CHECK_STR(p.object, "libc.so.6");
		CHECK(p.function && dlsym(libc, p.function) == function);
		CHECK_INT(p.offset, 1);
		CHECK_INT(p.role, ROLE_LIBRARY);
		dlclose(libc);
	}
	symbols__free(s);
}

static void what_is_not_code(void)
{
	struct symbols *s = noted_self();
	struct symbols_place p;
	int local = 0;

	CHECK(!symbols__find(s, KEY, ADDRESS(&local), &p));
	CHECK(!symbols__find(s, KEY, 0, &p));
	CHECK(!symbols__find(s, KEY, UINT64_MAX, &p));
	CHECK(!symbols__find(s, KEY + 1, ADDRESS(static_function), &p));
	CHECK_INT(p.role, ROLE_UNKNOWN);
	symbols__free(s);
}

static void nobody(void)
{
	struct symbols *s = symbols__new();

	CHECK_INT(symbols__note_process(s, KEY, 0x3ffffff), -ESRCH);
	symbols__free(s);
	symbols__free(NULL);
}

static void the_vdso(void)
{
	uint64_t image = getauxval(AT_SYSINFO_EHDR);
	struct symbols *s = noted_self();
	struct symbols_place p;
	bool named = false;

	CHECK(symbols__find(s, KEY, image, &p));
	CHECK_STR(p.object, "[vdso]");
	for (uint64_t at = image; at < image + 4096 && !named; at += 4)
		if (symbols__find(s, KEY, at, &p) && p.function)
			named = strstr(p.function, "clock_gettime") || strstr(p.function, "getcpu");
	symbols__free(s);
	CHECK(named);
}

/* Two processes with the same library: it is read once. */
static void files_are_shared(void)
{
	struct symbols *s = noted_self();
	struct symbols_place mine, other;

	CHECK_INT(symbols__note_process(s, KEY + 1, getpid()), 0);
	CHECK(symbols__find(s, KEY, ADDRESS(static_function), &mine) && mine.function);
	CHECK(symbols__find(s, KEY + 1, ADDRESS(static_function), &other));
	CHECK(mine.function == other.function && mine.object == other.object);
	symbols__free(s);
}

/* A copy of this program, deleted once it runs; it tells where its function is. */
static pid_t start_copy(uint64_t *address)
{
	char dir[] = "/tmp/gilprof_symbols_XXXXXX", path[64], command[128];
	int fds[2];
	pid_t pid;

	if (!mkdtemp(dir) || pipe(fds))
		return -1;
	snprintf(path, sizeof(path), "%s/program", dir);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", (int)getpid(), path);
	pid = system(command) == 0 ? fork() : -1; /* NOLINT(bugprone-command-processor) */
	if (pid == 0) {
		dup2(fds[1], 1);
		execl(path, path, "--wait", (char *)NULL);
		_exit(1);
	}
	if (pid < 0 || read(fds[0], address, sizeof(*address)) != sizeof(*address))
		*address = 0;
	close(fds[0]);
	close(fds[1]);
	unlink(path);
	rmdir(dir);
	return pid;
}

/* The process has ended before anybody asks, and its program is deleted. */
static void after_its_end(void)
{
	struct symbols *s;
	struct symbols_place p;
	uint64_t address;
	pid_t pid;

	if (geteuid() != 0)
		TAP_SKIP("map_files needs privileges");
	s = symbols__new();
	pid = start_copy(&address);
	CHECK(pid > 0 && address != 0);
	CHECK_INT(symbols__note_process(s, KEY, pid), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_INT(symbols__note_process(s, KEY, pid), -ESRCH);
	CHECK(symbols__find(s, KEY, address + 2, &p));
	CHECK_STR(p.function, "exported_function");
	CHECK_STR(p.object, "program");
	CHECK_INT(p.offset, 2);
	symbols__free(s);
}

/* --- JITs --- */

static char map_path[64];

static void *jit_page(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void write_map(const char *path, void *page)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return;
	fprintf(f, "%llx 40 py::handle:/srv/app.py\n", (unsigned long long)ADDRESS(page));
	fprintf(f, "%llx 40 LazyCompile:~old\n", (unsigned long long)ADDRESS(page) + 0x40);
	fprintf(f, "%llx 40 LazyCompile:*new x\n", (unsigned long long)ADDRESS(page) + 0x40);
	fclose(f);
}

static bool find_jit(void *page, uint64_t at, struct symbols **s, struct symbols_place *p)
{
	*s = noted_self();
	return symbols__find(*s, KEY, ADDRESS(page) + at, p);
}

static void jit_code_without_a_map(void)
{
	void *page = jit_page();
	struct symbols_place p;
	struct symbols *s;

	unlink(map_path);
	CHECK(find_jit(page, 16, &s, &p));
	CHECK(!p.function);
	CHECK_STR(p.object, "[anon]");
	CHECK_INT(p.role, ROLE_UNKNOWN);
	CHECK_INT(p.offset, 16);
	symbols__free(s);
	munmap(page, 4096);
}

static void jit_code_with_a_map(void)
{
	void *page = jit_page();
	struct symbols_place p;
	struct symbols *s;

	write_map(map_path, page);
	CHECK(find_jit(page, 16, &s, &p));
	unlink(map_path);
	CHECK_STR(p.function, "py::handle:/srv/app.py");
	CHECK_STR(p.object, "[jit]");
	CHECK_INT(p.role, ROLE_INTERPRETER);
	CHECK(symbols__find(s, KEY, ADDRESS(page) + 0x41, &p));
	CHECK_STR(p.function, "LazyCompile:*new x");
	CHECK_INT(p.role, ROLE_LIBRARY);
	CHECK(symbols__find(s, KEY, ADDRESS(page) + 0x80, &p));
	CHECK(!p.function);
	symbols__free(s);
	munmap(page, 4096);
}

static void maps_that_are_not_believed(void)
{
	void *page = jit_page();
	struct symbols_place p;
	struct symbols *s;
	char other[80];

	snprintf(other, sizeof(other), "%s.other", map_path);
	write_map(other, page);
	CHECK(symlink(other, map_path) == 0);
	CHECK(find_jit(page, 16, &s, &p) && !p.function);
	symbols__free(s);
	unlink(map_path);

	CHECK(mkfifo(map_path, 0600) == 0);
	CHECK(find_jit(page, 16, &s, &p) && !p.function);
	symbols__free(s);
	unlink(map_path);

	if (geteuid() == 0) {
		CHECK(rename(other, map_path) == 0 && chown(map_path, 65534, 65534) == 0);
		CHECK(find_jit(page, 16, &s, &p) && !p.function);
		symbols__free(s);
	}
	unlink(other);
	unlink(map_path);
	munmap(page, 4096);
}

/* Noted twice: what was unmapped in between is still known, and what is new is, too. */
static void noted_again(void)
{
	void *first = jit_page(), *second;
	struct symbols *s = noted_self();
	struct symbols_place p;

	mprotect(first, 4096, PROT_READ);
	second = jit_page();
	CHECK_INT(symbols__note_process(s, KEY, getpid()), 0);
	CHECK(symbols__find(s, KEY, ADDRESS(first), &p));
	CHECK(symbols__find(s, KEY, ADDRESS(second), &p));
	CHECK(symbols__find(s, KEY, ADDRESS(static_function), &p) && p.function);
	symbols__free(s);
	munmap(first, 4096);
	munmap(second, 4096);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--wait") == 0) {
		uint64_t address = ADDRESS(exported_function);

		return write(1, &address, sizeof(address)) > 0 ? pause() : 1;
	}
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", (int)getpid());
	TAP_RUN(own_functions);
	TAP_RUN(functions_of_libc);
	TAP_RUN(what_is_not_code);
	TAP_RUN(nobody);
	TAP_RUN(the_vdso);
	TAP_RUN(files_are_shared);
	TAP_RUN(after_its_end);
	TAP_RUN(jit_code_without_a_map);
	TAP_RUN(jit_code_with_a_map);
	TAP_RUN(maps_that_are_not_believed);
	TAP_RUN(noted_again);
	return TAP_DONE();
}
