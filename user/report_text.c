// SPDX-License-Identifier: BSD-2-Clause
/* The page: see user/report.h. */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "figure.h"
#include "model.h"
#include "model_verdict.h"
#include "page.h"
#include "report_blame.h"
#include "report_cpus.h"
#include "report_locks.h"
#include "report_tables.h"
#include "report_trees.h"
#include "report_verdict.h"
#include "report_words.h"

#define GILS_SHOWN 4
#define START_COLUMNS 24 /* of "2026-01-02T03:04:05.678Z" */

static void header(struct page *page, const struct capture_info *info)
{
	page__add(page, "gilprof ");
	page__name(page, info->gilprof_version, 0, 12);
	page__add(page, ": ");
	page__name(page, info->target, 0, 24);
	page__add(page, " (");
	page__name(page, info->mode, 0, 8);
	page__add(page, "), %s, %u CPU%s", figure__time(info->duration_ns).text, info->cpus,
		  info->cpus == 1 ? "" : "s");
	if (page__width(page) + 2 + START_COLUMNS <= PAGE_COLUMNS) {
		page__add(page, ", ");
		page__name(page, info->start, 0, START_COLUMNS);
	}
	page__line(page, PAGE_BOLD);
}

/* A wait status in words: "ended with status 3", "was killed by signal 9". */
static void add_status(struct page *page, int64_t status)
{
	if (WIFSIGNALED((int)status))
		page__add(page, "was killed by signal %d", WTERMSIG((int)status));
	else
		page__add(page, "ended with status %d", WEXITSTATUS((int)status));
}

static void command(struct page *page, const struct capture_info *info)
{
	if (info->command_status < 0)
		return;
	page__add(page, "The command ");
	add_status(page, info->command_status);
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}

static void process_title(struct page *page, const struct capture_process *c)
{
	page__add(page, "PID %u ", c->pid);
	page__name(page, c->comm, 0, 20);
	page__add(page, ": %s", c->is_python ? "Python " : "not Python");
	if (c->is_python) {
		page__name(page, c->python_version ? c->python_version : "of unknown version", 0,
			   18);
		page__add(page, " ");
		page__name(page, c->python_build ? c->python_build : "", 0, 28);
	}
	page__line(page, PAGE_BOLD);
}

static void process_figures(struct page *page, const struct model_process *p)
{
	const struct capture_process *c = p->process;

	page__add(page, "%llu thread%s: %s ran, ", (unsigned long long)p->existed,
		  p->existed == 1 ? "" : "s", figure__fixed(p->achieved, 2).text);
	page__add(page, "%s wanted to; CPU time %s", figure__fixed(p->wanted, 2).text,
		  figure__time(p->cpu_ns).text);
	if (c->rss_bytes)
		page__add(page, "; RSS %s", figure__bytes(c->rss_bytes).text);
	if (c->exit_status >= 0) {
		page__add(page, "; ");
		add_status(page, c->exit_status);
	}
	page__paragraph(page, PAGE_PLAIN);
}

static void gil_line(struct page *page, const struct model_gil *g, const char *sampled,
		     uint64_t window)
{
	if (g->gil)
		page__add(page, "GIL %lld: held ", (long long)g->gil->interpreter);
	else
		page__add(page, "GIL before exec: held ");
	page__add(page, "%s%s, off the CPU ", sampled, figure__percent(g->utilization).text);
	page__add(page, "%s; ", figure__percent(model__share(g->held_offcpu_ns, window)).text);
	page__add(page, "%llu sleeps of %llu thread%s; ", (unsigned long long)g->waits,
		  (unsigned long long)g->waiters, g->waiters == 1 ? "" : "s");
	page__add(page, "%s switches/s",
		  figure__rate(1e9 * model__share(g->switches, window)).text);
	page__line(page, PAGE_PLAIN);
}

static void gil_lines(struct page *page, const struct model *m, const struct model_process *p)
{
	for (size_t i = 0; i < p->gils_n && i < GILS_SHOWN; i++)
		gil_line(page, &p->gils[i], m->samples ? "~" : "", m->capture->info.duration_ns);
	if (p->gils_n > GILS_SHOWN) {
		page__add(page, "and %zu more GILs", p->gils_n - GILS_SHOWN);
		page__line(page, PAGE_PLAIN);
	}
}

static void process(struct page *page, const struct model *m, const struct model_process *p,
		    size_t top)
{
	page__gap(page);
	process_title(page, p->process);
	process_figures(page, p);
	gil_lines(page, m, p);
	report_tables__threads(page, p, top);
}

static void cpu_line(struct page *page, const struct model *m)
{
	uint64_t busy = model__sum(m->cpu_target_ns, m->cpu_other_ns);
	uint64_t all = model__sum(busy, model__sum(m->cpu_idle_ns, m->cpu_offline_ns));

	page__gap(page);
	page__add(page, "CPUs: target %s, ",
		  figure__percent(model__share(m->cpu_target_ns, all)).text);
	page__add(page, "others %s, ", figure__percent(model__share(m->cpu_other_ns, all)).text);
	page__add(page, "idle %s", figure__percent(model__share(m->cpu_idle_ns, all)).text);
	if (m->cpu_offline_ns)
		page__add(page, ", off-line %s",
			  figure__percent(model__share(m->cpu_offline_ns, all)).text);
	page__line(page, PAGE_PLAIN);
}

static void cost_line(struct page *page, const struct capture_info *info)
{
	const struct capture_self *self = &info->self;
	const char *between = "; lost:";

	page__add(page, "gilprof used %s of a CPU, %s",
		  figure__percent(model__share(self->cpu_ns, info->duration_ns)).text,
		  figure__bytes(self->rss_peak_bytes).text);
	if (self->bpf_run_ns >= 0)
		page__add(
			page, ", BPF %s",
			figure__percent(model__share((uint64_t)self->bpf_run_ns, info->duration_ns))
				.text);
	for (enum wire_lost cause = 0; cause < LOST_COUNT; cause++) {
		if (info->lost[cause] == 0)
			continue;
		page__add(page, "%s %s %llu", between, model_lost_names[cause],
			  (unsigned long long)info->lost[cause]);
		between = ",";
	}
	if (*between == ';')
		page__add(page, "; lost: nothing");
	page__paragraph(page, PAGE_PLAIN);
}

int report_text(const struct model *m, const struct report_options *o, FILE *f)
{
	struct page page = { .f = f, .colour = o->colour };
	struct model_verdict *v = model_verdict__new(m);
	size_t top = o->top ? o->top : REPORT_TOP;

	if (!v)
		return -errno;
	errno = 0;
	header(&page, &m->capture->info);
	report_words__warnings(&page, m);
	command(&page, &m->capture->info);
	if (m->processes_n)
		report_verdict__paragraph(&page, m, v);
	report_words__findings(&page, m);
	report_locks__sentence(&page, m);
	report_cpus__throttling(&page, m);
	if (m->processes_n)
		report_verdict__predictions(&page, v);
	if (m->processes_n > 1)
		report_trees__tables(&page, m, top);
	for (size_t i = 0; i < m->processes_n && i < (o->verbose ? top : 1); i++)
		process(&page, m, &m->processes[i], top);
	report_blame__lines(&page, m, o);
	if (o->verbose)
		report_locks__table(&page, m, o);
	if (o->explain)
		report_verdict__explain(&page, v);
	model_verdict__free(v);
	report_cpus__table(&page, m, o);
	cpu_line(&page, m);
	report_cpus__over_time(&page, m);
	if (o->verbose)
		report_words__honesty(&page, m);
	cost_line(&page, &m->capture->info);
	return report__end(f);
}
