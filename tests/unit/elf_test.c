/* SPDX-License-Identifier: BSD-2-Clause */
/* elf_file.c on a small made-up library, whole, cut short and damaged, and on this host's libc. */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/elf_file.h"
#include "elf_image.h"
#include "tap.h"

static struct elf *open_bytes(const void *bytes, size_t len)
{
	int fd = memfd_create("elf_test", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		return NULL;
	return elf__open_fd(fd);
}

static struct elf *open_image(const struct image *im)
{
	return open_bytes(im, sizeof(*im));
}

/* Everything a caller may ask; the answers do not matter, what is touched does. */
static void ask_all(struct elf *elf)
{
	uint64_t value;
	char buffer[64];
	const char *text;
	size_t len;

	elf__symbol_in(elf, ELF_DYNSYM, "_PyRuntime", &value);
	elf__symbol_in(elf, ELF_SYMTAB, "_PyRuntime", &value);
	elf__section(elf, ".PyRuntime", &value);
	elf__load_bias(elf, 0x7f0000000000, 0, &value);
	elf__read(elf, RUNTIME_ADDRESS, buffer, sizeof(buffer));
	elf__newest_version_def(elf, "GLIBC_2.");
	elf__needs(elf, "libpython");
	elf__is_stripped(elf);
	if (elf__rodata(elf, &text, &len) == 0 && len > 0)
		(void)memmem(text, len, "nowhere", 7);
}

static void finds_symbols_and_sections(void)
{
	struct image im;
	struct elf *elf;
	uint64_t symbol = 0, section = 0, other = 0;
	int undefined, missing, no_symtab;

	set_image(&im);
	elf = open_image(&im);
	CHECK(elf);
	CHECK(elf__is_native(elf) && !elf__is_32bit(elf) && elf__is_stripped(elf));
	elf__symbol_in(elf, ELF_DYNSYM, "_PyRuntime", &symbol);
	elf__section(elf, ".PyRuntime", &section);
	undefined = elf__symbol_in(elf, ELF_DYNSYM, "Py_Version", &other);
	missing = elf__section(elf, ".nothing", &other);
	no_symtab = elf__symbol_in(elf, ELF_SYMTAB, "_PyRuntime", &other);
	elf__free(elf);
	CHECK_INT(symbol, RUNTIME_ADDRESS);
	CHECK_INT(section, RUNTIME_ADDRESS);
	CHECK_INT(undefined, -ENOENT);
	CHECK_INT(missing, -ENOENT);
	CHECK_INT(no_symtab, -ENOENT);
}

static void reads_contents(void)
{
	struct image im;
	struct elf *elf;
	char cookie[9] = "", tag[12] = "";
	const char *text = NULL;
	size_t len = 0;
	int beyond, before;

	set_image(&im);
	elf = open_image(&im);
	CHECK(elf);
	elf__read(elf, RUNTIME_ADDRESS, cookie, 8);
	beyond = elf__read(elf, RUNTIME_ADDRESS + sizeof(im.runtime) - 4, tag, 8);
	before = elf__read(elf, 0x10, tag, 8);
	if (elf__rodata(elf, &text, &len) == 0)
		memcpy(tag, text + 1, 10);
	elf__free(elf);
	CHECK_STR(cookie, "xdebugpy");
	CHECK_STR(tag, "cpython-38");
	CHECK_INT(len, sizeof(im.rodata));
	CHECK_INT(beyond, -ENOENT);
	CHECK_INT(before, -ENOENT);
}

static void reads_dynamic_tables(void)
{
	struct image im;
	struct elf *elf;
	int newest, none;
	bool needs, other;

	set_image(&im);
	elf = open_image(&im);
	CHECK(elf);
	newest = elf__newest_version_def(elf, "GLIBC_2.");
	none = elf__newest_version_def(elf, "MUSL_");
	needs = elf__needs(elf, "libpython");
	other = elf__needs(elf, "libcrypt");
	elf__free(elf);
	CHECK_INT(newest, 36);
	CHECK_INT(none, -ENOENT);
	CHECK(needs && !other);
}

/* A verdef chain that points at itself, and one that leaves the section. */
static void version_chains_end(void)
{
	struct image im;
	struct elf *elf;

	set_image(&im);
	im.version[1].def.vd_next = 0xfffffff0;
	im.version[2].def.vd_aux = 0xfffffff0;
	elf = open_image(&im);
	CHECK(elf);
	ask_all(elf);
	elf__free(elf);
	set_image(&im);
	im.version[0].def.vd_next = 1; /* as many definitions as bytes */
	elf = open_image(&im);
	CHECK(elf);
	ask_all(elf);
	elf__free(elf);
}

static void computes_load_bias(void)
{
	struct image im;
	struct elf *elf;
	uint64_t bias = 0, high = 0;
	int elsewhere, fixed;

	set_image(&im);
	elf = open_image(&im);
	CHECK(elf);
	elf__load_bias(elf, 0x7f0000001000, 0, &bias);
	elsewhere = elf__load_bias(elf, 0x7f0000001000, 0x100000, &high);
	elf__free(elf);
	CHECK_INT(bias, 0x7f0000000000);
	CHECK_INT(elsewhere, -ENOENT);

	im.header.e_type = ET_EXEC;
	elf = open_image(&im);
	CHECK(elf);
	fixed = elf__load_bias(elf, TEXT_ADDRESS, 0, &bias);
	high = bias;
	elsewhere = elf__load_bias(elf, 0x400000, 0, &bias);
	elf__free(elf);
	CHECK_INT(fixed, 0);
	CHECK_INT(high, 0);
	CHECK_INT(elsewhere, -ENOEXEC);
}

/* Debian's python3.11: the text's page starts in the middle of the segment before it. */
static void load_bias_of_a_shared_page(void)
{
	struct image im;
	struct elf *elf;
	uint64_t bias = 0;

	set_image(&im);
	im.segment[0].p_offset = 0x200;
	im.segment[0].p_vaddr = 0x5200;
	elf = open_image(&im);
	CHECK(elf);
	elf__load_bias(elf, 0x7f0000005000, 0, &bias);
	elf__free(elf);
	CHECK_INT(bias, 0x7f0000000000);
}

static int error_of(const struct image *im)
{
	struct elf *elf = open_image(im);
	int err = elf ? 0 : errno;

	elf__free(elf);
	return err;
}

static void rejects_what_would_cost_memory(void)
{
	struct image im;

	set_image(&im);
	im.header.e_shnum = 0; /* the number is in section 0 */
	im.section[0].sh_size = 1u << 24;
	CHECK_INT(error_of(&im), E2BIG);
	set_image(&im);
	im.header.e_shnum = 60000;
	CHECK_INT(error_of(&im), E2BIG);
	set_image(&im);
	im.header.e_phnum = PN_XNUM;
	CHECK_INT(error_of(&im), E2BIG);
	set_image(&im);
	im.header.e_ident[EI_DATA] = ELFDATA2MSB;
	CHECK_INT(error_of(&im), ENOEXEC);
}

static void oversized_section_is_not_read(void)
{
	struct image im;
	struct elf *elf;
	uint64_t value;
	int err;

	set_image(&im);
	im.section[S_DYNSYM].sh_size = 1ull << 40;
	elf = open_image(&im);
	CHECK(elf);
	err = elf__symbol_in(elf, ELF_DYNSYM, "_PyRuntime", &value);
	elf__free(elf);
	CHECK_INT(err, -ENOENT);
}

static void other_machines_are_not_native(void)
{
	struct image im;
	struct elf *elf;
	uint64_t value;
	bool native;
	int err;

	set_image(&im);
	im.header.e_machine = EM_RISCV;
	elf = open_image(&im);
	CHECK(elf);
	native = elf__is_native(elf);
	err = elf__symbol_in(elf, ELF_DYNSYM, "_PyRuntime", &value);
	elf__free(elf);
	CHECK(!native);
	CHECK_INT(err, -ENOENT);
	set_image(&im);
	im.header.e_ident[EI_CLASS] = ELFCLASS32;
	elf = open_image(&im);
	if (elf)
		CHECK(elf__is_32bit(elf) && !elf__is_native(elf));
	elf__free(elf);
}

static void rejects_what_is_no_file(void)
{
	int fds[2], huge;

	CHECK(!elf__open_fd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
	CHECK_INT(errno, EINVAL);
	CHECK(pipe(fds) == 0);
	close(fds[1]);
	CHECK(!elf__open_fd(fds[0]));
	huge = memfd_create("huge", MFD_CLOEXEC);
	CHECK(ftruncate(huge, (1ll << 30) + 1) == 0 && pwrite(huge, ELFMAG, SELFMAG, 0) == SELFMAG);
	CHECK(!elf__open_fd(huge));
	CHECK_INT(errno, EFBIG);
	CHECK(!open_bytes("", 0));
	CHECK(!open_bytes("#!/usr/bin/python3\n", 19));
	elf__free(NULL);
}

static void survives_every_truncation(void)
{
	struct image im;

	set_image(&im);
	for (size_t len = 0; len < sizeof(im); len++) {
		struct elf *elf = open_bytes(&im, len);

		if (elf)
			ask_all(elf);
		elf__free(elf);
	}
}

static void survives_every_damaged_byte(void)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct image im;

	for (size_t at = EI_CLASS; at < sizeof(im); at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			struct elf *elf;

			set_image(&im);
			((unsigned char *)&im)[at] = values[i];
			elf = open_image(&im);
			if (elf)
				ask_all(elf);
			elf__free(elf);
		}
	}
}

/* A target may cut its file while it is being looked at. */
static void survives_a_file_that_shrinks(void)
{
	struct image im;
	struct elf *elf;
	int fd = memfd_create("shrinks", MFD_CLOEXEC);

	set_image(&im);
	CHECK(fd >= 0 && write(fd, &im, sizeof(im)) == sizeof(im));
	elf = elf__open_fd(dup(fd));
	CHECK(elf);
	CHECK(ftruncate(fd, sizeof(Elf64_Ehdr)) == 0);
	ask_all(elf);
	elf__free(elf);
	close(fd);
}

static void knows_this_hosts_glibc(void)
{
	static const char *const paths[] = { "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6",
					     "/lib/aarch64-linux-gnu/libc.so.6" };
	int minor = 0, newest = -1;
	struct elf *elf = NULL;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !elf; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		elf = fd < 0 ? NULL : elf__open_fd(fd);
	}
	if (!elf)
		TAP_SKIP("no libc.so.6 where it was looked for");
	newest = elf__newest_version_def(elf, "GLIBC_2.");
	elf__free(elf);
	CHECK(sscanf(gnu_get_libc_version(), "2.%d", &minor) == 1);
	/* a release without new symbols defines no version of its own */
	CHECK(newest <= minor && newest >= minor - 1);
}

int main(void)
{
	TAP_RUN(finds_symbols_and_sections);
	TAP_RUN(reads_contents);
	TAP_RUN(reads_dynamic_tables);
	TAP_RUN(version_chains_end);
	TAP_RUN(computes_load_bias);
	TAP_RUN(load_bias_of_a_shared_page);
	TAP_RUN(rejects_what_would_cost_memory);
	TAP_RUN(oversized_section_is_not_read);
	TAP_RUN(other_machines_are_not_native);
	TAP_RUN(rejects_what_is_no_file);
	TAP_RUN(survives_every_truncation);
	TAP_RUN(survives_every_damaged_byte);
	TAP_RUN(survives_a_file_that_shrinks);
	TAP_RUN(knows_this_hosts_glibc);
	return TAP_DONE();
}
