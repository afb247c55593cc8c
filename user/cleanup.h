/* SPDX-License-Identifier: BSD-2-Clause */
/* Release by scope: `cleanup_free char *s`, `cleanup_close int fd`, `cleanup_fclose FILE *f`. */
#ifndef GILPROF_CLEANUP_H
#define GILPROF_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup__free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup__close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup__fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup_free __attribute__((cleanup(cleanup__free)))
#define cleanup_close __attribute__((cleanup(cleanup__close)))
#define cleanup_fclose __attribute__((cleanup(cleanup__fclose)))

#endif
