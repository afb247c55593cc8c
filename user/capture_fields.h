/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each line of a capture holds: the one place to add a member to, for the writer and the reader
 * of captures (user/capture_write.c, user/capture_read.c).
 */
#ifndef GILPROF_CAPTURE_FIELDS_H
#define GILPROF_CAPTURE_FIELDS_H

#include "capture.h"
#include "fields.h"

#define CAPTURE_MAGIC "gilprof.capture" /* its value, in the first line, is CAPTURE_VERSION */
#define CAPTURE_MAX_LINE (1u << 20)
#define CAPTURE_MAX_MEMORY (1ull << 30) /* that a capture may take once it is read */

extern const struct field capture_info_fields[];
extern const struct field capture_process_fields[];
extern const struct field capture_thread_fields[];
extern const struct field capture_cpu_fields[];
extern const struct field capture_frame_fields[];
extern const struct field capture_node_fields[];
extern const struct field capture_blame_fields[];
extern const struct field capture_sample_fields[];
extern const struct field capture_case_fields[];
extern const struct field capture_lock_fields[];
extern const struct field capture_cgroup_fields[];
extern const struct field capture_interval_fields[];

#endif
