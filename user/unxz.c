// SPDX-License-Identifier: BSD-2-Clause
#include "unxz.h"

#include <errno.h>
#include <lzma.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE (64u << 10)
#define MAX_MEMORY (96ull << 20) /* xz -9 needs 65 MiB, and asks for it in the file's header */

static int error_of(lzma_ret ret)
{
	if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	return -EINVAL; /* also LZMA_BUF_ERROR: the end is missing */
}

static int decode(lzma_stream *z, int to, size_t room)
{
	uint8_t piece[PIECE];
	lzma_ret ret = LZMA_OK;

	while (ret != LZMA_STREAM_END) {
		size_t n;

		z->next_out = piece;
		z->avail_out = PIECE;
		ret = lzma_code(z, LZMA_FINISH);
		if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			return error_of(ret);
		n = PIECE - z->avail_out;
		if (n > room)
			return -E2BIG;
		room -= n;
		if (write(to, piece, n) != (ssize_t)n)
			return -EIO;
	}
	return 0;
}

int unxz__to_file(const void *bytes, size_t len, size_t max)
{
	lzma_stream z = LZMA_STREAM_INIT;
	int fd = memfd_create("debugdata", MFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	z.next_in = bytes;
	z.avail_in = len;
	err = lzma_stream_decoder(&z, MAX_MEMORY, 0) == LZMA_OK ? decode(&z, fd, max) : -ENOMEM;
	lzma_end(&z);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
