/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables inside an ELF file: symbols, version definitions, needed libraries. */
#include <errno.h>
#include <string.h>

#include "elf_data.h"

#define MAX_VERSIONS 4096u /* version definitions; glibc has some 45 */
#define MAX_DYNAMIC 4096   /* entries; real files have some 40 */

static bool symbol_is(const Elf64_Sym *sym, const Elf_Data *strings, const char *name)
{
	return sym->st_shndx != SHN_UNDEF && elf__string_is(strings, sym->st_name, name, true);
}

int elf__symbol_in(struct elf *elf, enum elf_table table, const char *name, uint64_t *value)
{
	GElf_Shdr sh;
	Elf_Scn *scn =
		elf__section_of_type(elf, table == ELF_DYNSYM ? SHT_DYNSYM : SHT_SYMTAB, &sh);
	Elf_Data *symbols = elf__data(elf, scn);
	Elf_Data *strings;
	const Elf64_Sym *sym;

	if (!elf__is_native(elf) || !symbols || !symbols->d_buf || symbols->d_type != ELF_T_SYM)
		return -ENOENT;
	strings = elf__data(elf, elf_getscn(elf->elf, sh.sh_link));
	sym = symbols->d_buf;
	for (size_t i = 0; i < symbols->d_size / sizeof(*sym); i++) {
		if (symbol_is(&sym[i], strings, name)) {
			*value = sym[i].st_value;
			return 0;
		}
	}
	return -ENOENT;
}

int elf__symbol(struct elf *elf, const char *name, uint64_t *value)
{
	if (elf__symbol_in(elf, ELF_DYNSYM, name, value) == 0)
		return 0;
	return elf__symbol_in(elf, ELF_SYMTAB, name, value);
}

/* The number behind the prefix; -ENOENT also for "2.2.5", older than any "2.N" of interest. */
static int version_number(const Elf_Data *strings, uint64_t at, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *text;
	int n = 0;

	if (!elf__string_is(strings, at, prefix, false))
		return -ENOENT;
	text = (const char *)strings->d_buf + at + len;
	len = strings->d_size - at - len;
	if (len == 0 || *text < '0' || *text > '9')
		return -ENOENT;
	for (; len > 0 && *text >= '0' && *text <= '9' && n < 100000; text++, len--)
		n = 10 * n + (*text - '0');
	return len > 0 && *text == '\0' ? n : -ENOENT;
}

int elf__newest_version_def(struct elf *elf, const char *prefix)
{
	GElf_Shdr sh;
	Elf_Data *defs = elf__data(elf, elf__section_of_type(elf, SHT_GNU_verdef, &sh));
	Elf_Data *strings;
	GElf_Verdef def;
	GElf_Verdaux aux;
	uint64_t at = 0;
	int newest = -ENOENT;

	if (!defs)
		return -ENOENT;
	strings = elf__data(elf, elf_getscn(elf->elf, sh.sh_link));
	for (unsigned int i = 0; i < MAX_VERSIONS && at < defs->d_size; i++) {
		if (!gelf_getverdef(defs, (int)at, &def) || def.vd_aux >= defs->d_size)
			break;
		if (gelf_getverdaux(defs, (int)(at + def.vd_aux), &aux)) {
			int n = version_number(strings, aux.vda_name, prefix);

			newest = n > newest ? n : newest;
		}
		if (def.vd_next == 0)
			break;
		at += def.vd_next;
	}
	return newest;
}

bool elf__needs(struct elf *elf, const char *prefix)
{
	GElf_Shdr sh;
	Elf_Data *data = elf__data(elf, elf__section_of_type(elf, SHT_DYNAMIC, &sh));
	Elf_Data *strings;
	GElf_Dyn dyn;

	if (!data)
		return false;
	strings = elf__data(elf, elf_getscn(elf->elf, sh.sh_link));
	for (int i = 0; i < MAX_DYNAMIC && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_NEEDED &&
		    elf__string_is(strings, dyn.d_un.d_val, prefix, false))
			return true;
	return false;
}
