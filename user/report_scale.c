/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_scale.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "page.h"
#include "report.h"
#include "text.h"

#define COMMAND_MOST 4096 /* bytes */
#define TITLE_COLUMNS 400
#define PEAK_MOST 1e6 /* workers: beyond, it is nowhere */
#define CLEARLY_MORE 1.05
#define BARELY_MORE 1.01
#define TELLING_RUNS 3 /* 3 above 3 others come by chance 1 time in 20; of 2 and 2, 1 in 6 */

/* What a throughput is, and what to mind. */
static const struct {
	const char *unit; /* of the second column */
	const char *of;	  /* what it counts; NULL: the work of a run, or of each worker */
	const char *over;
} sources[SWEEP_SOURCES] = {
	[SWEEP_EXIT_TIME] = { "time", NULL, " over the time from exec to exit" },
	[SWEEP_ELAPSED] = { "time", NULL, " over the time that the program printed" },
	[SWEEP_UNITS] = { "per second", "the units that the program printed",
			  " over the time from exec to exit" },
	[SWEEP_UNITS_ELAPSED] = { "per second", "the units",
				  " over the time that the program printed" },
	[SWEEP_RATE] = { "per second", "what the program printed", "" },
};

static bool has_times(const struct sweep *s)
{
	return s->source == SWEEP_EXIT_TIME || s->source == SWEEP_ELAPSED;
}

char *report_scale__command(const struct scale_info *info)
{
	char *text = NULL, *utf8;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (char *const *arg = info->command; *arg; arg++)
		fprintf(f, "%s%s", arg == info->command ? "" : " ", *arg);
	fclose(f);
	utf8 = text__utf8(text, len, COMMAND_MOST);
	free(text);
	return utf8;
}

/* --- in words ------------------------------------------------------------------------------------ */

/* Not by noise: by a twentieth; or in each of its runs, of enough of them, and so that figures show it. */
static bool gives_more(const struct sweep_row *row, const struct sweep_row *than)
{
	if (row->ratio > CLEARLY_MORE * than->ratio)
		return true;
	return row->runs_n >= TELLING_RUNS && than->runs_n >= TELLING_RUNS &&
	       row->least > than->most && row->ratio > BARELY_MORE * than->ratio;
}

static const struct sweep_row *best_of(const struct sweep *s)
{
	const struct sweep_row *best = &s->rows[0];

	for (size_t i = 1; i < s->rows_n; i++) {
		if (s->rows[i].runs_n && gives_more(&s->rows[i], best))
			best = &s->rows[i];
	}
	return best;
}

static void count_predictions(const struct sweep *s, size_t *inside, size_t *all)
{
	*inside = *all = 0;
	for (size_t i = 1; i < s->rows_n; i++) {
		*all += s->rows[i].predicted;
		*inside += s->rows[i].predicted && s->rows[i].inside;
	}
}

void report_scale__summary(const struct sweep *s, char *text, size_t len)
{
	const struct scaling_layout *base = &s->rows[0].layout, *l;
	const struct sweep_row *best;
	size_t inside, all;
	int n;

	text[0] = '\0';
	if (!s->rows[0].runs_n)
		return;
	best = best_of(s);
	l = &best->layout;
	count_predictions(s, &inside, &all);
	if (sweep__measured(s) == 1)
		n = snprintf(text, len, "Only %u x %u was measured.", base->processes,
			     base->threads);
	else if (best == &s->rows[0])
		n = snprintf(text, len, "Nothing measured gives clearly more than %u x %u.",
			     base->processes, base->threads);
	else
		n = snprintf(text, len, "%u x %u gives most: %s times the throughput of %u x %u.",
			     l->processes, l->threads, figure__fixed(best->ratio, 2).text,
			     base->processes, base->threads);
	if (n > 0 && (size_t)n < len && all > 0)
		snprintf(text + n, len - (size_t)n,
			 " Of %zu predictions %zu %s the measurement in %s range.", all, inside,
			 inside == 1 ? "has" : "have", inside == 1 ? "its" : "their");
}

/* --- the page ------------------------------------------------------------------------------------- */

static void source(struct page *page, const struct sweep *s)
{
	const char *of = sources[s->source].of;

	if (!of)
		of = s->per_worker ? "the number of workers (each does the same)" : "one";
	page__add(page, "Throughput is %s%s. ", of, sources[s->source].over);
	if (s->source == SWEEP_EXIT_TIME || s->source == SWEEP_UNITS)
		page__add(page, "In that is what the program does before and after its work, "
				"which does not scale: --elapsed takes the program's own time.");
}

static void title(struct page *page, const struct scale_info *info)
{
	static const char *const ends[SCALE_ENDS] = {
		[SCALE_FAILED] = "A run failed: what follows was measured before.",
		[SCALE_INTERRUPTED] = "Interrupted: what follows was measured before.",
	};
	char *command = report_scale__command(info);

	page__add(page, "gilprof " GILPROF_VERSION ": scale: ");
	page__name(page, command ? command : "?", 0, TITLE_COLUMNS);
	free(command);
	page__paragraph(page, PAGE_BOLD);
	if (ends[info->end]) {
		page__add(page, "%s", ends[info->end]);
		page__line(page, PAGE_WARNING);
	}
	page__add(page, "%u CPUs, %s, %u run%s of each size in turn. ", info->cpus, info->start,
		  info->sweep->rounds, info->sweep->rounds == 1 ? "" : "s");
	source(page, info->sweep);
	page__paragraph(page, PAGE_PLAIN);
}

/* Three digits or so: it may be requests a second, or jobs a day. */
static struct figure rate(double v)
{
	struct figure f;

	if (v >= 100)
		return figure__rate(v);
	snprintf(f.text, sizeof(f.text), "%.3g", v);
	return f;
}

static void row_title(struct page *page, const struct sweep *s)
{
	char base[40];

	snprintf(base, sizeof(base), "%u x %u = 1", s->rows[0].layout.processes,
		 s->rows[0].layout.threads);
	page__add(page, "%-15s%6s%12s  %s", "processes x", "", "", base);
	page__line(page, PAGE_BOLD);
	page__add(page, "%15s%6s%12s%10s%12s%11s%11s", "threads", "runs", sources[s->source].unit,
		  "measured", "least-most", "predicted", "its range");
	page__line(page, PAGE_BOLD);
}

static void add_range(struct page *page, int width, double low, double high)
{
	char range[64];

	snprintf(range, sizeof(range), "%s-%s", figure__fixed(low, 2).text,
		 figure__fixed(high, 2).text);
	page__add(page, "%*s", width, range);
}

static void row(struct page *page, const struct sweep *s, const struct sweep_row *r)
{
	char layout[40];

	snprintf(layout, sizeof(layout), "%u x %u", r->layout.processes, r->layout.threads);
	page__add(page, "%15s%6zu", layout, r->runs_n);
	page__add(page, "%12s",
		  has_times(s) ? figure__time(r->duration_ns).text : rate(r->throughput).text);
	page__add(page, "%10s", figure__fixed(r->ratio, 2).text);
	add_range(page, 12, r->least, r->most);
	if (r->predicted) {
		page__add(page, "%11s", figure__fixed(r->range.ratio, 2).text);
		add_range(page, 11, r->range.low, r->range.high);
		page__add(page, "%s", r->inside ? "" : " !");
	}
	page__line(page, PAGE_PLAIN);
}

static void table(struct page *page, const struct sweep *s)
{
	page__gap(page);
	row_title(page, s);
	for (size_t i = 0; i < s->rows_n; i++) {
		if (s->rows[i].runs_n)
			row(page, s, &s->rows[i]);
	}
}

/* What was seen is as a rule what the program was told, and then goes without saying. */
static void predictions(struct page *page, const struct sweep *s)
{
	const struct scaling_layout *base = &s->rows[0].layout;

	if (s->unknown) {
		page__add(page, "Nothing is predicted: %s.", s->unknown);
		page__paragraph(page, PAGE_PLAIN);
		return;
	}
	page__add(page, "Predicted from %zu profile%s of %u x %u", s->profiles_n,
		  s->profiles_n == 1 ? "" : "s", base->processes, base->threads);
	page__add(page, " on %s CPUs.",
		  figure__fixed(s->cpus, s->cpus == floor(s->cpus) ? 0 : 2).text);
	if (!s->as_told)
		page__add(
			page,
			" %u x %u were active in it, and it is taken that as many times more of all of "
			"them will be.",
			s->seen.processes, s->seen.threads);
	if (s->left_out > 0)
		page__add(page, " Threads that were active for less than %s of it are left out.",
			  figure__percent(s->left_out).text);
	for (size_t i = 0; i < s->doubts_n; i++)
		page__add(page, " %s", s->doubts[i]);
	page__paragraph(page, PAGE_PLAIN);
}

static void fit(struct page *page, const struct sweep_fit *f)
{
	const struct usl_fit *u = &f->usl;

	page__add(page,
		  "Universal Scalability Law, %s: sigma %.3g (contention), kappa %.3g "
		  "(coherency), ",
		  f->processes ? "processes" : "threads", u->sigma, u->kappa);
	if (u->peak_n > 0 && u->peak_n < PEAK_MOST)
		page__add(page, "most at %s; ", figure__fixed(u->peak_n, u->peak_n < 9.95).text);
	else
		page__add(page, "no peak; ");
	page__add(page, "standard error %s of one worker's throughput.",
		  figure__percent(u->error / u->lambda).text);
	page__paragraph(page, PAGE_PLAIN);
}

static void fits(struct page *page, const struct sweep *s)
{
	for (size_t i = 0; i < s->fits_n; i++)
		fit(page, &s->fits[i]);
}

int report_scale_text(const struct scale_info *info, bool colour, FILE *f)
{
	struct page page = { .f = f, .colour = colour };
	char summary[256];

	errno = 0;
	title(&page, info);
	table(&page, info->sweep);
	page__gap(&page);
	report_scale__summary(info->sweep, summary, sizeof(summary));
	if (summary[0]) {
		page__add(&page, "%s", summary);
		page__paragraph(&page, PAGE_BOLD);
	}
	predictions(&page, info->sweep);
	fits(&page, info->sweep);
	return report__end(f);
}
