/* SPDX-License-Identifier: BSD-2-Clause */
#include "libc.h"

#include <string.h>

#include "elf_file.h"
#include "pyver.h"

#define OLDEST 25     /* glibc 2.25: "New condvar implementation ..." */
#define NEW_LAYOUT 41 /* glibc 2.41: "nptl: Remove g_refs from condition variables" */
/* __wrefs of struct __pthread_cond_s in both layouts, in words; user/pyver.c has the rest. */
#define WREFS_2_25 9
#define WREFS_2_41 7
#define COND_WORDS 12

static enum wire_libc glibc(int minor)
{
	if (minor < OLDEST)
		return LIBC_UNKNOWN;
	return minor < NEW_LAYOUT ? LIBC_GLIBC_2_25 : LIBC_GLIBC_2_41;
}

/*
 * A statically linked program: os.confstr() brings glibc's "glibc 2.36" (posix/confstr.c), and
 * strerror(0) is "No error information" in musl only (src/errno/__strerror.h).
 */
static enum wire_libc from_text(const char *text, size_t len)
{
	static const char name[] = "glibc 2.";
	const char *hit = memmem(text, len, name, sizeof(name) - 1);
	static const char musl[] = "No error information";

	if (hit) {
		const char *at = hit + sizeof(name) - 1;
		int minor = 0;

		for (; at < text + len && *at >= '0' && *at <= '9' && minor < 1000; at++)
			minor = 10 * minor + (*at - '0');
		return glibc(minor);
	}
	return memmem(text, len, musl, sizeof(musl)) ? LIBC_MUSL : LIBC_UNKNOWN;
}

static enum wire_libc from_static(struct elf *elf)
{
	const char *text;
	size_t len;

	/* A program that names a libc to load, and has none mapped, uses one that is not known. */
	if (elf__needs(elf, "libc.") || elf__rodata(elf, &text, &len) < 0)
		return LIBC_UNKNOWN;
	return from_text(text, len);
}

/* The name tells musl; its file defines no versions. */
static bool is_glibc(const struct maps_file *file)
{
	char name[64];

	maps__base_name(file->path, name, sizeof(name));
	return strcmp(name, "libc.so.6") == 0 || strncmp(name, "libc-2.", 7) == 0;
}

enum wire_libc libc__find(pid_t pid, const struct maps *maps)
{
	bool dynamic = maps->libc.start != 0;
	const struct maps_file *file = dynamic ? &maps->libc : &maps->exe;
	enum wire_libc libc = LIBC_UNKNOWN;
	struct elf *elf;
	int fd;

	if (dynamic && !is_glibc(file))
		return LIBC_MUSL;
	fd = file->start ? maps__open(pid, file) : -1;
	elf = fd < 0 ? NULL : elf__open_fd(fd);
	if (elf && elf__is_native(elf))
		libc = dynamic ? glibc(elf__newest_version_def(elf, "GLIBC_2.")) : from_static(elf);
	elf__free(elf);
	return libc;
}

/*
 * Bit 1 of __wrefs is the clock a condition variable was made for, bit 0 would be set if processes
 * shared it, bit 2 while somebody destroys it; the rest counts waiters. CPython's wait by
 * CLOCK_MONOTONIC (Python/condvar.h, _PyThread_cond_init), so these bits are 2. The word that has
 * the same place in the other layout counts waiters or signals, and has these bits only at times.
 */
static bool is_wrefs(uint32_t word)
{
	return (word & 7) == 2;
}

static enum wire_libc layout_of(const uint32_t cond[COND_WORDS])
{
	bool is_old = is_wrefs(cond[WREFS_2_25]), is_new = is_wrefs(cond[WREFS_2_41]);

	if (is_old == is_new)
		return LIBC_UNKNOWN;
	return is_old ? LIBC_GLIBC_2_25 : LIBC_GLIBC_2_41;
}

enum wire_libc libc__check(const struct procmem *mem, uint64_t gil, enum wire_libc libc)
{
	uint32_t cond[COND_WORDS], switch_cond[COND_WORDS];
	enum wire_libc a, b;

	if (libc != LIBC_GLIBC_2_25 && libc != LIBC_GLIBC_2_41)
		return libc;
	if (procmem__read(mem, gil + PYVER_GIL_COND, cond, sizeof(cond)) < 0 ||
	    procmem__read(mem, gil + PYVER_GIL_SWITCH_COND, switch_cond, sizeof(switch_cond)) < 0)
		return libc;
	a = layout_of(cond);
	b = layout_of(switch_cond);
	if (a == LIBC_UNKNOWN)
		a = b;
	return a == LIBC_UNKNOWN || (b != LIBC_UNKNOWN && b != a) ? libc : a;
}
