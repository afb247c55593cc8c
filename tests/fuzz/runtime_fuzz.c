/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target's memory, and how it changes while it is read. The input's first byte picks the layout;
 * the rest is the memory, small, so that pointers often lead back into it: address A is the byte at
 * A modulo its size, and a byte of the input says how far that drifts with each read.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/libc.h"
#include "../../user/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fake {
	struct procmem mem;
	const uint8_t *data;
	size_t size;
	size_t drift;
	size_t reads;
};

static const struct pyver_layout layouts[] = {
	{ .interpreters_head = 8,
	  .runtime_gil = 64,
	  .interp_next = 0,
	  .interp_id = 16,
	  .interp_threads = 24,
	  .tstate_next = 8,
	  .tstate_interp = 16,
	  .tstate_thread_id = 24 },
	{ .interpreters_head = 8,
	  .interp_next = 0,
	  .interp_id = 16,
	  .interp_threads = 24,
	  .interp_gil = 32,
	  .tstate_next = 8,
	  .tstate_interp = 16,
	  .tstate_thread_id = 24 },
	{ .interpreters_head = 8,
	  .interp_next = 0,
	  .interp_id = 16,
	  .interp_threads = 24,
	  .interp_gil = 32,
	  .tstate_next = 8,
	  .tstate_interp = 16,
	  .tstate_thread_id = 24,
	  .gil_enabled = 8 },
};

static int read_fake(const struct procmem *mem, uint64_t address, void *to, size_t len)
{
	struct fake *fake = (struct fake *)(uintptr_t)mem;
	uint64_t at = address + fake->drift * fake->reads++;

	if (address >= 1ull << 47)
		return -EFAULT;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = fake->data[(at + i) % fake->size];
	return 0;
}

static void check(const struct python *py)
{
	if (py->gils_n > WIRE_MAX_GILS || !memchr(py->note, '\0', sizeof(py->note)))
		abort();
	if (py->status != PYTHON_FOUND && py->status != PYTHON_NOT_YET &&
	    py->status != PYTHON_NO_GIL && py->status != PYTHON_GONE)
		abort();
	for (unsigned int i = 0; i < py->gils_n; i++)
		for (unsigned int j = 0; j < i; j++)
			if (py->gils[i].address == py->gils[j].address)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake fake = { .mem.read = read_fake };
	struct python py;

	if (size < 3)
		return 0;
	fake.data = data + 2;
	fake.size = size - 2;
	fake.drift = data[1] < 128 ? 0 : data[1] - 128u;
	memset(&py, 0, sizeof(py));
	py.layout = layouts[data[0] % 3];
	runtime__look(&fake.mem, &py);
	check(&py);
	if (py.gils_n)
		libc__check(&fake.mem, py.gils[0].address, LIBC_GLIBC_2_25);
	return 0;
}
