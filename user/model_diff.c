/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_sums.h"
#include "diff_trees.h"

const char *const model_diff_states[DIFF_STATES] = {
	[DIFF_RUN_GIL] = "run_gil",
	[DIFF_RUN_NOGIL] = "run_nogil",
	[DIFF_RUNQ] = "runq",
	[DIFF_GIL_WAIT] = "gil_wait",
	[DIFF_GIL_DROP] = "gil_drop",
	[DIFF_LOCK_WAIT] = "lock_wait",
	[DIFF_IO_WAIT] = "io_wait",
	[DIFF_SLEEP] = "sleep",
	[DIFF_CHILD_WAIT] = "child_wait",
	[DIFF_BLOCKED] = "blocked",
};

const char *const model_diff_figures[DIFF_FIGURES] = {
	[DIFF_THREADS] = "threads",
	[DIFF_WANTED] = "wanted",
	[DIFF_ACHIEVED] = "achieved",
	[DIFF_PROCESSES] = "processes",
	[DIFF_GIL_BUSIEST] = "gil_utilization",
	[DIFF_GILS_HELD] = "gils_held",
	[DIFF_SWITCHES] = "switches_per_second",
	[DIFF_LONGEST_WAIT_NS] = "longest_gil_wait_ns",
	[DIFF_RSS_BYTES] = "rss_bytes",
	[DIFF_PSS_BYTES] = "pss_bytes",
};

double model_diff__ratio(double a, double b)
{
	if (a == b && isfinite(a))
		return 1;
	return a > 0 && isfinite(b) ? b / a : NAN;
}

/* --- throughput --------------------------------------------------------------------------------- */

/* The window is the run of a command, from exec to its exit with status 0. */
static bool is_run(const struct capture_info *info)
{
	return !strcmp(info->mode, "command") && info->command_status == 0 && info->duration_ns;
}

static void find_throughput(struct model_diff *d, const double *units)
{
	struct diff_throughput *t = &d->throughput;
	const struct capture_info *a = &d->model[DIFF_BEFORE]->capture->info;
	const struct capture_info *b = &d->model[DIFF_AFTER]->capture->info;

	t->ratio = NAN;
	if (units && a->duration_ns && b->duration_ns)
		t->basis = DIFF_UNITS;
	else if (is_run(a) && is_run(b))
		t->basis = DIFF_RUNS;
	else
		return;
	for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++) {
		double window = (double)d->model[side]->capture->info.duration_ns;

		t->units[side] = t->basis == DIFF_UNITS ? units[side] : 1;
		t->per_second[side] = 1e9 * t->units[side] / window;
		t->cpu_ns[side] = d->overall[side].figure[DIFF_ACHIEVED] * window / t->units[side];
	}
	t->ratio = model_diff__ratio(t->per_second[DIFF_BEFORE], t->per_second[DIFF_AFTER]);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static struct diff_figures overall(const struct model *m)
{
	struct diff_sums s = { 0 };

	for (size_t i = 0; i < m->processes_n; i++)
		diff_sums__add(&s, &m->processes[i]);
	return diff_sums__figures(&s, m->capture->info.duration_ns);
}

static int add_side(struct model_diff *d, enum diff_side side, const struct model *m)
{
	d->model[side] = m;
	d->verdict[side] = model_verdict__new(m);
	d->cpus[side] = model_cpus__of(m);
	d->others[side] = model__share(m->cpu_other_ns, m->capture->info.duration_ns);
	d->overall[side] = overall(m);
	return d->verdict[side] ? 0 : -ENOMEM;
}

struct model_diff *model_diff__new(const struct model *before, const struct model *after,
				   const double *units)
{
	struct model_diff *d = calloc(1, sizeof(*d));
	int err = d ? add_side(d, DIFF_BEFORE, before) : -ENOMEM;

	if (!err)
		err = add_side(d, DIFF_AFTER, after);
	if (!err)
		err = diff_trees__fill(d);
	if (!err) {
		find_throughput(d, units);
		return d;
	}
	model_diff__free(d);
	errno = ENOMEM;
	return NULL;
}

void model_diff__free(struct model_diff *d)
{
	if (!d)
		return;
	model_verdict__free(d->verdict[DIFF_BEFORE]);
	model_verdict__free(d->verdict[DIFF_AFTER]);
	free(d->trees);
	free(d);
}
