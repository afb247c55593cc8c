/* SPDX-License-Identifier: BSD-2-Clause */
#include "sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_predict.h"

const char *const sweep_source_names[SWEEP_SOURCES] = {
	[SWEEP_EXIT_TIME] = "exit-time", [SWEEP_ELAPSED] = "elapsed",
	[SWEEP_UNITS] = "units",	 [SWEEP_UNITS_ELAPSED] = "units-elapsed",
	[SWEEP_RATE] = "rate",
};

struct sweep *sweep__new(const struct scaling_layout *layouts, size_t n)
{
	struct sweep *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->rows = calloc(n, sizeof(*s->rows));
	if (!s->rows) {
		free(s);
		return NULL;
	}
	s->rows_n = n;
	for (size_t i = 0; i < n; i++)
		s->rows[i].layout = layouts[i];
	s->unknown = "no run of the first layout was profiled to its end";
	return s;
}

void sweep__free(struct sweep *s)
{
	if (!s)
		return;
	free(s->rows);
	free(s);
}

void sweep__add_run(struct sweep *s, size_t row, struct sweep_run run)
{
	struct sweep_row *r = &s->rows[row];

	if (r->runs_n < SWEEP_MAX_RUNS)
		r->runs[r->runs_n++] = run;
}

size_t sweep__measured(const struct sweep *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rows_n; i++)
		n += s->rows[i].runs_n > 0;
	return n;
}

/* --- predictions -------------------------------------------------------------------------------- */

static bool is_same(struct scaling_layout a, struct scaling_layout b)
{
	return a.processes == b.processes && a.threads == b.threads;
}

/* What the program is told to do more of, all that was seen does. False: that makes no whole numbers. */
static bool scale_up(struct scaling_layout seen, struct scaling_layout from,
		     struct scaling_layout to, struct scaling_layout *target)
{
	uint64_t processes = (uint64_t)seen.processes * to.processes;
	uint64_t threads = (uint64_t)seen.threads * to.threads;

	if (processes % from.processes || threads % from.threads)
		return false;
	processes /= from.processes;
	threads /= from.threads;
	if (!processes || !threads || processes > SCALING_MAX_WORKERS ||
	    threads > SCALING_MAX_WORKERS || processes * threads > SCALING_MAX_WORKERS)
		return false;
	*target = (struct scaling_layout){ (uint32_t)processes, (uint32_t)threads };
	return true;
}

/* What one profile predicts for each of the others. */
struct outlook {
	size_t n;
	struct {
		bool is;
		struct scaling_range range;
	} of[SWEEP_MAX_ROWS];
};

static int look_ahead(const struct sweep *s, const struct model_scaling *scaling, struct outlook *o)
{
	int err = 0;

	for (size_t i = 1; i < s->rows_n && !err; i++) {
		struct model_prediction p = { .kind = LAYOUT_PROCESSES };

		o->of[i].is = scale_up(scaling->base.now, s->rows[0].layout, s->rows[i].layout,
				       &p.layout);
		if (!o->of[i].is)
			continue;
		if (p.layout.processes == 1)
			p.kind = LAYOUT_THREADS;
		err = model_predict__one(scaling, &p);
		o->of[i].range = p.range;
		o->n++;
	}
	return err;
}

static void forget_profiles(struct sweep *s)
{
	s->profiles_n = 0;
	for (size_t i = 0; i < s->rows_n; i++)
		s->rows[i].ranges_n = 0;
}

static void use(struct sweep *s, const struct model_scaling *scaling, const struct outlook *o,
		double left_out)
{
	for (size_t i = 1; i < s->rows_n; i++) {
		struct sweep_row *row = &s->rows[i];

		if (o->of[i].is && row->ranges_n < SWEEP_MAX_RUNS)
			row->ranges[row->ranges_n++] = o->of[i].range;
	}
	s->profiles_n++;
	s->unknown = NULL;
	s->seen = scaling->base.now;
	s->cpus = scaling->base.cpus;
	s->left_out = left_out > s->left_out ? left_out : s->left_out;
	s->doubts_n = scaling->doubts_n;
	memcpy(s->doubts, scaling->caveats, scaling->doubts_n * sizeof(*s->doubts));
}

static int add_profile(struct sweep *s, const struct model_scaling *scaling, double left_out)
{
	bool as_told = is_same(scaling->base.now, s->rows[0].layout);
	struct outlook outlook = { 0 };
	int err;

	if (scaling->unknown) {
		sweep__no_profile(s, scaling->unknown);
		return 0;
	}
	if (!as_told && s->as_told)
		return 0;
	err = look_ahead(s, scaling, &outlook);
	if (err)
		return err;
	if (!outlook.n && s->rows_n > 1) {
		sweep__no_profile(s, "what was active cannot be made as many times more of");
		return 0;
	}
	if (as_told && !s->as_told)
		forget_profiles(s);
	s->as_told = as_told;
	use(s, scaling, &outlook, left_out);
	return 0;
}

int sweep__add_profile(struct sweep *s, const struct model_scaling *scaling)
{
	return add_profile(s, scaling, 0);
}

int sweep__add_model(struct sweep *s, const struct model *m)
{
	static const double shares[] = { MODEL_WORKER, 0.02, 0.05, MODEL_WORKER };
	const size_t last = sizeof(shares) / sizeof(shares[0]) - 1;
	struct model_contention *c = model_contention__new(m);
	bool as_told = false;
	int err = c ? 0 : -ENOMEM;

	for (size_t i = 0; i <= last && !as_told && !err; i++) {
		struct model_scaling *scaling = model_scaling__of(m, c, shares[i]);

		as_told = scaling && is_same(scaling->base.now, s->rows[0].layout);
		if (!scaling)
			err = -ENOMEM;
		else if (as_told || i == last)
			err = add_profile(s, scaling, shares[i] > MODEL_WORKER ? shares[i] : 0);
		model_scaling__free(scaling);
	}
	model_contention__free(c);
	return err;
}

void sweep__no_profile(struct sweep *s, const char *why)
{
	if (!s->profiles_n)
		s->unknown = why;
}

/* --- what was measured -------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void measure(struct sweep_row *row, double *scratch)
{
	for (size_t i = 0; i < row->runs_n; i++)
		scratch[i] = (double)row->runs[i].duration_ns;
	row->duration_ns = (uint64_t)median(scratch, row->runs_n);
	for (size_t i = 0; i < row->runs_n; i++)
		scratch[i] = row->runs[i].throughput;
	row->throughput = median(scratch, row->runs_n);
	row->least = scratch[0];
	row->most = scratch[row->runs_n - 1];
}

static void compare(struct sweep_row *row, double base)
{
	row->ratio = row->throughput / base;
	row->least /= base;
	row->most /= base;
}

/* One by one: what is in order in each of them is so in their medians. */
static void settle_range(struct sweep_row *row, double *scratch)
{
	double *const of[] = { &row->range.ratio, &row->range.low, &row->range.high };

	for (int k = 0; k < 3; k++) {
		for (size_t i = 0; i < row->ranges_n; i++) {
			const struct scaling_range *r = &row->ranges[i];

			scratch[i] = k == 0 ? r->ratio : k == 1 ? r->low : r->high;
		}
		*of[k] = median(scratch, row->ranges_n);
	}
	row->predicted = true;
	row->inside = row->ratio >= row->range.low && row->ratio <= row->range.high;
}

static bool is_any_predicted(const struct sweep *s)
{
	for (size_t i = 0; i < s->rows_n; i++) {
		if (s->rows[i].predicted)
			return true;
	}
	return false;
}

static bool belongs_to(const struct sweep_row *row, bool processes)
{
	return row->runs_n && (processes ? row->layout.threads == 1 : row->layout.processes == 1);
}

static void fit(struct sweep *s, bool processes)
{
	struct usl_point points[SWEEP_MAX_ROWS];
	struct sweep_fit *f = &s->fits[s->fits_n];
	size_t n = 0;

	for (size_t i = 0; i < s->rows_n; i++) {
		const struct sweep_row *row = &s->rows[i];

		if (belongs_to(row, processes))
			points[n++] = (struct usl_point){
				(double)row->layout.processes * row->layout.threads, row->throughput
			};
	}
	if (usl__fit(points, n, &f->usl))
		return;
	f->processes = processes;
	f->points = n;
	s->fits_n++;
}

int sweep__finish(struct sweep *s)
{
	double *scratch = calloc(SWEEP_MAX_RUNS, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; i < s->rows_n; i++) {
		if (s->rows[i].runs_n)
			measure(&s->rows[i], scratch);
	}
	for (size_t i = s->rows_n; i-- > 0;) {
		struct sweep_row *row = &s->rows[i];

		if (row->runs_n && s->rows[0].runs_n)
			compare(row, s->rows[0].throughput);
		if (row->runs_n && row->ranges_n)
			settle_range(row, scratch);
	}
	if (!s->unknown && !is_any_predicted(s))
		s->unknown = "no other size was measured that it could be for";
	fit(s, false);
	fit(s, true);
	free(scratch);
	return 0;
}
