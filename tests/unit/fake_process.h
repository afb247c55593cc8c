/* SPDX-License-Identifier: BSD-2-Clause */
/* A made-up image of a process with one interpreter, for the tests of what reads memory. */
#ifndef GILPROF_FAKE_PROCESS_H
#define GILPROF_FAKE_PROCESS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/procmem.h"
#include "../../user/python.h"

#define BASE 0x10000000ull
#define SIZE (1u << 20)

/* Where things are in the image; interpreter i has a page of its own. */
#define RUNTIME BASE
#define INTERP(i) (BASE + 0x10000 + 0x200ull * (i))
#define GIL(i) (INTERP(i) + 0x100)
#define TSTATE (BASE + 0x4000)
#define TCB (BASE + 0x8000)

struct fake {
	struct procmem mem;
	unsigned char *bytes;
	int error;	    /* what each read returns, */
	unsigned int after; /* from this one on */
	unsigned int reads;
	void (*before_read)(struct fake *fake);
};

static inline int read_fake(const struct procmem *mem, uint64_t address, void *to, size_t len)
{
	struct fake *fake = (struct fake *)(uintptr_t)mem;

	if (fake->before_read)
		fake->before_read(fake);
	if (fake->reads++ >= fake->after && fake->error)
		return fake->error;
	if (address < BASE || address - BASE > SIZE - len)
		return -ENODATA;
	memcpy(to, fake->bytes + (address - BASE), len);
	return 0;
}

static inline void put(struct fake *fake, uint64_t address, const void *value, size_t len)
{
	memcpy(fake->bytes + (address - BASE), value, len);
}

static inline void put64(struct fake *fake, uint64_t address, uint64_t value)
{
	put(fake, address, &value, sizeof(value));
}

static inline void put32(struct fake *fake, uint64_t address, uint32_t value)
{
	put(fake, address, &value, sizeof(value));
}

__attribute__((unused)) static const struct pyver_layout per_runtime = {
	.interpreters_head = 32,
	.runtime_gil = 1152,
	.interp_next = 0,
	.interp_id = 16,
	.interp_threads = 8,
	.tstate_next = 8,
	.tstate_interp = 16,
	.tstate_thread_id = 176,
};
__attribute__((unused)) static const struct pyver_layout per_interpreter = {
	.interpreters_head = 40,
	.interp_next = 0,
	.interp_id = 8,
	.interp_threads = 72,
	.interp_gil = 64,
	.tstate_next = 8,
	.tstate_interp = 16,
	.tstate_thread_id = 136,
};
__attribute__((unused)) static const struct pyver_layout free_threaded = {
	.interpreters_head = 632,
	.interp_next = 0,
	.interp_id = 8,
	.interp_threads = 72,
	.interp_gil = 64,
	.tstate_next = 8,
	.tstate_interp = 16,
	.tstate_thread_id = 152,
	.gil_enabled = 8,
};

/* `interval` and what follows. */
static inline void set_gil(struct fake *fake, uint64_t at, uint64_t interval, uint64_t holder,
			   int locked, uint64_t switches)
{
	put64(fake, at, interval);
	put64(fake, at + 8, holder);
	put32(fake, at + 16, (uint32_t)locked);
	put64(fake, at + 24, switches);
}

/* Interpreter i; the list is written newest first, as CPython does it. */
static inline void add_interpreter(struct fake *fake, const struct pyver_layout *l, unsigned int i,
				   uint64_t gil)
{
	put64(fake, INTERP(i) + l->interp_next, i ? INTERP(i - 1) : 0);
	put64(fake, INTERP(i) + l->interp_id, i);
	if (l->interp_gil)
		put64(fake, INTERP(i) + l->interp_gil, gil);
	put64(fake, RUNTIME + l->interpreters_head, INTERP(i));
}

/* One interpreter with one thread, which holds the GIL. */
static inline void set_up(struct fake *fake, struct python *py, const struct pyver_layout *l)
{
	uint64_t gil = l->runtime_gil ? RUNTIME + l->runtime_gil : GIL(0) + l->gil_enabled;

	memset(fake, 0, sizeof(*fake));
	memset(py, 0, sizeof(*py));
	fake->mem.read = read_fake;
	fake->bytes = calloc(1, SIZE);
	py->runtime = RUNTIME;
	py->layout = *l;
	add_interpreter(fake, l, 0, GIL(0));
	put64(fake, INTERP(0) + l->interp_threads, TSTATE);
	put64(fake, TSTATE + l->tstate_interp, INTERP(0));
	put64(fake, TSTATE + l->tstate_thread_id, TCB);
	put64(fake, TCB, TCB);
	set_gil(fake, gil, 5000, TSTATE, 1, 42);
}

static inline void clean_up(struct fake *fake)
{
	free(fake->bytes);
}

#endif
