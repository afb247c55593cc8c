/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to people: all go to stderr, one line each, through here. */
#ifndef GILPROF_LOG_H
#define GILPROF_LOG_H

/* "gilprof: ..."; what failed, on what, why, what to try. Escapes nothing: no raw target names. */
void log__error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log__warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Shown and rewritten in place while a terminal watches; log__progress(NULL) takes it away. */
void log__progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Passes libbpf's own messages on instead of dropping them: -v given twice. */
void log__libbpf(int on);

#endif
