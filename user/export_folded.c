// SPDX-License-Identifier: BSD-2-Clause
/*
 * Folded stacks: "process;thread;root;...;leaf WEIGHT" in lines, one per stack, the weight in whole
 * nanoseconds: smaller waits than a microsecond are not lost, and not all parsers take fractions.
 *
 *	gilprof ... | flamegraph.pl --countname ns >graph.svg
 *
 * Of a difference, the weights of both captures, as difffolded.pl (of the same tools) writes them.
 *
 * A file without weights makes flamegraph.pl and speedscope fail. So where nothing was measured, one
 * frame says so, and weighs the least that there is: one nanosecond.
 */
#include "export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export_name.h"
#include "intern.h"
#include "report.h"

#define NOTHING "[nothing to show] 1"

/* The lines, in the order in which their stacks come first. */
struct lines {
	struct intern stacks; /* numbers them */
	struct line {
		const char *stack; /* owned by stacks */
		uint64_t ns, other_ns;
	} * list;
	enum weights_difference difference;
};

static bool is_digit_or_foreign(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || (unsigned char)c >= 0x80;
}

/*
 * Would a parser take its end for a weight? They look for blanks and digits, and flamegraph.pl also for
 * those of other scripts: a name that ends in foreign characters is suspected.
 */
static bool ends_as_weight(const char *frame)
{
	size_t len = strlen(frame), at = len;
	bool foreign = false;

	while (at > 0 && is_digit_or_foreign(frame[at - 1]))
		foreign |= (unsigned char)frame[--at] >= 0x80;
	return at < len && (foreign || (at > 0 && frame[at - 1] == ' '));
}

/* Appends a frame, whose name it takes over; nothing if that is empty. */
static void add_frame(FILE *f, char *name, const char *suffix)
{
	if (!name || !*name) {
		free(name);
		return;
	}
	for (char *p = strchr(name, ';'); p; p = strchr(p, ';'))
		*p = ':';
	fprintf(f, "%s%s%s%s", ftell(f) > 0 ? ";" : "", name, suffix,
		!*suffix && ends_as_weight(name) ? "_" : "");
	free(name);
}

/* As flamegraph.pl knows it: it gives them a colour, and does not print it. */
static const char *suffix(const struct weights_frame *f)
{
	return f->kind == FRAME_KERNEL ? "_[k]" : "";
}

static void add_frames(FILE *f, const struct weights_row *r, bool functions)
{
	if (!functions) {
		add_frame(f, export__process_name(r), "");
		add_frame(f, export__thread_name(r), "");
	}
	for (size_t i = 0; i < r->frames_n; i++) {
		struct weights_frame shown = r->frames[i];

		if (functions)
			shown.line = 0;
		add_frame(f, export__frame_name(&shown), suffix(&shown));
	}
	if (r->frames_n == 0)
		add_frame(f, export__frame_name(&export__unknown_stack), "");
}

/* malloc'ed; NULL and ENOMEM, which may also have left frames out. */
static char *fold(const struct weights_row *r, bool functions)
{
	char *stack = NULL;
	size_t len;
	FILE *f = open_memstream(&stack, &len);

	if (!f)
		return NULL;
	add_frames(f, r, functions);
	fclose(f);
	return stack;
}

static void add_ns(uint64_t *sum, uint64_t ns)
{
	if (__builtin_add_overflow(*sum, ns, sum))
		*sum = UINT64_MAX;
}

static int add_line(struct lines *l, const struct weights_row *r)
{
	char *stack = fold(r, l->difference != WEIGHTS_ALONE);
	size_t i;
	int new = stack ? intern__add(&l->stacks, stack, &i) : -ENOMEM;

	if (new < 0)
		return new;
	if (new)
		l->list[i] = (struct line){ .stack = stack };
	add_ns(&l->list[i].ns, r->ns);
	add_ns(&l->list[i].other_ns, r->other_ns);
	return 0;
}

static int add_lines(struct lines *l, const struct weights *w)
{
	int err = 0;

	l->list = calloc(w->rows_n + 1, sizeof(*l->list));
	if (!l->list)
		return -ENOMEM;
	for (size_t i = 0; i < w->rows_n && !err; i++)
		if (w->rows[i].ns || w->rows[i].other_ns)
			err = add_line(l, &w->rows[i]);
	return err;
}

static void print(const struct lines *l, FILE *f)
{
	for (size_t i = 0; i < l->stacks.n; i++) {
		const struct line *line = &l->list[i];

		fprintf(f, "%s", line->stack);
		if (l->difference == WEIGHTS_BY_AFTER)
			fprintf(f, " %" PRIu64, line->other_ns);
		fprintf(f, " %" PRIu64, line->ns);
		if (l->difference == WEIGHTS_BY_BEFORE)
			fprintf(f, " %" PRIu64, line->other_ns);
		putc('\n', f);
	}
	if (l->stacks.n == 0)
		fprintf(f, NOTHING "%s\n", l->difference ? " 1" : "");
}

int export_folded(const struct weights *w, FILE *f)
{
	struct lines l = { .stacks = { .compare = intern__by_string, .owns_keys = true },
			   .difference = w->difference };
	int err;

	errno = 0;
	err = add_lines(&l, w);
	if (!err)
		print(&l, f);
	intern__free(&l.stacks);
	free(l.list);
	return err ? err : report__end(f);
}
