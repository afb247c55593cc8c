/* SPDX-License-Identifier: BSD-2-Clause */
/* Decompression of a whole gzip file that may be damaged or forged, for user/capture_read.c. */
#ifndef GILPROF_GUNZIP_H
#define GILPROF_GUNZIP_H

#include <stddef.h>

/*
 * Reads a whole file of at most `max` bytes, and stops early if it is no gzip file. *file, malloc'ed,
 * is the caller's in any case. Returns 0 or -errno, with the reason in *why (a phrase such as "is
 * empty") unless read failed.
 */
int gunzip__load(int fd, size_t max, unsigned char **file, size_t *len, const char **why);

/* Gets the next piece of the contents; a value other than 0 stops the work and is passed on. */
typedef int (*gunzip_sink)(void *context, const char *piece, size_t len);

/*
 * Decompresses all members of the file in memory and checks their checksums, each at its end. Returns
 * 0, what the sink returned, or -errno with the reason in *why.
 */
int gunzip__all(const unsigned char *file, size_t len, size_t max_contents, gunzip_sink sink,
		void *context, const char **why);

#endif
