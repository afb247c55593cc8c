// SPDX-License-Identifier: BSD-2-Clause
/* The warnings of the page (see user/report_words.h), and what -v says of laws and losses. */
#include <string.h>

#include "figure.h"
#include "model.h"
#include "page.h"
#include "report_words.h"

static const char *const lost_words[] = {
	[LOST_RING_FULL] = "an event found no room, so threads or processes may be missing",
	[LOST_THREAD_STORAGE] = "no memory for a thread's account, so it is missing",
	[LOST_PROCESS_MAP] = "no room to follow a process, so it is missing",
	[LOST_GIL_READ] = "the GIL could not be read, so waits may count as locks",
	[LOST_GIL_USES] = "a thread used more GILs than are told apart",
	[LOST_CLOCK_BACKWARDS] = "intervals clamped to zero, since CPU clocks disagree",
	[LOST_RECURSION] = "the kernel skipped a program, so times may be in the wrong state",
	[LOST_STACKS] = "there was no room for stacks, so time is told without its place",
	[LOST_NATIVE_ROOM] =
		"there was no room for native callers, so stacks are told without them",
	[LOST_UNWIND] =
		"copied stacks could not be unwound, so they are told without native callers",
};

_Static_assert(sizeof(lost_words) / sizeof(lost_words[0]) == LOST_COUNT, "say what is missing");

static const struct {
	int number; /* in the documentation */
	const char *words, *one, *many;
} laws[LAW_COUNT] = {
	[LAW_THREAD] = { 1, "time in all states = existence", "thread", "threads" },
	[LAW_CPU] = { 2, "target + other + idle = window", "CPU", "CPUs" },
	[LAW_GIL] = { 3, "blame = waits for the GIL", "process", "processes" },
	[LAW_PROCESS] = { 4, "CPU time of threads = the kernel's count", "process", "processes" },
	[LAW_LOCK] = { 5, "waits by lock = waits for locks", "process", "processes" },
};

static void add_law(struct page *page, const struct model *m, enum model_laws l)
{
	const struct model_law *law = &m->laws[l];

	page__add(page, "law %d (%s) ", laws[l].number, laws[l].words);
	if (law->broken)
		page__add(page, "is broken for %llu of ", (unsigned long long)law->broken);
	else
		page__add(page, "is kept by ");
	page__add(page, "%llu %s", (unsigned long long)law->checked,
		  law->checked == 1 ? laws[l].one : laws[l].many);
	if (law->checked)
		page__add(page, "; worst: %s %u, off by %s of %s, %s of the tolerance", laws[l].one,
			  law->at, figure__time(law->error_ns).text,
			  figure__time(law->expected_ns).text, figure__percent(law->worst).text);
	page__add(page, ".");
}

static void add_lost(struct page *page, const struct model *m, enum wire_lost cause)
{
	page__add(page, "%s %llu (%s)", model_lost_names[cause],
		  (unsigned long long)m->capture->info.lost[cause], lost_words[cause]);
}

void report_words__warnings(struct page *page, const struct model *m)
{
	if (!m->capture->info.complete) {
		page__add(page, "WARNING: the capture is incomplete: records could not be read, so "
				"threads or part of their time are missing.");
		page__paragraph(page, PAGE_WARNING);
	}
	for (enum model_laws l = 0; l < LAW_COUNT; l++) {
		if (!m->laws[l].broken)
			continue;
		page__add(page, "WARNING: ");
		add_law(page, m, l);
		page__paragraph(page, PAGE_WARNING);
	}
	for (enum wire_lost cause = 0; cause < LOST_COUNT; cause++) {
		if (!model__lost_matters(m, cause))
			continue;
		page__add(page, "WARNING: lost: ");
		add_lost(page, m, cause);
		page__add(page, ".");
		page__paragraph(page, PAGE_WARNING);
	}
}

static void own_cost(struct page *page, const struct model *m)
{
	const struct capture_info *info = &m->capture->info;
	const struct capture_self *self = &info->self;

	page__add(page, "Samples: %llu, at %u Hz on each CPU.", (unsigned long long)m->samples,
		  info->state_hz);
	page__paragraph(page, PAGE_PLAIN);
	page__add(page, "Own cost: %s of CPU time, ", figure__time(self->cpu_ns).text);
	if (self->bpf_run_ns >= 0)
		page__add(page, "%s in %llu runs of BPF programs, ",
			  figure__time((uint64_t)self->bpf_run_ns).text,
			  (unsigned long long)self->bpf_run_count);
	else
		page__add(page, "BPF programs not timed, ");
	page__add(page, "at most %s of memory, ", figure__bytes(self->rss_peak_bytes).text);
	page__add(page, "%s to attach.", figure__time(self->attach_ns).text);
	page__paragraph(page, PAGE_PLAIN);
}

void report_words__honesty(struct page *page, const struct model *m)
{
	bool lost = false;

	page__gap(page);
	for (enum model_laws l = 0; l < LAW_COUNT; l++) {
		add_law(page, m, l);
		page->buffer[0] = 'L';
		page__paragraph(page, PAGE_PLAIN);
	}
	for (enum wire_lost cause = 0; cause < LOST_COUNT; cause++) {
		if (m->capture->info.lost[cause] == 0)
			continue;
		lost = true;
		page__add(page, "Lost: ");
		add_lost(page, m, cause);
		page__add(page, ".");
		page__paragraph(page, PAGE_PLAIN);
	}
	if (!lost) {
		page__add(page, "Lost: nothing, by any cause.");
		page__paragraph(page, PAGE_PLAIN);
	}
	own_cost(page, m);
}
