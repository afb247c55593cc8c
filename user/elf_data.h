/* SPDX-License-Identifier: BSD-2-Clause */
/* What elf_file.c, elf_tables.c and elf_functions.c share, and nobody else: an opened file, its sections. */
#ifndef GILPROF_ELF_DATA_H
#define GILPROF_ELF_DATA_H

#include <gelf.h>

#include "elf_file.h"

struct elf {
	int fd;
	Elf *elf;
	GElf_Ehdr header;
	uint64_t size;
};

/* The data of a section, NULL if it is not there or too large; it is read whole. */
Elf_Data *elf__data(struct elf *elf, Elf_Scn *section);

/* The first section of this type, NULL if there is none. */
Elf_Scn *elf__section_of_type(struct elf *elf, uint32_t type, GElf_Shdr *header);

/* Whether the string at `at` is `want`, or, if not whole, begins so. */
bool elf__string_is(const Elf_Data *strings, uint64_t at, const char *want, bool whole);

#endif
