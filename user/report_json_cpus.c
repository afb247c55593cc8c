// SPDX-License-Identifier: BSD-2-Clause
/* CPUs and their quotas in JSON. */
#include <stdio.h>

#include "model_occupancy.h"
#include "model_parallelism.h"
#include "report_json.h"

#define CPUS (32 * CAPTURE_CPU_WORDS)
#define LIST_BYTES (6 * CPUS) /* "2047," for each at most */

json_t *report_json__cpus(const struct model *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->capture->cpus_n; i++) {
		const struct capture_cpu *c = &m->capture->cpus[i];
		json_t *object = json_object();

		set_number(object, "cpu", c->cpu);
		set_number(object, "target_ns", c->target_ns);
		set_number(object, "other_ns", c->other_ns);
		set_number(object, "idle_ns", c->idle_ns);
		set_number(object, "offline_ns", c->offline_ns);
		json_array_append_new(list, object);
	}
	return list;
}

json_t *report_json__cgroups(const struct model *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->capture->cgroups_n; i++) {
		const struct capture_cgroup *g = &m->capture->cgroups[i];
		json_t *object = json_object();

		set(object, "name", json_string(g->name));
		set(object, "cpu_quota", json_real((double)g->quota_millicpus / 1000));
		set_number(object, "from_ns", g->from_ns);
		set_number(object, "periods", g->periods);
		set_number(object, "throttled_periods", g->throttled);
		set_number(object, "throttled_ns", g->throttled_ns);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *spread(const struct model_spread *s)
{
	json_t *object = json_object();

	set(object, "mean", json_real(s->mean));
	set(object, "p10", json_real(s->p10));
	set(object, "p50", json_real(s->p50));
	set(object, "p90", json_real(s->p90));
	set(object, "max", json_real(s->max));
	return object;
}

json_t *report_json__parallelism(const struct model *m)
{
	struct model_parallelism p = model_parallelism__of(m->capture);
	json_t *object;

	if (!p.intervals)
		return json_null();
	object = json_object();
	set_number(object, "intervals", p.intervals);
	set_number(object, "interval_ns", p.interval_ns);
	set(object, "wanted", spread(&p.wanted));
	set(object, "achieved", spread(&p.achieved));
	return object;
}

static bool allows(const struct capture_process *c, uint32_t cpu)
{
	return cpu < CPUS && c->cpu_mask[cpu / 32] >> cpu % 32 & 1;
}

static uint64_t count(const struct capture_process *c)
{
	uint64_t n = 0;

	for (size_t w = 0; w < CAPTURE_CPU_WORDS; w++)
		n += (uint64_t)__builtin_popcount(c->cpu_mask[w]);
	return n;
}

/* As taskset(1) prints it: "0-3,8". */
static json_t *cpu_list(const struct capture_process *c)
{
	char text[LIST_BYTES];
	size_t len = 0;
	uint32_t last;

	for (uint32_t cpu = 0; cpu < CPUS; cpu = last + 1) {
		last = cpu;
		if (!allows(c, cpu))
			continue;
		while (allows(c, last + 1))
			last++;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					last > cpu ? "%s%u-%u" : "%s%u", len ? "," : "", cpu, last);
	}
	return len ? json_stringn(text, len) : json_null();
}

static json_t *by_cpu(const struct model_process *p)
{
	json_t *object = json_object();
	size_t cpus = 0;
	char name[24];

	for (size_t i = 0; i < p->threads_n; i++)
		if (p->threads[i].row->cpus_n > cpus)
			cpus = p->threads[i].row->cpus_n;
	for (size_t cpu = 0; cpu < cpus; cpu++) {
		uint64_t ns = model_process__on_cpu(p, (uint32_t)cpu);

		snprintf(name, sizeof(name), "%zu", cpu);
		if (ns)
			set_number(object, name, ns);
	}
	return object;
}

void report_json__set_cpus(json_t *object, const struct model_process *p)
{
	const struct capture_process *c = p->process;
	uint64_t allowed = count(c), migrations = 0;

	for (size_t i = 0; i < p->threads_n; i++)
		migrations = model__sum(migrations, p->threads[i].row->migrations);
	set(object, "cpus_allowed", allowed ? number(allowed) : json_null());
	set(object, "cpu_list", cpu_list(c));
	set(object, "cpu_quota",
	    c->quota_millicpus ? json_real((double)c->quota_millicpus / 1000) : json_null());
	set(object, "cpu_quota_cgroup",
	    c->quota_cgroup ? json_string(c->quota_cgroup) : json_null());
	set(object, "cpu_ns_by_cpu", by_cpu(p));
	set_number(object, "migrations", migrations);
}
