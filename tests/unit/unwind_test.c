/* SPDX-License-Identifier: BSD-2-Clause */
/* unwind.c and unwinder.c: this very thread's stack, of known depth; a child that dies, or never answers. */
#include "unwind.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "own_stack.h"
#include "tap.h"
#include "unwinder.h"

static struct symbols *noted(void)
{
	struct symbols *s = symbols__new();

	symbols__note_process(s, OWN_KEY, getpid());
	return s;
}

static const char *function_of(struct symbols *s, uint64_t pc)
{
	struct symbols_place place;

	return symbols__find(s, OWN_KEY, pc, &place) && place.function ? place.function : "?";
}

/* How many frames from the newest on are of that function. */
static uint32_t depth_of(struct symbols *s, const struct unwound *out, const char *function)
{
	uint32_t n = 0;

	while (n < out->n && !strcmp(function_of(s, out->pc[n]), function))
		n++;
	return n;
}

static bool reaches_main(struct symbols *s, const struct unwound *out)
{
	for (uint32_t i = 0; i < out->n; i++) {
		if (!strcmp(function_of(s, out->pc[i]), "main"))
			return true;
	}
	return false;
}

static void a_recursion(void)
{
	struct symbols *s = noted();
	struct unwind *u = unwind__new(s);
	struct unwound out;

	for (int depth = 1; depth <= OWN_DEPTH; depth++) {
		struct wire_memory_event *e = own_stack(depth);

		unwind__stack(u, e, &out);
		free(e);
		CHECK_INT(depth_of(s, &out, "own_recursion"), depth);
		CHECK(reaches_main(s, &out));
		CHECK_INT(out.whole, 1);
		CHECK_INT(out.strange, 0);
	}
	unwind__free(u);
	symbols__free(s);
}

/* What did not come is not there, and what came is the same. */
static void a_copy_that_ends(void)
{
	struct symbols *s = noted();
	struct unwind *u = unwind__new(s);
	struct wire_memory_event *e = own_stack(OWN_DEPTH);
	struct unwound all, part;

	unwind__stack(u, e, &all);
	e->len = e->len < 2048 ? e->len / 2 : 1024;
	unwind__stack(u, e, &part);
	CHECK(part.n >= 1);
	CHECK(part.n < all.n);
	CHECK_INT(part.whole, 0);
	CHECK(!memcmp(all.pc, part.pc, part.n * sizeof(part.pc[0])));
	e->len = 0;
	unwind__stack(u, e, &part);
	CHECK_INT(part.n, 1);
	CHECK_INT(part.pc[0], all.pc[0]);
	free(e);
	unwind__free(u);
	symbols__free(s);
}

static void code_that_nobody_knows(void)
{
	struct symbols *s = noted();
	struct unwind *u = unwind__new(s);
	struct wire_memory_event *e = own_stack(2);
	struct unwound out;

	e->h.key = OWN_KEY + 1; /* not noted */
	unwind__stack(u, e, &out);
	CHECK_INT(out.n, 0);
	CHECK_INT(out.strange, 1);
	e->h.key = OWN_KEY;
	e->ip = e->regs[16] = 4096;
	unwind__stack(u, e, &out);
	CHECK_INT(out.n, 0);
	CHECK_INT(out.strange, 1);
	free(e);
	unwind__free(u);
	symbols__free(s);
}

/* No file tells how to leave it: it is the last. */
static void code_without_a_table(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct symbols *s = noted();
	struct unwind *u = unwind__new(s);
	struct wire_memory_event *e = own_stack(2);
	struct unwound out;

	e->ip = e->regs[16] = (uint64_t)(uintptr_t)code + 16;
	unwind__stack(u, e, &out);
	CHECK_INT(out.n, 1);
	CHECK_INT(out.whole, 0);
	CHECK_INT(out.strange, 0);
	free(e);
	unwind__free(u);
	symbols__free(s);
	munmap(code, 4096);
}

/* --- the same in a child ---------------------------------------------------------------------- */

static pid_t only_child(void)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static void through_a_child(void)
{
	struct symbols *s = noted();
	struct unwinder *w = unwinder__new(s);
	struct wire_memory_event *e = own_stack(OWN_DEPTH);
	struct unwound out;

	for (int i = 0; i < 3; i++) {
		const struct timespec pause = { .tv_nsec = 20000000 };

		if (i == 2) {
			unwinder__end(w); /* another one begins */
			CHECK_INT(only_child(), 0);
			nanosleep(&pause, NULL);
		}
		CHECK_INT(unwinder__stack(w, e, own_len(e), &out), 0);
		CHECK_INT(depth_of(s, &out, "own_recursion"), OWN_DEPTH);
		CHECK(reaches_main(s, &out));
		CHECK_INT(out.whole, 1);
	}
	free(e);
	unwinder__free(w);
	symbols__free(s);
}

/* It has a copy of what was known when it was made. */
static void noted_later(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct symbols *s = symbols__new();
	struct unwinder *w = unwinder__new(s);
	struct wire_memory_event *e = own_stack(OWN_DEPTH);
	struct unwound out;

	CHECK_INT(unwinder__stack(w, e, own_len(e), &out), 0);
	CHECK_INT(out.strange, 1);
	nanosleep(&pause, NULL);
	CHECK_INT(unwinder__stack(w, e, own_len(e), &out), 0);
	CHECK_INT(out.strange, 1);
	symbols__note_process(s, OWN_KEY, getpid());
	CHECK_INT(unwinder__stack(w, e, own_len(e), &out), 0);
	CHECK_INT(depth_of(s, &out, "own_recursion"), OWN_DEPTH);
	free(e);
	unwinder__free(w);
	symbols__free(s);
}

static void broken_events(void)
{
	struct symbols *s = noted();
	struct unwinder *w = unwinder__new(s);
	struct wire_memory_event *e = own_stack(2);
	struct unwound out;

	CHECK_INT(unwinder__stack(w, e, sizeof(e->h), &out), -EINVAL);
	CHECK_INT(unwinder__stack(w, e, own_len(e) - 1, &out), -EINVAL);
	e->len = WIRE_MEMORY_BYTES + 1;
	CHECK_INT(unwinder__stack(w, e, sizeof(*e), &out), -EINVAL);
	free(e);
	unwinder__free(w);
	symbols__free(s);
}

static int without_its_child(int signal, int want)
{
	struct symbols *s = noted();
	struct unwinder *w = unwinder__new(s);
	struct wire_memory_event *e = own_stack(2);
	struct unwound out;
	const struct timespec pause = { .tv_nsec = 20000000 };
	int err = want;

	for (int i = 0; i < 2 && err == want; i++) { /* once is no proof of anything */
		nanosleep(&pause, NULL);
		err = unwinder__stack(w, e, own_len(e), &out);
		if (!err && kill(only_child(), signal) == 0)
			err = unwinder__stack(w, e, own_len(e), &out);
	}
	nanosleep(&pause, NULL);
	if (err == want)
		err = unwinder__stack(w, e, own_len(e), &out) == -EBUSY ? 0 : -ENOTRECOVERABLE;
	free(e);
	unwinder__free(w);
	symbols__free(s);
	return err;
}

static void a_child_that_dies(void)
{
	CHECK_INT(without_its_child(SIGKILL, -EIO), 0);
}

static void a_child_that_never_answers(void)
{
	CHECK_INT(without_its_child(SIGSTOP, -ETIMEDOUT), 0);
}

int main(void)
{
	TAP_RUN(a_recursion);
	TAP_RUN(a_copy_that_ends);
	TAP_RUN(code_that_nobody_knows);
	TAP_RUN(code_without_a_table);
	TAP_RUN(through_a_child);
	TAP_RUN(noted_later);
	TAP_RUN(broken_events);
	TAP_RUN(a_child_that_dies);
	TAP_RUN(a_child_that_never_answers);
	return TAP_DONE();
}
