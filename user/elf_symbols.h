/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All functions of an ELF file that can be had, into a table: of .symtab, else of a separate debug
 * file, else of .dynsym (exported ones only) and .gnu_debugdata, where Fedora leaves the others of a
 * stripped file. Called in the child of user/symload.c.
 */
#ifndef GILPROF_ELF_SYMBOLS_H
#define GILPROF_ELF_SYMBOLS_H

#include "symtab.h"

/*
 * The file behind fd, which is closed, mapped as `path` in the target. Finishes the table. 0, or
 * -errno if it is no ELF file for this machine. debug_root as in debugfile.h.
 */
int elf_symbols__load(int fd, const char *path, const char *debug_root, struct symtab *t);

#endif
