/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the parts of the JSON report (user/report_json.c). */
#ifndef GILPROF_REPORT_JSON_H
#define GILPROF_REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "model.h"
#include "model_verdict.h"

struct page;

json_t *report_json__thread(const struct model_thread *t);
json_t *report_json__blame(const struct model *m);
json_t *report_json__cases(const struct model *m, bool waits); /* else holds */
json_t *report_json__locks(const struct model *m);
json_t *report_json__trees(const struct model *m);
json_t *report_json__memory(const struct model_process *p);
json_t *report_json__ipc(uint64_t pipe_ns, uint64_t socket_ns, uint64_t semaphore_ns);
json_t *report_json__cpus(const struct model *m);
json_t *report_json__cgroups(const struct model *m);
json_t *report_json__parallelism(const struct model *m);
/* Sets the members of a process that tell of CPUs. */
void report_json__set_cpus(json_t *object, const struct model_process *p);
json_t *report_json__scaling(const struct model_scaling *s);
json_t *report_json__verdict(const struct model *m, const struct model_verdict *v);
json_t *report_json__capture(const struct model *m);

/* What was added to the page, which it is taken from. */
json_t *report_json__taken(struct page *page);

/* Prints a report that is small enough to be one value, which it takes over. 0 or -errno. */
int report_json__print(json_t *value, FILE *f);

static inline json_t *number(uint64_t v)
{
	return json_integer((json_int_t)(v < MODEL_MAX ? v : MODEL_MAX));
}

/* A new member; what is NULL for lack of memory is left out, which report__end finds out. */
static inline void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static inline void set_number(json_t *object, const char *key, uint64_t v)
{
	set(object, key, number(v));
}

#endif
