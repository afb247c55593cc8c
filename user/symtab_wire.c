/* SPDX-License-Identifier: BSD-2-Clause */
/* A table on its way through a pipe, from a child that may have been taken over by a hostile file. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symtab_data.h"
#include "text.h"

#define MAGIC 0x6d797367u

struct header {
	uint32_t magic, n, names_len, texts_n, partial;
	struct symtab_text texts[SYMTAB_MAX_TEXTS];
};

static int write_all(int fd, const void *from, size_t len)
{
	const char *at = from;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int symtab__write(const struct symtab *t, int fd)
{
	struct header h;
	int err;

	memset(&h, 0, sizeof(h));
	h.magic = MAGIC;
	h.n = (uint32_t)t->n;
	h.names_len = (uint32_t)t->names_len;
	h.texts_n = t->texts_n;
	h.partial = t->partial;
	memcpy(h.texts, t->texts, sizeof(h.texts));
	err = write_all(fd, &h, sizeof(h));
	if (!err)
		err = write_all(fd, t->entries, t->n * sizeof(t->entries[0]));
	return err ? err : write_all(fd, t->names, t->names_len);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_all(int fd, void *to, size_t len, int64_t deadline)
{
	char *at = to;

	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready < 0 ? -errno : -ETIMEDOUT;
		n = read(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_sane(const struct header *h)
{
	return h->magic == MAGIC && h->n <= SYMTAB_MAX_FUNCTIONS &&
	       h->names_len <= SYMTAB_MAX_NAMES && h->texts_n <= SYMTAB_MAX_TEXTS;
}

static bool is_sorted(const struct symtab *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->entries[i].end <= t->entries[i].start ||
		    (i > 0 && t->entries[i].start < t->entries[i - 1].start))
			return false;
	return true;
}

/* Every name begins a string of valid UTF-8 within the names. */
static bool has_names(const struct symtab *t)
{
	if (t->names_len > 0 &&
	    (t->names[t->names_len - 1] != '\0' || !text__is_utf8(t->names, t->names_len)))
		return false;
	for (size_t i = 0; i < t->n; i++) {
		uint32_t at = t->entries[i].name;

		if (at >= t->names_len || (at > 0 && t->names[at - 1] != '\0'))
			return false;
	}
	return true;
}

static int receive(struct symtab *t, const struct header *h, int fd, int64_t deadline)
{
	int err;

	if (!is_sane(h))
		return -EPROTO;
	t->n = t->room = h->n;
	t->names_len = t->names_room = h->names_len;
	t->texts_n = h->texts_n;
	t->partial = h->partial != 0;
	memcpy(t->texts, h->texts, sizeof(t->texts));
	t->entries = calloc(t->n ? t->n : 1, sizeof(t->entries[0]));
	t->names = malloc(t->names_len ? t->names_len : 1);
	if (!t->entries || !t->names)
		return -ENOMEM;
	err = read_all(fd, t->entries, t->n * sizeof(t->entries[0]), deadline);
	if (!err)
		err = read_all(fd, t->names, t->names_len, deadline);
	if (err)
		return err;
	return is_sorted(t) && has_names(t) ? 0 : -EPROTO;
}

struct symtab *symtab__read(int fd, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	struct symtab *t = symtab__new();
	struct header h = { 0 };
	int err = t ? read_all(fd, &h, sizeof(h), deadline) : -ENOMEM;

	if (!err)
		err = receive(t, &h, fd, deadline);
	if (err) {
		symtab__free(t);
		errno = -err;
		return NULL;
	}
	symtab__link(t);
	return t;
}
