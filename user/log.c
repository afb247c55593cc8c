/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

static int progress_shown;

static void clear_progress(void)
{
	if (progress_shown)
		fputs(CLEAR_LINE, stderr);
	progress_shown = 0;
}

static void say(const char *prefix, const char *fmt, va_list args)
{
	clear_progress();
	fputs(prefix, stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void log__error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("gilprof: ", fmt, args);
	va_end(args);
}

void log__warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("gilprof: warning: ", fmt, args);
	va_end(args);
}

void log__progress(const char *fmt, ...)
{
	va_list args;

	clear_progress();
	if (!fmt || !isatty(STDERR_FILENO))
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	progress_shown = 1;
	fflush(stderr);
}

static int drop(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static int pass(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	return vfprintf(stderr, fmt, args);
}

void log__libbpf(int on)
{
	libbpf_set_print(on ? pass : drop);
}
