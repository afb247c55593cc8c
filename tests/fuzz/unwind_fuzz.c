/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers and a stack that mean nothing, against the unwind tables of this very program: whatever they
 * are, each address must be where there is code, and there must be an end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unwind.h"

#define KEY 1
#define SP 0x7ffc00000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct symbols *symbols;
static struct unwind *u;

static void begin(void)
{
	symbols = symbols__new();
	if (!symbols || symbols__note_process(symbols, KEY, getpid()))
		abort();
	u = unwind__new(symbols);
}

/* Words that are small are taken for places in code, so that frames are found. */
static uint64_t meaning(uint64_t word)
{
	uint64_t code = (uint64_t)(uintptr_t)LLVMFuzzerTestOneInput;

	return word < 1 << 20 ? code + word : word < 1 << 21 ? SP + (word & 0xffff) : word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_memory_event *e = calloc(1, sizeof(*e));
	size_t regs = size < sizeof(e->regs) ? size : sizeof(e->regs);
	struct unwound out;

	if (!u)
		begin();
	e->h = (struct wire_event){ .type = EV_MEMORY, .key = KEY };
	memcpy(e->regs, data, regs);
	for (size_t i = 0; i < WIRE_REGS; i++)
		e->regs[i] = meaning(e->regs[i]);
	e->sp = e->regs[7] = SP;
	e->ip = e->regs[16];
	e->len = (uint32_t)(size - regs < WIRE_MEMORY_BYTES ? size - regs : WIRE_MEMORY_BYTES);
	memcpy(e->bytes, data + regs, e->len);
	for (uint32_t at = 0; at + 8 <= e->len; at += 8) {
		uint64_t word;

		memcpy(&word, e->bytes + at, sizeof(word));
		word = meaning(word);
		memcpy(e->bytes + at, &word, sizeof(word));
	}
	unwind__stack(u, e, &out);
	if (out.n > UNWIND_MAX)
		abort();
	for (uint32_t i = 0; i < out.n; i++) {
		if (!symbols__has(symbols, KEY, out.pc[i]))
			abort();
	}
	free(e);
	return 0;
}
