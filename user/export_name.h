/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the exports for people's eyes call a frame, a thread and a process, so that folded stacks and
 * the flame graph agree. Control, bidirectional and invisible characters are escaped (user/text.h) and
 * long names are cut; what a format needs beyond that (';', '<') is left to the format.
 *
 * All are malloc'ed; NULL and ENOMEM.
 */
#ifndef GILPROF_EXPORT_NAME_H
#define GILPROF_EXPORT_NAME_H

#include "weights.h"

#define EXPORT_NAME_CHARS 256 /* of a name, and again of a file; then it ends in ".." */

/* Of a row whose stack is not known (frames_n is 0): the one frame that stands for it. */
extern const struct weights_frame export__unknown_stack;

/* "handle (app/views.py:12)", "take_gil (libpython3.12.so.1.0)", "do_futex", "[waiting for the GIL]" */
char *export__frame_name(const struct weights_frame *f);

/*
 * "worker (TID 43)", "python3.12 (PID 42)". Empty where there is neither a name nor a number: the row is
 * nobody's, and its stack has no such root.
 */
char *export__thread_name(const struct weights_row *r);
char *export__process_name(const struct weights_row *r);

#endif
