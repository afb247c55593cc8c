// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JSON contract (design section 5, user/schema.c). It is written piece by piece, one line per
 * thread, so that many threads cost no memory. All but printable ASCII is escaped: JSON is printed
 * on terminals, too.
 */
#include "report_json.h"

#include <errno.h>
#include <sys/wait.h>

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
	if (!out->err) {
		fputs(before, out->f);
		json_dump_callback(value, print, out->f,
				   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DIGITS) |
					   flags);
		fputs(after, out->f);
	}
	json_decref(value);
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

static json_t *lost(const struct capture_info *info)
{
	json_t *object = json_object();

	for (int cause = 0; cause < LOST_COUNT; cause++)
		set_number(object, model_lost_names[cause], info->lost[cause]);
	return object;
}

static json_t *law(const struct model_law *l)
{
	json_t *object = json_object();

	set(object, "ok", json_boolean(l->broken == 0));
	set_number(object, "checked", l->checked);
	set_number(object, "broken", l->broken);
	set(object, "worst", json_real(l->worst));
	set_number(object, "error_ns", l->error_ns);
	set_number(object, "expected_ns", l->expected_ns);
	set_number(object, "at", l->at);
	return object;
}

static json_t *laws(const struct model *m)
{
	json_t *object = json_object();

	for (int l = 0; l < LAW_COUNT; l++)
		set(object, model_law_names[l], law(&m->laws[l]));
	return object;
}

static json_t *self(const struct capture_self *s)
{
	json_t *object = json_object();

	set_number(object, "cpu_ns", s->cpu_ns);
	set(object, "bpf_run_ns",
	    s->bpf_run_ns < 0 ? json_null() : number((uint64_t)s->bpf_run_ns));
	set_number(object, "bpf_run_count", s->bpf_run_count);
	set_number(object, "rss_peak_bytes", s->rss_peak_bytes);
	set_number(object, "attach_ns", s->attach_ns);
	return object;
}

static json_t *frequency(const struct capture_info *info)
{
	json_t *object = json_object();

	set_number(object, "state", info->state_hz);
	set_number(object, "stack", info->stack_hz);
	return object;
}

static json_t *memory_peak(const struct capture_memory_peak *c)
{
	json_t *object = json_object();

	set_number(object, "looks", c->looks);
	set_number(object, "at_ns", c->at_ns);
	set_number(object, "processes", c->processes);
	set_number(object, "pss_unknown", c->pss_unknown);
	set_number(object, "rss_bytes", c->rss_bytes);
	set_number(object, "pss_bytes", c->pss_bytes);
	return object;
}

json_t *report_json__capture(const struct model *m)
{
	const struct capture_info *info = &m->capture->info;
	json_t *object = json_object();

	set(object, "start", json_string(info->start));
	set_number(object, "start_monotonic_ns", info->start_monotonic_ns);
	set_number(object, "duration_ns", info->duration_ns);
	set(object, "mode", json_string(info->mode));
	set(object, "host", text_or_null(info->host));
	set(object, "target", json_string(info->target));
	set(object, "frequency_hz", frequency(info));
	set_number(object, "cpus", info->cpus);
	set(object, "complete", json_boolean(info->complete));
	set(object, "children", json_boolean(info->children));
	set(object, "command_status", status(info->command_status));
	set_number(object, "threads_merged", info->threads_merged);
	set_number(object, "steal_irq_ns", info->steal_irq_ns);
	set_number(object, "tick_ns", info->tick_ns);
	set(object, "lost", lost(info));
	set(object, "laws", laws(m));
	set(object, "memory_peak", memory_peak(&info->memory_peak));
	set(object, "self", self(&info->self));
	return object;
}

static json_t *python(const struct capture_process *p)
{
	json_t *object;

	if (!p->is_python)
		return json_null();
	object = json_object();
	set(object, "version", text_or_null(p->python_version));
	set(object, "build", text_or_null(p->python_build));
	set(object, "gil_source", text_or_null(p->gil_source));
	set(object, "gil_note", text_or_null(p->gil_note));
	return object;
}

static json_t *gil(const struct model_gil *g)
{
	json_t *object = json_object();

	set(object, "interpreter", g->gil ? json_integer(g->gil->interpreter) : json_null());
	set(object, "utilization", json_real(g->utilization));
	set_number(object, "held_ns", g->held_ns);
	set_number(object, "held_offcpu_ns", g->held_offcpu_ns);
	set_number(object, "wait_ns", g->wait_ns);
	set_number(object, "waits", g->waits);
	set_number(object, "waiters", g->waiters);
	set_number(object, "switches", g->switches);
	return object;
}

static json_t *gils(const struct model_process *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->gils_n; i++)
		json_array_append_new(list, gil(&p->gils[i]));
	return list;
}

/* All but its threads. */
static json_t *process(const struct model_process *p)
{
	const struct capture_process *c = p->process;
	json_t *object = json_object();

	set_number(object, "pid", c->pid);
	set_number(object, "ppid", c->ppid);
	set(object, "comm", json_string(c->comm));
	set(object, "cmdline", json_string(c->cmdline));
	set(object, "born", json_boolean(c->born));
	set(object, "exit_status", status(c->exit_status));
	set(object, "python", python(c));
	set(object, "rss_bytes", number_or_null(c->rss_bytes));
	set(object, "pss_bytes", number_or_null(c->pss_bytes));
	set(object, "peak_rss_bytes", number_or_null(c->peak_rss_bytes));
	set(object, "peak_pss_bytes", number_or_null(c->peak_pss_bytes));
	set(object, "memory", report_json__memory(p));
	set(object, "ipc_ns",
	    report_json__ipc(p->state_ns[ST_IO_PIPE], p->state_ns[ST_IO_SOCKET],
			     p->shared_lock_ns));
	report_json__set_cpus(object, p);
	set(object, "wanted", json_real(p->wanted));
	set(object, "achieved", json_real(p->achieved));
	set_number(object, "cpu_ns", p->cpu_ns);
	set_number(object, "kernel_cpu_ns", p->kernel_cpu_ns);
	set_number(object, "edges_on_cpu", p->edges_on_cpu);
	set_number(object, "gil_unknown_ns", p->gil_unknown_ns);
	set(object, "gils", gils(p));
	return object;
}

static void put_process(struct out *out, const struct model_process *p, const char *before)
{
	put(out, before, process(p), JSON_EMBED, ",\"threads\":[\n");
	for (size_t i = 0; i < p->threads_n; i++)
		put(out, "", report_json__thread(&p->threads[i]), 0,
		    i + 1 < p->threads_n ? ",\n" : "\n");
	fputs("]}", out->f);
}

int report_json__print(json_t *value, FILE *f)
{
	struct out out = { .f = f };

	put(&out, "", value, 0, "\n");
	return out.err ? out.err : report__end(f);
}

int report_json(const struct model *m, const struct report_options *o, FILE *f)
{
	struct out out = { .f = f };
	struct model_verdict *v = model_verdict__new(m);
	json_t *version;

	(void)o; /* it is for programs: all rows, always */
	if (!v)
		return -errno;
	errno = 0;
	version = json_object();
	set(version, "version", json_string(m->capture->info.gilprof_version));
	put(&out, "{\"schema\":\"gilprof.report/1\",\n\"gilprof\":", version, 0, ",\n");
	put(&out, "\"capture\":", report_json__capture(m), 0, ",\n\"processes\":[");
	for (size_t i = 0; i < m->processes_n; i++)
		put_process(&out, &m->processes[i], i ? ",\n{" : "\n{");
	put(&out, "],\n\"trees\":", report_json__trees(m), 0, "");
	put(&out, ",\n\"cpus\":", report_json__cpus(m), 0, ",\n");
	put(&out, "\"parallelism\":", report_json__parallelism(m), JSON_ENCODE_ANY, ",\n");
	put(&out, "\"cgroups\":", report_json__cgroups(m), 0, ",\n");
	put(&out, "\"blame\":", report_json__blame(m), 0, ",\n");
	put(&out, "\"waits\":", report_json__cases(m, true), 0, ",\n");
	put(&out, "\"holds\":", report_json__cases(m, false), 0, ",\n");
	put(&out, "\"locks\":", report_json__locks(m), 0, ",\n");
	put(&out, "\"scaling\":", report_json__scaling(v->scaling), 0, ",\n");
	put(&out, "\"verdict\":", report_json__verdict(m, v), 0, "}\n");
	model_verdict__free(v);
	return out.err ? out.err : report__end(f);
}
