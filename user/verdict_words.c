/* SPDX-License-Identifier: BSD-2-Clause */
#include "verdict_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "figure.h"
#include "model_blame.h"
#include "model_verdict.h"
#include "page.h"

#define NAME_COLUMNS 24
#define WORTH 1.15 /* times the present throughput: less is not worth a change */

static struct figure two(double v)
{
	return figure__fixed(v, 2);
}

/* "2 CPUs", "0.50 CPUs", "1 CPU" */
static void add_cpus(struct page *page, double cpus)
{
	bool whole = cpus == (double)(uint32_t)cpus;

	page__add(page, "%s CPU%s", figure__fixed(cpus, whole ? 0 : 2).text, cpus == 1 ? "" : "s");
}

/* --- summaries ---------------------------------------------------------------------------------- */

static void sum_cpu_bound(struct page *page, const struct model *m, const struct model_verdict *v)
{
	const struct model_evidence *e = &v->evidence;

	(void)m;
	page__add(page, "%s threads run on average and %s wait for a CPU; ", two(e->run).text,
		  two(e->runq).text);
	page__add(page, e->by_quota ? "the CPU quota of its cgroup allows " : "it may use ");
	add_cpus(page, e->cpus);
	if (e->others > 0)
		page__add(page, ", and other programs use %s", two(e->others).text);
	page__add(page, ".");
}

static const struct capture_frame *frame_of(const struct model *m, uint32_t number)
{
	return number ? &m->capture->frames[number - 1] : NULL;
}

/* ", most at spin.py:34 load", of a frame of Python */
static void add_line(struct page *page, const struct capture_frame *f)
{
	const char *slash = f->file ? strrchr(f->file, '/') : NULL;

	page__add(page, ", most at ");
	page__name(page, slash ? slash + 1 : f->file ? f->file : "?", 0, 20);
	page__add(page, ":%u ", f->line);
	page__name(page, f->name, 0, 30);
}

/* ", most at spin.py:34 load, in scan_once" */
static void add_place(struct page *page, const struct model *m)
{
	struct model_blame *b = model_blame__new(m);
	const struct model_line *line = b && b->lines_n ? &b->lines[0] : NULL;
	const struct capture_frame *python = frame_of(m, line ? line->python : 0);
	const struct capture_frame *native = frame_of(m, line ? line->native : 0);

	if (python)
		add_line(page, python);
	if (native) {
		page__add(page, python ? ", in " : ", most in ");
		page__name(page, native->name, 0, 30);
	}
	model_blame__free(b);
}

static void sum_gil_hogged(struct page *page, const struct model *m, const struct model_verdict *v)
{
	const struct model_evidence *e = &v->evidence;

	page__add(page, "%s threads wait for the GIL on average, %s of that behind single holds",
		  two(e->gil_wait).text, figure__percent(e->long_holds).text);
	page__add(page, " of more than four switch intervals");
	add_place(page, m);
	page__add(page, ".");
}

static void sum_convoy(struct page *page, const struct model *m, const struct model_verdict *v)
{
	const struct model_evidence *e = &v->evidence;

	page__add(page, "%s of the waiting for the GIL is by threads that do I/O,",
		  figure__percent(e->io_suffered).text);
	page__add(page, " %s of that behind threads that compute",
		  figure__percent(e->io_blamed).text);
	add_place(page, m);
	page__add(page, ".");
}

static void sum_gil_bound(struct page *page, const struct model *m, const struct model_verdict *v)
{
	const struct model_evidence *e = &v->evidence;

	(void)m;
	page__add(page, "of %s threads that want to run on average, ", two(e->wanted).text);
	page__add(page, "%s run, %s wait for the GIL", two(e->run).text, two(e->gil_wait).text);
	page__add(page, " and %s for a CPU.", two(e->runq).text);
}

static bool is_pool_used_up(const struct model_verdict *v)
{
	return v->evidence.pool_wait > v->evidence.lock_wait / 2;
}

static void sum_pool(struct page *page, const struct model_verdict *v)
{
	page__add(page, "%s threads wait for a pool or semaphore that is used up",
		  two(v->evidence.pool_wait).text);
	if (v->contention->pool)
		add_line(page, v->contention->pool);
	page__add(page, "; %s run.", two(v->evidence.run).text);
}

static void sum_lock_bound(struct page *page, const struct model *m, const struct model_verdict *v)
{
	const struct model_lock *l = v->contention->worst;
	char address[32];

	(void)m;
	if (is_pool_used_up(v)) {
		sum_pool(page, v);
		return;
	}
	page__add(page, "%s threads wait for contended locks on average",
		  two(v->evidence.lock_wait).text);
	if (l) {
		snprintf(address, sizeof(address), "0x%" PRIx64, l->address);
		page__add(page, ", most for ");
		page__name(page, l->symbol ? l->symbol : address, 0, NAME_COLUMNS);
		page__add(page, " (%llu threads, %llu waits)", (unsigned long long)l->waiters,
			  (unsigned long long)l->count);
	}
	page__add(page, "; %s run.", two(v->evidence.run).text);
}

/* Of what the busiest thread does on a CPU. */
static double gil_share(const struct model_verdict *v)
{
	const struct model_thread *t = v->busiest;

	return t ? model__share(t->run_gil_ns, t->row->state_ns[ST_RUN]) : 0;
}

static void sum_single_thread(struct page *page, const struct model *m,
			      const struct model_verdict *v)
{
	(void)m;
	page__add(page, "one thread, ");
	page__name(page, v->busiest->row->name, 0, NAME_COLUMNS);
	page__add(page, " (TID %u), does %s of all that is done", v->busiest->row->tid,
		  figure__percent(v->evidence.one_thread).text);
	if (v->busiest_process->gils_n)
		page__add(page, ", %s of it with the GIL", figure__percent(gil_share(v)).text);
	page__add(page, ".");
}

static void sum_idle(struct page *page, const struct model *m, const struct model_verdict *v)
{
	(void)m;
	page__add(page, "next to nothing is done: %s threads want to run on average.",
		  two(v->evidence.wanted).text);
}

static void sum_io_bound(struct page *page, const struct model *m, const struct model_verdict *v)
{
	(void)m;
	page__add(page,
		  "neither the CPUs nor the GIL nor a lock holds it back; its threads spend %s of"
		  " their time in I/O and timed sleeps.",
		  figure__percent(v->evidence.io).text);
}

/* --- advice ------------------------------------------------------------------------------------- */

/* "4 threads", "2 processes of 4 threads" */
static void add_layout(struct page *page, struct scaling_layout l)
{
	if (l.processes > 1)
		page__add(page, "%u processes of ", l.processes);
	page__add(page, "%u thread%s", l.threads, l.threads == 1 ? "" : "s");
}

/* "4 processes of 1 thread are predicted at 1.98 times the throughput (1.71 to 2.20)" */
static void add_prediction(struct page *page, const struct model_prediction *p)
{
	add_layout(page, p->layout);
	page__add(page, " are predicted at %s times the throughput", two(p->range.ratio).text);
	page__add(page, " (%s to %s)", two(p->range.low).text, two(p->range.high).text);
}

static const struct model_prediction *more_threads(const struct model_scaling *s)
{
	struct scaling_layout l = s->base.now;

	l.threads *= 2;
	return model_scaling__find(s, l.processes > 1 ? LAYOUT_PROCESSES : LAYOUT_THREADS, l);
}

/* As many workers as now, a process for each; of single threads twice as many. */
static const struct model_prediction *as_processes(const struct model_scaling *s)
{
	struct scaling_layout l = { s->base.now.processes * s->base.now.threads, 1 };

	if (s->base.now.threads <= 1)
		l.processes *= 2;
	return model_scaling__find(s, LAYOUT_PROCESSES, l);
}

static bool is_worth_it(const struct model_prediction *p)
{
	return p && p->range.ratio >= WORTH;
}

/* What processes would give, whatever holds it back. Memory is what they cost. */
static void advise_processes(struct page *page, const struct model_verdict *v)
{
	const struct model_prediction *p = as_processes(v->scaling);
	uint64_t rss = v->busiest_process ? v->busiest_process->process->rss_bytes : 0;

	if (is_worth_it(p)) {
		page__add(page, "Processes split such work: ");
		add_prediction(page, p);
		if (rss)
			page__add(page, ", with up to %s of memory each", figure__bytes(rss).text);
		page__add(page, ".");
	} else if (p) {
		page__add(page, "Processes would give little more here (predicted %s times): ",
			  two(p->range.ratio).text);
		page__add(page, "it may use ");
		add_cpus(page, v->evidence.cpus);
		page__add(page, ".");
	} else {
		page__add(page,
			  "Processes split such work (multiprocessing, ProcessPoolExecutor).");
	}
}

static bool advise_cpu_bound(struct page *page, const struct model *m,
			     const struct model_verdict *v, size_t i)
{
	const struct model_evidence *e = &v->evidence;
	uint32_t online = m->capture->info.cpus;

	if (i == 0) {
		page__add(page,
			  "More threads or processes would wait for the same CPUs: only %s or "
			  "cheaper code helps.",
			  e->by_quota	  ? "a larger quota"
			  : e->others > 0 ? "less work beside it, more CPUs"
					  : "more CPUs");
	} else if (i == 1 && !e->by_quota && e->cpus < online) {
		page__add(page, "Its affinity keeps it from %u of the machine's %u CPUs.",
			  online - (uint32_t)e->cpus, online);
	} else {
		return false;
	}
	return true;
}

static bool advise_gil_hogged(struct page *page, const struct model *m,
			      const struct model_verdict *v, size_t i)
{
	(void)m;
	(void)v;
	if (i == 0)
		page__add(page,
			  "Release the GIL in that call (Py_BEGIN_ALLOW_THREADS, Cython's "
			  "nogil), split it into shorter ones, or move it to another process.");
	return i == 0;
}

static bool advise_convoy(struct page *page, const struct model *m, const struct model_verdict *v,
			  size_t i)
{
	(void)m;
	(void)v;
	if (i == 0)
		page__add(page, "Move the computing to other processes, so that I/O finds the GIL "
				"free.");
	else if (i == 1)
		page__add(page,
			  "A smaller sys.setswitchinterval() shortens each wait, at the price "
			  "of more switches.");
	return i < 2;
}

static bool advise_gil_bound(struct page *page, const struct model *m,
			     const struct model_verdict *v, size_t i)
{
	const struct model_prediction *p = more_threads(v->scaling);

	(void)m;
	if (i == 0 && is_worth_it(p)) {
		page__add(page, "More threads help a little still: ");
		add_prediction(page, p);
		page__add(page, ".");
	} else if (i == 0) {
		page__add(page, "More threads will not help.");
	} else if (i == 1) {
		advise_processes(page, v);
	}
	return i < 2;
}

static bool advise_lock_bound(struct page *page, const struct model *m,
			      const struct model_verdict *v, size_t i)
{
	(void)m;
	if (i == 0 && is_pool_used_up(v))
		page__add(page,
			  "More threads would only wait longer: give back sooner what the pool "
			  "hands out, or make it larger, if what it leads to keeps up.");
	else if (i == 0)
		page__add(page, "More threads would only wait longer: hold the lock for less time, "
				"split it, or give each thread its own copy of what it guards.");
	return i == 0;
}

static bool advise_single_thread(struct page *page, const struct model *m,
				 const struct model_verdict *v, size_t i)
{
	const struct model_prediction *p = more_threads(v->scaling);

	(void)m;
	if (i == 0 && is_worth_it(p)) {
		page__add(page, "Threads would share the work, as far as it can be split: ");
		add_prediction(page, p);
		page__add(page, ".");
	} else if (i == 0) {
		page__add(page, gil_share(v) >= 0.5
					? "More threads will not help: what it does needs the GIL."
					: "Whether threads would help is not known.");
	} else if (i == 1) {
		advise_processes(page, v);
	}
	return i < 2;
}

static bool advise_idle(struct page *page, const struct model *m, const struct model_verdict *v,
			size_t i)
{
	(void)m;
	(void)v;
	if (i == 0)
		page__add(page, "Profile it while it has something to do.");
	return i == 0;
}

static bool advise_io_bound(struct page *page, const struct model *m, const struct model_verdict *v,
			    size_t i)
{
	const struct model_prediction *p = more_threads(v->scaling);

	(void)m;
	if (i == 0)
		page__add(page, "Threads or asyncio suit it: while one waits, another runs.");
	else if (i == 1 && p) {
		add_prediction(page, p);
		page__add(page, ", if what it waits for keeps up.");
	}
	return i == 0 || (i == 1 && p);
}

/* --- all ---------------------------------------------------------------------------------------- */

static const struct {
	void (*summary)(struct page *page, const struct model *m, const struct model_verdict *v);
	bool (*advice)(struct page *page, const struct model *m, const struct model_verdict *v,
		       size_t i);
} words[VERDICT_COUNT] = {
	[VERDICT_CPU_BOUND] = { sum_cpu_bound, advise_cpu_bound },
	[VERDICT_GIL_HOGGED] = { sum_gil_hogged, advise_gil_hogged },
	[VERDICT_CONVOY] = { sum_convoy, advise_convoy },
	[VERDICT_GIL_BOUND] = { sum_gil_bound, advise_gil_bound },
	[VERDICT_LOCK_BOUND] = { sum_lock_bound, advise_lock_bound },
	[VERDICT_SINGLE_THREAD] = { sum_single_thread, advise_single_thread },
	[VERDICT_IDLE] = { sum_idle, advise_idle },
	[VERDICT_IO_BOUND] = { sum_io_bound, advise_io_bound },
};

void verdict_words__summary(struct page *page, const struct model *m, const struct model_verdict *v)
{
	words[v->cause].summary(page, m, v);
	if (v->runner_up < VERDICT_COUNT)
		page__add(page, " It is %s, too.", model_verdict_names[v->runner_up]);
}

bool verdict_words__advice(struct page *page, const struct model *m, const struct model_verdict *v,
			   size_t i)
{
	return words[v->cause].advice(page, m, v, i);
}
