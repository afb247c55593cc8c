// SPDX-License-Identifier: BSD-2-Clause
#include "report_words.h"

#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "model.h"
#include "page.h"

#define NAME_COLUMNS 24 /* of a process in a sentence */
#define MANY 1e3	/* threads; a mean above that is printed without decimals */

/* "python3.12 (PID 42)" */
static void add_process(struct page *page, const struct model_process *p)
{
	page__name(page, p->process->comm, 0, NAME_COLUMNS);
	page__add(page, " (PID %u)", p->process->pid);
}

static struct figure mean(double v)
{
	return figure__fixed(v, v < MANY ? 2 : 0);
}

/* --- the GIL --- */

/* The GIL that threads waited for most; if none did, the one held longest. */
struct choice {
	const struct model_process *process;
	const struct model_gil *gil; /* NULL: there is none */
	size_t of;		     /* GILs */
};

static bool is_worse(const struct model_gil *g, const struct model_gil *than)
{
	if (!than || g->wait_ns != than->wait_ns)
		return !than || g->wait_ns > than->wait_ns;
	return g->held_ns > than->held_ns;
}

static struct choice choose(const struct model *m)
{
	struct choice c = { .process = &m->processes[0] };

	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		if (!c.gil && p->process->is_python && !c.process->process->is_python)
			c.process = p;
		c.of += p->gils_n;
		for (size_t g = 0; g < p->gils_n; g++) {
			if (is_worse(&p->gils[g], c.gil)) {
				c.gil = &p->gils[g];
				c.process = p;
			}
		}
	}
	return c;
}

static void add_waiters(struct page *page, const struct model_process *p)
{
	unsigned long long n = p->waiters;
	const char *it = p->gils_n > 1 ? "a GIL" : "it";

	if (n == 0) {
		page__add(page, "; no thread waited 1 %% of its time for %s.", it);
		return;
	}
	page__add(page, "; %llu thread%s waited for %s %s of %s time", n, n > 1 ? "s" : "", it,
		  figure__percent(p->waiters_share).text, n > 1 ? "their" : "its");
	page__add(page, "%s, %s at the longest.", n > 1 ? " on average" : "",
		  figure__time(p->longest_wait_ns).text);
}

static void add_gil(struct page *page, const struct model *m, const struct choice *c)
{
	const struct model_gil *g = c->gil;
	double off = model__share(g->held_offcpu_ns, g->held_ns);
	/* samples may count a little more than there is */
	double held = g->utilization > 1 && g->utilization < 1.02 ? 1 : g->utilization;

	if (c->of == 1)
		page__add(page, "The GIL of ");
	else
		page__add(page, "Of %zu GILs, the %s is that of ", c->of,
			  g->wait_ns ? "most waited for" : "busiest");
	add_process(page, c->process);
	page__add(page, "%s was held %s%s of the time", c->of == 1 ? "" : ": it",
		  m->samples ? "~" : "", figure__percent(held).text);
	if (off >= 0.01)
		page__add(page, " (%s of that by threads off the CPU)", figure__percent(off).text);
	add_waiters(page, c->process);
}

static void add_no_gil(struct page *page, const struct model_process *p)
{
	const struct capture_process *c = p->process;

	if (!c->is_python) {
		page__add(page, "No Python was found in ");
		add_process(page, p);
		page__add(page, ", so there is no GIL.");
	} else if (c->gil_note) {
		page__add(page, "The GIL of ");
		add_process(page, p);
		page__add(page, " is not known: ");
		page__name(page, c->gil_note, 0, 200);
		page__add(page, ". All CPU time counts as without the GIL.");
	} else {
		add_process(page, p);
		if (c->python_build && strstr(c->python_build, "free-threaded"))
			page__add(page, " runs a free-threaded build of Python: there is no GIL.");
		else
			page__add(page, " runs Python, and no GIL was found in it.");
	}
}

static void gil_sentence(struct page *page, const struct model *m)
{
	struct choice c = choose(m);

	if (c.gil)
		add_gil(page, m, &c);
	else
		add_no_gil(page, c.process);
	page__paragraph(page, PAGE_PLAIN);
}

/* --- who wanted to run --- */

static void wanted_sentence(struct page *page, const struct model *m)
{
	uint64_t window = m->capture->info.duration_ns;
	double run = 0, runq = 0, wait = 0;
	size_t gils = 0;

	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		gils += p->gils_n;
		run += p->achieved;
		runq += model__share(p->state_ns[ST_RUNQ], window);
		wait += model__share(p->state_ns[ST_GIL_WAIT], window);
	}
	page__add(page, "On average %s threads wanted to run", mean(run + runq + wait).text);
	if (m->processes_n > 1)
		page__add(page, " in %zu processes", m->processes_n);
	page__add(page, ": %s ran, ", mean(run).text);
	if (gils)
		page__add(page, "%s waited for %s GIL, ", mean(wait).text, gils > 1 ? "a" : "the");
	page__add(page, "%s %sfor a CPU.", mean(runq).text, gils ? "" : "waited ");
	page__paragraph(page, PAGE_PLAIN);
}

/* --- what the rest of the time went to --- */

#define PARTS 3		/* named at most */
#define PART_SHARE 0.02 /* of all threads' time: less is not worth a word */

static const struct {
	enum wire_state state;
	const char *words;
} rest[] = {
	{ ST_LOCK_WAIT, "waiting for locks" },
	{ ST_IO_FILE, "in file I/O" },
	{ ST_IO_PIPE, "waiting for pipes" },
	{ ST_IO_SOCKET, "waiting for sockets" },
	{ ST_IO_POLL, "polling for I/O" },
	{ ST_SLEEP, "sleeping" },
	{ ST_CHILD_WAIT, "waiting for children" },
	{ ST_GIL_DROP, "handing the GIL over" },
	{ ST_BLOCKED, "blocked in" },
};

struct part {
	size_t which; /* of rest[] */
	uint64_t ns;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *p = a, *q = b;

	if (p->ns != q->ns)
		return p->ns < q->ns ? 1 : -1;
	return (p->which > q->which) - (p->which < q->which);
}

/* The cause of the longest blocking of one thread: it stands for the others. */
static const char *blocking_cause(const struct model *m)
{
	const char *cause = "other system calls";
	uint64_t most = 0;

	for (size_t i = 0; i < m->capture->threads_n; i++) {
		const struct capture_thread *t = &m->capture->threads[i];

		for (size_t b = 0; b < t->blocked_n; b++) {
			if (t->blocked[b].ns > most) {
				most = t->blocked[b].ns;
				cause = t->blocked[b].cause;
			}
		}
	}
	return cause;
}

static void rest_sentence(struct page *page, const struct model *m)
{
	struct part parts[sizeof(rest) / sizeof(rest[0])];
	size_t n = sizeof(rest) / sizeof(rest[0]);
	uint64_t exists_ns = 0, threads = 0;

	for (size_t r = 0; r < n; r++)
		parts[r] = (struct part){ .which = r };
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		for (size_t r = 0; r < n; r++)
			parts[r].ns = model__sum(parts[r].ns, p->state_ns[rest[r].state]);
		exists_ns = model__sum(exists_ns, p->exists_ns);
		threads += p->existed;
	}
	qsort(parts, n, sizeof(parts[0]), compare_parts);
	if (model__share(parts[0].ns, exists_ns) < PART_SHARE)
		return;
	page__add(page, "The %s%s spent ",
		  threads == 1 ? "" : figure__fixed((double)threads, 0).text,
		  threads == 1 ? "thread" : " threads");
	for (size_t i = 0; i < PARTS && model__share(parts[i].ns, exists_ns) >= PART_SHARE; i++) {
		page__add(page, "%s%s ", i ? ", " : "",
			  figure__percent(model__share(parts[i].ns, exists_ns)).text);
		if (i == 0)
			page__add(page, "of %s time ", threads == 1 ? "its" : "their");
		page__add(page, "%s", rest[parts[i].which].words);
		if (rest[parts[i].which].state == ST_BLOCKED) {
			page__add(page, " ");
			page__name(page, blocking_cause(m), 0, NAME_COLUMNS);
		}
	}
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}

/* --- all --- */

static void unknown_sentence(struct page *page, const struct model *m)
{
	uint64_t unknown = 0, cpu = 0;

	for (size_t i = 0; i < m->processes_n; i++) {
		unknown = model__sum(unknown, m->processes[i].gil_unknown_ns);
		cpu = model__sum(cpu, m->processes[i].cpu_ns);
	}
	if (model__share(unknown, cpu) < 0.01)
		return;
	page__add(page, "For ~%s of the CPU time it was not known yet whether a GIL was held.",
		  figure__percent(model__share(unknown, cpu)).text);
	page__paragraph(page, PAGE_PLAIN);
}

void report_words__findings(struct page *page, const struct model *m)
{
	if (m->processes_n == 0) {
		page__add(page, "No process was seen in the window.");
		page__paragraph(page, PAGE_PLAIN);
		return;
	}
	gil_sentence(page, m);
	unknown_sentence(page, m);
	if (m->processes_n > 1) /* of a single one its own line says it */
		wanted_sentence(page, m);
	rest_sentence(page, m);
}
