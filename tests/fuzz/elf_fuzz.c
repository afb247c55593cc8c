/* SPDX-License-Identifier: BSD-2-Clause */
/* An ELF file as a target may make it: every question that discovery asks, to any bytes. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/elf_file.h"
#include "../../user/pyver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_text(struct elf *elf)
{
	struct pyver version = { .minor = -1 };
	const char *text;
	size_t len;

	if (elf__rodata(elf, &text, &len) < 0)
		return;
	if (pyver__minor_from_text(text, len, &version))
		pyver__patch_from_text(text, len, &version);
}

static void ask_all(struct elf *elf)
{
	char bytes[64];
	uint64_t value;

	for (int table = ELF_DYNSYM; table <= ELF_SYMTAB; table++)
		if (elf__symbol_in(elf, (enum elf_table)table, "_PyRuntime", &value) == 0)
			elf__read(elf, value, bytes, sizeof(bytes));
	elf__section(elf, ".PyRuntime", &value);
	elf__load_bias(elf, 0x7f0000000000, 0, &value);
	elf__load_bias(elf, 0x400000, 0x1000, &value);
	elf__newest_version_def(elf, "GLIBC_2.");
	elf__needs(elf, "libpython");
	elf__is_stripped(elf);
	ask_text(elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("elf_fuzz", MFD_CLOEXEC);
	struct elf *elf;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	elf = elf__open_fd(fd);
	if (elf && elf__is_native(elf))
		ask_all(elf);
	elf__free(elf);
	return 0;
}
