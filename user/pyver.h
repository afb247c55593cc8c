/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between CPython versions, as data: one row per minor version, each with its source,
 * and the parsers of the texts and tables a version can be told by. Pure functions over bytes that
 * the target controls. Called by user/binary.c and user/python.c; a new CPython is a new row here.
 */
#ifndef GILPROF_PYVER_H
#define GILPROF_PYVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"

#define PYVER_OLDEST 8 /* supported: 3.8 to 3.15 */
#define PYVER_NEWEST 15
#define PYVER_DEBUG_OFFSETS 13	     /* from 3.13 on the interpreter says where its fields are */
#define PYVER_DEBUG_OFFSETS_MAX 1024 /* bytes of the longest _Py_DebugOffsets known, rounded up */

/* Offsets of the fields on the way to the GILs. Fixed size: it is part of struct python. */
struct pyver_layout {
	uint32_t interpreters_head; /* in _PyRuntime */
	uint32_t runtime_gil; /* in _PyRuntime, up to 3.11; 0: each interpreter has a pointer */
	uint32_t interp_next; /* in PyInterpreterState */
	uint32_t interp_id;
	uint32_t interp_threads;
	uint32_t interp_gil;  /* pointer to its GIL, from 3.12 on */
	uint32_t tstate_next; /* in PyThreadState */
	uint32_t tstate_interp;
	uint32_t tstate_thread_id;
	uint32_t gil_enabled; /* 8 in free-threaded builds: `enabled` comes before `interval` */
};

/* How a line is told from an instruction (user/pycode.c). */
enum pycode_format {
	PYCODE_UNKNOWN = 0,
	PYCODE_LNOTAB = 1,    /* co_lnotab, to 3.9 */
	PYCODE_RANGES = 2,    /* co_linetable of 3.10 */
	PYCODE_LOCATIONS = 3, /* co_linetable from 3.11 on */
};

/* What user space alone needs of a code object. Offsets in bytes. */
struct pycode_layout {
	uint16_t format;      /* enum pycode_format */
	uint16_t firstlineno; /* int co_firstlineno */
	uint16_t bytecode;    /* from 3.11 on: its instructions, which a frame's ip points into, */
	uint16_t tlbc;	      /* free-threaded 3.14: and a pointer to further copies; 0: none */
	uint16_t index_unit;  /* to 3.10: bytes that f_lasti counts in */
};

/* What a stack is made of. Fixed size: it is part of struct python. */
struct pyver_frames {
	struct wire_frames wire;
	struct pycode_layout code;
};

/* A version as far as it is known. */
struct pyver {
	int major;    /* 0: unknown */
	int minor;    /* -1: unknown */
	uint32_t hex; /* PY_VERSION_HEX; its low 16 bits are 0 while the patch level is unknown */
	bool free_threaded; /* ABI flag t */
	bool debug;	    /* ABI flag d */
};

/* From "libpython3.13t.so.1.0", "python3.8" and the like; false if the name has no version. */
bool pyver__from_name(const char *name, struct pyver *version);

/* Sets all but the ABI flags from PY_VERSION_HEX. */
void pyver__from_hex(uint32_t hex, struct pyver *version);

/* From the read-only data of an interpreter: the minor version from its cache tag, */
bool pyver__minor_from_text(const char *text, size_t len, struct pyver *version);
/* and the patch level from PY_VERSION, where the minor version is known. */
bool pyver__patch_from_text(const char *text, size_t len, struct pyver *version);

/* "3.8.18", "3.14.0rc2", or "3.8" if the patch level is unknown. */
void pyver__format(const struct pyver *version, char *text, size_t size);

/* The row of 3.8 to 3.12, NULL for another version or on a machine it was not measured on. */
const struct pyver_layout *pyver__layout(const struct pyver *version);

/*
 * Reads _Py_DebugOffsets, the first bytes of _PyRuntime from 3.13 on. -ENOENT: it is something else
 * (an older version, or not initialised); -ENOTSUP: *version is set, but there is no row for it;
 * -ENODATA: *version is set, but more bytes are needed; -ERANGE: a value cannot be right.
 */
int pyver__debug_offsets(const void *bytes, size_t len, struct pyver *version,
			 struct pyver_layout *layout);

/*
 * Where frames are: wire.valid is 0 where that is not known. For 3.8 to 3.12 by the version, from 3.13
 * on by _Py_DebugOffsets and the version that pyver__debug_offsets() found there.
 */
void pyver__frames(const struct pyver *version, struct pyver_frames *frames);
void pyver__debug_frames(const void *bytes, size_t len, const struct pyver *version,
			 struct pyver_frames *frames);

/*
 * Where things are in the GIL, struct _gil_runtime_state of Include/internal/pycore_gil.h, counted
 * from `interval`: the same from 3.7 to 3.15 (DWARF of 13 builds). Before that: last_holder 8,
 * locked 16, switch_number 24.
 */
#define PYVER_GIL_COND 32
#define PYVER_GIL_MUTEX (PYVER_GIL_COND + sizeof(pthread_cond_t))
#define PYVER_GIL_SWITCH_COND (PYVER_GIL_MUTEX + sizeof(pthread_mutex_t))
#define PYVER_GIL_SWITCH_MUTEX (PYVER_GIL_SWITCH_COND + sizeof(pthread_cond_t))

/*
 * What each 4-byte word of the GIL is for, by its distance from `interval`, as a futex address:
 * enum wire_gil_word.
 */
extern const uint8_t pyver__gil_words[LIBC_COUNT][WIRE_GIL_WORDS];

#endif
