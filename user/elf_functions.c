/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of an ELF file, and what it says about the file that has more of them. */
#include <errno.h>
#include <string.h>

#include "elf_data.h"

#define MAX_NOTE 4096u /* bytes of a note section that are looked at; a build id has 20 */

/* Symbols of one section come together, as a rule: its end is looked up once. */
struct section_end {
	unsigned int index;
	uint64_t end;
};

static uint64_t end_of(struct elf *elf, struct section_end *last, unsigned int index)
{
	GElf_Shdr sh;

	if (index == last->index)
		return last->end;
	last->index = index;
	last->end = 0;
	if (gelf_getshdr(elf_getscn(elf->elf, index), &sh) && sh.sh_addr + sh.sh_size > sh.sh_addr)
		last->end = sh.sh_addr + sh.sh_size;
	return last->end;
}

static bool is_function(const Elf64_Sym *sym)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && sym->st_shndx != SHN_UNDEF &&
	       sym->st_shndx < SHN_LORESERVE;
}

/* A table may give every symbol one name of many megabytes: what is looked at is cut. */
static bool take_name(const Elf_Data *strings, uint64_t at, struct elf_function *f)
{
	size_t room;

	if (at >= strings->d_size)
		return false;
	room = strings->d_size - at;
	f->name = (const char *)strings->d_buf + at;
	f->name_len = strnlen(f->name, room < ELF_NAME_MAX ? room : ELF_NAME_MAX);
	return f->name_len > 0 && f->name_len < room;
}

int elf__functions(struct elf *elf, enum elf_table table,
		   bool (*sink)(void *ctx, const struct elf_function *f), void *ctx)
{
	struct section_end last = { 0 };
	GElf_Shdr sh;
	Elf_Data *symbols = elf__data(
		elf, elf__section_of_type(elf, table == ELF_DYNSYM ? SHT_DYNSYM : SHT_SYMTAB, &sh));
	Elf_Data *strings;
	const Elf64_Sym *sym;

	if (!elf__is_native(elf) || !symbols || !symbols->d_buf || symbols->d_type != ELF_T_SYM)
		return -ENOENT;
	strings = elf__data(elf, elf_getscn(elf->elf, sh.sh_link));
	if (!strings || !strings->d_buf)
		return -ENOENT;
	sym = symbols->d_buf;
	for (size_t i = 0; i < symbols->d_size / sizeof(*sym); i++) {
		struct elf_function f = { .start = sym[i].st_value, .size = sym[i].st_size };

		if (!is_function(&sym[i]) || !take_name(strings, sym[i].st_name, &f))
			continue;
		f.local = ELF64_ST_BIND(sym[i].st_info) == STB_LOCAL;
		f.section_end = end_of(elf, &last, sym[i].st_shndx);
		if (!sink(ctx, &f))
			break;
	}
	return 0;
}

/* The build id in one note section's bytes; notes are padded to four bytes. */
static size_t id_in(const unsigned char *at, size_t len, unsigned char *id, size_t size)
{
	Elf64_Nhdr note;

	while (len >= sizeof(note)) {
		size_t name, desc;

		memcpy(&note, at, sizeof(note));
		at += sizeof(note);
		len -= sizeof(note);
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name > len || desc > len - name)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(at, "GNU", 4) == 0 && note.n_descsz <= size) {
			memcpy(id, at + name, note.n_descsz);
			return note.n_descsz;
		}
		at += name + desc;
		len -= name + desc;
	}
	return 0;
}

size_t elf__build_id(struct elf *elf, unsigned char *id, size_t size)
{
	const void *bytes;
	size_t len;

	if (elf__bytes(elf, ".note.gnu.build-id", &bytes, &len) < 0 || len > MAX_NOTE)
		return 0;
	return id_in(bytes, len, id, size);
}

/* The name, padded to four bytes, then the CRC-32 of the whole file it names. */
int elf__debuglink(struct elf *elf, char *name, uint32_t *crc)
{
	const void *bytes;
	size_t len, name_len, at;

	if (elf__bytes(elf, ".gnu_debuglink", &bytes, &len) < 0)
		return -ENOENT;
	name_len = strnlen(bytes, len < ELF_LINK_MAX ? len : ELF_LINK_MAX);
	at = (name_len + 4) & ~(size_t)3;
	if (name_len >= ELF_LINK_MAX || at > len || len - at < sizeof(*crc))
		return -ENOENT;
	memcpy(name, bytes, name_len + 1);
	memcpy(crc, (const char *)bytes + at, sizeof(*crc));
	if (name_len == 0 || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	return 0;
}
