/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The texts and tables that tell a version, out of a target's file or memory: _Py_DebugOffsets, read-only data,
 * a file's name. What is accepted must be in range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/pyver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT (4u << 20) /* no structure of CPython is larger */

static void check_frames(const uint8_t *data, size_t size, const struct pyver *version)
{
	struct pyver_frames f;

	pyver__debug_frames(data, size, version, &f);
	if (!f.wire.valid)
		return;
	if (f.wire.frame_bytes > WIRE_FRAME_BYTES || f.wire.code_bytes > WIRE_CODE_BYTES ||
	    f.wire.ip + 8 > f.wire.frame_bytes || f.wire.owner >= f.wire.frame_bytes ||
	    f.wire.name + 8 > f.wire.code_bytes || f.wire.str_compact > WIRE_STR_BYTES)
		abort();
}

static void check_offsets(const uint8_t *data, size_t size)
{
	struct pyver version = { .minor = -1 };
	struct pyver_layout layout;
	uint32_t offset[sizeof(layout) / sizeof(uint32_t)];

	if (pyver__debug_offsets(data, size, &version, &layout) != 0)
		return;
	check_frames(data, size, &version);
	memcpy(offset, &layout, sizeof(layout));
	for (size_t i = 0; i < sizeof(offset) / sizeof(offset[0]); i++)
		if (offset[i] > LIMIT || offset[i] % 8 != 0)
			abort();
	if (version.minor < PYVER_DEBUG_OFFSETS || version.minor > PYVER_NEWEST)
		abort();
}

static void check_text(const char *text, size_t size)
{
	struct pyver version = { .major = 3, .minor = 8 };
	char printed[16];

	pyver__patch_from_text(text, size, &version);
	pyver__minor_from_text(text, size, &version);
	pyver__format(&version, printed, sizeof(printed));
}

static void check_name(const char *text, size_t size)
{
	struct pyver version;
	char name[256], printed[16];

	if (size >= sizeof(name))
		size = sizeof(name) - 1;
	memcpy(name, text, size);
	name[size] = '\0';
	if (pyver__from_name(name, &version))
		pyver__format(&version, printed, sizeof(printed));
	pyver__layout(&version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_offsets(data, size);
	check_text((const char *)data, size);
	check_name((const char *)data, size);
	return 0;
}
