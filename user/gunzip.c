// SPDX-License-Identifier: BSD-2-Clause
#include "gunzip.h"

#define ZLIB_CONST /* input is const */
#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define PIECE (64u << 10)
#define GZIP_WINDOW_BITS \
	(15 + 16) /* zlib's code for: largest window, gzip header and trailer only */

static int stop(const char **why, const char *reason, int err)
{
	*why = reason;
	return err;
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
			return stop(why, "needs more memory than there is", -ENOMEM);
		if (ret == Z_BUF_ERROR)
			return stop(why, "is truncated", -EINVAL);
		if (ret != Z_OK && ret != Z_STREAM_END)
			return stop(why, damaged, -EINVAL);
		n = PIECE - z->avail_out;
		if (n > *room)
			return stop(why, "is larger than a capture may be", -E2BIG);
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
		return stop(why, "is larger than a capture may be", -E2BIG);
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return stop(why, "needs more memory than there is", -ENOMEM);
	do {
		err = gunzip_member(&z, &room, sink, context, why);
		if (!err && z.avail_in > 0 && z.next_in[0] != 0x1f)
			err = stop(why, "is damaged: something follows its end", -EINVAL);
	} while (!err && z.avail_in > 0 && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return err;
}
