/* SPDX-License-Identifier: BSD-2-Clause */
/* One mapped file, shared by all processes that map it. Kept by user/symbols.c. */
#ifndef GILPROF_SYMFILE_H
#define GILPROF_SYMFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "maps.h"
#include "symload.h"
#include "symtab.h"

/* The inode cannot be another file's as long as the handle is held. */
struct symfile {
	enum symload_kind kind;
	uint64_t device, inode;
	int handle;   /* O_PATH; -1: it could not be held */
	char *path;   /* as mapped */
	char *object; /* the name for people */
	bool python;  /* it has an interpreter, as its name or its functions say */
	bool tried;
	struct symtab *table; /* NULL: not read yet, or there is none */
};

struct symfiles;

struct symfiles *symfiles__new(void);
void symfiles__free(struct symfiles *all);

/* The file that the line shows; NULL: there is no room. It stays at its address. */
struct symfile *symfiles__mapped(struct symfiles *all, pid_t pid, const struct maps_line *line);

/* The process's perf map; NULL: it has none. */
struct symfile *symfiles__perf_map(struct symfiles *all, pid_t pid);

/* The kernel's own library, which every process has, `size` bytes of it. */
struct symfile *symfiles__vdso(struct symfiles *all, uint64_t size);

/* Calls f with each descriptor that is held. */
void symfiles__each_handle(const struct symfiles *all, void (*f)(void *ctx, int handle), void *ctx);

/* Its functions; NULL if there are none, or no time or memory is left for them. */
const struct symtab *symfiles__table(struct symfiles *all, struct symfile *file);

#endif
