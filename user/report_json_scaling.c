/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict and the predictions, in JSON: see user/report_json.h. */
#include <math.h>

#include "model_verdict.h"
#include "page.h"
#include "report_json.h"
#include "verdict_words.h"

/* JSON has no other numbers, and a forged capture may ask for them. */
static void set_real(json_t *object, const char *key, double v)
{
	set(object, key, json_real(isfinite(v) ? v : 0));
}

static json_t *now(const struct model_scaling *s)
{
	json_t *object = json_object();

	set_number(object, "workers", s->workers);
	if (s->unknown) {
		set(object, "throughput_lone_threads", json_null());
		set(object, "processes", json_null());
		set(object, "demand", json_null());
		set(object, "stall", json_null());
		set(object, "stall_error", json_null());
		return object;
	}
	set_real(object, "throughput_lone_threads", s->lone_threads);
	set_number(object, "processes", s->base.now.processes);
	set(object, "demand", json_object());
	set_real(json_object_get(object, "demand"), "run_gil", s->base.demand.s);
	set_real(json_object_get(object, "demand"), "run_nogil", s->base.demand.d);
	set_real(json_object_get(object, "demand"), "delay", s->base.demand.z);
	set_real(object, "stall", s->base.stall.share);
	set_real(object, "stall_error", s->base.stall.error);
	return object;
}

static json_t *prediction(const struct model_prediction *p)
{
	json_t *object = json_object();

	set(object, "layout", json_string(model_layout_names[p->kind]));
	set_number(object, "processes", p->layout.processes);
	set_number(object, "threads", p->layout.threads);
	set_number(object, "workers", (uint64_t)p->layout.processes * p->layout.threads);
	set_real(object, "ratio", p->range.ratio);
	set_real(object, "low", p->range.low);
	set_real(object, "high", p->range.high);
	return object;
}

json_t *report_json__scaling(const struct model_scaling *s)
{
	json_t *object = json_object(), *list = json_array(), *words = json_array();

	set(object, "now", now(s));
	set_real(object, "cpus", s->cpus.cpus);
	set(object, "unknown", s->unknown ? json_string(s->unknown) : json_null());
	for (size_t i = 0; i < s->predictions_n; i++)
		json_array_append_new(list, prediction(&s->predictions[i]));
	for (size_t i = 0; i < s->caveats_n; i++)
		json_array_append_new(words, json_string(s->caveats[i]));
	set(object, "predictions", list);
	set(object, "assumptions", words);
	return object;
}

static json_t *evidence(const struct model_verdict *v)
{
	const struct model_evidence *e = &v->evidence;
	json_t *object = json_object();

	set_real(object, "run", e->run);
	set_real(object, "runq", e->runq);
	set_real(object, "gil_wait", e->gil_wait);
	set_real(object, "wanted", e->wanted);
	set_real(object, "lock_wait_contended", e->lock_wait);
	set_real(object, "pool_wait", e->pool_wait);
	set_real(object, "cpus", e->cpus);
	set(object, "cpus_by_quota", json_boolean(e->by_quota));
	set_real(object, "cpus_used_by_others", e->others);
	set_real(object, "gil_wait_under_long_holds", e->long_holds);
	set_real(object, "gil_wait_by_io_threads", e->io_suffered);
	set_real(object, "gil_wait_of_them_behind_computing", e->io_blamed);
	set_real(object, "wanted_by_one_thread", e->one_thread);
	set_real(object, "waits_per_second", e->sleeps_per_s);
	set_real(object, "io_share", e->io);
	set(object, "runner_up",
	    v->runner_up < VERDICT_COUNT ? json_string(model_verdict_names[v->runner_up])
					 : json_null());
	return object;
}

json_t *report_json__taken(struct page *page)
{
	json_t *text = json_string(page->buffer);

	page->len = 0;
	page->buffer[0] = '\0';
	return text;
}

json_t *report_json__verdict(const struct model *m, const struct model_verdict *v)
{
	json_t *object = json_object(), *list = json_array();
	struct page page = { 0 };

	set(object, "kind", json_string(model_verdict_names[v->cause]));
	verdict_words__summary(&page, m, v);
	set(object, "summary", report_json__taken(&page));
	for (size_t i = 0; verdict_words__advice(&page, m, v, i); i++)
		json_array_append_new(list, report_json__taken(&page));
	set(object, "advice", list);
	set(object, "evidence", evidence(v));
	return object;
}
