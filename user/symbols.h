/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for the addresses of native code: from (process, address) to function and library. Processes
 * are noted while they live; each file is held open from then on (O_PATH: nothing is read), and its
 * functions are read when first asked for, which may be after the process has ended.
 *
 * What is trusted: nothing of the target. Files are read in a child (user/symload.h) with two seconds
 * for each and ten for all, and what it sends is checked. To note a process waits for no file system.
 * What is held open keeps the file's mount from being removed for good until symbols__free. A perf map
 * is read once: what a JIT adds later is not seen.
 * Ask before privileges are given up for the report: files that only their owner may read are opened
 * then.
 */
#ifndef GILPROF_SYMBOLS_H
#define GILPROF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct symbols;

enum symbols_role {
	ROLE_UNKNOWN,	  /* no such mapping, or code that no file tells of */
	ROLE_EVAL,	  /* CPython's eval loop itself */
	ROLE_INTERPRETER, /* another function of the file that has the interpreter */
	ROLE_LIBRARY,	  /* any other code: libc, an extension module, a JIT */
};

/* Strings are valid UTF-8, at most 1 KiB, and live as long as the symbols. */
struct symbols_place {
	const char *function; /* without the compiler's suffixes, mangled; NULL: not known */
	const char *object;   /* name of the file without its folder; "[anon]", "[jit]", "[vdso]" */
	uint64_t offset;      /* into the function; where it is not known, into the file */
	bool exact;  /* not if only exported functions are known, or this one has no size */
	bool framed; /* the frame pointer leads to its caller from there */
	enum symbols_role role;
};

struct symbols *symbols__new(void); /* NULL: no memory */
void symbols__free(struct symbols *s);

/*
 * Remembers what executable code the process has mapped; again, to add what it has now. `key` is the
 * caller's name for it. 0 or -errno: -ESRCH: it has ended, and what was noted before is kept.
 */
int symbols__note_process(struct symbols *s, uint64_t key, pid_t pid);

/* A mapping of executable code. */
struct symbols_code {
	uint64_t start, end, offset; /* of the file */
	int handle; /* O_PATH, of the symbols; -1: no file, or it could not be held */
};

/* Those of a process by address: how many were written, at most max. */
size_t symbols__code(const struct symbols *s, uint64_t key, struct symbols_code *code, size_t max);

/* Was the process noted with code at the address? Reads no file. */
bool symbols__has(const struct symbols *s, uint64_t key, uint64_t address);

/* Grows whenever any process has been noted with other mappings than before. */
uint64_t symbols__changes(const struct symbols *s);

/* Calls f with each descriptor that is held. */
void symbols__each_handle(const struct symbols *s, void (*f)(void *ctx, int handle), void *ctx);

/* False: nothing executable is known there. */
bool symbols__find(struct symbols *s, uint64_t key, uint64_t address, struct symbols_place *out);

#endif
