// SPDX-License-Identifier: BSD-2-Clause
/* The JSON of a comparison, gilprof.diff/1 (user/schema_diff.c). */
#include <errno.h>
#include <math.h>

#include "diff_words.h"
#include "model_diff.h"
#include "page.h"
#include "report.h"
#include "report_diff.h"
#include "report_json.h"

static json_t *real_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *whole_or_null(double v)
{
	double most =
		(double)(1ll << 53); /* what a double, and most readers, can tell from the next */

	return isfinite(v) ? json_integer(llround(fmin(fmax(v, -most), most))) : json_null();
}

/* Something in both captures. */
static json_t *measure(double a, double b, json_t *(*value)(double))
{
	json_t *object = json_object();

	set(object, "before", value(a));
	set(object, "after", value(b));
	set(object, "change", value(b - a));
	set(object, "ratio", real_or_null(model_diff__ratio(a, b)));
	return object;
}

static json_t *states(const struct diff_figures f[2])
{
	json_t *object = json_object();

	for (int s = 0; s < DIFF_STATES; s++) {
		json_t *state = json_object();

		set(state, "threads",
		    measure(f[DIFF_BEFORE].threads[s], f[DIFF_AFTER].threads[s], real_or_null));
		set(state, "share",
		    measure(f[DIFF_BEFORE].share[s], f[DIFF_AFTER].share[s], real_or_null));
		set(object, model_diff_states[s], state);
	}
	return object;
}

static json_t *figures(const struct diff_figures f[2])
{
	json_t *object = json_object();

	for (int i = 0; i < DIFF_FIGURES; i++) {
		bool whole = i == DIFF_LONGEST_WAIT_NS || i == DIFF_RSS_BYTES ||
			     i == DIFF_PSS_BYTES || i == DIFF_PROCESSES;

		set(object, model_diff_figures[i],
		    measure(f[DIFF_BEFORE].figure[i], f[DIFF_AFTER].figure[i],
			    whole ? whole_or_null : real_or_null));
	}
	return object;
}

static json_t *throughput(const struct model_diff *d)
{
	const struct diff_throughput *t = &d->throughput;
	const double *a = &t->per_second[DIFF_BEFORE], *b = &t->per_second[DIFF_AFTER];
	json_t *object;

	if (t->basis == DIFF_NOTHING)
		return json_null();
	object = json_object();
	set(object, "basis", json_string(t->basis == DIFF_UNITS ? "units" : "runs"));
	set(object, "units", measure(t->units[DIFF_BEFORE], t->units[DIFF_AFTER], real_or_null));
	set(object, "per_second", measure(*a, *b, real_or_null));
	set(object, "cpu_per_unit_ns",
	    measure(t->cpu_ns[DIFF_BEFORE], t->cpu_ns[DIFF_AFTER], whole_or_null));
	set(object, "ratio", real_or_null(t->ratio));
	return object;
}

static json_t *root(const struct model_process *p)
{
	json_t *object;

	if (!p)
		return json_null();
	object = json_object();
	set_number(object, "pid", p->process->pid);
	set(object, "comm", json_string(p->process->comm));
	set(object, "cmdline", json_string(p->process->cmdline));
	return object;
}

static json_t *trees(const struct model_diff *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->trees_n; i++) {
		const struct diff_tree *t = &d->trees[i];
		json_t *object = json_object();

		set(object, "before", root(t->root[DIFF_BEFORE]));
		set(object, "after", root(t->root[DIFF_AFTER]));
		set(object, "states", states(t->figures));
		set(object, "figures", figures(t->figures));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *side(const struct model_diff *d, enum diff_side s, const char *file)
{
	const struct model *m = d->model[s];
	json_t *object = json_object();

	set(object, "file", json_string(file));
	set(object, "gilprof_version", json_string(m->capture->info.gilprof_version));
	set(object, "capture", report_json__capture(m));
	set(object, "sound", json_boolean(!diff_words__is_doubtful(d, s)));
	set(object, "verdict", json_string(model_verdict_names[d->verdict[s]->cause]));
	set(object, "cpus_allowed", real_or_null(d->cpus[s].cpus > 0 ? d->cpus[s].cpus : NAN));
	set(object, "cpus_used_by_others", real_or_null(d->others[s]));
	return object;
}

static json_t *notes(const struct model_diff *d)
{
	struct page page = { 0 };
	json_t *list = json_array();

	for (size_t i = 0; diff_words__note(&page, d, i); i++)
		json_array_append_new(list, report_json__taken(&page));
	return list;
}

int report_diff_json(const struct model_diff *d, const struct report_diff_options *o, FILE *f)
{
	json_t *object, *version;

	errno = 0;
	object = json_object();
	version = json_object();
	set(object, "schema", json_string("gilprof.diff/1"));
	set(version, "version", json_string(GILPROF_VERSION));
	set(object, "gilprof", version);
	set(object, "before", side(d, DIFF_BEFORE, o->name[DIFF_BEFORE]));
	set(object, "after", side(d, DIFF_AFTER, o->name[DIFF_AFTER]));
	set(object, "throughput", throughput(d));
	set(object, "states", states(d->overall));
	set(object, "figures", figures(d->overall));
	set(object, "trees", trees(d));
	set(object, "notes", notes(d));
	return report_json__print(object, f);
}
