/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_locks.h"

#include <inttypes.h>
#include <stdio.h>

#include "figure.h"
#include "model_blame.h"
#include "model_locks.h"
#include "page.h"
#include "report.h"

#define SHOWN 10
#define NAME_COLUMNS 24
#define LOCK_COLUMNS 20

static void add_name(struct page *page, const struct model_lock *l, size_t least)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, l->address);
	page__name(page,
		   l->symbol	? l->symbol
		   : l->address ? text
				: "(not told apart)",
		   least, LOCK_COLUMNS);
}

static void add_owner(struct page *page, const struct model *m, const struct model_lock *l)
{
	const struct capture_process *p = l->process->process;

	page__name(page, model__thread_name(m, p->key, p->pid, l->owners[0].tid), 0, 16);
	page__add(page, " %u", l->owners[0].tid);
}

static void add_sentence(struct page *page, const struct model *m, const struct model_lock *l)
{
	page__add(page, "The threads of ");
	page__name(page, l->process->process->comm, 0, NAME_COLUMNS);
	page__add(page, " (PID %u) spent %s of their time waiting for one lock, at ",
		  l->process->process->pid,
		  figure__percent(model__share(l->wait_ns, l->process->exists_ns)).text);
	add_name(page, l, 0);
	page__add(page, ": %llu threads, %llu waits", (unsigned long long)l->waiters,
		  (unsigned long long)l->count);
	if (l->owners_n) {
		page__add(page, ", held most by ");
		add_owner(page, m, l);
	}
	page__add(page, ".");
	page__paragraph(page, PAGE_PLAIN);
}

void report_locks__sentence(struct page *page, const struct model *m)
{
	struct model_locks *l = m->capture->locks_n ? model_locks__new(m) : NULL;

	for (size_t i = 0; l && i < l->locks_n; i++) {
		if (l->locks[i].address && model_lock__matters(&l->locks[i])) {
			add_sentence(page, m, &l->locks[i]);
			break;
		}
	}
	model_locks__free(l);
}

static void row(struct page *page, const struct model *m, const struct model_lock *l)
{
	char waiters[24] = "-"; /* of those not told apart it is not known */

	if (l->waiters)
		snprintf(waiters, sizeof(waiters), "%llu", (unsigned long long)l->waiters);
	page__add(page, "%8s %7s %8llu %7s %7u  ", figure__time_cell(l->wait_ns).text,
		  figure__percent(model__share(l->wait_ns, l->process->exists_ns)).text,
		  (unsigned long long)l->count, waiters, l->process->process->pid);
	add_name(page, l, LOCK_COLUMNS);
	page__add(page, " ");
	if (l->owners_n)
		add_owner(page, m, l);
	else
		page__add(page, "-");
	page__line(page, PAGE_PLAIN);
}

void report_locks__table(struct page *page, const struct model *m, const struct report_options *o)
{
	struct model_locks *l = m->capture->locks_n ? model_locks__new(m) : NULL;
	size_t most = o->top ? o->top : SHOWN;

	if (!l)
		return;
	page__gap(page);
	page__add(page, "  waited   share    waits waiters     PID  %-*s held most by",
		  LOCK_COLUMNS, "lock");
	page__line(page, PAGE_BOLD);
	for (size_t i = 0; i < l->locks_n && i < most; i++)
		row(page, m, &l->locks[i]);
	if (l->locks_n > most) {
		page__add(page, "and %zu more locks", l->locks_n - most);
		page__line(page, PAGE_PLAIN);
	}
	model_locks__free(l);
}
