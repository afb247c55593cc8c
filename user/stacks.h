/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stacks that the kernel side told of, and the code objects on them; and what of it the capture's
 * rows refer to. Bounded: what does not fit is an unknown stack. Pure.
 */
#ifndef GILPROF_STACKS_H
#define GILPROF_STACKS_H

#include <stdbool.h>

#include "../bpf/wire.h"
#include "capture.h"
#include "pyver.h"
#include "weights.h"

struct stacks;

struct stacks *stacks__new(void);    /* NULL and ENOMEM */
void stacks__free(struct stacks *s); /* NULL is fine */

/* Both return 0 or -errno: then it was not taken. `f` says where the process has its frames. */
int stacks__add_code(struct stacks *s, const struct wire_code_event *e, size_t len,
		     const struct pyver_frames *f);
int stacks__add(struct stacks *s, const struct wire_stack_event *e, size_t len);

/* The capture's number of a stack of Python, to be written; 0: it is not known. */
uint32_t stacks__node(struct stacks *s, uint64_t id);
/* The same with one more frame on it; `file` may be NULL. */
uint32_t stacks__leaf(struct stacks *s, uint32_t node, enum frame_kind kind, const char *name,
		      const char *file);

/*
 * To put other frames between those of a stack: what each of its frames is (enum merge_python), the newest
 * first, and whether the last one is the thread's first; how many there are, 0: it is not known.
 */
size_t stacks__flags(const struct stacks *s, uint64_t id, uint8_t flags[WIRE_STACK_FRAMES],
		     bool *whole);
/* The number of `node` with that frame on it, */
uint32_t stacks__python(struct stacks *s, uint32_t node, uint64_t id, uint32_t frame);
/* and of what stands for frames that are not known at a root. */
uint32_t stacks__more(struct stacks *s);

/* Writes all that has got a number. 0 or -errno. */
int stacks__write(const struct stacks *s, struct capture_writer *w);

/* Stacks and code objects that were not kept. */
uint64_t stacks__lost(const struct stacks *s);

#endif
