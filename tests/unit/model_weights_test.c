/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_weights.h"

#include "fixture.h"
#include "tap.h"
#include "text.h"

#define S (1000 * FIXTURE_MS)

/* A capture, its model and weighted stacks, all freed by end(). */
static struct capture *c;
static struct model *m;
static struct weights *w;

static void begin(struct capture *capture, enum weight weight)
{
	c = capture;
	m = model__new(c);
	w = model_weights__new(m, weight);
}

static void end(void)
{
	model_weights__free(w);
	model__free(m);
	capture__free(c);
}

static uint64_t total(void)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < w->rows_n; i++)
		ns = model__sum(ns, w->rows[i].ns);
	return ns;
}

/* "spinner 43: <module> > Worker.spin": whose stack a row is, and which. */
static const char *text_of(const struct weights_row *r)
{
	static char text[4096];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s %u:", r->thread, r->tid);

	for (size_t i = 0; i < r->frames_n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " > " : " ",
				      r->frames[i].name);
	return text;
}

static uint64_t ns_of(const char *text)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < w->rows_n; i++)
		ns += strcmp(text_of(&w->rows[i]), text) ? 0 : w->rows[i].ns;
	return ns;
}

#define NS(text, want) CHECK_INT(ns_of(text), want)

static void blame(void)
{
	begin(fixture__spinners(), WEIGHT_BLAME);
	CHECK_INT(total(), 19800 * FIXTURE_MS);
	CHECK_STR(w->name, "blame");
	CHECK_STR(w->count_name, "contentions");
	CHECK_STR(w->ns_name, "delay");
	CHECK_INT(w->start_unix_ns, 1767323045678000000);
	CHECK_INT(w->duration_ns, 10 * S);
	CHECK_INT(w->rows_n, 21);
	NS("spinner 43: <module> > Worker.spin",
	   6000 * FIXTURE_MS); /* the holder's, of two waiters */
	NS("spinner 43: <module> > load > scan_once", 500 * FIXTURE_MS);
	NS("spinner 43: <module> > Worker.spin > [asleep with the GIL: read]", 80 * FIXTURE_MS);
	NS(" 0: [the GIL changes hands]", 60 * FIXTURE_MS);
	CHECK_STR(w->rows[0].process, "python3.12");
	CHECK_INT(w->rows[0].pid, 42);
	CHECK_INT(w->rows[0].count, 601);
	end();
}

static void all_notes_of_blame(void)
{
	struct capture *capture = fixture__spinners();

	capture->blame[0].kind = BLAME_PREEMPTED;
	capture->blame[1].kind = BLAME_UNKNOWN;
	capture->blame[1].stack = 0;
	capture->blame[2].wait_ns = 0; /* a wait for a CPU alone is no width */
	begin(capture, WEIGHT_BLAME);
	CHECK_INT(w->rows_n, 20);
	NS("spinner 44: <module> > Worker.spin > [waits for a CPU with the GIL]",
	   3000 * FIXTURE_MS);
	NS("spinner 44: [holder not known]", 250 * FIXTURE_MS);
	end();
}

static void waits_for_the_gil(void)
{
	begin(fixture__spinners(), WEIGHT_GIL_WAIT);
	CHECK_INT(total(), 3 * 6600 * FIXTURE_MS);
	NS("spinner 44: <module> > Worker.spin > [waits for the GIL]", 6050 * FIXTURE_MS);
	NS("spinner 44: <module> > load > [waits for the GIL]", 550 * FIXTURE_MS);
	end();
}

static void on_cpu(void)
{
	begin(fixture__spinners(), WEIGHT_ONCPU);
	CHECK_INT(total(), 9900 * FIXTURE_MS);
	NS("spinner 43: <module> > Worker.spin", (uint64_t)3300 * FIXTURE_MS * 300 / 327);
	CHECK_INT(ns_of("spinner 43: <module> > Worker.spin") +
			  ns_of("spinner 43: <module> > load > scan_once"),
		  3300 * FIXTURE_MS);
	end();
}

static void holds(void)
{
	struct capture *capture = fixture__spinners();
	uint64_t held = 0;

	capture->threads[0].uses[0].held_offcpu_ns = S;
	begin(capture, WEIGHT_HOLD);
	for (size_t i = 0; i < m->processes[0].threads_n; i++)
		held += m->processes[0].threads[i].held_ns;
	CHECK(held > 10 * S);
	CHECK_INT(total(), held);
	CHECK_INT(w->rows[0].count + w->rows[1].count, 324); /* samples with the GIL */
	end();
}

static void off_cpu(void)
{
	uint64_t off = 0;

	begin(fixture__spinners(), WEIGHT_OFFCPU);
	for (size_t i = 0; i < c->threads_n; i++)
		off += c->threads[i].exists_ns - c->threads[i].state_ns[ST_RUN];
	CHECK_INT(total(), off);
	NS("python3.12 42: <module> > wait > [polls: poll]", 10 * S);
	NS("spinner 43: [polls]", 50 * FIXTURE_MS); /* nobody saw where */
	NS("spinner 43: [waits for a CPU]", 50 * FIXTURE_MS);
	end();
}

static void lock_waits(void)
{
	struct capture *capture = fixture__zoo();

	begin(capture, WEIGHT_LOCK_WAIT);
	CHECK_INT(total(), 100 * FIXTURE_MS);
	NS("a\nb 60: [waits for a lock]", 100 * FIXTURE_MS);
	end();
}

/* Every state but running has words, and they name the system call. */
static void all_states(void)
{
	struct capture *capture = fixture__spinners();

	for (uint32_t state = ST_RUNQ; state < ST_COUNT; state++) {
		if (state != ST_IO_POLL)
			fixture__spend(&capture->threads[3], state, (state + 1) * FIXTURE_MS);
		fixture__seen(capture, &capture->threads[3], state, S, 1, 0)->call = strdup("call");
	}
	begin(capture, WEIGHT_OFFCPU);
	NS("python3.12 42: [waits for a CPU: call]", 3 * FIXTURE_MS);
	NS("python3.12 42: [waits for the GIL]", 4 * FIXTURE_MS);
	NS("python3.12 42: [gives the GIL away]", 5 * FIXTURE_MS);
	NS("python3.12 42: [waits for a lock: call]", 6 * FIXTURE_MS);
	NS("python3.12 42: [file: call]", 7 * FIXTURE_MS);
	NS("python3.12 42: [pipe: call]", 8 * FIXTURE_MS);
	NS("python3.12 42: [socket: call]", 9 * FIXTURE_MS);
	NS("python3.12 42: [sleeps: call]", 11 * FIXTURE_MS);
	NS("python3.12 42: [waits for a child: call]", 12 * FIXTURE_MS);
	NS("python3.12 42: [blocked: call]", 13 * FIXTURE_MS);
	end();
}

static void no_samples(void)
{
	struct capture *capture = fixture__spinners();

	capture->samples_n = 0;
	for (enum weight weight = WEIGHT_GIL_WAIT; weight < WEIGHTS; weight++) {
		m = model__new(capture);
		w = model_weights__new(m, weight);
		if (weight == WEIGHT_ONCPU) {
			CHECK_INT(total(), 9900 * FIXTURE_MS);
			NS("spinner 43:", 3300 * FIXTURE_MS);
		}
		for (size_t i = 0; i < w->rows_n; i++)
			CHECK(w->rows[i].frames_n <= 1);
		model_weights__free(w);
		model__free(m);
	}
	capture->samples_n = 13;
	capture__free(capture);
}

static void check_default(struct capture *capture, const char *want)
{
	begin(capture, WEIGHT_DEFAULT);
	CHECK_STR(w->name, want);
	end();
}

static void default_weight(void)
{
	struct capture *capture = fixture__new();

	TAP_CALL(check_default(fixture__spinners(), "blame"));
	fixture__python(fixture__process(capture, 42, "python3"), "static", 1);
	fixture__thread(capture, 0, 42, "main");
	TAP_CALL(check_default(capture, "offcpu"));
}

/* As deep as a stack in a capture may be: all of it, with the note. */
static void deep_stacks(void)
{
	struct capture *capture = fixture__new();
	uint32_t node = 0;
	char name[16];

	fixture__process(capture, 42, "python3");
	fixture__thread(capture, 0, 42, "main");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		node = fixture__frame(capture, node, FRAME_PYTHON, name, NULL, 1);
	}
	fixture__seen(capture, &capture->threads[0], ST_IO_POLL, 1, 1, node);
	begin(capture, WEIGHT_OFFCPU);
	CHECK_INT(w->rows_n, 1);
	CHECK_INT(w->rows[0].frames_n, 1001);
	CHECK_STR(w->rows[0].frames[999].name, "f999");
	CHECK_STR(w->rows[0].frames[1000].name, "[polls]");
	CHECK_INT(w->rows[0].frames[1000].kind, FRAME_NOTE);
	end();
}

/* The shares of a thread's samples are rounded, their sum is not. */
static void rounding(void)
{
	struct capture *capture = fixture__new();
	uint32_t node;

	fixture__process(capture, 42, "python3");
	fixture__thread(capture, 0, 42, "main");
	fixture__spend(&capture->threads[0], ST_RUN, 1234567891);
	for (unsigned int i = 0; i < 997; i++) {
		node = fixture__frame(capture, 0, FRAME_PYTHON, "f", "f.py", i + 1);
		fixture__seen(capture, &capture->threads[0], ST_RUN, 0, 1 + i % 7, node);
	}
	begin(capture, WEIGHT_ONCPU);
	CHECK_INT(w->rows_n, 997);
	CHECK_INT(total(), 1234567891);
	end();
}

/* Strings stay valid UTF-8 where they are cut; figures of any size neither overflow nor wrap. */
static void hostile(void)
{
	static const char *const call =
		"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5";
	struct capture *capture = fixture__zoo();

	for (size_t i = 0; i < capture->samples_n; i++) {
		free(capture->samples[i].call);
		capture->samples[i].call = strdup(call + (i % 2 ? 0 : 3));
		capture->samples[i].ns = capture->samples[i].count = capture->samples[i].held =
			INT64_MAX - (i % 3);
	}
	for (size_t i = 0; i < capture->blame_n; i++) {
		free(capture->blame[i].call);
		capture->blame[i].call = strdup(call);
		capture->blame[i].kind = BLAME_OFFCPU;
		capture->blame[i].wait_ns = INT64_MAX;
	}
	for (enum weight weight = WEIGHT_BLAME; weight < WEIGHTS; weight++) {
		m = model__new(capture);
		w = model_weights__new(m, weight);
		CHECK(w);
		for (size_t i = 0; i < w->rows_n; i++) {
			const struct weights_row *r = &w->rows[i];

			for (size_t f = 0; f < r->frames_n; f++)
				CHECK(text__is_utf8(r->frames[f].name, strlen(r->frames[f].name)));
		}
		if (weight == WEIGHT_ONCPU)
			CHECK_INT(total(), 9900 * FIXTURE_MS + 1005 * FIXTURE_MS);
		if (weight ==
		    WEIGHT_BLAME) /* the sum has room in 63 bits, for whoever adds them up */
			CHECK_INT(w->rows[0].ns + w->rows[1].ns + w->rows[20].ns, INT64_MAX);
		model_weights__free(w);
		model__free(m);
	}
	capture__free(capture);
}

int main(void)
{
	TAP_RUN(blame);
	TAP_RUN(all_notes_of_blame);
	TAP_RUN(waits_for_the_gil);
	TAP_RUN(on_cpu);
	TAP_RUN(holds);
	TAP_RUN(off_cpu);
	TAP_RUN(lock_waits);
	TAP_RUN(all_states);
	TAP_RUN(no_samples);
	TAP_RUN(default_weight);
	TAP_RUN(deep_stacks);
	TAP_RUN(rounding);
	TAP_RUN(hostile);
	return TAP_DONE();
}
