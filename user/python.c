/* SPDX-License-Identifier: BSD-2-Clause */
#include "python.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binary.h"
#include "libc.h"
#include "maps.h"
#include "procmem.h"
#include "runtime.h"

#define OFFSETS "_Py_DebugOffsets"

/* What one look at a process needs: too large for a small stack. */
struct discovery {
	pid_t pid;
	struct python *py;
	struct maps maps;
	struct binary binary;
	struct procmem mem;
};

static enum python_status no_gil(struct python *py, const char *fact)
{
	snprintf(py->note, sizeof(py->note), "%.120s" PYTHON_NO_SPLIT, fact);
	return PYTHON_NO_GIL;
}

static enum python_status gone(struct python *py, int err)
{
	if (err == -ESRCH)
		snprintf(py->note, sizeof(py->note), "the process has ended");
	else
		snprintf(py->note, sizeof(py->note), "the process may not be read: %s",
			 strerror(-err));
	return PYTHON_GONE;
}

static void describe(struct discovery *d, const struct pyver *version)
{
	struct python *py = d->py;

	py->hex = version->hex;
	py->free_threaded = version->free_threaded;
	pyver__format(version, py->version, sizeof(py->version));
	snprintf(py->build, sizeof(py->build), "%s%s%s%s", d->binary.shared ? "shared" : "static",
		 elf__is_stripped(d->binary.elf) ? " stripped" : "",
		 version->free_threaded ? " free-threaded" : "", version->debug ? " debug" : "");
}

/*
 * The first bytes of _PyRuntime. They never change, so where their page is not in memory (nobody
 * has written to it yet) the file has the same.
 */
static int read_runtime(struct discovery *d, void *bytes, size_t len)
{
	int err = procmem__read(&d->mem, d->py->runtime, bytes, len);

	if (err == -ENODATA)
		err = elf__read(d->binary.elf, d->py->runtime - d->binary.bias, bytes, len);
	return err;
}

static enum python_status unknown_version(struct discovery *d, const struct pyver *version)
{
	char what[32];

	if (version->major == 0)
		return no_gil(d->py, "the version of its CPython cannot be told");
	if (version->major == 3 && version->minor >= PYVER_OLDEST && version->minor <= PYVER_NEWEST)
		return no_gil(d->py, "the layout of this CPython is not known on this processor");
	snprintf(what, sizeof(what), "CPython %d.%d", version->major, version->minor);
	binary__unsupported(what, d->py->note, sizeof(d->py->note));
	return PYTHON_NO_GIL;
}

/* A version without _Py_DebugOffsets: the table has the layout. */
static enum python_status take_row(struct discovery *d)
{
	struct pyver *version = &d->binary.version;
	const struct pyver_layout *row;

	binary__read_version(&d->binary);
	describe(d, version);
	if (version->major == 3 && version->minor >= PYVER_DEBUG_OFFSETS)
		return PYTHON_NOT_YET; /* the file is not all mapped: its offsets are never away */
	row = pyver__layout(version);
	if (!row)
		return unknown_version(d, version);
	d->py->layout = *row;
	pyver__frames(version, &d->py->frames);
	snprintf(d->py->source, sizeof(d->py->source), "table row %d.%d", version->major,
		 version->minor);
	return PYTHON_FOUND;
}

static enum python_status take_layout(struct discovery *d)
{
	struct pyver *version = &d->binary.version;
	char bytes[PYVER_DEBUG_OFFSETS_MAX];
	int err = read_runtime(d, bytes, sizeof(bytes));

	if (err == -ESRCH || err == -EPERM)
		return gone(d->py, err);
	if (err == 0)
		err = pyver__debug_offsets(bytes, sizeof(bytes), version, &d->py->layout);
	if (err == 0) {
		pyver__debug_frames(bytes, sizeof(bytes), version, &d->py->frames);
		snprintf(d->py->source, sizeof(d->py->source), OFFSETS);
	}
	if (err == 0 || err == -ENOTSUP || err == -ERANGE)
		describe(d, version);
	if (err == -ENOTSUP)
		return unknown_version(d, version);
	if (err == -ERANGE)
		return no_gil(d->py, "its " OFFSETS " contradict themselves");
	return err ? take_row(d) : PYTHON_FOUND;
}

/* A futex word means something only if the layout of the condition variable is known. */
static enum python_status take_libc(struct discovery *d)
{
	struct python *py = d->py;

	/* The runtime is up now; when its mappings were read, the libc may not have been loaded. */
	if (!d->maps.libc.start)
		maps__read(d->pid, &d->maps);
	py->libc = libc__find(d->pid, &d->maps);
	py->thread_id = py->layout.tstate_thread_id;
	if (py->gils_n == 0)
		return PYTHON_FOUND;
	if (py->libc == LIBC_UNKNOWN) {
		py->gils_n = 0;
		return no_gil(py, "its C library is neither glibc 2.25 or later nor musl");
	}
	py->libc = libc__check(&d->mem, py->gils[0].address, py->libc);
	return PYTHON_FOUND;
}

static enum python_status look_at_memory(struct discovery *d)
{
	enum python_status status;
	int err = procmem__open(&d->mem, d->pid);

	if (err)
		return gone(d->py, err);
	d->py->runtime = d->binary.runtime;
	status = take_layout(d);
	if (status == PYTHON_FOUND)
		status = runtime__look(&d->mem, d->py);
	if (status == PYTHON_FOUND)
		status = take_libc(d);
	procmem__close(&d->mem);
	return status;
}

static enum python_status look_at_files(struct discovery *d)
{
	enum python_status status;
	int err = maps__read(d->pid, &d->maps);

	if (err)
		return gone(d->py, err);
	err = binary__find(d->pid, &d->maps, &d->binary, d->py->note, sizeof(d->py->note));
	if (err == -EAGAIN)
		return PYTHON_NOT_YET;
	if (err)
		return err == -ENOTSUP ? PYTHON_NO_GIL : PYTHON_NOT;
	status = look_at_memory(d);
	binary__close(&d->binary);
	return status;
}

/* A kernel thread, or nobody. */
static enum python_status without_memory(pid_t pid, struct python *py)
{
	return kill(pid, 0) < 0 && errno == ESRCH ? gone(py, -ESRCH) : PYTHON_NOT;
}

enum python_status python__discover(pid_t pid, struct python *py)
{
	struct discovery *d = calloc(1, sizeof(*d));

	memset(py, 0, sizeof(*py));
	if (!d) {
		py->status = no_gil(py, "out of memory");
		return py->status;
	}
	d->py = py;
	d->pid = procmem__task(pid);
	py->status = d->pid ? look_at_files(d) : without_memory(pid, py);
	free(d);
	return py->status;
}

enum python_status python__refresh(pid_t pid, struct python *py)
{
	struct python before = *py;
	struct procmem mem;
	pid_t task = procmem__task(pid);
	int err = task ? procmem__open(&mem, task) : -ESRCH;

	if (err) {
		py->status = gone(py, err);
		return py->status;
	}
	runtime__look(&mem, py);
	procmem__close(&mem);
	if (py->status != PYTHON_FOUND) {
		memcpy(py->gils, before.gils, sizeof(py->gils));
		py->gils_n = before.gils_n;
		py->gils_lost = before.gils_lost;
		py->interval_us = before.interval_us;
	}
	return py->status;
}
