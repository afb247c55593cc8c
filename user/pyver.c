/* SPDX-License-Identifier: BSD-2-Clause */
#include "pyver.h"

/*
 * The rows are offsets of x86_64 builds, taken from the DWARF of the builds named and equal to the
 * headers of the other patch releases named. A debug build or a patched one may differ: whoever
 * uses a row checks what it finds with it (user/runtime.c).
 */
#if defined(__x86_64__)
/* clang-format off */
static const struct pyver_layout rows[] = {
	/*
	 * v3.8.18: Include/internal/pycore_pystate.h (struct pyruntimestate: interpreters.head,
	 * ceval.gil; struct _is: next, tstate_head, id), Include/cpython/pystate.h (struct _ts).
	 * DWARF of 3.8.18; headers of 3.8.10.
	 */
	[8] = { .interpreters_head = 32, .runtime_gil = 1152,
		.interp_next = 0, .interp_id = 16, .interp_threads = 8,
		.tstate_next = 8, .tstate_interp = 16, .tstate_thread_id = 176 },
	/*
	 * v3.9.18: Include/internal/pycore_runtime.h (struct pyruntimestate), pycore_interp.h
	 * (struct _is), Include/cpython/pystate.h. DWARF of 3.9.18; headers of 3.9.5.
	 */
	[9] = { .interpreters_head = 32, .runtime_gil = 352,
		.interp_next = 0, .interp_id = 24, .interp_threads = 8,
		.tstate_next = 8, .tstate_interp = 16, .tstate_thread_id = 176 },
	/* v3.10.13: the same files. DWARF of 3.10.13; headers of 3.10.12. */
	[10] = { .interpreters_head = 32, .runtime_gil = 352,
		 .interp_next = 0, .interp_id = 24, .interp_threads = 8,
		 .tstate_next = 8, .tstate_interp = 16, .tstate_thread_id = 176 },
	/*
	 * v3.11.7: the same files; tstate_head is threads.head now. DWARF of 3.11.7 and of
	 * Debian's 3.11.2.
	 */
	[11] = { .interpreters_head = 40, .runtime_gil = 360,
		 .interp_next = 0, .interp_id = 48, .interp_threads = 16,
		 .tstate_next = 8, .tstate_interp = 16, .tstate_thread_id = 152 },
	/*
	 * v3.12.1: the same files; a GIL per interpreter (PEP 684): interp->ceval.gil of
	 * Include/internal/pycore_ceval_state.h points to its own or to the main one's.
	 * DWARF of 3.12.1; headers of 3.12.3.
	 */
	[12] = { .interpreters_head = 40,
		 .interp_next = 0, .interp_id = 8, .interp_threads = 72, .interp_gil = 384,
		 .tstate_next = 8, .tstate_interp = 16, .tstate_thread_id = 136 },
};
/* clang-format on */
#else
/* pthread types have other sizes elsewhere, and no build was measured. */
static const struct pyver_layout rows[1];
#endif

const struct pyver_layout *pyver__layout(const struct pyver *version)
{
	int minor = version->minor;

	if (version->major != 3 || minor < 0 || minor >= (int)(sizeof(rows) / sizeof(rows[0])))
		return NULL;
	return rows[minor].interpreters_head ? &rows[minor] : NULL;
}

#define COND PYVER_GIL_COND
#define MUTEX PYVER_GIL_MUTEX
#define SWITCH_COND PYVER_GIL_SWITCH_COND
#define SWITCH_MUTEX PYVER_GIL_SWITCH_MUTEX

#define WORD(offset) [(offset) / 4]

_Static_assert(SWITCH_MUTEX + 4 < 4 * WIRE_GIL_WORDS, "the GIL has more words than the table");
#if defined(__x86_64__)
_Static_assert(MUTEX == 80 && SWITCH_COND == 120 && SWITCH_MUTEX == 168, "not as measured");
#endif

/*
 * Take waits on cond and mutex. Drop waits on switch_cond and switch_mutex, and inside
 * pthread_cond_signal(&cond) on words of its own: those are no wait for the GIL.
 * (A drop that waits for `mutex` is taken for a wait: the word is the same.)
 */
const uint8_t pyver__gil_words[LIBC_COUNT][WIRE_GIL_WORDS] = {
	/*
	 * glibc 2.25 to 2.40, sysdeps/nptl/bits/thread-shared-types.h, struct __pthread_cond_s:
	 * __g_refs 16, 20 (nptl/pthread_cond_common.c, __condvar_quiesce_and_switch_g1: the
	 * signaller waits until the old group has left), __g1_orig_size 32 (its low bits are the
	 * internal lock), __g_signals 40, 44 (waiters). The mutex's __lock is its first word
	 * (struct __pthread_mutex_s). Measured on 2.36.
	 */
	[LIBC_GLIBC_2_25] = {
		WORD(COND + 40) = GW_WAIT, WORD(COND + 44) = GW_WAIT, WORD(MUTEX) = GW_WAIT,
		WORD(COND + 16) = GW_DROP, WORD(COND + 20) = GW_DROP, WORD(COND + 32) = GW_DROP,
		WORD(SWITCH_COND + 40) = GW_DROP, WORD(SWITCH_COND + 44) = GW_DROP,
		WORD(SWITCH_COND + 16) = GW_DROP, WORD(SWITCH_COND + 20) = GW_DROP,
		WORD(SWITCH_COND + 32) = GW_DROP, WORD(SWITCH_MUTEX) = GW_DROP,
	},
	/*
	 * glibc 2.41 and later, the same files: __g_refs is gone, __g1_orig_size 24,
	 * __g_signals 32, 36. Measured on 2.43.
	 */
	[LIBC_GLIBC_2_41] = {
		WORD(COND + 32) = GW_WAIT, WORD(COND + 36) = GW_WAIT, WORD(MUTEX) = GW_WAIT,
		WORD(COND + 24) = GW_DROP,
		WORD(SWITCH_COND + 32) = GW_DROP, WORD(SWITCH_COND + 36) = GW_DROP,
		WORD(SWITCH_COND + 24) = GW_DROP, WORD(SWITCH_MUTEX) = GW_DROP,
	},
	/*
	 * musl 1.2.3, src/internal/pthread_impl.h: _m_lock is the second word of the mutex.
	 * Waiters of a condition wait on their own stack, in struct waiter of
	 * src/thread/pthread_cond_timedwait.c; the kernel side finds them by cond._c_head.
	 */
	[LIBC_MUSL] = {
		WORD(MUTEX + 4) = GW_WAIT, WORD(SWITCH_MUTEX + 4) = GW_DROP,
	},
};
