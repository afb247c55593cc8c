/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of one file (or of a JIT), sorted by address. Pure data: filled by user/elf_symbols.c
 * and user/perfmap.c in a child process, carried through a pipe, asked by user/symbols.c. Nothing of
 * what arrives through the pipe is believed: the child has read a hostile file.
 */
#ifndef GILPROF_SYMTAB_H
#define GILPROF_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMTAB_MAX_FUNCTIONS 2000000u
#define SYMTAB_MAX_NAMES (64u << 20) /* bytes of all names of one table */
#define SYMTAB_MAX_NAME 1024u	     /* bytes of one */
#define SYMTAB_MAX_TEXTS 16u

struct symtab;

struct symtab *symtab__new(void); /* NULL: no memory */
void symtab__free(struct symtab *t);

/*
 * One function. Of several at one address, that of the lowest rank names it. If it has no size it
 * ends at `limit`, or where the next begins. Any bytes will do as a name: what is kept is valid UTF-8,
 * without what the compiler hangs on (".cold", ".constprop.0", "@@GLIBC_2.34"). False: no room.
 */
struct symtab_function {
	uint64_t start, size, limit;
	const char *name;
	size_t name_len;
	uint32_t rank;
};

bool symtab__add(struct symtab *t, const struct symtab_function *f);

/* Where bytes of the file are among the addresses of its functions. */
bool symtab__add_text(struct symtab *t, uint64_t offset, uint64_t size, uint64_t address);

/* Only exported functions are known: whatever lies between them is none of them. */
void symtab__set_partial(struct symtab *t);

/*
 * Finds out which functions begin by setting a frame pointer: `read` gets what the file holds for an
 * address, 0 or -errno. After symtab__finish.
 */
void symtab__find_framed(struct symtab *t,
			 int (*read)(void *ctx, uint64_t address, void *to, size_t len), void *ctx);

/* To be called once, after all functions are added and before any is looked for. */
void symtab__finish(struct symtab *t);

struct symtab_place {
	const char *name; /* the table's */
	uint64_t offset;
	bool exact;  /* within its size, and of all functions */
	bool framed; /* it keeps a frame pointer, and has certainly set it by there */
};

bool symtab__find(const struct symtab *t, uint64_t address, struct symtab_place *place);

/* The address of functions that belongs to an offset in the file. */
bool symtab__address(const struct symtab *t, uint64_t offset, uint64_t *address);

bool symtab__has(const struct symtab *t, const char *name); /* looks at all of them */
size_t symtab__count(const struct symtab *t);		    /* also before symtab__finish */
size_t symtab__bytes(const struct symtab *t);		    /* of memory */

/* 0 or -errno. The reader gives up after timeout_ms; NULL and errno. */
int symtab__write(const struct symtab *t, int fd);
struct symtab *symtab__read(int fd, int timeout_ms);

#endif
