/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The separate file with the symbols of a stripped one, as packages such as libc6-dbg bring it.
 *
 * Looked for below DEBUGFILE_ROOT of gilprof's own mount namespace only, whatever the target's is: the
 * build id says that a file there belongs to the target's, and nothing below the target's root needs
 * to be trusted with more than its own functions. A file counts if it and what it is reached through
 * (never above that folder) is there, a regular file, root's, and written by nobody else; it must have the
 * same build id or, where there is none, the checksum that the stripped file names.
 */
#ifndef GILPROF_DEBUGFILE_H
#define GILPROF_DEBUGFILE_H

#include "elf_file.h"

#define DEBUGFILE_ROOT "/usr/lib/debug"

/*
 * The file with more symbols than `elf`, which was mapped as `path`; NULL: there is none. Another
 * root is for tests.
 */
struct elf *debugfile__open(struct elf *elf, const char *path, const char *root);

#endif
