/* SPDX-License-Identifier: GPL-2.0 */
/* The ring buffer to user space: processes' births, execs and ends, and the records of dead threads. */
#ifndef GILPROF_EVENTS_BPF_H
#define GILPROF_EVENTS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "wire.h"

extern const volatile u32 record_size; /* bytes of struct wire_thread that travel */

void events__fork(struct task_struct *parent, u64 parent_key, struct task_struct *child) __hidden;
void events__exec(struct task_struct *task, struct wire_thread *t) __hidden;
void events__exit(struct task_struct *task, struct wire_thread *t) __hidden;
void events__thread(struct wire_thread *t) __hidden;

/* Sends `size` bytes as they are. Returns whether there was room. */
bool events__send(void *event, u32 size) __hidden;

/* The same of what all others go before: half of the ring is kept for them. */
bool events__send_spare(void *event, u32 size) __hidden;

/* Room for one, NULL, counted as lost, if there is none; to be filled and submitted. */
struct wire_gil_event *events__reserve_gil(void) __hidden;
void events__submit_gil(struct wire_gil_event *e) __hidden;

#endif
