/* SPDX-License-Identifier: BSD-2-Clause */
/* A small made-up library for the tests of elf_file.c, with all that discovery asks for. */
#ifndef GILPROF_ELF_IMAGE_H
#define GILPROF_ELF_IMAGE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#if defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_X86_64
#endif

#define TEXT_ADDRESS 0x1000
#define DATA_ADDRESS 0x3e00
#define RUNTIME_ADDRESS 0x3e40

enum { S_NULL, S_DYNSYM, S_DYNSTR, S_NAMES, S_RODATA, S_RUNTIME, S_VERDEF, S_DYNAMIC, SECTIONS };

static const char strings[] =
	"\0_PyRuntime\0Py_Version\0GLIBC_2.2.5\0GLIBC_2.36\0GLIBC_2.9\0libpython3.8.so";
static const char names[] = "\0.rodata\0.PyRuntime\0.dynsym";

/* The file, laid out as the linker would: one page, text behind the headers, data at the end. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	Elf64_Shdr section[SECTIONS];
	Elf64_Sym symbol[3];
	struct {
		Elf64_Verdef def;
		Elf64_Verdaux aux;
	} version[3];
	Elf64_Dyn dynamic[2];
	char strings[sizeof(strings)];
	char names[sizeof(names)];
	char rodata[32];
	char runtime[64];
};

static inline uint32_t offset_of(const char *table, size_t size, const char *want)
{
	const char *at = memmem(table, size, want, strlen(want) + 1);

	return at ? (uint32_t)(at - table) : 0;
}

#define STRING(want) offset_of(strings, sizeof(strings), want)
#define NAME(want) offset_of(names, sizeof(names), want)
#define AT(field) offsetof(struct image, field)

static inline void set_section(struct image *im, int i, uint32_t type, uint64_t at, uint64_t size)
{
	Elf64_Shdr *sh = &im->section[i];

	sh->sh_type = type;
	sh->sh_flags = SHF_ALLOC;
	sh->sh_offset = at;
	sh->sh_addr = TEXT_ADDRESS + at;
	sh->sh_size = size;
	sh->sh_link = S_DYNSTR;
	sh->sh_addralign = 8;
}

static inline void set_sections(struct image *im)
{
	set_section(im, S_DYNSYM, SHT_DYNSYM, AT(symbol), sizeof(im->symbol));
	im->section[S_DYNSYM].sh_entsize = sizeof(Elf64_Sym);
	set_section(im, S_DYNSTR, SHT_STRTAB, AT(strings), sizeof(im->strings));
	set_section(im, S_NAMES, SHT_STRTAB, AT(names), sizeof(im->names));
	set_section(im, S_RODATA, SHT_PROGBITS, AT(rodata), sizeof(im->rodata));
	im->section[S_RODATA].sh_name = NAME(".rodata");
	set_section(im, S_RUNTIME, SHT_PROGBITS, AT(runtime), sizeof(im->runtime));
	im->section[S_RUNTIME].sh_name = NAME(".PyRuntime");
	im->section[S_RUNTIME].sh_addr = RUNTIME_ADDRESS;
	set_section(im, S_VERDEF, SHT_GNU_verdef, AT(version), sizeof(im->version));
	im->section[S_VERDEF].sh_info = 3;
	set_section(im, S_DYNAMIC, SHT_DYNAMIC, AT(dynamic), sizeof(im->dynamic));
	im->section[S_DYNAMIC].sh_entsize = sizeof(Elf64_Dyn);
}

static inline void set_tables(struct image *im)
{
	const char *defs[] = { "GLIBC_2.2.5", "GLIBC_2.36", "GLIBC_2.9" };

	im->symbol[1].st_name = STRING("Py_Version"); /* used, not defined */
	im->symbol[1].st_value = 0x1234;
	im->symbol[2].st_name = STRING("_PyRuntime");
	im->symbol[2].st_shndx = S_RUNTIME;
	im->symbol[2].st_value = RUNTIME_ADDRESS;
	for (int i = 0; i < 3; i++) {
		im->version[i].def.vd_version = 1;
		im->version[i].def.vd_cnt = 1;
		im->version[i].def.vd_aux = sizeof(Elf64_Verdef);
		im->version[i].def.vd_next = i < 2 ? sizeof(im->version[0]) : 0;
		im->version[i].aux.vda_name = STRING(defs[i]);
	}
	im->dynamic[0].d_tag = DT_NEEDED;
	im->dynamic[0].d_un.d_val = STRING("libpython3.8.so");
}

static inline void set_image(struct image *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->header.e_ident, ELFMAG, SELFMAG);
	im->header.e_ident[EI_CLASS] = ELFCLASS64;
	im->header.e_ident[EI_DATA] = ELFDATA2LSB;
	im->header.e_ident[EI_VERSION] = EV_CURRENT;
	im->header.e_type = ET_DYN;
	im->header.e_machine = MACHINE;
	im->header.e_version = EV_CURRENT;
	im->header.e_ehsize = sizeof(Elf64_Ehdr);
	im->header.e_phoff = AT(segment);
	im->header.e_phentsize = sizeof(Elf64_Phdr);
	im->header.e_phnum = 2;
	im->header.e_shoff = AT(section);
	im->header.e_shentsize = sizeof(Elf64_Shdr);
	im->header.e_shnum = SECTIONS;
	im->header.e_shstrndx = S_NAMES;
	im->segment[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_flags = PF_R | PF_X,
				       .p_vaddr = TEXT_ADDRESS,
				       .p_filesz = AT(runtime) };
	im->segment[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_flags = PF_R | PF_W,
				       .p_offset = AT(runtime),
				       .p_vaddr = RUNTIME_ADDRESS,
				       .p_filesz = sizeof(im->runtime) };
	set_sections(im);
	set_tables(im);
	memcpy(im->strings, strings, sizeof(strings));
	memcpy(im->names, names, sizeof(names));
	memcpy(im->rodata,
	       "\0cpython-38\0"
	       "3.8.18\0",
	       19);
	memcpy(im->runtime, "xdebugpy", 8);
}

#endif
