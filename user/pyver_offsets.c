/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * _Py_DebugOffsets, by which 3.13 and later say where their fields are. Its own layout changes
 * with every minor version, never with a patch release (3.13.0 = .15, 3.14.0 = .6).
 */
#include "pyver.h"

#include <errno.h>
#include <string.h>

#define COOKIE "xdebugpy" /* Include/internal/pycore_debug_offsets.h, _Py_Debug_Cookie */

/* These three stay where they are in every version. */
#define AT_VERSION 8
#define AT_FREE_THREADED 16
#define HEADER 24

/* Positions of the 64-bit values inside the table; all but size are positions of offsets. */
struct positions {
	uint16_t size; /* of the table */
	uint16_t runtime_size, interpreters_head;
	uint16_t interp_size, interp_id, interp_next, interp_threads, interp_gil;
	uint16_t gil, gil_locked, gil_holder;
	uint16_t tstate_size, tstate_next, tstate_interp, tstate_thread_id;
};

static const struct positions rows[] = {
	/* v3.13.0: Include/internal/pycore_runtime.h, struct _Py_DebugOffsets; DWARF of 3.13.0. */
	[13] = { 584, 24, 40, 48, 56, 64, 72, 112, 120, 136, 144, 152, 168, 176, 192 },
	/* v3.14.6: Include/internal/pycore_debug_offsets.h; DWARF of 3.14.6. */
	[14] = { 760, 24, 40, 48, 56, 64, 72, 120, 128, 144, 152, 176, 192, 200, 216 },
	/* v3.15.0: the same file; DWARF of Debian's 3.15.0-1. */
	[15] = { 888, 24, 40, 48, 56, 64, 72, 120, 128, 144, 152, 176, 192, 200, 240 },
};

/*
 * Limits on what a build may say. The interpreter state of 3.14t has some 100 KiB, _PyRuntime with
 * the main one inside it some 500 KiB; the thread state has less than 1 KiB, and it contains the
 * first chunk of nothing large.
 */
#define MAX_RUNTIME (4u << 20)
#define MAX_INTERP (2u << 20)
#define MAX_TSTATE (64u << 10)

static uint64_t value_at(const void *bytes, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)bytes + at, sizeof(value));
	return value;
}

/* An offset of a pointer or integer of 8 bytes inside a structure of `size` bytes. */
static int take(const void *bytes, size_t at, uint64_t size, uint32_t *offset)
{
	uint64_t value = value_at(bytes, at);

	if (value % 8 != 0 || size < 8 || value > size - 8)
		return -ERANGE;
	*offset = (uint32_t)value;
	return 0;
}

/*
 * The fields between interval and mutex are used at fixed places, so they must be there. (The
 * position of `enabled` says nothing: it counts from the GIL, these count from the interpreter, and
 * builds that have no such field say 0, too.)
 */
static int check_gil(const void *bytes, const struct positions *at, bool free_threaded)
{
	uint64_t gil = value_at(bytes, at->gil);
	uint64_t interval = gil + (free_threaded ? 8 : 0);

	if (gil > MAX_INTERP || value_at(bytes, at->gil_holder) != interval + 8 ||
	    value_at(bytes, at->gil_locked) != interval + 16)
		return -ERANGE;
	return 0;
}

static int take_interp(const void *bytes, const struct positions *at, struct pyver_layout *layout)
{
	uint64_t size = value_at(bytes, at->interp_size);

	if (size > MAX_INTERP || take(bytes, at->interp_next, size, &layout->interp_next) ||
	    take(bytes, at->interp_id, size, &layout->interp_id) ||
	    take(bytes, at->interp_threads, size, &layout->interp_threads) ||
	    take(bytes, at->interp_gil, size, &layout->interp_gil))
		return -ERANGE;
	return 0;
}

static int take_tstate(const void *bytes, const struct positions *at, struct pyver_layout *layout)
{
	uint64_t size = value_at(bytes, at->tstate_size);

	if (size > MAX_TSTATE || take(bytes, at->tstate_next, size, &layout->tstate_next) ||
	    take(bytes, at->tstate_interp, size, &layout->tstate_interp) ||
	    take(bytes, at->tstate_thread_id, size, &layout->tstate_thread_id))
		return -ERANGE;
	return 0;
}

static const struct positions *positions_of(const struct pyver *version)
{
	int minor = version->minor;

	if (version->major != 3 || minor < PYVER_DEBUG_OFFSETS ||
	    minor >= (int)(sizeof(rows) / sizeof(rows[0])))
		return NULL;
	return &rows[minor];
}

int pyver__debug_offsets(const void *bytes, size_t len, struct pyver *version,
			 struct pyver_layout *layout)
{
	const struct positions *at;
	uint64_t size;

	if (len < HEADER || memcmp(bytes, COOKIE, strlen(COOKIE)) != 0)
		return -ENOENT;
	if (value_at(bytes, AT_VERSION) > UINT32_MAX || value_at(bytes, AT_FREE_THREADED) > 1)
		return -ERANGE;
	pyver__from_hex((uint32_t)value_at(bytes, AT_VERSION), version);
	version->free_threaded = value_at(bytes, AT_FREE_THREADED) == 1;
	at = positions_of(version);
	if (!at)
		return -ENOTSUP;
	if (len < at->size)
		return -ENODATA;
	memset(layout, 0, sizeof(*layout));
	layout->gil_enabled = version->free_threaded ? 8 : 0;
	size = value_at(bytes, at->runtime_size);
	if (size > MAX_RUNTIME ||
	    take(bytes, at->interpreters_head, size, &layout->interpreters_head))
		return -ERANGE;
	if (take_interp(bytes, at, layout) || take_tstate(bytes, at, layout))
		return -ERANGE;
	return check_gil(bytes, at, version->free_threaded);
}
