/* SPDX-License-Identifier: BSD-2-Clause */
/* natives.c: this very thread's callers, beside a stack of Python that is made up. */
#include "natives.h"

#include <errno.h>
#include <sys/mman.h>

#include "fixture.h"
#include "own_stack.h"
#include "tap.h"
#include "wire_fixture.h"

#define A 0x7f0000001000ull /* code objects */
#define B 0x7f0000002000ull
#define STACK 7

static struct symbols *symbols;
static struct stacks *stacks;
static struct samples *samples;
static struct natives *n;

static void begin(enum wire_native how)
{
	const uint64_t codes[] = { B | WIRE_LOOP, A | WIRE_LOOP };
	const char *const names[] = { "f", "main.py" };
	struct wire_stack_event *e = wire_stack(OWN_KEY, STACK, 2, codes);

	symbols = symbols__new();
	stacks = stacks__new();
	samples = samples__new();
	symbols__note_process(symbols, OWN_KEY, getpid());
	n = natives__new(symbols, stacks, how);
	for (size_t i = 0; i < 2; i++) {
		struct wire_code_event *code =
			wire_code(OWN_KEY, codes[i] & ~WIRE_LOOP, names[i], "app.py", 5);

		stacks__add_code(stacks, code, wire_code_len(code), &wire_frames_3_12);
		free(code);
	}
	stacks__add(stacks, e, wire_stack_len(e));
	free(e);
}

static void end(void)
{
	natives__free(n);
	samples__free(samples);
	stacks__free(stacks);
	symbols__free(symbols);
}

/* The stacks as they are written, through a file. */
static struct capture *written(void)
{
	struct capture *empty = fixture__new(), *c;
	struct capture_writer *w = capture_writer__new();
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char err[256] = "";

	if (stacks__write(stacks, w) || capture_writer__end(w, &empty->info, fd) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	c = capture__read(fd, err, sizeof(err));
	capture_writer__free(w);
	capture__free(empty);
	close(fd);
	return c;
}

/* "main.py f own_recursion*3": the root first, repeated names counted. */
static const char *text_of(uint32_t node)
{
	static char text[4096];
	struct capture *c = written();
	const char *names[256];
	size_t count = 0, len = 0;

	for (; node && count < 256; node = c->nodes[node - 1].parent)
		names[count++] = c->frames[c->nodes[node - 1].frame - 1].name;
	text[0] = '\0';
	for (size_t i = count, run; i > 0; i -= run) {
		for (run = 1; run < i && !strcmp(names[i - 1], names[i - 1 - run]); run++)
			;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "",
					names[i - 1]);
		if (run > 1)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "*%zu", run);
	}
	capture__free(c);
	return text;
}

/* The sample that belongs to the event of callers before it. */
static bool sample(uint64_t stack, uint64_t time)
{
	const struct wire_sample_event e = {
		.h = { .type = EV_SAMPLE, .key = OWN_KEY, .tgid = 42, .time = time },
		.stack = stack,
		.tid = (uint32_t)gettid(),
		.state = ST_RUN,
		.native = time,
	};
	struct natives_place place;
	bool found = natives__claim(n, &e, &place);

	samples__add(samples, &e, place.ip, place.callers);
	return found;
}

static const char *first_row(void)
{
	const struct samples_row *rows;

	natives__finish(n, samples);
	return samples__rows(samples, &rows) ? text_of(natives__node(n, &rows[0])) : "";
}

static const char *python_alone(void)
{
	return text_of(natives__python_node(n, OWN_KEY, STACK));
}

static void by_tables(void)
{
	struct wire_memory_event *e = own_stack(OWN_DEPTH);
	const char *text;

	begin(NATIVE_DWARF);
	CHECK_INT(natives__memory(n, e, own_len(e)), 0);
	CHECK(sample(0, 1000));
	text = first_row();
	CHECK(strstr(text, " main "));
	CHECK(strstr(text, " by_tables own_recursion*20"));
	CHECK_INT(natives__lost(n), 0);
	free(e);
	end();
}

/* No eval loop is among the native frames, so they have no place below Python's. */
static void python_and_native(void)
{
	struct wire_memory_event *e = own_stack(3);
	const char *text;

	begin(NATIVE_DWARF);
	CHECK_INT(natives__memory(n, e, own_len(e)), 0);
	CHECK(sample(STACK, 1000));
	text = first_row();
	CHECK(!strncmp(text, "main.py f ", 10));
	CHECK(strstr(text, " python_and_native own_recursion*3"));
	CHECK_STR(python_alone(), "main.py f");
	free(e);
	end();
}

/* --- by frame pointers ------------------------------------------------------------------------ */

/* As the kernel side follows them. The tests are compiled with them; libc is not. */
__attribute__((noinline)) static struct wire_callers_event *own_callers(void)
{
	struct wire_callers_event *e = calloc(1, sizeof(*e));
	const uint64_t *fp = __builtin_frame_address(0);

	e->h = (struct wire_event){ .type = EV_CALLERS, .key = OWN_KEY, .time = 1000 };
	e->tid = (uint32_t)gettid();
	e->ip[e->n++] = (uint64_t)(uintptr_t)own_callers + 64;
	while (e->n < 32 && (uint64_t)(uintptr_t)fp > 4096) {
		uint64_t link[2];
		struct iovec to = { link, sizeof(link) },
			     from = { (void *)(uintptr_t)fp, sizeof(link) };

		if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != sizeof(link) || !link[1])
			break;
		e->ip[e->n++] = link[1];
		fp = (const uint64_t *)(uintptr_t)link[0];
	}
	e->ip[e->n++] =
		(uint64_t)(uintptr_t)own_recursion + 64; /* chance, behind code without any */
	return e;
}

static size_t callers_len(const struct wire_callers_event *e)
{
	return offsetof(struct wire_callers_event, ip) + e->n * sizeof(e->ip[0]);
}

#if defined(__x86_64__)
static void by_frame_pointers(void)
{
	struct wire_callers_event *e = own_callers();
	const char *text;

	begin(NATIVE_FP);
	CHECK_INT(natives__callers(n, e, callers_len(e)), 0);
	CHECK(sample(0, 1000));
	text = first_row();
	CHECK(strstr(text, "main tap_run by_frame_pointers own_callers"));
	CHECK(!strstr(text, "own_recursion")); /* libc keeps none: the chain ends there */
	free(e);
	end();
}
#endif

/* --- what belongs together -------------------------------------------------------------------- */

static void claims(void)
{
	struct wire_callers_event *e = own_callers();
	struct natives_place place;
	struct wire_sample_event s = { .h.type = EV_OFF, .tid = e->tid, .native = 1000 };

	begin(NATIVE_FP);
	CHECK(!natives__claim(n, &s, &place)); /* nothing has come */
	CHECK_INT(natives__callers(n, e, callers_len(e)), 0);
	CHECK(natives__claim(n, &s, &place));
	CHECK_INT(place.ip, e->ip[0]);
	CHECK(place.callers);
	s.native = 1001;
	CHECK(!natives__claim(n, &s, &place)); /* another time's */
	CHECK_INT(place.callers, 0);
	s.native = 0;
	CHECK(!natives__claim(n, &s, &place)); /* none was told */
	s.native = 1000;
	s.tid++;
	CHECK(!natives__claim(n, &s, &place)); /* another thread's */
	free(e);
	end();
}

/* A time off the CPU without callers was where those of the same stack were. */
static void the_like(void)
{
	struct wire_memory_event *e = own_stack(3);
	const struct samples_row *rows;
	const char *text;

	begin(NATIVE_DWARF);
	CHECK_INT(natives__memory(n, e, own_len(e)), 0);
	CHECK(sample(STACK, 1000));
	CHECK(!sample(STACK, 2000));
	natives__finish(n, samples);
	CHECK_INT(samples__rows(samples, &rows), 2);
	text = text_of(natives__node(n, &rows[1]));
	CHECK(strstr(text, "own_recursion*3"));
	free(e);
	end();
}

static void broken_events(void)
{
	struct wire_callers_event *e = own_callers();

	begin(NATIVE_FP);
	CHECK_INT(natives__callers(n, e, sizeof(e->h)), -EINVAL);
	CHECK_INT(natives__callers(n, e, callers_len(e) - 1), -EINVAL);
	e->n = 0;
	CHECK_INT(natives__callers(n, e, callers_len(e)), -EINVAL);
	e->n = WIRE_CALLERS + 2;
	CHECK_INT(natives__callers(n, e, sizeof(*e) + 8), -EINVAL);
	free(e);
	end();
}

int main(void)
{
	TAP_RUN(by_tables);
	TAP_RUN(python_and_native);
#if defined(__x86_64__)
	TAP_RUN(by_frame_pointers);
#endif
	TAP_RUN(claims);
	TAP_RUN(the_like);
	TAP_RUN(broken_events);
	return TAP_DONE();
}
