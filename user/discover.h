/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * python__discover in a child process with a time limit: the files and the memory it reads may
 * belong to somebody who made them to crash a reader, or never to answer.
 */
#ifndef GILPROF_DISCOVER_H
#define GILPROF_DISCOVER_H

#include "python.h"

enum python_status discover__run(pid_t pid, struct python *py);

#endif
