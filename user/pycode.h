/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code objects as the kernel side sends them: their name and file, and the line of each instruction.
 * Pure functions over bytes that the target controls, and in part the child that told the layouts:
 * whatever they are, nothing outside of the event is read.
 */
#ifndef GILPROF_PYCODE_H
#define GILPROF_PYCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/wire.h"
#include "pyver.h"

/* A line table: user/pycode_lines.c. */
struct pycode_table {
	enum pycode_format format;
	int32_t first_line; /* co_firstlineno, whatever it is */
	bool cut;	    /* the rest of it did not come */
	size_t len;
	uint8_t *bytes;
};

struct pycode {
	char *name; /* valid UTF-8; qualified from 3.11 on; ends in "..." if cut; NULL: not known */
	char *file; /* likewise */
	uint32_t first_line; /* 0: not known */
	struct pycode_table table;
	uint64_t bytecode;   /* address of its instructions; 0: they are counted, */
	uint16_t index_unit; /* by so many bytes */
};

/*
 * From an event of `len` bytes, which may end after those of its table that came. NULL and errno:
 * EINVAL: too short for an event, or the layout is not valid; ENOMEM.
 */
struct pycode *pycode__decode(const struct wire_code_event *e, size_t len,
			      const struct wire_frames *f, const struct pycode_layout *l);
void pycode__free(struct pycode *c); /* NULL is fine */

/*
 * The line that a frame is at by its `ip`: an address inside of the code object, or before 3.11
 * f_lasti (-1, or the address before the first instruction: not started, it is at the first line).
 * 0: not known, or the instruction has no line.
 */
uint32_t pycode__line(const struct pycode *c, uint64_t ip);

/* The line of the instruction at this offset in bytes, 0 as above. */
uint32_t pycode_table__line(const struct pycode_table *t, uint64_t offset);

#endif
