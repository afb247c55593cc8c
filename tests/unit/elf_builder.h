/* SPDX-License-Identifier: BSD-2-Clause */
/* A made-up ELF file with functions and whatever sections a test adds, for elf_symbols.c. */
#ifndef GILPROF_ELF_BUILDER_H
#define GILPROF_ELF_BUILDER_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__aarch64__)
#define BUILT_MACHINE EM_AARCH64
#else
#define BUILT_MACHINE EM_X86_64
#endif

#define BUILT_TEXT 0x1000 /* address of .text, which is at offset 0x400 and */
#define BUILT_TEXT_SIZE 0x1000
#define BUILT_SECTIONS 12

struct builder {
	unsigned char *bytes;
	size_t len;
	Elf64_Shdr section[BUILT_SECTIONS]; /* 0 none, 1 their names, 2 .text */
	unsigned int sections;
	char names[256];
	size_t names_len;
};

/* A list of symbols and their names; `type` as ELF64_ST_INFO, `section` mostly 2. */
struct built_symbol {
	const char *name;
	uint64_t value, size;
	unsigned char info;
	uint16_t section;
};

static inline void builder__append(struct builder *b, const void *data, size_t len)
{
	b->bytes = realloc(b->bytes, b->len + len + 8);
	memset(b->bytes + b->len, 0, len + 8);
	if (data)
		memcpy(b->bytes + b->len, data, len);
	b->len = (b->len + len + 7) & ~(size_t)7;
}

static inline unsigned int builder__section(struct builder *b, const char *name, uint32_t type,
					    const void *data, size_t len)
{
	Elf64_Shdr *sh = &b->section[b->sections];

	sh->sh_name = (uint32_t)b->names_len;
	strcpy(b->names + b->names_len, name);
	b->names_len += strlen(name) + 1;
	sh->sh_type = type;
	sh->sh_offset = b->len;
	sh->sh_size = len;
	sh->sh_addralign = 8;
	builder__append(b, data, len);
	return b->sections++;
}

static inline void builder__start(struct builder *b)
{
	static const Elf64_Phdr text = { .p_type = PT_LOAD,
					 .p_flags = PF_R | PF_X,
					 .p_offset = 0x400,
					 .p_vaddr = BUILT_TEXT,
					 .p_filesz = BUILT_TEXT_SIZE,
					 .p_memsz = BUILT_TEXT_SIZE };

	memset(b, 0, sizeof(*b));
	builder__append(b, NULL, sizeof(Elf64_Ehdr));
	builder__append(b, &text, sizeof(text));
	builder__append(b, NULL, 0x400 - b->len);
	b->names_len = 1;
	b->sections = 2; /* the names come last */
	b->section[builder__section(b, ".text", SHT_PROGBITS, NULL, BUILT_TEXT_SIZE)].sh_addr =
		BUILT_TEXT;
}

static inline void builder__symbols(struct builder *b, uint32_t type,
				    const struct built_symbol *symbols, size_t n)
{
	Elf64_Sym table[64] = { 0 };
	char strings[4096] = "";
	size_t at = 1;
	unsigned int i;

	for (i = 0; i < n; i++) {
		table[i + 1].st_name = (uint32_t)at;
		table[i + 1].st_value = symbols[i].value;
		table[i + 1].st_size = symbols[i].size;
		table[i + 1].st_info = symbols[i].info;
		table[i + 1].st_shndx = symbols[i].section;
		at += (size_t)(stpcpy(strings + at, symbols[i].name) - (strings + at)) + 1;
	}
	i = builder__section(b, type == SHT_SYMTAB ? ".symtab" : ".dynsym", type, table,
			     (n + 1) * sizeof(table[0]));
	b->section[i].sh_entsize = sizeof(table[0]);
	b->section[i].sh_link = builder__section(b, type == SHT_SYMTAB ? ".strtab" : ".dynstr",
						 SHT_STRTAB, strings, at);
}

static inline void builder__build_id(struct builder *b, const unsigned char id[8])
{
	struct {
		Elf64_Nhdr note;
		char name[4];
		unsigned char id[8];
	} note = { { 4, 8, NT_GNU_BUILD_ID }, "GNU", { 0 } };

	memcpy(note.id, id, 8);
	builder__section(b, ".note.gnu.build-id", SHT_NOTE, &note, sizeof(note));
}

static inline void builder__debuglink(struct builder *b, const char *name, uint32_t crc)
{
	char link[300] = "";
	size_t at = (strlen(name) + 4) & ~(size_t)3;

	strcpy(link, name);
	memcpy(link + at, &crc, 4);
	builder__section(b, ".gnu_debuglink", SHT_PROGBITS, link, at + 4);
}

static inline void builder__finish(struct builder *b)
{
	Elf64_Ehdr h = { .e_type = ET_DYN,
			 .e_machine = BUILT_MACHINE,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(h),
			 .e_ehsize = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1,
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = (uint16_t)b->sections,
			 .e_shstrndx = 1 };
	unsigned int sections = b->sections;

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	b->sections = 1;
	builder__section(b, ".shstrtab", SHT_STRTAB, b->names, sizeof(b->names));
	h.e_shoff = b->len;
	builder__append(b, b->section, sections * sizeof(b->section[0]));
	memcpy(b->bytes, &h, sizeof(h));
}

static inline int builder__fd(const struct builder *b)
{
	int fd = memfd_create("built", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, b->bytes, b->len) != (ssize_t)b->len) {
		close(fd);
		fd = -1;
	}
	return fd;
}

#endif
