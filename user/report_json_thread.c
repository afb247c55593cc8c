// SPDX-License-Identifier: BSD-2-Clause
/* One thread as the JSON contract has it. */
#include <stdio.h>
#include <string.h>

#include "quantile.h"
#include "report_json.h"

/* Time in which nothing was seen of a thread has no state in the contract: it counts as blocked. */
static json_t *states(const struct model_thread *t)
{
	const uint64_t *ns = t->row->state_ns;
	json_t *object = json_object();

	set_number(object, "run_gil", t->run_gil_ns);
	set_number(object, "run_nogil", t->run_nogil_ns);
	set_number(object, "runq", ns[ST_RUNQ]);
	set_number(object, "gil_wait", ns[ST_GIL_WAIT]);
	set_number(object, "gil_drop", ns[ST_GIL_DROP]);
	set_number(object, "lock_wait", ns[ST_LOCK_WAIT]);
	set_number(object, "io_wait", t->io_ns);
	set_number(object, "sleep", ns[ST_SLEEP]);
	set_number(object, "child_wait", ns[ST_CHILD_WAIT]);
	set_number(object, "blocked", model__sum(ns[ST_BLOCKED], ns[ST_UNSEEN]));
	return object;
}

static json_t *io(const struct capture_thread *t)
{
	json_t *object = json_object();

	set_number(object, "file", t->state_ns[ST_IO_FILE]);
	set_number(object, "pipe", t->state_ns[ST_IO_PIPE]);
	set_number(object, "socket", t->state_ns[ST_IO_SOCKET]);
	set_number(object, "poll", t->state_ns[ST_IO_POLL]);
	return object;
}

static void add_cause(json_t *object, const char *cause, uint64_t ns)
{
	const json_t *before = json_object_get(object, cause);

	set_number(object, cause, model__sum(ns, (uint64_t)json_integer_value(before)));
}

static json_t *blocked(const struct capture_thread *t)
{
	json_t *object = json_object();

	for (size_t i = 0; i < t->blocked_n; i++)
		add_cause(object, t->blocked[i].cause, t->blocked[i].ns);
	if (t->state_ns[ST_UNSEEN]) /* see states() */
		add_cause(object, "unseen", t->state_ns[ST_UNSEEN]);
	return object;
}

static json_t *intervals(const struct capture_hist *h)
{
	json_t *object = json_object();

	set_number(object, "total_ns", h->total_ns);
	set_number(object, "count", h->count);
	set_number(object, "p50_ns", quantile__ns(h, 50));
	set_number(object, "p99_ns", quantile__ns(h, 99));
	set_number(object, "max_ns", h->max_ns);
	return object;
}

static json_t *gil_wait(const struct capture_thread *t)
{
	json_t *object = intervals(&t->gil_wait);

	set_number(object, "asleep_ns", t->episode_asleep_ns);
	set_number(object, "runq_ns", t->episode_runq_ns);
	set_number(object, "running_ns", t->episode_running_ns);
	return object;
}

static json_t *switches(const struct capture_thread *t)
{
	json_t *object = json_object();

	set_number(object, "voluntary", t->voluntary);
	set_number(object, "involuntary", t->involuntary);
	set_number(object, "migrations", t->migrations);
	return object;
}

static json_t *cpu_ns(const struct capture_thread *t)
{
	json_t *object = json_object();
	char cpu[24];

	for (size_t i = 0; i < t->cpus_n; i++) {
		snprintf(cpu, sizeof(cpu), "%zu", i);
		if (t->cpu_ns[i])
			set_number(object, cpu, t->cpu_ns[i]);
	}
	return object;
}

static json_t *name(const struct capture_thread *t)
{
	if (t->tid == 0 || t->merged > 1)
		return json_sprintf("(%u threads)", t->merged);
	return json_string(t->name);
}

json_t *report_json__thread(const struct model_thread *t)
{
	const struct capture_thread *row = t->row;
	json_t *object = json_object();

	set_number(object, "tid", row->tid);
	set(object, "name", name(row));
	set_number(object, "merged", row->merged);
	set(object, "born", json_boolean(row->born));
	set(object, "exited", json_boolean(row->exited));
	set_number(object, "exists_ns", row->exists_ns);
	set(object, "state_ns", states(t));
	set(object, "io_ns", io(row));
	set_number(object, "lock_shared_ns", row->lock_shared_ns);
	set(object, "blocked_ns", blocked(row));
	set(object, "gil_wait", gil_wait(row));
	set(object, "runq", intervals(&row->runq));
	set_number(object, "held_ns", t->held_ns);
	set_number(object, "held_offcpu_ns", t->held_offcpu_ns);
	set_number(object, "samples", row->samples);
	set_number(object, "gil_samples", t->gil_samples);
	set_number(object, "kernel_cpu_ns", row->kernel_ns);
	set(object, "switches", switches(row));
	set(object, "cpu_ns_by_cpu", cpu_ns(row));
	return object;
}
