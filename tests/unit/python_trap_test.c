/* SPDX-License-Identifier: BSD-2-Clause */
/* python__discover() on a process whose memory blocks whoever reads it. */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../../user/elf_file.h"
#include "interpreter.h"

/* Registers a page that nobody will ever serve: whoever touches it waits. */
static int trap_page(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)page, 4096 },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		return -1;
	if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return -1;
	return ioctl(fd, UFFDIO_REGISTER, &range);
}

#define SPAN (64ul << 20)

/* Maps a library as the loader would, as far as discovery looks, and traps the page it reads. */
static void *map_trapped(const char *path)
{
	char *base =
		mmap(NULL, SPAN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf *elf = elf__open_fd(dup(fd));
	uint64_t runtime, bias;

	if (base == MAP_FAILED || !elf ||
	    elf__symbol_in(elf, ELF_DYNSYM, "_PyRuntime", &runtime) < 0)
		return NULL;
	/* the first page of text: the offset at which the loader would map it executable */
	for (uint64_t offset = 0; offset < SPAN; offset += 4096) {
		if (elf__load_bias(elf, (uintptr_t)base, offset, &bias) < 0)
			continue;
		if (mmap(base, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
			 (off_t)offset) == MAP_FAILED)
			return NULL;
		base = (char *)(uintptr_t)((runtime + bias) & ~4095ull);
		return trap_page(base) < 0 ? NULL : base;
	}
	return NULL;
}

static struct child start_trapped(const char *path, void **page)
{
	struct child child = { .pid = -1, .out = -1 };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return child;
	child.pid = fork();
	if (child.pid == 0) {
		void *trapped = map_trapped(path);

		if (write(fds[1], &trapped, sizeof(trapped)) == sizeof(trapped))
			pause();
		_exit(1);
	}
	close(fds[1]);
	child.out = fds[0];
	if (read(child.out, page, sizeof(*page)) != sizeof(*page))
		*page = NULL;
	return child;
}

/* Whether to read the page by hand takes for ever: true if the trap works. */
static bool reading_blocks(pid_t pid, void *page)
{
	pid_t reader = fork();
	bool blocks;
	char byte;

	if (reader == 0) {
		struct iovec local = { &byte, 1 }, remote = { page, 1 };

		process_vm_readv(pid, &local, 1, &remote, 1, 0);
		_exit(0);
	}
	usleep(200000);
	blocks = waitpid(reader, NULL, WNOHANG) == 0;
	kill(reader, SIGKILL);
	if (blocks)
		waitpid(reader, NULL, 0);
	return blocks;
}

/* A target can make any page of its memory block its reader: discovery must not wait for it. */
static void memory_that_blocks(void)
{
	const char *python = python_path("3.12.1");
	char path[512];
	struct child child;
	struct python py;
	void *page = NULL;
	int64_t begin;
	bool blocks;

	if (!python)
		TAP_SKIP("no pyenv interpreter is installed");
	if (geteuid() != 0)
		TAP_SKIP("userfaultfd for other processes is for root");
	snprintf(path, sizeof(path), "%.*s/lib/libpython3.12.so.1.0",
		 (int)(strstr(python, "/bin/python") - python), python);
	child = start_trapped(path, &page);
	begin = now_us();
	if (page)
		python__discover(child.pid, &py);
	begin = now_us() - begin;
	blocks = page && reading_blocks(child.pid, page);
	stop(&child);
	if (!page || !blocks)
		TAP_SKIP("no page that blocks can be made here");
	CHECK_STATUS(py.status, PYTHON_NOT_YET, &py);
	CHECK_INT(py.runtime & ~4095ull, (uintptr_t)page);
	CHECK(begin < 1000000);
}

int main(void)
{
	TAP_RUN(memory_that_blocks);
	return TAP_DONE();
}
