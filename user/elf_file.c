/* SPDX-License-Identifier: BSD-2-Clause */
/* How far libelf is trusted: it checks offsets against the file, the limits below are ours. */
#include "elf_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (1ULL << 30)
#define MAX_HEADERS 256u      /* program headers; real files have some 15 */
#define MAX_SECTIONS 1024u    /* real files have some 40 */
#define MAX_TABLE (64u << 20) /* bytes of one section that is loaded */
#define HOST_DATA (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#define HOST_MACHINE EM_NONE
#endif

/*
 * Called before libelf sees the file: a file may move its number of sections into a 64-bit field
 * of section 0 (e_shnum 0), and libelf then allocates room for all of them.
 */
static int check_counts(unsigned int segments, unsigned int sections, uint64_t sections_at)
{
	if (segments > MAX_HEADERS || sections > MAX_SECTIONS)
		return -E2BIG;
	return sections == 0 && sections_at != 0 ? -E2BIG : 0;
}

static int check_header(int fd, uint64_t size)
{
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} h;
	ssize_t n = pread(fd, &h, sizeof(h), 0);
	bool wide;

	if (n != sizeof(h) || memcmp(h.wide.e_ident, ELFMAG, SELFMAG) != 0)
		return n < 0 ? -errno : -ENOEXEC;
	if (size > MAX_FILE)
		return -EFBIG;
	if (h.wide.e_ident[EI_DATA] != HOST_DATA)
		return -ENOEXEC;
	wide = h.wide.e_ident[EI_CLASS] == ELFCLASS64;
	return check_counts(wide ? h.wide.e_phnum : h.narrow.e_phnum,
			    wide ? h.wide.e_shnum : h.narrow.e_shnum,
			    wide ? h.wide.e_shoff : h.narrow.e_shoff);
}

static int open_checked(struct elf *elf)
{
	struct stat st;
	int err;

	if (fstat(elf->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	elf->size = (uint64_t)st.st_size;
	err = check_header(elf->fd, elf->size);
	if (err)
		return err;
	elf_version(EV_CURRENT);
	/* Never mmap: the owner may truncate the file under us, and that is a SIGBUS. */
	elf->elf = elf_begin(elf->fd, ELF_C_READ, NULL);
	if (!elf->elf || elf_kind(elf->elf) != ELF_K_ELF || !gelf_getehdr(elf->elf, &elf->header))
		return -ENOEXEC;
	return 0;
}

struct elf *elf__open_fd(int fd)
{
	struct elf *elf = calloc(1, sizeof(*elf));
	int err;

	if (!elf) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	elf->fd = fd;
	err = open_checked(elf);
	if (err) {
		elf__free(elf);
		errno = -err;
		return NULL;
	}
	return elf;
}

void elf__free(struct elf *elf)
{
	if (!elf)
		return;
	elf_end(elf->elf);
	close(elf->fd);
	free(elf);
}

bool elf__is_32bit(const struct elf *elf)
{
	return elf->header.e_ident[EI_CLASS] == ELFCLASS32;
}

bool elf__is_native(const struct elf *elf)
{
	return !elf__is_32bit(elf) && elf->header.e_machine == HOST_MACHINE;
}

Elf_Data *elf__data(struct elf *elf, Elf_Scn *scn)
{
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS)
		return NULL;
	if (sh.sh_size > MAX_TABLE || sh.sh_offset > elf->size ||
	    sh.sh_size > elf->size - sh.sh_offset)
		return NULL;
	return elf_getdata(scn, NULL);
}

Elf_Scn *elf__section_of_type(struct elf *elf, uint32_t type, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf->elf, scn)))
		if (gelf_getshdr(scn, sh) && sh->sh_type == type)
			return scn;
	return NULL;
}

bool elf__string_is(const Elf_Data *strings, uint64_t at, const char *want, bool whole)
{
	size_t len = strlen(want) + (whole ? 1 : 0);

	return strings && strings->d_buf && at < strings->d_size && len <= strings->d_size - at &&
	       memcmp((const char *)strings->d_buf + at, want, len) == 0;
}

static Elf_Scn *section_named(struct elf *elf, const char *name, GElf_Shdr *sh)
{
	Elf_Data *names = elf__data(elf, elf_getscn(elf->elf, elf->header.e_shstrndx));
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf->elf, scn)))
		if (gelf_getshdr(scn, sh) && elf__string_is(names, sh->sh_name, name, true))
			return scn;
	return NULL;
}

int elf__section(struct elf *elf, const char *name, uint64_t *address)
{
	GElf_Shdr sh;

	if (!section_named(elf, name, &sh) || !(sh.sh_flags & SHF_ALLOC))
		return -ENOENT;
	*address = sh.sh_addr;
	return 0;
}

int elf__bytes(struct elf *elf, const char *name, const void **bytes, size_t *len)
{
	GElf_Shdr sh;
	Elf_Data *data = elf__data(elf, section_named(elf, name, &sh));

	if (!data || !data->d_buf)
		return -ENOENT;
	*bytes = data->d_buf;
	*len = data->d_size;
	return 0;
}

int elf__rodata(struct elf *elf, const char **bytes, size_t *len)
{
	const void *data;
	int err = elf__bytes(elf, ".rodata", &data, len);

	if (!err)
		*bytes = data;
	return err;
}

bool elf__is_stripped(struct elf *elf)
{
	GElf_Shdr sh;

	return !elf__section_of_type(elf, SHT_SYMTAB, &sh);
}

/* Loadable segment i, or false. */
static bool segment(struct elf *elf, unsigned int i, GElf_Phdr *ph)
{
	return gelf_getphdr(elf->elf, (int)i, ph) && ph->p_type == PT_LOAD;
}

int elf__read(struct elf *elf, uint64_t address, void *to, size_t len)
{
	GElf_Phdr ph;

	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		uint64_t at = 0;

		if (!segment(elf, i, &ph) || address < ph.p_vaddr)
			continue;
		at = address - ph.p_vaddr;
		if (at >= ph.p_filesz || len > ph.p_filesz - at || ph.p_offset > elf->size)
			continue;
		if (pread(elf->fd, to, len, (off_t)(ph.p_offset + at)) == (ssize_t)len)
			return 0;
	}
	return -ENOENT;
}

unsigned int elf__texts(struct elf *elf, struct elf_text *texts, unsigned int n)
{
	unsigned int found = 0;
	GElf_Phdr ph;

	for (unsigned int i = 0; i < elf->header.e_phnum && found < n; i++)
		if (segment(elf, i, &ph) && (ph.p_flags & PF_X))
			texts[found++] = (struct elf_text){ .offset = ph.p_offset,
							    .size = ph.p_filesz,
							    .address = ph.p_vaddr };
	return found;
}

int elf__load_bias(struct elf *elf, uint64_t start, uint64_t offset, uint64_t *bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	GElf_Phdr ph;

	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		if (!segment(elf, i, &ph) || !(ph.p_flags & PF_X))
			continue;
		if (ph.p_offset > elf->size || ph.p_filesz > elf->size)
			continue;
		if (offset < (ph.p_offset & -page) || offset >= ph.p_offset + ph.p_filesz)
			continue;
		*bias = start - offset - (ph.p_vaddr - ph.p_offset);
		return elf->header.e_type == ET_EXEC && *bias != 0 ? -ENOEXEC : 0;
	}
	return -ENOENT;
}
