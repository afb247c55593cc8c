// SPDX-License-Identifier: BSD-2-Clause
#include "unwinder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "privileges.h"
#include "reap.h"

/* For a stack. It takes 0.1 ms; the first of a process more, as its files are read, or a busy machine. */
#define STACK_MS 500
#define ALL_MS 3000 /* late ones together: then there is no more unwinding */
#define PAUSE_NS (10 * NSEC_PER_MSEC) /* between two children */
#define MAX_FAILED 64
#define FAILURES 2		 /* of one process: then it is given up */
#define CHILD_BYTES (1ull << 30) /* of address space beyond what it begins with, files included */

struct unwinder {
	const struct symbols *symbols;
	pid_t child; /* 0: none */
	int fd;
	uint64_t changes; /* of the symbols that the child has */
	uint64_t begun;
	int left_ms;
	uint64_t failed[MAX_FAILED]; /* processes, once for each failure */
	size_t failed_n;
};

/* --- in the child ----------------------------------------------------------------------------- */

struct keeping {
	int *fds;
	size_t n, room;
};

static void count(void *ctx, int handle)
{
	struct keeping *k = ctx;

	(void)handle;
	k->room++;
}

static void keep(void *ctx, int handle)
{
	struct keeping *k = ctx;

	k->fds[k->n++] = handle;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* A child that is stuck for ever must keep neither our programs attached nor anybody's file open. */
static int close_others(const struct symbols *symbols, int fd)
{
	struct keeping k = { .room = 1 };
	unsigned int from = 0;

	symbols__each_handle(symbols, count, &k);
	k.fds = calloc(k.room, sizeof(*k.fds));
	if (!k.fds)
		return -ENOMEM;
	keep(&k, fd);
	symbols__each_handle(symbols, keep, &k);
	qsort(k.fds, k.n, sizeof(*k.fds), by_number);
	for (size_t i = 0; i < k.n; i++) {
		if ((unsigned int)k.fds[i] > from)
			syscall(SYS_close_range, from, k.fds[i] - 1, 0);
		from = (unsigned int)k.fds[i] + 1;
	}
	free(k.fds);
	return syscall(SYS_close_range, from, ~0U, 0) ? -errno : 0;
}

static int limit_memory(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;
	struct rlimit bytes;
	int found = f ? fscanf(f, "%llu", &pages) : 0;

	if (f)
		fclose(f);
	if (found != 1)
		return -EIO;
	bytes.rlim_cur = pages * (unsigned long long)sysconf(_SC_PAGESIZE) + CHILD_BYTES;
	bytes.rlim_max = bytes.rlim_cur;
	return setrlimit(RLIMIT_AS, &bytes) ? -errno : 0;
}

static void serve(const struct symbols *symbols, int fd)
{
	struct wire_memory_event *e = calloc(1, sizeof(*e));
	struct unwind *u = unwind__new(symbols);
	struct unwound out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!e || !u || close_others(symbols, fd) || limit_memory())
		_exit(1);
	privileges__keep_for_looking();
	while (recv(fd, e, sizeof(*e), 0) > 0) {
		unwind__stack(u, e, &out);
		if (send(fd, &out, sizeof(out), MSG_NOSIGNAL) != sizeof(out))
			break;
	}
	_exit(0);
}

/* --- in the parent ---------------------------------------------------------------------------- */

static void end(struct unwinder *w, bool done)
{
	if (!w->child)
		return;
	close(w->fd);
	reap(w->child, done);
	w->child = 0;
}

static int begin(struct unwinder *w)
{
	const int room = 4 * sizeof(struct wire_memory_event);
	uint64_t now = clock__now();
	int fds[2];

	if (w->begun && now - w->begun < PAUSE_NS)
		return -EBUSY; /* else one that dies at once would make us do nothing but fork */
	w->begun = now;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	w->child = fork();
	if (w->child == 0)
		serve(w->symbols, fds[1]);
	close(fds[1]);
	w->fd = fds[0];
	w->changes = symbols__changes(w->symbols);
	if (w->child > 0)
		return 0;
	w->child = 0;
	close(fds[0]);
	return -EAGAIN;
}

static bool is_given_up(const struct unwinder *w, uint64_t key)
{
	int failures = 0;

	for (size_t i = 0; i < w->failed_n; i++)
		failures += w->failed[i] == key;
	return failures >= FAILURES || w->left_ms <= 0 || w->failed_n == MAX_FAILED;
}

/* The child may have been taken over by what it read. */
static void distrust(struct unwound *out)
{
	if (out->n > UNWIND_MAX)
		out->n = UNWIND_MAX;
	out->whole = out->whole != 0 && out->n;
	out->strange = out->strange != 0;
}

static int receive(struct unwinder *w, struct unwound *out)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&p, 1, STACK_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return -ETIMEDOUT;
	if (ready < 0 || recv(w->fd, out, sizeof(*out), 0) != sizeof(*out))
		return -EIO;
	distrust(out);
	return 0;
}

static void fail(struct unwinder *w, uint64_t key, int err)
{
	end(w, err != -ETIMEDOUT);
	w->failed[w->failed_n++] = key;
	if (err == -ETIMEDOUT)
		w->left_ms -= STACK_MS;
}

static int ask(struct unwinder *w, const struct wire_memory_event *e, size_t len,
	       struct unwound *out)
{
	int err = send(w->fd, e, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len ? 0 : -EIO;

	if (!err)
		err = receive(w, out);
	if (err)
		fail(w, e->h.key, err);
	return err;
}

/* Processes have been noted since the child was made, and that is long enough ago. */
static bool may_know_more(const struct unwinder *w)
{
	return w->changes != symbols__changes(w->symbols) && clock__now() - w->begun >= PAUSE_NS;
}

int unwinder__stack(struct unwinder *w, const struct wire_memory_event *e, size_t len,
		    struct unwound *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (len < offsetof(struct wire_memory_event, bytes) || e->len > WIRE_MEMORY_BYTES ||
	    len < offsetof(struct wire_memory_event, bytes) + e->len)
		return -EINVAL;
	if (is_given_up(w, e->h.key))
		return -EBUSY;
	if (!w->child)
		err = begin(w);
	if (!err)
		err = ask(w, e, len, out);
	if (err || !out->strange || !may_know_more(w))
		return err;
	end(w, true);
	err = begin(w);
	return err ? err : ask(w, e, len, out);
}

void unwinder__end(struct unwinder *w)
{
	end(w, true);
}

struct unwinder *unwinder__new(const struct symbols *symbols)
{
	struct unwinder *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->symbols = symbols;
	w->left_ms = ALL_MS;
	return w;
}

void unwinder__free(struct unwinder *w)
{
	if (!w)
		return;
	end(w, true);
	free(w);
}
