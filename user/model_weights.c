/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_weights.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timeline.h"

#define MAX_FRAMES (CAPTURE_MAX_DEPTH + 1) /* of a stack, and a note */
#define NOTE_LEN 80
#define CALL_LEN 40 /* of ": call" in it */

const char *const model_weight_names[WEIGHTS] = {
	[WEIGHT_DEFAULT] = "",
	[WEIGHT_BLAME] = "blame",
	[WEIGHT_GIL_WAIT] = "gil_wait",
	[WEIGHT_HOLD] = "hold",
	[WEIGHT_ONCPU] = "oncpu",
	[WEIGHT_OFFCPU] = "offcpu",
	[WEIGHT_LOCK_WAIT] = "lock_wait",
};

static const struct {
	const char *title, *count, *ns;
} texts[WEIGHTS] = {
	[WEIGHT_BLAME] = { "Who made others wait for the GIL: time lost by the others",
			   "contentions", "delay" },
	[WEIGHT_GIL_WAIT] = { "Where threads waited for the GIL", "waits", "delay" },
	[WEIGHT_HOLD] = { "Where the GIL was held", "samples", "time" },
	[WEIGHT_ONCPU] = { "Where threads ran", "samples", "cpu" },
	[WEIGHT_OFFCPU] = { "Where threads were off the CPU", "sleeps", "time" },
	[WEIGHT_LOCK_WAIT] = { "Where threads waited for locks", "waits", "delay" },
};

/* What a thread off the CPU does, as the innermost frame says it. */
static const char *const state_notes[ST_COUNT] = {
	[ST_RUNQ] = "waits for a CPU",
	[ST_GIL_WAIT] = "waits for the GIL",
	[ST_GIL_DROP] = "gives the GIL away",
	[ST_LOCK_WAIT] = "waits for a lock",
	[ST_IO_FILE] = "file",
	[ST_IO_PIPE] = "pipe",
	[ST_IO_SOCKET] = "socket",
	[ST_IO_POLL] = "polls",
	[ST_SLEEP] = "sleeps",
	[ST_CHILD_WAIT] = "waits for a child",
	[ST_BLOCKED] = "blocked",
};

struct built { /* a struct weights and all it points to */
	struct weights w;
	const struct model *m;
	struct weights_row *rows;
	char **notes; /* of each row: what its last frame is, if it is ours; or NULL */
	size_t max;
	uint64_t left;			       /* of what their sum may be: MODEL_MAX */
	const struct capture_sample **samples; /* by thread and state */
};

static bool is_wanted(enum weight weight, uint32_t state)
{
	switch (weight) {
	case WEIGHT_ONCPU:
	case WEIGHT_HOLD:
		return state == ST_RUN;
	case WEIGHT_GIL_WAIT:
		return state == ST_GIL_WAIT;
	case WEIGHT_LOCK_WAIT:
		return state == ST_LOCK_WAIT;
	default:
		return state != ST_RUN;
	}
}

size_t model__frames(const struct capture *c, uint32_t node, struct weights_frame *frames,
		     size_t max)
{
	size_t n = 0;

	for (; node && n < max; node = c->nodes[node - 1].parent) {
		const struct capture_frame *f = &c->frames[c->nodes[node - 1].frame - 1];

		frames[n++] = (struct weights_frame){ f->name, f->file, f->line,
						      (enum frame_kind)f->kind };
	}
	for (size_t i = 0; i < n / 2; i++) {
		struct weights_frame swap = frames[i];

		frames[i] = frames[n - 1 - i];
		frames[n - 1 - i] = swap;
	}
	return n;
}

/* Names a row's thread and process, as far as they are in the model. */
static void name_row(const struct model *m, uint64_t key, struct weights_row *row)
{
	row->process = "";
	row->thread = "";
	for (size_t i = 0; i < m->processes_n; i++) {
		const struct model_process *p = &m->processes[i];

		if (p->process->key != key || p->process->pid != row->pid)
			continue;
		row->process = p->process->comm;
		for (size_t j = 0; j < p->threads_n; j++) {
			if (p->threads[j].row->tid == row->tid)
				row->thread = p->threads[j].row->name;
		}
		return;
	}
}

static bool has_room(struct built *b)
{
	size_t more = b->max ? 2 * b->max : 256;
	struct weights_row *rows;
	char **notes;

	if (b->w.rows_n < b->max)
		return true;
	rows = reallocarray(b->rows, more, sizeof(*rows));
	b->rows = rows ? rows : b->rows;
	notes = rows ? reallocarray(b->notes, more, sizeof(*notes)) : NULL;
	b->notes = notes ? notes : b->notes;
	b->max = notes ? more : b->max;
	return notes;
}

static int add_row(struct built *b, uint64_t key, const struct weights_row *row, uint32_t node,
		   const char *note)
{
	struct weights_frame frames[MAX_FRAMES];
	size_t n = model__frames(b->m->capture, node, frames, MAX_FRAMES - 1);
	struct weights_row *to;
	struct weights_frame *copy;
	char *text = note ? strdup(note) : NULL;

	if (note)
		frames[n++] = (struct weights_frame){ text, NULL, 0, FRAME_NOTE };
	copy = malloc((n + 1) * sizeof(*copy));
	if (!has_room(b) || !copy || (note && !text)) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	memcpy(copy, frames, n * sizeof(*copy));
	b->notes[b->w.rows_n] = text;
	to = &b->rows[b->w.rows_n++];
	*to = *row;
	to->ns = row->ns < b->left ? row->ns : b->left;
	b->left -= to->ns;
	to->frames = copy;
	to->frames_n = n;
	if (!to->process)
		name_row(b->m, key, to);
	return 0;
}

/* ": call", or nothing. Names of system calls are short; whatever it is, it is cut between characters. */
static const char *of_call(const char *call, char text[CALL_LEN])
{
	size_t n = call ? strnlen(call, CALL_LEN - 3) : 0;

	while (n && (call[n] & 0xc0) == 0x80)
		n--;
	snprintf(text, CALL_LEN, "%s%.*s", n ? ": " : "", (int)n, n ? call : "");
	return text;
}

/* --- blame ------------------------------------------------------------------------------------ */

static const char *blame_note(const struct capture_blame *b, char note[NOTE_LEN])
{
	char call[CALL_LEN];

	switch (b->kind) {
	case BLAME_OFFCPU:
		snprintf(note, NOTE_LEN, "[asleep with the GIL%s]", of_call(b->call, call));
		return note;
	case BLAME_PREEMPTED:
		return "[waits for a CPU with the GIL]";
	case BLAME_HANDOFF:
		return "[the GIL changes hands]";
	case BLAME_UNKNOWN:
		return "[holder not known]";
	default:
		return NULL;
	}
}

static int add_blame(struct built *b)
{
	const struct capture *c = b->m->capture;
	char note[NOTE_LEN];
	int err = 0;

	for (size_t i = 0; i < c->blame_n && !err; i++) {
		const struct capture_blame *row = &c->blame[i];
		const struct weights_row to = { .pid = row->pid,
						.tid = row->holder_tid,
						.ns = row->wait_ns,
						.count = row->count };

		if (row->wait_ns)
			err = add_row(b, row->key, &to, row->stack, blame_note(row, note));
	}
	return err;
}

/* --- states: the stacks seen stand for all the time that a thread spent in a state --------------- */

static uint64_t weight_of(const struct capture_sample *s, enum weight weight)
{
	if (weight == WEIGHT_HOLD)
		return s->held;
	return s->state == ST_RUN ? s->count : s->ns;
}

static int by_state(const void *a, const void *b)
{
	const struct capture_sample *p = *(const struct capture_sample *const *)a;
	const struct capture_sample *q = *(const struct capture_sample *const *)b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	if (p->tid != q->tid)
		return p->tid < q->tid ? -1 : 1;
	return p->state < q->state ? -1 : p->state > q->state;
}

/* qsort() is not stable everywhere: what rounding leaves must go to the same rows. */
static int by_state_in_order(const void *a, const void *b)
{
	const struct capture_sample *p = *(const struct capture_sample *const *)a;
	const struct capture_sample *q = *(const struct capture_sample *const *)b;
	int c = by_state(a, b);

	return c ? c : (p > q) - (p < q);
}

static int sort_samples(struct built *b)
{
	const struct capture *c = b->m->capture;

	b->samples = calloc(c->samples_n + 1, sizeof(const struct capture_sample *));
	if (!b->samples)
		return -ENOMEM;
	for (size_t i = 0; i < c->samples_n; i++)
		b->samples[i] = &c->samples[i];
	qsort(b->samples, c->samples_n, sizeof(*b->samples), by_state_in_order);
	return 0;
}

/* The first sample that is not before `like`. */
static size_t first_sample(const struct built *b, const struct capture_sample *like)
{
	size_t low = 0, high = b->m->capture->samples_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_state(&b->samples[middle], &like) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const char *state_note(uint32_t state, const char *call, char note[NOTE_LEN])
{
	char text[CALL_LEN];

	if (state == ST_RUN)
		return NULL;
	if (state == ST_GIL_WAIT || state == ST_GIL_DROP) /* always futex */
		call = NULL;
	snprintf(note, NOTE_LEN, "[%s%s]", state_notes[state], of_call(call, text));
	return note;
}

/* Gives ns to the samples [from, to) by their weights, of which the sum is `seen`. */
static int share_out(struct built *b, size_t from, size_t to, uint64_t seen, uint64_t ns,
		     struct weights_row row, enum weight weight)
{
	char note[NOTE_LEN];
	int err = 0;

	for (size_t i = from; i < to && !err; i++) {
		const struct capture_sample *s = b->samples[i];
		uint64_t part = weight_of(s, weight);

		/* of what is left by those before, so that nothing is lost to rounding */
		row.ns = model__scale(ns, part, seen);
		row.count = weight == WEIGHT_HOLD ? s->held : s->count;
		ns -= row.ns;
		seen -= part;
		if (row.ns)
			err = add_row(b, s->key, &row, s->stack,
				      state_note(s->state, s->call, note));
		if (!seen)
			break;
	}
	return err;
}

static int add_state(struct built *b, const struct model_process *p, const struct model_thread *t,
		     uint32_t state, uint64_t ns, enum weight weight)
{
	const struct capture_sample like = { .key = p->process->key,
					     .tid = t->row->tid,
					     .state = state };
	const struct capture_sample *probe = &like;
	struct weights_row row = {
		.pid = p->process->pid,
		.tid = t->row->tid,
		.process = p->process->comm,
		.thread = t->row->name,
		.ns = ns,
		.count = 1,
	};
	size_t from = first_sample(b, &like), to;
	uint64_t seen = 0;
	char note[NOTE_LEN];

	if (!ns)
		return 0;
	for (to = from; to < b->m->capture->samples_n && !by_state(&b->samples[to], &probe); to++)
		seen = model__sum(seen, weight_of(b->samples[to], weight));
	if (!seen)
		return add_row(b, like.key, &row, 0, state_note(state, NULL, note));
	return share_out(b, from, to, seen, ns, row, weight);
}

static uint64_t thread_ns(const struct model_thread *t, uint32_t state, enum weight weight)
{
	if (weight == WEIGHT_HOLD)
		return state == ST_RUN ? t->held_ns : 0;
	return t->row->state_ns[state];
}

static int add_thread(struct built *b, const struct model_process *p, const struct model_thread *t,
		      enum weight weight)
{
	int err = 0;

	for (uint32_t state = 0; state < ST_COUNT && !err; state++) {
		if (state_notes[state] || state == ST_RUN)
			if (is_wanted(weight, state))
				err = add_state(b, p, t, state, thread_ns(t, state, weight),
						weight);
	}
	return err;
}

static int add_threads(struct built *b, enum weight weight)
{
	int err = 0;

	for (size_t i = 0; i < b->m->processes_n && !err; i++)
		for (size_t j = 0; j < b->m->processes[i].threads_n && !err; j++)
			err = add_thread(b, &b->m->processes[i], &b->m->processes[i].threads[j],
					 weight);
	return err;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* "2026-01-02T03:04:05.678Z" as ns since 1970; 0 if it is nothing of the kind. */
static uint64_t unix_ns(const char *start)
{
	struct tm tm = { 0 };
	const char *rest = strptime(start, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t s = rest ? timegm(&tm) : -1;

	if (s < 0 || s > 4102444800 /* 2100 */)
		return 0;
	return (uint64_t)s * 1000000000ull +
	       (*rest == '.' ? strtoul(rest + 1, NULL, 10) % 1000 * 1000000ull : 0);
}

static enum weight choose(const struct model *m, enum weight weight)
{
	if (weight != WEIGHT_DEFAULT)
		return weight;
	return m->capture->blame_n ? WEIGHT_BLAME : WEIGHT_OFFCPU;
}

struct weights *model_weights__new(const struct model *m, enum weight weight)
{
	struct built *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return NULL;
	weight = choose(m, weight);
	b->m = m;
	b->left = MODEL_MAX;
	b->w.name = model_weight_names[weight];
	b->w.title = texts[weight].title;
	b->w.count_name = texts[weight].count;
	b->w.ns_name = texts[weight].ns;
	b->w.start_unix_ns = unix_ns(m->capture->info.start);
	b->w.duration_ns = m->capture->info.duration_ns;
	err = sort_samples(b);
	if (!err)
		err = weight == WEIGHT_BLAME ? add_blame(b) : add_threads(b, weight);
	b->w.rows = b->rows;
	if (!err)
		return &b->w;
	model_weights__free(&b->w);
	errno = ENOMEM;
	return NULL;
}

void model_weights__free(struct weights *w)
{
	struct built *b = (struct built *)w; /* its first member */

	if (!w)
		return;
	for (size_t i = 0; i < w->rows_n; i++) {
		free(b->notes[i]);
		free((void *)(uintptr_t)b->rows[i].frames);
	}
	free(b->rows);
	free(b->notes);
	free(b->samples);
	free(b);
}
