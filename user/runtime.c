/* SPDX-License-Identifier: BSD-2-Clause */
#include "runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INTERPRETERS 1024u
#define MAX_THREADS 64u /* looked at for a plausible thread_id; the first one has it, as a rule */
#define TRIES 5		/* the process runs on while it is read: a contradiction must persist */

/* sys.setswitchinterval() takes seconds, to the µs; a hundred of them are still believed. */
#define MAX_INTERVAL 100000000u

/* The start of struct _gil_runtime_state, counted from `interval`: user/pyver.c has the sources. */
struct gil_head {
	uint64_t interval;
	uint64_t last_holder;
	int32_t locked;
	int32_t pad;
	uint64_t switch_number;
};

_Static_assert(sizeof(struct gil_head) == 32, "gil_head has another layout");

struct interpreter {
	uint64_t address;
	int64_t id;
	uint64_t gil;  /* address of `interval`, 0: none (yet) */
	bool disabled; /* free-threaded builds make a GIL, and rarely use it */
};

struct look {
	const struct procmem *mem;
	struct python *py;
	struct interpreter *interpreters;
	unsigned int n;
	bool doubt; /* something contradicted beside the main interpreter's GIL */
};

__attribute__((format(printf, 2, 3))) static enum python_status
contradiction(struct look *look, const char *format, ...)
{
	char fact[128];
	va_list args;

	va_start(args, format);
	vsnprintf(fact, sizeof(fact), format, args);
	va_end(args);
	snprintf(look->py->note, sizeof(look->py->note), "%s" PYTHON_NO_SPLIT, fact);
	return PYTHON_NO_GIL;
}

/* What a failed read means: pages come and go while a process starts, forks or ends. */
static enum python_status unreadable(struct look *look, int err)
{
	if (err != -ESRCH && err != -EPERM && err != -EACCES)
		return PYTHON_NOT_YET;
	snprintf(look->py->note, sizeof(look->py->note), "its memory cannot be read: %s",
		 err == -ESRCH ? "the process has ended" : strerror(-err));
	return PYTHON_GONE;
}

/* The GIL that this interpreter uses; shared ones come out equal. */
static int read_gil_address(struct look *look, struct interpreter *interp)
{
	const struct pyver_layout *layout = &look->py->layout;
	uint64_t gil;
	int32_t enabled;
	int err;

	if (layout->runtime_gil) {
		interp->gil = look->py->runtime + layout->runtime_gil;
		return 0;
	}
	err = procmem__u64(look->mem, interp->address + layout->interp_gil, &gil);
	if (err || gil == 0)
		return err;
	if (layout->gil_enabled) {
		err = procmem__read(look->mem, gil, &enabled, sizeof(enabled));
		if (err)
			return err;
		interp->disabled = enabled == 0;
	}
	interp->gil = gil + layout->gil_enabled;
	return 0;
}

static int read_interpreter(struct look *look, struct interpreter *interp, uint64_t *next)
{
	const struct pyver_layout *layout = &look->py->layout;
	int err = procmem__u64(look->mem, interp->address + layout->interp_next, next);

	if (!err)
		err = procmem__read(look->mem, interp->address + layout->interp_id, &interp->id,
				    sizeof(interp->id));
	return err ? err : read_gil_address(look, interp);
}

/* New interpreters are put in front, so the main one is the last of the list. */
static enum python_status read_interpreters(struct look *look)
{
	uint64_t at, next;
	uint64_t turtle = 0; /* Brent: a cycle comes back to a place marked at a power of two */
	int err = procmem__u64(look->mem, look->py->runtime + look->py->layout.interpreters_head,
			       &at);

	look->n = 0;
	for (unsigned int seen = 1; !err && at != 0; seen++, at = next) {
		struct interpreter *interp = &look->interpreters[look->n];

		if (at == turtle)
			return contradiction(look, "its list of interpreters runs in a circle");
		if (seen > MAX_INTERPRETERS)
			return contradiction(look, "it has more than %u interpreters",
					     MAX_INTERPRETERS);
		if ((seen & (seen - 1)) == 0)
			turtle = at;
		memset(interp, 0, sizeof(*interp));
		interp->address = at;
		err = read_interpreter(look, interp, &next);
		look->n++;
	}
	if (err)
		return unreadable(look, err);
	return look->n ? PYTHON_FOUND : PYTHON_NOT_YET;
}

static int by_id(const void *a, const void *b)
{
	const struct interpreter *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static bool is_interpreter(const struct look *look, uint64_t address)
{
	for (unsigned int i = 0; i < look->n; i++)
		if (look->interpreters[i].address == address)
			return true;
	return false;
}

/*
 * last_holder must be a thread state, that is: it points back to one of the interpreters. That is
 * as telling as to find it in their lists of threads, and does not walk a list that changes under
 * us. The state of a thread that has ended may be gone while nobody holds the GIL.
 */
static bool is_holder(struct look *look, const struct gil_head *gil)
{
	uint64_t interp = 0;
	int err =
		procmem__u64(look->mem, gil->last_holder + look->py->layout.tstate_interp, &interp);

	return (!err && is_interpreter(look, interp)) || gil->locked == 0;
}

static enum python_status check_gil(struct look *look, const struct interpreter *interp,
				    struct gil_head *gil)
{
	int err = procmem__read(look->mem, interp->gil, gil, sizeof(*gil));

	if (err)
		return unreadable(look, err);
	/* Not made yet, or made anew after a fork: locked is -1, then last_holder is NULL. */
	if (gil->interval == 0 || (gil->locked == -1 && gil->interval <= MAX_INTERVAL))
		return PYTHON_NOT_YET;
	if (gil->interval > MAX_INTERVAL)
		return contradiction(look, "its switch interval reads as %" PRIu64 " us",
				     gil->interval);
	if (gil->locked != 0 && gil->locked != 1)
		return contradiction(look, "`locked` of its GIL reads as %" PRId32, gil->locked);
	if (interp->disabled)
		return PYTHON_FOUND;
	if (gil->last_holder == 0)
		return PYTHON_NOT_YET;
	if (!is_holder(look, gil))
		return contradiction(look,
				     "the holder of its GIL, %#" PRIx64 ", is no thread state",
				     gil->last_holder);
	return PYTHON_FOUND;
}

static bool has_gil(const struct python *py, uint64_t address)
{
	for (unsigned int i = 0; i < py->gils_n; i++)
		if (py->gils[i].address == address)
			return true;
	return false;
}

static void add_gil(struct python *py, const struct interpreter *interp, const struct gil_head *gil)
{
	struct python_gil *to = &py->gils[py->gils_n];

	if (py->gils_n == WIRE_MAX_GILS) {
		py->gils_lost++;
		return;
	}
	to->address = interp->gil;
	to->switch_number = gil->switch_number;
	to->interpreter = interp->id;
	py->gils_n++;
}

/*
 * A thread_id is a pthread_t. On x86_64 that is where fs points, and both glibc and musl keep a
 * pointer to itself there (tcbhead_t.tcb; struct pthread.self), for the ABI's sake.
 */
static bool is_thread_id(struct look *look, uint64_t id)
{
#if defined(__x86_64__)
	uint64_t self;

	return procmem__u64(look->mem, id, &self) == 0 && self == id;
#else
	(void)look;
	return id != 0;
#endif
}

/* At least one thread state of the main interpreter must have a thread. */
static enum python_status check_threads(struct look *look, const struct interpreter *interp)
{
	const struct pyver_layout *layout = &look->py->layout;
	uint64_t at, id, ids = 0;
	int err = procmem__u64(look->mem, interp->address + layout->interp_threads, &at);

	for (unsigned int i = 0; !err && at != 0 && i < MAX_THREADS; i++) {
		err = procmem__u64(look->mem, at + layout->tstate_thread_id, &id);
		if (!err && is_thread_id(look, id))
			return PYTHON_FOUND;
		ids |= err ? 0 : id;
		err = err ? err : procmem__u64(look->mem, at + layout->tstate_next, &at);
	}
	if (err)
		return unreadable(look, err);
	if (ids == 0)
		return PYTHON_NOT_YET;
	return contradiction(look, "none of its thread states has the id of a thread");
}

/* Other interpreters may be half made or half gone: one that cannot be told is lost, no more. */
static enum python_status collect_gils(struct look *look)
{
	for (unsigned int i = 0; i < look->n; i++) {
		const struct interpreter *interp = &look->interpreters[i];
		enum python_status one = PYTHON_NOT_YET;
		struct gil_head gil;

		if (interp->gil && has_gil(look->py, interp->gil))
			continue;
		if (interp->gil)
			one = check_gil(look, interp, &gil);
		if (one == PYTHON_GONE || (i == 0 && one != PYTHON_FOUND))
			return one;
		if (i == 0)
			look->py->interval_us = (uint32_t)gil.interval;
		if (one == PYTHON_FOUND && !interp->disabled)
			add_gil(look->py, interp, &gil);
		if (one == PYTHON_NO_GIL) {
			look->py->gils_lost++;
			look->doubt = true;
		}
	}
	return PYTHON_FOUND;
}

static enum python_status look_once(struct look *look)
{
	struct python *py = look->py;
	enum python_status status;

	py->gils_n = 0;
	py->gils_lost = 0;
	py->interval_us = 0;
	py->note[0] = '\0';
	look->doubt = false;
	status = read_interpreters(look);
	if (status != PYTHON_FOUND)
		return status;
	qsort(look->interpreters, look->n, sizeof(look->interpreters[0]), by_id);
	status = check_threads(look, &look->interpreters[0]);
	return status == PYTHON_FOUND ? collect_gils(look) : status;
}

/* Looks until two and two make four; what a look in vain leaves behind, the next one clears. */
static enum python_status look_often(struct look *look)
{
	enum python_status status = PYTHON_NOT_YET;

	for (int i = 0; i < TRIES; i++) {
		status = look_once(look);
		if (status == PYTHON_GONE || (status == PYTHON_FOUND && !look->doubt))
			break;
	}
	if (status == PYTHON_FOUND || status == PYTHON_NOT_YET)
		look->py->note[0] = '\0';
	return status;
}

enum python_status runtime__look(const struct procmem *mem, struct python *py)
{
	struct look look = { .mem = mem, .py = py };

	look.interpreters = calloc(MAX_INTERPRETERS, sizeof(look.interpreters[0]));
	if (!look.interpreters) {
		py->status = contradiction(&look, "out of memory");
		return py->status;
	}
	py->status = look_often(&look);
	free(look.interpreters);
	return py->status;
}
