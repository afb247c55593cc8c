/* SPDX-License-Identifier: BSD-2-Clause */
#include "binary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "python.h"

#define RUNTIME "_PyRuntime"

/* The program first: if it defines _PyRuntime, libraries use that one (a copy relocation). */
static const struct maps_file *candidate(const struct maps *maps, unsigned int i)
{
	return i == 0 ? &maps->exe : &maps->library[i - 1];
}

static int open_elf(pid_t pid, const struct maps_file *file, struct elf **elf)
{
	int fd = file->start ? maps__open(pid, file) : -ENOENT;

	*elf = NULL;
	if (fd < 0)
		return fd;
	*elf = elf__open_fd(fd);
	return *elf ? 0 : -errno;
}

/*
 * Every build seen exports the symbol, and 3.10 and later keep it in a section of its own. The
 * other symbols of a program are many megabytes at times: only those of a python are searched.
 */
static int find_symbol(struct binary *binary, bool thorough, uint64_t *value)
{
	if (!thorough)
		return elf__symbol_in(binary->elf, ELF_DYNSYM, RUNTIME, value);
	if (elf__section(binary->elf, ".PyRuntime", value) == 0)
		return 0;
	if (binary->version.major == 0)
		return -ENOENT;
	return elf__symbol_in(binary->elf, ELF_SYMTAB, RUNTIME, value);
}

static int look_into(pid_t pid, const struct maps_file *file, bool thorough, struct binary *binary)
{
	uint64_t value;
	int err = open_elf(pid, file, &binary->elf);

	if (err)
		return err;
	maps__base_name(file->path, binary->name, sizeof(binary->name));
	pyver__from_name(binary->name, &binary->version);
	err = elf__is_native(binary->elf) ? find_symbol(binary, thorough, &value) : -ENOENT;
	if (!err)
		err = elf__load_bias(binary->elf, file->start, file->offset, &binary->bias);
	if (err) {
		binary__close(binary);
		return err;
	}
	binary->runtime = value + binary->bias;
	return 0;
}

int binary__unsupported(const char *what, char *note, size_t size)
{
	snprintf(note, size, "%s is not supported (CPython 3.%d to 3.%d are)" PYTHON_NO_SPLIT, what,
		 PYVER_OLDEST, PYVER_NEWEST);
	return -ENOTSUP;
}

/* What a file without _PyRuntime is, by its name; -ENOENT if it is nothing in particular. */
static int judge_name(const struct maps_file *file, struct elf *elf, char *note, size_t size)
{
	struct pyver version;
	char name[256], what[32];

	maps__base_name(file->path, name, sizeof(name));
	if (strncmp(name, "pypy", 4) == 0 || strncmp(name, "libpypy", 7) == 0)
		return binary__unsupported("PyPy", note, size);
	if (!pyver__from_name(name, &version))
		return -ENOENT;
	if (version.major < 3 || version.minor < PYVER_OLDEST) {
		snprintf(what, sizeof(what), "CPython %d.%d", version.major, version.minor);
		return binary__unsupported(what, note, size);
	}
	if (elf && elf__is_32bit(elf))
		return binary__unsupported("a 32-bit CPython", note, size);
	if (elf && !elf__is_native(elf))
		return binary__unsupported("a CPython for another processor", note, size);
	if (elf && elf__needs(elf, "libpython"))
		return -EAGAIN;
	snprintf(note, size, "this build of CPython %d.%d has no symbol " RUNTIME PYTHON_NO_SPLIT,
		 version.major, version.minor);
	return -ENOTSUP;
}

static int judge(pid_t pid, const struct maps *maps, char *note, size_t size)
{
	int verdict = -ENOENT;

	for (unsigned int i = 0; i <= maps->libraries && verdict == -ENOENT; i++) {
		const struct maps_file *file = candidate(maps, i);
		struct elf *elf;

		if (!file->start)
			continue;
		open_elf(pid, file, &elf);
		verdict = judge_name(file, elf, note, size);
		elf__free(elf);
	}
	return verdict;
}

int binary__find(pid_t pid, const struct maps *maps, struct binary *binary, char *note, size_t size)
{
	memset(binary, 0, sizeof(*binary));
	for (int thorough = 0; thorough <= 1; thorough++) {
		for (unsigned int i = 0; i <= maps->libraries; i++) {
			if (look_into(pid, candidate(maps, i), thorough, binary) == 0) {
				binary->shared = i > 0;
				return 0;
			}
		}
	}
	return judge(pid, maps, note, size);
}

static void read_text(struct binary *binary)
{
	struct pyver *version = &binary->version;
	const char *text;
	size_t len;

	if (elf__rodata(binary->elf, &text, &len) < 0)
		return;
	if (version->major == 0 && !pyver__minor_from_text(text, len, version))
		return;
	pyver__patch_from_text(text, len, version);
}

/* Py_Version is PY_VERSION_HEX, exported from 3.11 on (Include/pylifecycle.h). */
void binary__read_version(struct binary *binary)
{
	uint64_t address, hex = 0;

	if (elf__symbol_in(binary->elf, ELF_DYNSYM, "Py_Version", &address) == 0 &&
	    elf__read(binary->elf, address, &hex, sizeof(hex)) == 0)
		pyver__from_hex((uint32_t)hex, &binary->version);
	else
		read_text(binary);
}

void binary__close(struct binary *binary)
{
	elf__free(binary->elf);
	binary->elf = NULL;
}
