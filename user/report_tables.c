// SPDX-License-Identifier: BSD-2-Clause
#include "report_tables.h"

#include <string.h>

#include "figure.h"
#include "model.h"
#include "page.h"
#include "quantile.h"

/* What a row of threads shows: one thread, or the sum over those that found no place. */
struct thread_sum {
	uint64_t exists_ns, state_ns[ST_COUNT], run_gil_ns, run_nogil_ns, io_ns, switches, threads;
	struct capture_hist gil_wait;
};

static void add(uint64_t *sum, uint64_t v)
{
	*sum = model__sum(*sum, v);
}

static void add_thread(struct thread_sum *sum, const struct model_thread *t)
{
	add(&sum->exists_ns, t->row->exists_ns);
	for (int s = 0; s < ST_COUNT; s++)
		add(&sum->state_ns[s], t->row->state_ns[s]);
	add(&sum->run_gil_ns, t->run_gil_ns);
	add(&sum->run_nogil_ns, t->run_nogil_ns);
	add(&sum->io_ns, t->io_ns);
	add(&sum->switches, t->row->voluntary);
	add(&sum->switches, t->row->involuntary);
	sum->threads += t->row->merged;
	for (size_t b = 0; b < HIST_BUCKETS; b++) {
		uint64_t n = (uint64_t)sum->gil_wait.bucket[b] + t->row->gil_wait.bucket[b];

		sum->gil_wait.bucket[b] = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	}
	if (t->row->gil_wait.max_ns > sum->gil_wait.max_ns)
		sum->gil_wait.max_ns = t->row->gil_wait.max_ns;
}

static struct figure share(const struct thread_sum *t, uint64_t ns)
{
	return figure__cell(model__share(ns, t->exists_ns));
}

static struct figure cell_run(const struct thread_sum *t)
{
	return share(t, t->state_ns[ST_RUN]);
}

static struct figure cell_gil(const struct thread_sum *t)
{
	return share(t, t->run_gil_ns);
}

static struct figure cell_nogil(const struct thread_sum *t)
{
	return share(t, t->run_nogil_ns);
}

static struct figure cell_runq(const struct thread_sum *t)
{
	return share(t, t->state_ns[ST_RUNQ]);
}

static struct figure cell_wait(const struct thread_sum *t)
{
	return share(t, t->state_ns[ST_GIL_WAIT]);
}

static struct figure cell_lock(const struct thread_sum *t)
{
	return share(t, t->state_ns[ST_LOCK_WAIT]);
}

static struct figure cell_io(const struct thread_sum *t)
{
	return share(t, t->io_ns);
}

static struct figure cell_sleep(const struct thread_sum *t)
{
	return share(t, t->state_ns[ST_SLEEP]);
}

static struct figure cell_other(const struct thread_sum *t)
{
	uint64_t ns = t->state_ns[ST_UNSEEN];

	add(&ns, t->state_ns[ST_GIL_DROP]);
	add(&ns, t->state_ns[ST_CHILD_WAIT]);
	add(&ns, t->state_ns[ST_BLOCKED]);
	return share(t, ns);
}

static struct figure cell_p99(const struct thread_sum *t)
{
	return figure__time_cell(quantile__ns(&t->gil_wait, 99));
}

static struct figure cell_switches(const struct thread_sum *t)
{
	return figure__rate(1e9 * model__share(t->switches, t->exists_ns));
}

#define NAME_COLUMNS 12
/* behind TID and name, PAGE_COLUMNS together; "~" marks what is known from samples */
static const struct {
	const char *sampled_title, *title;
	int width;
	struct figure (*cell)(const struct thread_sum *t);
} columns[] = {
	{ "all", "all", 5, cell_run },	      { "~yes", "yes", 5, cell_gil },
	{ "~no", "no", 5, cell_nogil },	      { "CPU", "CPU", 6, cell_runq },
	{ "GIL", "GIL", 5, cell_wait },	      { "lock", "lock", 5, cell_lock },
	{ "I/O", "I/O", 5, cell_io },	      { "sleep", "sleep", 6, cell_sleep },
	{ "other", "other", 6, cell_other },  { "p99", "p99", 7, cell_p99 },
	{ "sw/s", "sw/s", 5, cell_switches },
};

static void thread_titles(struct page *page, bool sampled)
{
	page__add(
		page,
		"%% of its time         on a CPU: GIL?  off it, waiting for:              GIL wait");
	page__line(page, PAGE_BOLD);
	page__add(page, "%7s %-*s", "TID", NAME_COLUMNS, "NAME");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		page__add(page, "%*s", columns[i].width,
			  sampled ? columns[i].sampled_title : columns[i].title);
	page__line(page, PAGE_BOLD);
}

static void thread_cells(struct page *page, const struct thread_sum *sum)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		page__add(page, "%*s", columns[i].width, columns[i].cell(sum).text);
	page__line(page, PAGE_PLAIN);
}

static void thread_row(struct page *page, const struct model_thread *t)
{
	struct thread_sum sum = { 0 };

	add_thread(&sum, t);
	if (t->row->tid == 0 || t->row->merged > 1) {
		char count[40];

		snprintf(count, sizeof(count), "(%u threads)", t->row->merged);
		page__add(page, "%-*s", 8 + NAME_COLUMNS, count);
	} else {
		page__add(page, "%7u ", t->row->tid);
		page__name(page, t->row->name, NAME_COLUMNS, NAME_COLUMNS);
	}
	thread_cells(page, &sum);
}

void report_tables__threads(struct page *page, const struct model_process *p, size_t top)
{
	struct thread_sum rest = { 0 };
	uint64_t samples = 0;
	char count[40];

	for (size_t i = 0; i < p->threads_n; i++)
		samples |= p->threads[i].row->samples;
	thread_titles(page, samples > 0);
	for (size_t i = 0; i < p->threads_n; i++) {
		if (i < top)
			thread_row(page, &p->threads[i]);
		else
			add_thread(&rest, &p->threads[i]);
	}
	if (rest.threads == 0)
		return;
	snprintf(count, sizeof(count), "and %llu more", (unsigned long long)rest.threads);
	page__add(page, "%-*s", 8 + NAME_COLUMNS, count);
	thread_cells(page, &rest);
}
