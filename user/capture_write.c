// SPDX-License-Identifier: BSD-2-Clause
/* Captures, the writing side: see user/capture.h. */
#define ZLIB_CONST /* input is const */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "capture_fields.h"

#define CHUNK (64u << 10)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's code for: largest window, gzip header and trailer */

/* One gzip member, growing in memory. */
struct member {
	z_stream z;
	unsigned char *out;
	size_t len, cap;
};

struct capture_writer {
	struct member rows;
	uint64_t lines;
	int err; /* the first error, negative; all later calls return it */
};

static int member__init(struct member *m)
{
	memset(m, 0, sizeof(*m));
	/* a third of the time for a seventh more bytes, of which there are few */
	if (deflateInit2(&m->z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	return 0;
}

static void member__free(struct member *m)
{
	deflateEnd(&m->z);
	free(m->out);
}

static int member__grow(struct member *m)
{
	size_t cap = m->cap ? 2 * m->cap : CHUNK;
	unsigned char *out = realloc(m->out, cap);

	if (!out)
		return -ENOMEM;
	m->out = out;
	m->cap = cap;
	return 0;
}

/* Compresses len bytes; flush is Z_NO_FLUSH or, to end the member, Z_FINISH. */
static int member__add(struct member *m, const char *bytes, size_t len, int flush)
{
	m->z.next_in = (const unsigned char *)bytes;
	m->z.avail_in = (unsigned int)len;
	for (;;) {
		unsigned int room;
		int ret;

		if (m->cap - m->len < CHUNK / 4 && member__grow(m) < 0)
			return -ENOMEM;
		room = m->cap - m->len < CHUNK ? (unsigned int)(m->cap - m->len) : CHUNK;
		m->z.next_out = m->out + m->len;
		m->z.avail_out = room;
		ret = deflate(&m->z, flush);
		m->len += room - m->z.avail_out;
		if (ret == Z_STREAM_ERROR)
			return -EINVAL;
		if (flush == Z_FINISH ? ret == Z_STREAM_END : m->z.avail_out > 0)
			return 0;
	}
}

/* Adds a JSON value, which it takes over, as a line; NULL is an error whose errno is set. */
static int member__line(struct member *m, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	int err = text ? 0 : errno ? -errno : -ENOMEM;

	json_decref(value);
	if (!err && strlen(text) >= CAPTURE_MAX_LINE)
		err = -E2BIG;
	if (!err)
		err = member__add(m, text, strlen(text), Z_NO_FLUSH);
	if (!err)
		err = member__add(m, "\n", 1, Z_NO_FLUSH);
	free(text);
	return err;
}

struct capture_writer *capture_writer__new(void)
{
	struct capture_writer *w = calloc(1, sizeof(*w));

	if (w && member__init(&w->rows) < 0) {
		free(w);
		errno = ENOMEM;
		return NULL;
	}
	return w;
}

void capture_writer__free(struct capture_writer *w)
{
	if (!w)
		return;
	member__free(&w->rows);
	free(w);
}

static int add_row(struct capture_writer *w, const char *kind, const struct field *table,
		   const void *row)
{
	json_t *object;

	if (w->err)
		return w->err;
	errno = 0;
	object = fields__encode(table, row);
	w->err = member__line(&w->rows, object ? json_pack("{s:o}", kind, object) : NULL);
	w->lines++;
	return w->err;
}

int capture_writer__process(struct capture_writer *w, const struct capture_process *p)
{
	return add_row(w, "process", capture_process_fields, p);
}

int capture_writer__thread(struct capture_writer *w, const struct capture_thread *t)
{
	return add_row(w, "thread", capture_thread_fields, t);
}

int capture_writer__cpu(struct capture_writer *w, const struct capture_cpu *c)
{
	return add_row(w, "cpu", capture_cpu_fields, c);
}

int capture_writer__frame(struct capture_writer *w, const struct capture_frame *f)
{
	return add_row(w, "frame", capture_frame_fields, f);
}

int capture_writer__node(struct capture_writer *w, const struct capture_node *n)
{
	return add_row(w, "node", capture_node_fields, n);
}

int capture_writer__blame(struct capture_writer *w, const struct capture_blame *b)
{
	return add_row(w, "blame", capture_blame_fields, b);
}

int capture_writer__sample(struct capture_writer *w, const struct capture_sample *s)
{
	return add_row(w, "sample", capture_sample_fields, s);
}

int capture_writer__case(struct capture_writer *w, const struct capture_case *c)
{
	return add_row(w, "case", capture_case_fields, c);
}

int capture_writer__lock(struct capture_writer *w, const struct capture_lock *l)
{
	return add_row(w, "lock", capture_lock_fields, l);
}

int capture_writer__cgroup(struct capture_writer *w, const struct capture_cgroup *g)
{
	return add_row(w, "cgroup", capture_cgroup_fields, g);
}

int capture_writer__interval(struct capture_writer *w, const struct capture_interval *i)
{
	return add_row(w, "interval", capture_interval_fields, i);
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The info line makes a member of its own, since it is known last and stands first. */
static int write_info(const struct capture_info *info, int fd)
{
	struct member m;
	json_t *object;
	int err = member__init(&m);

	if (err)
		return err;
	errno = 0;
	object = fields__encode(capture_info_fields, info);
	err = member__line(&m, object ? json_pack("{s:i,s:o}", CAPTURE_MAGIC, CAPTURE_VERSION,
						  "info", object)
				      : NULL);
	if (!err)
		err = member__add(&m, "", 0, Z_FINISH);
	if (!err)
		err = write_all(fd, m.out, m.len);
	member__free(&m);
	return err;
}

int capture_writer__end(struct capture_writer *w, const struct capture_info *info, int fd)
{
	struct member *rows = &w->rows;
	int err = w->err;

	errno = 0;
	if (!err) /* the info line counts, too */
		err = member__line(rows, json_pack("{s:b,s:I}", "end", 1, "lines",
						   (json_int_t)w->lines + 1));
	if (!err)
		err = member__add(rows, "", 0, Z_FINISH);
	if (!err)
		err = write_info(info, fd);
	if (!err)
		err = write_all(fd, rows->out, rows->len);
	w->err = err ? err : -EINVAL; /* nothing may be added any more */
	return err;
}
