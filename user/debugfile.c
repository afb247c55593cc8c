// SPDX-License-Identifier: BSD-2-Clause
#include "debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include "cleanup.h"

#define MAX_ID 64u
#define MAX_PATH 4096
#define MAX_SUMMED (256u << 20) /* bytes of a file whose checksum is computed: some 0.2 s */

static int open_beneath(const char *root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	cleanup_close int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return -EPERM;
}

/* What the stripped file says of itself. */
struct wanted {
	unsigned char id[MAX_ID];
	size_t id_len;
	uint32_t crc;
	char link[ELF_LINK_MAX];
};

static bool has_checksum(int fd, uint32_t want)
{
	unsigned char piece[16384];
	uLong crc = crc32(0, NULL, 0);
	size_t total = 0;
	ssize_t n;

	while ((n = pread(fd, piece, sizeof(piece), (off_t)total)) > 0 && total < MAX_SUMMED) {
		crc = crc32(crc, piece, (uInt)n);
		total += (size_t)n;
	}
	return n == 0 && crc == want;
}

static bool has_id(struct elf *elf, const struct wanted *want)
{
	unsigned char id[MAX_ID];

	return elf__build_id(elf, id, sizeof(id)) == want->id_len &&
	       memcmp(id, want->id, want->id_len) == 0;
}

static struct elf *try(const char *root, const char *path, const struct wanted *want)
{
	int fd = open_beneath(root, path);
	struct elf *elf;

	if (fd < 0)
		return NULL;
	if (want->id_len == 0 && !has_checksum(fd, want->crc)) {
		close(fd);
		return NULL;
	}
	elf = elf__open_fd(fd);
	if (elf && elf__is_native(elf) && !elf__is_stripped(elf) &&
	    (want->id_len == 0 || has_id(elf, want)))
		return elf;
	elf__free(elf);
	return NULL;
}

static struct elf *by_id(const struct wanted *want, const char *root)
{
	char path[2 * MAX_ID + 32];
	int n = snprintf(path, sizeof(path), ".build-id/%02x/", want->id[0]);

	if (want->id_len < 2)
		return NULL;
	for (size_t i = 1; i < want->id_len; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x", want->id[i]);
	snprintf(path + n, sizeof(path) - (size_t)n, ".debug");
	return try(root, path, want);
}

/* As gdb looks for it: the folder of the mapped file, below the root. */
static struct elf *by_link(const struct wanted *want, const char *mapped, const char *root)
{
	const char *slash = strrchr(mapped, '/');
	char path[MAX_PATH];
	int n;

	if (want->link[0] == '\0' || mapped[0] != '/')
		return NULL;
	n = snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - mapped), mapped, want->link);
	if (n >= (int)sizeof(path))
		return NULL;
	return try(root, path + strspn(path, "/"), want);
}

struct elf *debugfile__open(struct elf *elf, const char *path, const char *root)
{
	struct wanted want = { .id_len = 0 };
	struct elf *found;

	want.id_len = elf__build_id(elf, want.id, sizeof(want.id));
	if (elf__debuglink(elf, want.link, &want.crc) < 0)
		want.link[0] = '\0';
	found = by_id(&want, root);
	return found ? found : by_link(&want, path, root);
}
