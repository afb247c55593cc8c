/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAIRED 256 /* trees of a capture that partners are looked for: each with each */

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

/* --- sums over processes ------------------------------------------------------------------------ */

struct sums {
	uint64_t exists_ns, state_ns[DIFF_STATES];
	uint64_t switches, longest_wait_ns, rss_bytes, pss_bytes;
	double wanted, achieved, processes, busiest, held;
};

static void add(uint64_t *sum, uint64_t v)
{
	*sum = model__sum(*sum, v);
}

static void add_states(struct sums *s, const struct model_process *p)
{
	add(&s->state_ns[DIFF_RUN_GIL], p->run_gil_ns);
	add(&s->state_ns[DIFF_RUN_NOGIL], p->run_nogil_ns);
	add(&s->state_ns[DIFF_RUNQ], p->state_ns[ST_RUNQ]);
	add(&s->state_ns[DIFF_GIL_WAIT], p->state_ns[ST_GIL_WAIT]);
	add(&s->state_ns[DIFF_GIL_DROP], p->state_ns[ST_GIL_DROP]);
	add(&s->state_ns[DIFF_LOCK_WAIT], p->state_ns[ST_LOCK_WAIT]);
	add(&s->state_ns[DIFF_IO_WAIT], p->io_ns);
	add(&s->state_ns[DIFF_SLEEP], p->state_ns[ST_SLEEP]);
	add(&s->state_ns[DIFF_CHILD_WAIT], p->state_ns[ST_CHILD_WAIT]);
	add(&s->state_ns[DIFF_BLOCKED], p->state_ns[ST_BLOCKED]);
	add(&s->state_ns[DIFF_BLOCKED], p->state_ns[ST_UNSEEN]);
}

/* As user/memory_peak.h adds them up. */
static void add_memory(struct sums *s, const struct capture_process *p)
{
	add(&s->rss_bytes, p->peak_rss_bytes);
	add(&s->pss_bytes, p->peak_pss_bytes ? p->peak_pss_bytes : p->peak_rss_bytes);
}

static void add_gils(struct sums *s, const struct model_process *p)
{
	for (size_t i = 0; i < p->gils_n; i++) {
		s->held += p->gils[i].utilization;
		s->busiest = fmax(s->busiest, p->gils[i].utilization);
	}
}

static void add_process(struct sums *s, const struct model_process *p)
{
	add(&s->exists_ns, p->exists_ns);
	add_states(s, p);
	add(&s->switches, p->switches);
	if (p->longest_wait_ns > s->longest_wait_ns)
		s->longest_wait_ns = p->longest_wait_ns;
	s->wanted += p->wanted;
	s->achieved += p->achieved;
	s->processes++;
	add_gils(s, p);
	add_memory(s, p->process);
}

static struct diff_figures figures_of(const struct sums *s, uint64_t window)
{
	struct diff_figures f = { .figure = {
					  [DIFF_THREADS] = model__share(s->exists_ns, window),
					  [DIFF_WANTED] = s->wanted,
					  [DIFF_ACHIEVED] = s->achieved,
					  [DIFF_PROCESSES] = s->processes,
					  [DIFF_GIL_BUSIEST] = s->busiest,
					  [DIFF_GILS_HELD] = s->held,
					  [DIFF_SWITCHES] = 1e9 * model__share(s->switches, window),
					  [DIFF_LONGEST_WAIT_NS] = (double)s->longest_wait_ns,
					  [DIFF_RSS_BYTES] = s->rss_bytes ? (double)s->rss_bytes
									  : NAN,
					  [DIFF_PSS_BYTES] = s->rss_bytes ? (double)s->pss_bytes
									  : NAN,
				  } };

	for (size_t i = 0; i < DIFF_STATES; i++) {
		f.threads[i] = model__share(s->state_ns[i], window);
		f.share[i] = model__share(s->state_ns[i], s->exists_ns);
	}
	return f;
}

static struct diff_figures overall(const struct model *m)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < m->processes_n; i++)
		add_process(&s, &m->processes[i]);
	return figures_of(&s, m->capture->info.duration_ns);
}

/* --- trees -------------------------------------------------------------------------------------- */

/* A process, and as long as it is not known to which tree it belongs, its oldest known ancestor. */
struct member {
	const struct model_process *process;
	struct member *root;
	size_t tree; /* of a root; SIZE_MAX: none yet */
};

struct forest {
	size_t n;
	const struct model_process **roots;
	struct sums *sums;
};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_pid(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct member *const *)a)->process->process;
	const struct capture_process *q = (*(struct member *const *)b)->process->process;
	int order = compare(p->pid, q->pid);

	return order ? order : compare(p->key, q->key);
}

static int by_age(const void *a, const void *b)
{
	const struct capture_process *p = (*(struct member *const *)a)->process->process;
	const struct capture_process *q = (*(struct member *const *)b)->process->process;
	int order = compare(p->key, q->key);

	return order ? order : compare(p->pid, q->pid);
}

/* The youngest of those with this PID that are older than the child: PIDs are reused. NULL: none. */
static struct member *parent_of(struct member **by_pids, size_t n,
				const struct capture_process *child)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct capture_process *p = by_pids[middle]->process->process;

		if (p->pid < child->ppid || (p->pid == child->ppid && p->key < child->key))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !child->ppid || by_pids[low - 1]->process->process->pid != child->ppid)
		return NULL;
	return by_pids[low - 1];
}

/* Parents are older than their children, so that their roots are known first, and nothing goes in circles. */
static void find_roots(struct member *members, struct member **by_pids, struct member **by_ages,
		       size_t n)
{
	for (size_t i = 0; i < n; i++)
		by_pids[i] = by_ages[i] = &members[i];
	qsort(by_pids, n, sizeof(struct member *), by_pid);
	qsort(by_ages, n, sizeof(struct member *), by_age);
	for (size_t i = 0; i < n; i++) {
		struct member *parent = parent_of(by_pids, n, by_ages[i]->process->process);

		by_ages[i]->root = parent ? parent->root : by_ages[i];
	}
}

static void fill_forest(struct forest *f, const struct model *m, const struct member *members)
{
	for (size_t i = 0; i < m->processes_n; i++) {
		struct member *root = members[i].root;

		if (root->tree == SIZE_MAX) {
			root->tree = f->n;
			f->roots[f->n++] = root->process;
		}
		add_process(&f->sums[root->tree], members[i].process);
	}
}

static int grow_forest(struct forest *f, const struct model *m)
{
	size_t n = m->processes_n;
	struct member *members = calloc(n + 1, sizeof(*members));
	struct member **by_pids = calloc(n + 1, sizeof(struct member *));
	struct member **by_ages = calloc(n + 1, sizeof(struct member *));
	int err = -ENOMEM;

	f->roots = calloc(n + 1, sizeof(*f->roots));
	f->sums = calloc(n + 1, sizeof(*f->sums));
	if (members && by_pids && by_ages && f->roots && f->sums) {
		for (size_t i = 0; i < n; i++)
			members[i] = (struct member){ &m->processes[i], NULL, SIZE_MAX };
		find_roots(members, by_pids, by_ages, n);
		fill_forest(f, m, members);
		err = 0;
	}
	free(members);
	free(by_pids);
	free(by_ages);
	return err;
}

static void release_forest(struct forest *f)
{
	free(f->roots);
	free(f->sums);
}

/* --- pairs of trees ----------------------------------------------------------------------------- */

static bool same_command(const struct capture_process *a, const struct capture_process *b)
{
	return !strcmp(a->cmdline, b->cmdline);
}

static bool same_name(const struct capture_process *a, const struct capture_process *b)
{
	return !strcmp(a->comm, b->comm);
}

static bool any(const struct capture_process *a, const struct capture_process *b)
{
	(void)a;
	(void)b;
	return true;
}

/* pair[i] is the tree of b that goes with the i-th of a; taken[] those of b that have one. */
static void pair_by(bool (*alike)(const struct capture_process *, const struct capture_process *),
		    const struct forest *a, const struct forest *b, size_t *pair, bool *taken)
{
	for (size_t i = 0; i < a->n && i < MAX_PAIRED; i++) {
		for (size_t j = 0; j < b->n && j < MAX_PAIRED && pair[i] == SIZE_MAX; j++) {
			if (taken[j] || !alike(a->roots[i]->process, b->roots[j]->process))
				continue;
			pair[i] = j;
			taken[j] = true;
		}
	}
}

static void add_tree(struct model_diff *d, const struct forest f[2], size_t a, size_t b)
{
	const size_t number[2] = { a, b };
	struct diff_tree *t = &d->trees[d->trees_n++];

	for (int side = DIFF_BEFORE; side <= DIFF_AFTER; side++) {
		if (number[side] == SIZE_MAX)
			continue;
		t->root[side] = f[side].roots[number[side]];
		t->figures[side] = figures_of(&f[side].sums[number[side]],
					      d->model[side]->capture->info.duration_ns);
	}
}

static void pair_trees(struct model_diff *d, const struct forest f[2], size_t *pair, bool *taken)
{
	for (size_t i = 0; i < f[DIFF_BEFORE].n; i++)
		pair[i] = SIZE_MAX;
	pair_by(same_command, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	pair_by(same_name, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	if (f[DIFF_BEFORE].n == 1 && f[DIFF_AFTER].n == 1)
		pair_by(any, &f[DIFF_BEFORE], &f[DIFF_AFTER], pair, taken);
	for (size_t i = 0; i < f[DIFF_BEFORE].n; i++)
		add_tree(d, f, i, pair[i]);
	for (size_t i = 0; i < f[DIFF_AFTER].n; i++)
		if (!taken[i])
			add_tree(d, f, SIZE_MAX, i);
}

static int add_trees(struct model_diff *d, const struct forest f[2])
{
	size_t *pair = calloc(f[DIFF_BEFORE].n + 1, sizeof(*pair));
	bool *taken = calloc(f[DIFF_AFTER].n + 1, sizeof(*taken));
	int err = -ENOMEM;

	d->trees = calloc(f[DIFF_BEFORE].n + f[DIFF_AFTER].n + 1, sizeof(*d->trees));
	if (pair && taken && d->trees) {
		pair_trees(d, f, pair, taken);
		err = 0;
	}
	free(pair);
	free(taken);
	return err;
}

static int compare_trees(struct model_diff *d)
{
	struct forest f[2] = { 0 };
	int err = grow_forest(&f[DIFF_BEFORE], d->model[DIFF_BEFORE]);

	if (!err)
		err = grow_forest(&f[DIFF_AFTER], d->model[DIFF_AFTER]);
	if (!err)
		err = add_trees(d, f);
	release_forest(&f[DIFF_BEFORE]);
	release_forest(&f[DIFF_AFTER]);
	return err;
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
		err = compare_trees(d);
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
