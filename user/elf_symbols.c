// SPDX-License-Identifier: BSD-2-Clause
#include "elf_symbols.h"

#include <errno.h>
#include <stdlib.h>

#include "debugfile.h"
#include "elf_file.h"
#include "unxz.h"

#define MAX_DEBUGDATA (64u << 20) /* bytes, once decompressed */

/* A function has many names, as read, __read and __GI___libc_read: the plainest exported one wins. */
static uint32_t rank(const struct elf_function *f)
{
	uint32_t underscores = 0;

	while (underscores < f->name_len && underscores < 15 && f->name[underscores] == '_')
		underscores++;
	return underscores * 2 + f->local;
}

static bool add_function(void *table, const struct elf_function *f)
{
	struct symtab_function function = { .start = f->start,
					    .size = f->size,
					    .limit = f->section_end,
					    .name = f->name,
					    .name_len = f->name_len,
					    .rank = rank(f) };

	return symtab__add(table, &function);
}

/* Among exported functions only, the next one is not where one without a size ends. */
static bool add_sized(void *table, const struct elf_function *f)
{
	return f->size == 0 || add_function(table, f);
}

/* True if it has any: some tools leave an empty table. */
static bool add_all(struct elf *elf, struct symtab *t)
{
	return elf && elf__functions(elf, ELF_SYMTAB, add_function, t) == 0 && symtab__count(t) > 0;
}

static bool add_from_debug_file(struct elf *elf, const char *path, const char *root,
				struct symtab *t)
{
	struct elf *debug = debugfile__open(elf, path, root);
	bool added = add_all(debug, t);

	elf__free(debug);
	return added;
}

static bool add_from_debugdata(struct elf *elf, struct symtab *t)
{
	const void *bytes;
	struct elf *debug;
	size_t len;
	bool added;
	int fd;

	if (elf__bytes(elf, ".gnu_debugdata", &bytes, &len) < 0)
		return false;
	fd = unxz__to_file(bytes, len, MAX_DEBUGDATA);
	debug = fd >= 0 ? elf__open_fd(fd) : NULL;
	added = debug && elf__is_native(debug) && add_all(debug, t);
	elf__free(debug);
	return added;
}

static void add_texts(struct elf *elf, struct symtab *t)
{
	struct elf_text texts[SYMTAB_MAX_TEXTS];
	unsigned int n = elf__texts(elf, texts, SYMTAB_MAX_TEXTS);

	for (unsigned int i = 0; i < n; i++)
		symtab__add_text(t, texts[i].offset, texts[i].size, texts[i].address);
}

static int read_code(void *elf, uint64_t address, void *to, size_t len)
{
	return elf__read(elf, address, to, len);
}

int elf_symbols__load(int fd, const char *path, const char *debug_root, struct symtab *t)
{
	struct elf *elf = elf__open_fd(fd);

	if (!elf)
		return -errno;
	if (!elf__is_native(elf)) {
		elf__free(elf);
		return -ENOEXEC;
	}
	add_texts(elf, t);
	if (!add_all(elf, t) && !add_from_debug_file(elf, path, debug_root, t)) {
		if (!add_from_debugdata(elf, t))
			symtab__set_partial(t);
		elf__functions(elf, ELF_DYNSYM, add_sized, t);
	}
	symtab__finish(t);
	symtab__find_framed(t, read_code, elf);
	elf__free(elf);
	return 0;
}
