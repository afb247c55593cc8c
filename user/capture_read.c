// SPDX-License-Identifier: BSD-2-Clause
/*
 * Captures, the reading side: see user/capture.h. A file is read whole and decompressed once so that
 * its checksums speak first; only then is it decompressed again and understood.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_fields.h"
#include "gunzip.h"
#include "timeline.h"
#include "weights.h"

/* The rows of a capture, by kind of line. */
static const struct kind {
	const char *name;
	const struct field *fields;
	size_t size, max;
	size_t rows, count; /* offsets in struct capture */
} kinds[] = {
	{ "process", capture_process_fields, sizeof(struct capture_process), CAPTURE_MAX_PROCESSES,
	  offsetof(struct capture, processes), offsetof(struct capture, processes_n) },
	{ "thread", capture_thread_fields, sizeof(struct capture_thread), CAPTURE_MAX_THREADS,
	  offsetof(struct capture, threads), offsetof(struct capture, threads_n) },
	{ "cpu", capture_cpu_fields, sizeof(struct capture_cpu), CAPTURE_MAX_CPUS,
	  offsetof(struct capture, cpus), offsetof(struct capture, cpus_n) },
	{ "frame", capture_frame_fields, sizeof(struct capture_frame), CAPTURE_MAX_FRAMES,
	  offsetof(struct capture, frames), offsetof(struct capture, frames_n) },
	{ "node", capture_node_fields, sizeof(struct capture_node), CAPTURE_MAX_NODES,
	  offsetof(struct capture, nodes), offsetof(struct capture, nodes_n) },
	{ "blame", capture_blame_fields, sizeof(struct capture_blame), CAPTURE_MAX_BLAME,
	  offsetof(struct capture, blame), offsetof(struct capture, blame_n) },
	{ "sample", capture_sample_fields, sizeof(struct capture_sample), CAPTURE_MAX_SAMPLES,
	  offsetof(struct capture, samples), offsetof(struct capture, samples_n) },
	{ "case", capture_case_fields, sizeof(struct capture_case), CAPTURE_MAX_CASES,
	  offsetof(struct capture, cases), offsetof(struct capture, cases_n) },
	{ "lock", capture_lock_fields, sizeof(struct capture_lock), CAPTURE_MAX_LOCKS,
	  offsetof(struct capture, locks), offsetof(struct capture, locks_n) },
	{ "cgroup", capture_cgroup_fields, sizeof(struct capture_cgroup), CAPTURE_MAX_CGROUPS,
	  offsetof(struct capture, cgroups), offsetof(struct capture, cgroups_n) },
	{ "interval", capture_interval_fields, sizeof(struct capture_interval),
	  CAPTURE_MAX_INTERVALS, offsetof(struct capture, intervals),
	  offsetof(struct capture, intervals_n) },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct reader {
	struct capture *c;
	size_t room[KINDS]; /* rows allocated */
	struct fields_reader fields;
	char reason[96]; /* of `fields` */
	char *err;
	size_t err_len;
	char *line;	 /* CAPTURE_MAX_LINE bytes, of which */
	size_t line_len; /* are in use */
	uint64_t lines;	 /* read */
	bool ended;	 /* the last line was seen */
};

__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->err, r->err_len, format, args);
	va_end(args);
	return -EINVAL;
}

static int fail_line(struct reader *r, const char *what)
{
	return fail(r, "is no valid capture: line %llu: %s", (unsigned long long)r->lines, what);
}

static void **rows_of(struct capture *c, const struct kind *k)
{
	return (void **)((char *)c + k->rows);
}

static size_t *count_of(struct capture *c, const struct kind *k)
{
	return (size_t *)((char *)c + k->count);
}

/* Room for one more row, zeroed. */
static void *new_row(struct reader *r, const struct kind *k)
{
	size_t *n = count_of(r->c, k), *room = &r->room[k - kinds];
	void **rows = rows_of(r->c, k);

	if (*n >= k->max || r->fields.budget < k->size)
		return NULL;
	if (*n == *room) {
		size_t more = *room + *room / 2 + 16;
		void *grown = reallocarray(*rows, more, k->size);

		if (!grown)
			return NULL;
		*rows = grown;
		*room = more;
	}
	r->fields.budget -= k->size;
	return memset((char *)*rows + (*n)++ * k->size, 0, k->size);
}

static int read_row(struct reader *r, const struct kind *k, const json_t *object)
{
	void *row = new_row(r, k);

	if (!row)
		return fail_line(r, "too many rows");
	return fields__decode(k->fields, object, row, &r->fields) ? fail_line(r, r->reason) : 0;
}

static int read_info(struct reader *r, const json_t *line)
{
	const json_t *version = json_object_get(line, CAPTURE_MAGIC);

	if (!json_is_integer(version))
		return fail(r, "is not a gilprof capture");
	if (json_integer_value(version) != CAPTURE_VERSION)
		return fail(r, "is a capture of version %lld, and this gilprof reads version %d",
			    (long long)json_integer_value(version), CAPTURE_VERSION);
	if (fields__decode(capture_info_fields, json_object_get(line, "info"), &r->c->info,
			   &r->fields))
		return fail_line(r, r->reason);
	return 0;
}

static int read_end(struct reader *r, const json_t *line)
{
	const json_t *lines = json_object_get(line, "lines");

	if (!json_is_integer(lines) || (uint64_t)json_integer_value(lines) != r->lines - 1)
		return fail_line(r, "the number of lines does not agree");
	r->ended = true;
	return 0;
}

/* Lines of a kind that a newer gilprof may have added are skipped. */
static int read_value(struct reader *r, const json_t *line)
{
	if (r->lines == 1)
		return read_info(r, line);
	if (r->ended)
		return fail_line(r, "it comes after the end");
	if (json_object_get(line, "end"))
		return read_end(r, line);
	for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
		const json_t *object = json_object_get(line, k->name);

		if (object)
			return read_row(r, k, object);
	}
	return 0;
}

static int read_line(struct reader *r)
{
	json_t *value;
	int err;

	errno = 0; /* jansson forgets some allocations that failed, and goes on without a character */
	value = json_loadb(r->line, r->line_len, 0, NULL);
	r->lines++;
	if (errno == ENOMEM)
		err = fail(r, "needs more memory than there is");
	else if (json_is_object(value))
		err = read_value(r, value);
	else if (r->lines == 1)
		err = fail(r, "is not a gilprof capture");
	else
		err = fail_line(r, "it is not a JSON object");
	json_decref(value);
	return err;
}

/* Cuts the contents into lines, wherever the pieces end: a gunzip_sink. */
static int take_piece(void *context, const char *piece, size_t len)
{
	struct reader *r = context;
	int err = 0;

	while (len > 0 && !err) {
		const char *newline = memchr(piece, '\n', len);
		size_t n = newline ? (size_t)(newline - piece) : len;

		if (n > CAPTURE_MAX_LINE - r->line_len)
			return fail(r, "is no valid capture: a line is too long");
		memcpy(r->line + r->line_len, piece, n);
		r->line_len += n;
		n += newline != NULL;
		piece += n;
		len -= n;
		if (newline) {
			err = read_line(r);
			r->line_len = 0;
		}
	}
	return err;
}

static int skip_piece(void *context, const char *piece, size_t len)
{
	(void)context;
	(void)piece;
	(void)len;
	return 0;
}

static int compare_processes(const void *a, const void *b)
{
	const struct capture_process *p = *(struct capture_process *const *)a;
	const struct capture_process *q = *(struct capture_process *const *)b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->pid < q->pid ? -1 : p->pid > q->pid;
}

static bool is_known(struct capture_process **sorted, size_t n, uint64_t key, uint32_t pid)
{
	const struct capture_process wanted = { .key = key, .pid = pid };
	const struct capture_process *pointer = &wanted;

	return bsearch(&pointer, sorted, n, sizeof(*sorted), compare_processes);
}

/* What no single line can tell: every thread and lock belongs to one process. */
static int check_references(struct reader *r)
{
	struct capture *c = r->c;
	struct capture_process **sorted =
		calloc(c->processes_n + 1, sizeof(struct capture_process *));
	int err = 0;

	if (!sorted)
		return fail(r, "needs more memory than there is");
	for (size_t i = 0; i < c->processes_n; i++)
		sorted[i] = &c->processes[i];
	qsort(sorted, c->processes_n, sizeof(*sorted), compare_processes);
	for (size_t i = 1; i < c->processes_n && !err; i++)
		if (compare_processes(&sorted[i - 1], &sorted[i]) == 0)
			err = fail(r, "is no valid capture: process %u is in it twice",
				   sorted[i]->pid);
	for (size_t i = 0; i < c->threads_n && !err; i++)
		if (!is_known(sorted, c->processes_n, c->threads[i].key, c->threads[i].pid))
			err = fail(r, "is no valid capture: thread %u has no process",
				   c->threads[i].tid);
	for (size_t i = 0; i < c->locks_n && !err; i++)
		if (!is_known(sorted, c->processes_n, c->locks[i].key, c->locks[i].pid))
			err = fail(r, "is no valid capture: a lock of thread %u has no process",
				   c->locks[i].tid);
	free(sorted);
	return err;
}

/* Nodes form trees, since a node comes after its parent; and nobody has to follow them for long. */
static bool are_trees(const struct capture *c, uint16_t *depth)
{
	for (size_t i = 0; i < c->nodes_n; i++) {
		const struct capture_node *n = &c->nodes[i];

		if (n->parent > i || !n->frame || n->frame > c->frames_n)
			return false;
		depth[i] = n->parent ? depth[n->parent - 1] + 1 : 1;
		if (depth[i] > CAPTURE_MAX_DEPTH)
			return false;
	}
	return true;
}

/* Stacks name frames and nodes that exist. */
static int check_stacks(struct reader *r)
{
	const struct capture *c = r->c;
	uint16_t *depth = calloc(c->nodes_n + 1, sizeof(*depth));
	bool ok;

	if (!depth)
		return fail(r, "needs more memory than there is");
	ok = are_trees(c, depth);
	free(depth);
	for (size_t i = 0; i < c->frames_n; i++)
		ok = ok && c->frames[i].kind < FRAME_KINDS;
	for (size_t i = 0; i < c->blame_n; i++)
		ok = ok && c->blame[i].stack <= c->nodes_n && c->blame[i].kind < BLAME_KINDS;
	for (size_t i = 0; i < c->samples_n; i++)
		ok = ok && c->samples[i].stack <= c->nodes_n && c->samples[i].state < ST_COUNT;
	for (size_t i = 0; i < c->cases_n; i++)
		ok = ok && c->cases[i].stack <= c->nodes_n &&
		     c->cases[i].waiter_stack <= c->nodes_n && c->cases[i].kind < BLAME_KINDS;
	return ok ? 0 : fail(r, "is no valid capture: a stack makes no sense");
}

/* `why` is NULL for errors that the reader has told already. */
static int read_contents(struct reader *r, const unsigned char *file, size_t len)
{
	const char *why = NULL;
	int err;

	err = gunzip__all(file, len, CAPTURE_MAX_BYTES, skip_piece, NULL, &why);
	if (!err)
		err = gunzip__all(file, len, CAPTURE_MAX_BYTES, take_piece, r, &why);
	if (why)
		return fail(r, "%s", why);
	if (!err && (!r->ended || r->line_len > 0))
		return fail(r, "is truncated");
	if (!err)
		err = check_references(r);
	return err ? err : check_stacks(r);
}

static int read_file(struct reader *r, int fd)
{
	unsigned char *file = NULL;
	const char *why = NULL;
	size_t len;
	int err = gunzip__load(fd, CAPTURE_MAX_BYTES, &file, &len, &why);

	if (why)
		err = fail(r, "%s", why);
	else if (err)
		fail(r, "cannot be read: %s", strerror(-err));
	else
		err = read_contents(r, file, len);
	free(file);
	return err;
}

struct capture *capture__read(int fd, char *err, size_t err_len)
{
	struct reader r = { .err = err, .err_len = err_len };
	int ret;

	r.c = calloc(1, sizeof(*r.c));
	r.line = malloc(CAPTURE_MAX_LINE);
	r.fields.budget = CAPTURE_MAX_MEMORY;
	r.fields.err = r.reason;
	r.fields.err_len = sizeof(r.reason);
	if (r.c && r.line)
		ret = read_file(&r, fd);
	else
		ret = fail(&r, "needs more memory than there is");
	free(r.line);
	if (!ret)
		return r.c;
	capture__free(r.c);
	return NULL;
}

void capture__free(struct capture *c)
{
	if (!c)
		return;
	fields__free(capture_info_fields, &c->info);
	for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
		char *rows = *rows_of(c, k);

		for (size_t i = 0; i < *count_of(c, k); i++)
			fields__free(k->fields, rows + i * k->size);
		free(rows);
	}
	free(c);
}
