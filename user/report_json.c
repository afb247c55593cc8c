// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JSON contract (design section 5, user/schema.c). It is written piece by piece, one line per
 * thread, so that many threads cost no memory. All but printable ASCII is escaped: JSON is printed
 * on terminals, too.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/wait.h>

#include "model.h"
#include "quantile.h"
#include "report.h"

#define DIGITS 6 /* of numbers that are no counters */

struct out {
	FILE *f;
	int err; /* the first error, negative */
};

/* jansson leaves DEL alone. */
static int print(const char *text, size_t len, void *context)
{
	FILE *f = context;

	for (size_t i = 0; i < len; i++)
		if (text[i] == 0x7f ? fputs("\\u007f", f) < 0 : putc(text[i], f) == EOF)
			return -1;
	return 0;
}

/* Prints a value, which it takes over, between two texts. */
static void put(struct out *out, const char *before, json_t *value, size_t flags, const char *after)
{
	if (!value && !out->err)
		out->err = -ENOMEM;
	if (out->err)
		return;
	fputs(before, out->f);
	json_dump_callback(value, print, out->f,
			   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DIGITS) | flags);
	fputs(after, out->f);
	json_decref(value);
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)(v < MODEL_MAX ? v : MODEL_MAX));
}

static json_t *number_or_null(uint64_t v)
{
	return v ? number(v) : json_null();
}

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

/* A wait status as shells have it, but -N for signal N. */
static json_t *status(int64_t wait_status)
{
	if (wait_status < 0)
		return json_null();
	if (WIFSIGNALED((int)wait_status))
		return json_integer(-WTERMSIG((int)wait_status));
	return json_integer(WEXITSTATUS((int)wait_status));
}

/* Adds v to a member, which may not be there yet. */
static void add(json_t *object, const char *key, uint64_t v)
{
	const json_t *before = json_object_get(object, key);

	json_object_set_new(object, key,
			    number(model__sum(v, (uint64_t)json_integer_value(before))));
}

/* --- capture --- */

static json_t *lost(const struct capture_info *info)
{
	json_t *object = json_object();

	for (int cause = 0; cause < LOST_COUNT; cause++)
		json_object_set_new(object, model_lost_names[cause], number(info->lost[cause]));
	return object;
}

static json_t *laws(const struct model *m)
{
	json_t *object = json_object();

	for (int l = 0; l < LAW_COUNT; l++) {
		const struct model_law *law = &m->laws[l];

		json_object_set_new(object, model_law_names[l],
				    json_pack("{s:b,s:o,s:o,s:f,s:o,s:o,s:o}", "ok",
					      law->broken == 0, "checked", number(law->checked),
					      "broken", number(law->broken), "worst", law->worst,
					      "error_ns", number(law->error_ns), "expected_ns",
					      number(law->expected_ns), "at", number(law->at)));
	}
	return object;
}

static json_t *self(const struct capture_self *s)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "cpu_ns", number(s->cpu_ns), "bpf_run_ns",
			 s->bpf_run_ns < 0 ? json_null() : number((uint64_t)s->bpf_run_ns),
			 "bpf_run_count", number(s->bpf_run_count), "rss_peak_bytes",
			 number(s->rss_peak_bytes), "attach_ns", number(s->attach_ns));
}

static json_t *capture(const struct model *m)
{
	const struct capture_info *i = &m->capture->info;
	json_t *object = json_pack("{s:s,s:o,s:o,s:s,s:s,s:{s:I,s:I},s:I,s:b,s:b,s:o}", "start",
				   i->start, "start_monotonic_ns", number(i->start_monotonic_ns),
				   "duration_ns", number(i->duration_ns), "mode", i->mode, "target",
				   i->target, "frequency_hz", "state", (json_int_t)i->state_hz,
				   "stack", (json_int_t)i->stack_hz, "cpus", (json_int_t)i->cpus,
				   "complete", i->complete, "children", i->children,
				   "command_status", status(i->command_status));

	json_object_set_new(object, "threads_merged", number(i->threads_merged));
	json_object_set_new(object, "steal_irq_ns", number(i->steal_irq_ns));
	json_object_set_new(object, "tick_ns", number(i->tick_ns));
	json_object_set_new(object, "lost", lost(i));
	json_object_set_new(object, "laws", laws(m));
	json_object_set_new(object, "self", self(&i->self));
	return object;
}

/* --- threads --- */

/* What has no member of its own: waited for, or never seen asleep. */
static json_t *states(const struct model_thread *t)
{
	const uint64_t *ns = t->row->state_ns;
	const struct {
		const char *name;
		uint64_t ns;
	} states[] = {
		{ "run_gil", t->run_gil_ns },
		{ "run_nogil", t->run_nogil_ns },
		{ "runq", ns[ST_RUNQ] },
		{ "gil_wait", ns[ST_GIL_WAIT] },
		{ "gil_drop", ns[ST_GIL_DROP] },
		{ "lock_wait", ns[ST_LOCK_WAIT] },
		{ "io_wait", t->io_ns },
		{ "sleep", ns[ST_SLEEP] },
		{ "child_wait", ns[ST_CHILD_WAIT] },
		{ "blocked", model__sum(ns[ST_BLOCKED], ns[ST_UNSEEN]) },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		json_object_set_new(object, states[i].name, number(states[i].ns));
	return object;
}

static json_t *io(const struct capture_thread *t)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "file", number(t->state_ns[ST_IO_FILE]), "pipe",
			 number(t->state_ns[ST_IO_PIPE]), "socket",
			 number(t->state_ns[ST_IO_SOCKET]), "poll",
			 number(t->state_ns[ST_IO_POLL]));
}

static json_t *blocked(const struct capture_thread *t)
{
	json_t *object = json_object();

	for (size_t i = 0; i < t->blocked_n; i++)
		add(object, t->blocked[i].cause, t->blocked[i].ns);
	if (t->state_ns[ST_UNSEEN]) /* see states() */
		add(object, "unseen", t->state_ns[ST_UNSEEN]);
	return object;
}

static json_t *intervals(const struct capture_hist *h)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "total_ns", number(h->total_ns), "count",
			 number(h->count), "p50_ns", number(quantile__ns(h, 50)), "p99_ns",
			 number(quantile__ns(h, 99)), "max_ns", number(h->max_ns));
}

static json_t *gil_wait(const struct capture_thread *t)
{
	json_t *object = intervals(&t->gil_wait);

	json_object_set_new(object, "asleep_ns", number(t->episode_asleep_ns));
	json_object_set_new(object, "runq_ns", number(t->episode_runq_ns));
	json_object_set_new(object, "running_ns", number(t->episode_running_ns));
	return object;
}

static json_t *cpu_ns(const struct capture_thread *t)
{
	json_t *object = json_object();
	char cpu[24];

	for (size_t i = 0; i < t->cpus_n; i++) {
		snprintf(cpu, sizeof(cpu), "%zu", i);
		if (t->cpu_ns[i])
			json_object_set_new(object, cpu, number(t->cpu_ns[i]));
	}
	return object;
}

static json_t *name(const struct capture_thread *t)
{
	if (t->tid == 0 || t->merged > 1)
		return json_sprintf("(%u threads)", t->merged);
	return json_string(t->name);
}

static json_t *thread(const struct model_thread *t)
{
	const struct capture_thread *row = t->row;
	json_t *object = json_pack("{s:I,s:o,s:I,s:b,s:b,s:o}", "tid", (json_int_t)row->tid, "name",
				   name(row), "merged", (json_int_t)row->merged, "born", row->born,
				   "exited", row->exited, "exists_ns", number(row->exists_ns));

	json_object_set_new(object, "state_ns", states(t));
	json_object_set_new(object, "io_ns", io(row));
	json_object_set_new(object, "blocked_ns", blocked(row));
	json_object_set_new(object, "gil_wait", gil_wait(row));
	json_object_set_new(object, "runq", intervals(&row->runq));
	json_object_set_new(object, "held_ns", number(t->held_ns));
	json_object_set_new(object, "held_offcpu_ns", number(t->held_offcpu_ns));
	json_object_set_new(object, "samples", number(row->samples));
	json_object_set_new(object, "gil_samples", number(t->gil_samples));
	json_object_set_new(object, "kernel_cpu_ns", number(row->kernel_ns));
	json_object_set_new(object, "switches",
			    json_pack("{s:o,s:o,s:o}", "voluntary", number(row->voluntary),
				      "involuntary", number(row->involuntary), "migrations",
				      number(row->migrations)));
	json_object_set_new(object, "cpu_ns_by_cpu", cpu_ns(row));
	return object;
}

/* --- processes --- */

static json_t *python(const struct capture_process *p)
{
	if (!p->is_python)
		return json_null();
	return json_pack("{s:o,s:o,s:o,s:o}", "version", text_or_null(p->python_version), "build",
			 text_or_null(p->python_build), "gil_source", text_or_null(p->gil_source),
			 "gil_note", text_or_null(p->gil_note));
}

static json_t *gils(const struct model_process *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->gils_n; i++) {
		const struct model_gil *g = &p->gils[i];

		json_array_append_new(
			list,
			json_pack("{s:o,s:f,s:o,s:o,s:o,s:o,s:o,s:o}", "interpreter",
				  g->gil ? json_integer(g->gil->interpreter) : json_null(),
				  "utilization", g->utilization, "held_ns", number(g->held_ns),
				  "held_offcpu_ns", number(g->held_offcpu_ns), "wait_ns",
				  number(g->wait_ns), "waits", number(g->waits), "waiters",
				  number(g->waiters), "switches", number(g->switches)));
	}
	return list;
}

static json_t *process(const struct model_process *p)
{
	const struct capture_process *c = p->process;
	json_t *object = json_pack("{s:I,s:I,s:s,s:s,s:b,s:o,s:o,s:o,s:o,s:f,s:f}", "pid",
				   (json_int_t)c->pid, "ppid", (json_int_t)c->ppid, "comm", c->comm,
				   "cmdline", c->cmdline, "born", c->born, "exit_status",
				   status(c->exit_status), "python", python(c), "rss_bytes",
				   number_or_null(c->rss_bytes), "pss_bytes",
				   number_or_null(c->pss_bytes), "wanted", p->wanted, "achieved",
				   p->achieved);

	json_object_set_new(object, "cpu_ns", number(p->cpu_ns));
	json_object_set_new(object, "kernel_cpu_ns", number(p->kernel_cpu_ns));
	json_object_set_new(object, "edges_on_cpu", number(p->edges_on_cpu));
	json_object_set_new(object, "gil_unknown_ns", number(p->gil_unknown_ns));
	json_object_set_new(object, "gils", gils(p));
	return object;
}

static void put_process(struct out *out, const struct model_process *p, const char *before)
{
	put(out, before, process(p), JSON_EMBED, ",\"threads\":[\n");
	for (size_t i = 0; i < p->threads_n; i++)
		put(out, "", thread(&p->threads[i]), 0, i + 1 < p->threads_n ? ",\n" : "\n");
	if (!out->err)
		fputs("]}", out->f);
}

static json_t *cpus(const struct model *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->capture->cpus_n; i++) {
		const struct capture_cpu *c = &m->capture->cpus[i];

		json_array_append_new(list,
				      json_pack("{s:I,s:o,s:o,s:o,s:o}", "cpu", (json_int_t)c->cpu,
						"target_ns", number(c->target_ns), "other_ns",
						number(c->other_ns), "idle_ns", number(c->idle_ns),
						"offline_ns", number(c->offline_ns)));
	}
	return list;
}

int report_json(const struct model *m, const struct report_options *o, FILE *f)
{
	struct out out = { .f = f };

	(void)o;
	put(&out, "{\"schema\":\"gilprof.report/1\",\n\"gilprof\":",
	    json_pack("{s:s}", "version", m->capture->info.gilprof_version), 0, ",\n");
	put(&out, "\"capture\":", capture(m), 0, ",\n\"processes\":[");
	for (size_t i = 0; i < m->processes_n; i++)
		put_process(&out, &m->processes[i], i ? ",\n{" : "\n{");
	put(&out, "],\n\"cpus\":", cpus(m), 0, "}\n");
	errno = 0;
	if (!out.err && (fflush(f) != 0 || ferror(f)))
		out.err = errno ? -errno : -EIO;
	return out.err;
}
