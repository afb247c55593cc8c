// SPDX-License-Identifier: BSD-2-Clause
#include "symload.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "debugfile.h"
#include "elf_symbols.h"
#include "openat.h"
#include "perfmap.h"
#include "privileges.h"
#include "reap.h"

#define PIPE_BYTES (1 << 20)

static int load(enum symload_kind kind, int handle, const char *path, struct symtab *t)
{
	int err, fd = openat__read(handle);

	if (fd < 0)
		return fd;
	if (kind == SYMLOAD_ELF)
		return elf_symbols__load(fd, path, DEBUGFILE_ROOT, t);
	err = perfmap__load(fd, t);
	close(fd);
	return err;
}

static void look(enum symload_kind kind, int handle, const char *path, int to)
{
	struct symtab *t;

	privileges__keep_for_looking();
	t = symtab__new();
	_exit(t && load(kind, handle, path, t) == 0 && symtab__write(t, to) == 0 ? 0 : 1);
}

struct symtab *symload__run(enum symload_kind kind, int handle, const char *path, int timeout_ms)
{
	struct symtab *t;
	int fds[2], err;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return NULL;
	fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; no matter if it fails */
	child = fork();
	if (child == 0)
		look(kind, handle, path, fds[1]);
	err = child < 0 ? errno : 0;
	close(fds[1]);
	t = err ? NULL : symtab__read(fds[0], timeout_ms);
	if (!t && !err)
		err = errno;
	close(fds[0]);
	if (child > 0)
		reap(child, err != ETIMEDOUT);
	errno = err;
	return t;
}
