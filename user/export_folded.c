// SPDX-License-Identifier: BSD-2-Clause
/*
 * Folded stacks: "process;thread;root;...;leaf WEIGHT" in lines, one per stack, the weight in whole
 * nanoseconds: smaller waits than a microsecond are not lost, and not all parsers take fractions.
 *
 *	gilprof ... | flamegraph.pl --countname ns >graph.svg
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

#define NOTHING "[nothing to show] 1\n"

/* The lines, in the order in which their stacks come first. */
struct lines {
	struct intern stacks; /* numbers them */
	struct line {
		const char *stack; /* owned by stacks */
		uint64_t ns;
	} * list;
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

static void add_frames(FILE *f, const struct weights_row *r)
{
	add_frame(f, export__process_name(r), "");
	add_frame(f, export__thread_name(r), "");
	for (size_t i = 0; i < r->frames_n; i++)
		add_frame(f, export__frame_name(&r->frames[i]), suffix(&r->frames[i]));
	if (r->frames_n == 0)
		add_frame(f, export__frame_name(&export__unknown_stack), "");
}

/* malloc'ed; NULL and ENOMEM, which may also have left frames out. */
static char *fold(const struct weights_row *r)
{
	char *stack = NULL;
	size_t len;
	FILE *f = open_memstream(&stack, &len);

	if (!f)
		return NULL;
	add_frames(f, r);
	fclose(f);
	return stack;
}

static int add_line(struct lines *l, const struct weights_row *r)
{
	char *stack = fold(r);
	size_t i;
	int new = stack ? intern__add(&l->stacks, stack, &i) : -ENOMEM;

	if (new < 0)
		return new;
	if (new)
		l->list[i] = (struct line){ .stack = stack };
	if (__builtin_add_overflow(l->list[i].ns, r->ns, &l->list[i].ns))
		l->list[i].ns = UINT64_MAX;
	return 0;
}

static int add_lines(struct lines *l, const struct weights *w)
{
	int err = 0;

	l->list = calloc(w->rows_n + 1, sizeof(*l->list));
	if (!l->list)
		return -ENOMEM;
	for (size_t i = 0; i < w->rows_n && !err; i++)
		if (w->rows[i].ns)
			err = add_line(l, &w->rows[i]);
	return err;
}

static void print(const struct lines *l, FILE *f)
{
	for (size_t i = 0; i < l->stacks.n; i++)
		fprintf(f, "%s %" PRIu64 "\n", l->list[i].stack, l->list[i].ns);
	if (l->stacks.n == 0)
		fputs(NOTHING, f);
}

int export_folded(const struct weights *w, FILE *f)
{
	struct lines l = { .stacks = { .compare = intern__by_string, .owns_keys = true } };
	int err;

	errno = 0;
	err = add_lines(&l, w);
	if (!err)
		print(&l, f);
	intern__free(&l.stacks);
	free(l.list);
	return err ? err : report__end(f);
}
