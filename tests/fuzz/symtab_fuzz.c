/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that user/symload.c reads or sends: by its first bytes the input is an ELF file whose functions
 * are taken, what comes through the pipe, or a perf map.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/elf_symbols.h"
#include "../../user/perfmap.h"
#include "../../user/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct symtab *t)
{
	struct symtab_place place;
	uint64_t address;
	size_t length = 0;

	for (uint64_t at = 0; at < 0x4000; at += 0x3f) {
		if (symtab__find(t, at, &place))
			length += strlen(place.name);
		if (symtab__address(t, at, &address) && symtab__find(t, address, &place))
			length += strlen(place.name);
	}
	symtab__find(t, UINT64_MAX, &place);
	symtab__has(t, length ? "f" : "g");
}

/* What the child may send is taken as it is; a table that was made here must always be taken. */
static void carry(const struct symtab *t)
{
	struct symtab *copy;
	int fds[2];

	if (symtab__bytes(t) > 32768 || pipe(fds))
		return; /* more than the pipe may hold */
	copy = symtab__write(t, fds[1]) == 0 ? symtab__read(fds[0], 1000) : NULL;
	close(fds[0]);
	close(fds[1]);
	if (!copy || symtab__count(copy) != symtab__count(t))
		__builtin_trap();
	ask(copy);
	symtab__free(copy);
}

static int as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("symtab_fuzz", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void as_elf(const uint8_t *data, size_t size)
{
	struct symtab *t = symtab__new();
	int fd = as_file(data, size);

	if (t && fd >= 0 && elf_symbols__load(fd, "/lib/x.so", "/nonexistent", t) == 0) {
		ask(t);
		carry(t);
	}
	symtab__free(t);
}

static void as_table(const uint8_t *data, size_t size)
{
	int fd = as_file(data, size);
	struct symtab *t = fd >= 0 ? symtab__read(fd, 1000) : NULL;

	if (t)
		ask(t);
	symtab__free(t);
	if (fd >= 0)
		close(fd);
}

static void as_perf_map(const uint8_t *data, size_t size)
{
	struct symtab *t = symtab__new();

	if (!t)
		return;
	perfmap__parse((const char *)data, size, t);
	symtab__finish(t);
	ask(t);
	carry(t);
	symtab__free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && memcmp(data, "\177ELF", 4) == 0)
		as_elf(data, size);
	else if (size >= 4 && memcmp(data, "gsym", 4) == 0)
		as_table(data, size);
	else
		as_perf_map(data, size);
	return 0;
}
