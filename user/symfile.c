// SPDX-License-Identifier: BSD-2-Clause
#include "symfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "openat.h"
#include "perfmap.h"
#include "text.h"

#define MAX_FILES 16384u
#define MAX_HANDLES 4096u
#define MAX_TABLES (128u << 20) /* bytes of all tables; the last one may exceed it */
#define MAX_OBJECT 255u
#define FILE_MS 2000
#define ALL_MS 10000 /* for all files, so that many hostile ones cannot hold up the report */
#define VDSO_MAX (64u << 10)

struct symfiles {
	struct symfile **file;
	size_t n, room;
	unsigned int handles, max_handles;
	struct symfile *vdso;
	size_t bytes;
	int left_ms;
};

/* Descriptors are for others, too: the ring buffers, what the report is written to. */
static unsigned int handle_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 256;
	return limit.rlim_cur / 2 < MAX_HANDLES ? (unsigned int)limit.rlim_cur / 2 : MAX_HANDLES;
}

struct symfiles *symfiles__new(void)
{
	struct symfiles *all = calloc(1, sizeof(*all));

	if (all) {
		all->max_handles = handle_limit();
		all->left_ms = ALL_MS;
	}
	return all;
}

static void free_file(struct symfile *f)
{
	if (!f)
		return;
	if (f->handle >= 0)
		close(f->handle);
	symtab__free(f->table);
	free(f->path);
	free(f->object);
	free(f);
}

void symfiles__free(struct symfiles *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->n; i++)
		free_file(all->file[i]);
	free(all->file);
	free(all);
}

/* --- which file it is --- */

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* python3.11, libpython3.11.so.1.0; but not python_snappy.so, which is a module. */
static bool is_python(const char *name)
{
	if (strstr(name, ".so"))
		return begins(name, "libpython") || begins(name, "libpypy");
	return begins(name, "python") || begins(name, "pypy");
}

static bool append(struct symfiles *all, struct symfile *f)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct symfile **grown = reallocarray(all->file, room, sizeof(*grown));

		if (!grown)
			return false;
		all->file = grown;
		all->room = room;
	}
	all->file[all->n++] = f;
	return true;
}

/* Takes over the handle. */
static struct symfile *add(struct symfiles *all, const struct symfile *like, const char *path)
{
	struct symfile *f = all->n < MAX_FILES ? malloc(sizeof(*f)) : NULL;
	char name[MAPS_PATH];

	if (!f) {
		if (like->handle >= 0)
			close(like->handle);
		return NULL;
	}
	*f = *like;
	maps__base_name(path, name, sizeof(name));
	f->path = strdup(path);
	f->object = text__utf8(name, strlen(name), MAX_OBJECT);
	if (!f->path || !f->object || !append(all, f)) {
		free_file(f);
		return NULL;
	}
	f->python = f->kind == SYMLOAD_ELF && is_python(f->object);
	all->handles += f->handle >= 0;
	return f;
}

static struct symfile *known(const struct symfiles *all, const struct symfile *like,
			     const char *path)
{
	for (size_t i = 0; i < all->n; i++) {
		struct symfile *f = all->file[i];

		if (f->inode == like->inode && f->device == like->device && f->kind == like->kind &&
		    (f->handle >= 0 ? like->handle >= 0 : strcmp(f->path, path) == 0))
			return f;
	}
	return NULL;
}

static struct symfile *known_or_new(struct symfiles *all, struct symfile *like, const char *path)
{
	struct symfile *f;
	struct statx st;

	if (like->handle >= 0 && openat__stat(like->handle, &st) == 0) {
		like->inode = st.stx_ino;
		like->device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	}
	f = known(all, like, path);
	if (!f && like->handle >= 0 && all->handles >= all->max_handles) {
		close(like->handle);
		like->handle = -1;
		f = known(all, like, path);
	}
	if (!f)
		return add(all, like, path);
	if (like->handle >= 0)
		close(like->handle);
	return f;
}

/* By its name, where map_files may not be read: then it must still have the inode that is mapped. */
static int open_named(pid_t pid, const char *path, uint64_t inode)
{
	int fd = openat__in_root(pid, path + 1);
	struct statx st;

	if (fd < 0)
		return fd;
	if (openat__stat(fd, &st) == 0 && st.stx_ino == inode)
		return fd;
	close(fd);
	return -ENOENT;
}

struct symfile *symfiles__mapped(struct symfiles *all, pid_t pid, const struct maps_line *line)
{
	struct symfile like = { .kind = SYMLOAD_ELF, .inode = line->inode };
	char path[MAPS_PATH];

	if (line->path_len == 0 || line->path_len >= sizeof(path) || line->path[0] != '/')
		return NULL;
	memcpy(path, line->path, line->path_len);
	path[line->path_len] = '\0';
	like.handle = openat__mapped(pid, line->start, line->end);
	if (like.handle < 0)
		like.handle = open_named(pid, path, line->inode);
	return known_or_new(all, &like, path);
}

struct symfile *symfiles__perf_map(struct symfiles *all, pid_t pid)
{
	struct symfile like = { .kind = SYMLOAD_PERF_MAP, .handle = perfmap__find(pid) };

	return like.handle < 0 ? NULL : known_or_new(all, &like, "[jit]");
}

/* The image is the same in every process, so our own will do. */
static int copy_vdso(uint64_t size)
{
	const void *image = (const void *)getauxval(AT_SYSINFO_EHDR);
	int fd;

	if (!image || size > VDSO_MAX)
		return -1;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, image, size) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}

struct symfile *symfiles__vdso(struct symfiles *all, uint64_t size)
{
	struct symfile like = { .kind = SYMLOAD_ELF };

	if (all->vdso)
		return all->vdso;
	like.handle = copy_vdso(size);
	all->vdso = add(all, &like, "[vdso]");
	return all->vdso;
}

void symfiles__each_handle(const struct symfiles *all, void (*f)(void *ctx, int handle), void *ctx)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->file[i]->handle >= 0)
			f(ctx, all->file[i]->handle);
	}
}

/* --- its functions --- */

static int elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - since->tv_sec) * 1000 +
		     (now.tv_nsec - since->tv_nsec) / 1000000);
}

static void load(struct symfiles *all, struct symfile *file)
{
	int limit = all->left_ms < FILE_MS ? all->left_ms : FILE_MS;
	struct timespec start;

	if (file->handle < 0 || limit <= 0 || all->bytes >= MAX_TABLES)
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	file->table = symload__run(file->kind, file->handle, file->path, limit);
	all->left_ms -= elapsed_ms(&start);
	if (!file->table)
		return;
	all->bytes += symtab__bytes(file->table);
	if (file->kind == SYMLOAD_ELF && symtab__has(file->table, "_PyEval_EvalFrameDefault"))
		file->python = true;
}

const struct symtab *symfiles__table(struct symfiles *all, struct symfile *file)
{
	if (!file->tried)
		load(all, file);
	file->tried = true;
	return file->table;
}
