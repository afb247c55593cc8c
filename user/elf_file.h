/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What gilprof asks of an ELF file: symbols, sections, version definitions, the load bias of a
 * mapping, functions and where more of them are. The file belongs to the target, so nothing in it is
 * believed: every size has a limit, and a file that breaks one gives an error. Called by
 * user/binary.c, user/libc.c and user/elf_symbols.c.
 */
#ifndef GILPROF_ELF_FILE_H
#define GILPROF_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;

enum elf_table {
	ELF_DYNSYM, /* exported symbols: small, and in every build */
	ELF_SYMTAB, /* all symbols, absent from stripped files */
};

/* The file behind fd, or NULL and errno. fd belongs to the elf from here on, also on failure. */
struct elf *elf__open_fd(int fd);
void elf__free(struct elf *elf);

/* A 64-bit file for the machine gilprof itself runs on; nothing below works on any other. */
bool elf__is_native(const struct elf *elf);
bool elf__is_32bit(const struct elf *elf);

/* The value of a defined symbol, -ENOENT if there is none, or another negative errno. */
int elf__symbol_in(struct elf *elf, enum elf_table table, const char *name, uint64_t *value);
int elf__symbol(struct elf *elf, const char *name, uint64_t *value); /* exported first, then all */
bool elf__is_stripped(struct elf *elf);

/* The address of a section that is loaded. */
int elf__section(struct elf *elf, const char *name, uint64_t *address);

/* The bytes of .rodata, owned by the elf. */
int elf__rodata(struct elf *elf, const char **bytes, size_t *len);

/* What the file holds for an address, unrelocated. */
int elf__read(struct elf *elf, uint64_t address, void *to, size_t len);

/*
 * A defined function. The name is not terminated, and cut at ELF_NAME_MAX bytes; whatever it holds,
 * there is no NUL in it.
 */
struct elf_function {
	uint64_t start, size;
	uint64_t section_end; /* it cannot be longer than that; 0: not known */
	const char *name;
	size_t name_len;
	bool local;
};

#define ELF_NAME_MAX 1024u /* of C++ symbols, few are longer */

/* Hands each function of the table to the sink until that returns false. 0, or -ENOENT: no table. */
int elf__functions(struct elf *elf, enum elf_table table,
		   bool (*sink)(void *ctx, const struct elf_function *f), void *ctx);

/* The build id: how many bytes of it there are, at most size; 0: it has none. */
size_t elf__build_id(struct elf *elf, unsigned char *id, size_t size);

/* .gnu_debuglink: the name of a file without any folder (room for ELF_LINK_MAX) and its checksum. */
#define ELF_LINK_MAX 256u
int elf__debuglink(struct elf *elf, char *name, uint32_t *crc);

/* The bytes of a section of this name, as they are in the file, owned by the elf. */
int elf__bytes(struct elf *elf, const char *name, const void **bytes, size_t *len);

/* An executable segment: where the file is mapped from, and the addresses its symbols are in. */
struct elf_text {
	uint64_t offset, size, address;
};

/* How many there are, at most n of them written. */
unsigned int elf__texts(struct elf *elf, struct elf_text *texts, unsigned int n);

/*
 * The difference between addresses in memory and in the file, from one executable mapping of it:
 * where it starts and which offset of the file is there.
 */
int elf__load_bias(struct elf *elf, uint64_t start, uint64_t offset, uint64_t *bias);

/* The largest N for which the file defines the version PREFIX + N, as "GLIBC_2." + 36. */
int elf__newest_version_def(struct elf *elf, const char *prefix);

/* Whether the file asks the dynamic loader for a library whose name begins so. */
bool elf__needs(struct elf *elf, const char *prefix);

#endif
