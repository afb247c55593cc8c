/* SPDX-License-Identifier: BSD-2-Clause */
/* Decompression of an .xz stream that may be damaged or forged: .gnu_debugdata of an ELF file. */
#ifndef GILPROF_UNXZ_H
#define GILPROF_UNXZ_H

#include <stddef.h>

/* The contents as a memory file, to be closed by the caller; -errno, -E2BIG if there is more than max. */
int unxz__to_file(const void *bytes, size_t len, size_t max);

#endif
