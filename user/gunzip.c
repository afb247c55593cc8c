// SPDX-License-Identifier: BSD-2-Clause
#include "gunzip.h"

#define ZLIB_CONST /* input is const */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define PIECE (64u << 10)
#define GZIP_WINDOW_BITS \
	(15 + 16) /* zlib's code for: largest window, gzip header and trailer only */

static int stop(const char **why, const char *reason, int err)
{
	*why = reason;
	return err;
}

static const char no_memory[] = "needs more memory than there is";
static const char too_large[] = "is larger than a capture may be";

/* What is wrong with the first bytes of a file, of which there are `len`; NULL: nothing so far. */
static const char *judge(const unsigned char *file, size_t len, bool at_end)
{
	if (len == 0)
		return at_end ? "is empty" : NULL;
	if (file[0] != 0x1f || (len > 1 && file[1] != 0x8b) || (len == 1 && at_end))
		return "is not a gilprof capture";
	return NULL;
}

int gunzip__load(int fd, size_t max, unsigned char **file, size_t *len, const char **why)
{
	size_t room = 0;
	ssize_t n = 1;

	*file = NULL;
	*len = 0;
	while (n != 0) {
		if (room - *len < PIECE) {
			unsigned char *grown = realloc(*file, 2 * (room + PIECE));

			if (!grown)
				return stop(why, no_memory, -ENOMEM);
			*file = grown;
			room = 2 * (room + PIECE);
		}
		n = read(fd, *file + *len, room - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		*len += (size_t)n;
		*why = *len > max ? too_large : judge(*file, *len, n == 0);
		if (*why)
			return -EINVAL;
	}
	return 0;
}

/* One member, from z->next_in on. */
static int gunzip_member(z_stream *z, size_t *room, gunzip_sink sink, void *context,
			 const char **why)
{
	static const char damaged[] = "is damaged";
	unsigned char piece[PIECE];

	for (;;) {
		int ret, err;
		size_t n;

		z->next_out = piece;
		z->avail_out = PIECE;
		ret = inflate(z, Z_NO_FLUSH);
		if (ret == Z_MEM_ERROR)
			return stop(why, no_memory, -ENOMEM);
		if (ret == Z_BUF_ERROR)
			return stop(why, "is truncated", -EINVAL);
		if (ret != Z_OK && ret != Z_STREAM_END)
			return stop(why, damaged, -EINVAL);
		n = PIECE - z->avail_out;
		if (n > *room)
			return stop(why, too_large, -E2BIG);
		*room -= n;
		err = sink(context, (char *)piece, n);
		if (err || ret == Z_STREAM_END)
			return err;
	}
}

int gunzip__all(const unsigned char *file, size_t len, size_t max_contents, gunzip_sink sink,
		void *context, const char **why)
{
	z_stream z = { .next_in = file, .avail_in = (unsigned int)len };
	size_t room = max_contents;
	int err;

	if (len > UINT_MAX)
		return stop(why, too_large, -E2BIG);
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return stop(why, no_memory, -ENOMEM);
	do {
		err = gunzip_member(&z, &room, sink, context, why);
		if (!err && z.avail_in > 0 && z.next_in[0] != 0x1f)
			err = stop(why, "is damaged: something follows its end", -EINVAL);
	} while (!err && z.avail_in > 0 && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return err;
}
