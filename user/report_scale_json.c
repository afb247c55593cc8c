/* SPDX-License-Identifier: BSD-2-Clause */
/* A sweep as JSON; its schema is user/scale_schema.json. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_json.h"
#include "report_scale.h"

#include "scale_schema.json.inc"

static json_t *range_of(double ratio, double low, double high)
{
	return json_pack("{s:f, s:f, s:f}", "ratio", ratio, "low", low, "high", high);
}

static json_t *layout_of(const struct scaling_layout *l)
{
	return json_pack("{s:i, s:i}", "processes", (int)l->processes, "threads", (int)l->threads);
}

static json_t *row(const struct sweep_row *r)
{
	json_t *object = layout_of(&r->layout), *runs = json_array();

	for (size_t i = 0; i < r->runs_n; i++)
		json_array_append_new(runs, json_pack("{s:I, s:f}", "duration_ns",
						      (json_int_t)r->runs[i].duration_ns,
						      "throughput", r->runs[i].throughput));
	set(object, "runs", runs);
	set_number(object, "duration_ns", r->duration_ns);
	set(object, "throughput", json_real(r->throughput));
	set(object, "measured", range_of(r->ratio, r->least, r->most));
	set(object, "predicted",
	    r->predicted ? range_of(r->range.ratio, r->range.low, r->range.high) : json_null());
	set(object, "inside", r->predicted ? json_boolean(r->inside) : json_null());
	return object;
}

static json_t *rows(const struct sweep *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->rows_n; i++) {
		if (s->rows[i].runs_n)
			json_array_append_new(list, row(&s->rows[i]));
	}
	return list;
}

static json_t *prediction(const struct sweep *s)
{
	json_t *object = json_object(), *doubts = json_array();

	set_number(object, "profiles", s->profiles_n);
	set(object, "unknown", s->unknown ? json_string(s->unknown) : json_null());
	set(object, "seen", s->unknown ? json_null() : layout_of(&s->seen));
	set(object, "left_out", json_real(s->left_out));
	set(object, "cpus", s->unknown ? json_null() : json_real(s->cpus));
	for (size_t i = 0; i < s->doubts_n; i++)
		json_array_append_new(doubts, json_string(s->doubts[i]));
	set(object, "doubts", doubts);
	return object;
}

static json_t *fits(const struct sweep *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->fits_n; i++) {
		const struct sweep_fit *f = &s->fits[i];
		bool peak = f->usl.peak_n > 0;
		json_t *object = json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "layout",
					   f->processes ? "processes" : "threads", "points",
					   (int)f->points, "lambda", f->usl.lambda, "sigma",
					   f->usl.sigma, "kappa", f->usl.kappa, "error",
					   f->usl.error);

		set(object, "peak_workers", peak ? json_real(f->usl.peak_n) : json_null());
		set(object, "peak_throughput", peak ? json_real(f->usl.peak_x) : json_null());
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *command(const struct scale_info *info)
{
	char *text = report_scale__command(info);
	json_t *string = text ? json_string(text) : NULL;

	free(text);
	return string;
}

int report_scale_json(const struct scale_info *info, FILE *f)
{
	static const char *const ends[SCALE_ENDS] = {
		[SCALE_COMPLETE] = "complete",
		[SCALE_FAILED] = "failed",
		[SCALE_INTERRUPTED] = "interrupted",
	};
	const struct sweep *s = info->sweep;
	json_t *object = json_object();
	char summary[256];

	errno = 0;
	report_scale__summary(s, summary, sizeof(summary));
	set(object, "schema", json_string("gilprof.scale/1"));
	set(object, "gilprof", json_pack("{s:s}", "version", GILPROF_VERSION));
	set(object, "start", json_string(info->start));
	set(object, "command", command(info));
	set_number(object, "cpus", info->cpus);
	set(object, "end", json_string(ends[info->end]));
	set_number(object, "rounds", s->rounds);
	set(object, "source", json_string(sweep_source_names[s->source]));
	set(object, "per_worker", json_boolean(s->per_worker));
	set(object, "rows", rows(s));
	set(object, "prediction", prediction(s));
	set(object, "fits", fits(s));
	set(object, "summary", json_string(summary));
	if (json_dumpf(object, f, JSON_INDENT(1)) == 0)
		putc('\n', f);
	json_decref(object);
	return report__end(f);
}

int report_scale_schema(FILE *f)
{
	errno = 0;
	fputs(scale_schema_json, f);
	return report__end(f);
}
