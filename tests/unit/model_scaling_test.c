/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_scaling.h"

#include "fixture.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

static struct capture *c;
static struct model *m;
static struct model_contention *k;
static struct model_scaling *s;

static void begin(void)
{
	m = model__new(c);
	k = model_contention__new(m);
	s = model_scaling__new(m, k);
}

static void end(void)
{
	model_scaling__free(s);
	model_contention__free(k);
	model__free(m);
	capture__free(c);
}

/* Thread `tid` of c->processes[process] uses 10 % with the GIL and 30 % without, and queues for 20 %. */
static struct capture_thread *worker(size_t process, uint32_t tid)
{
	struct capture_thread *t = fixture__thread(c, process, tid, "worker");

	fixture__spend(t, ST_RUN, 4 * S);
	fixture__spend(t, ST_RUNQ, S);
	fixture__spend(t, ST_GIL_WAIT, S);
	t->samples = 400;
	fixture__use(t, 0x1000, 100, S, 500);
	t->voluntary = 1500;
	return t;
}

static void workers(size_t processes, uint32_t threads)
{
	c = fixture__new();
	for (size_t p = 0; p < processes; p++) {
		fixture__python(fixture__process(c, 42 + (uint32_t)p, "python3"), "shared", 1);
		for (uint32_t t = 0; t < threads; t++)
			worker(p, 100 + 1000 * (uint32_t)p + t);
		fixture__thread(c, p, 99 + 1000 * (uint32_t)p, "idle");
	}
}

static void demands(void)
{
	workers(1, 2);
	begin();
	CHECK_STR(s->unknown, NULL);
	CHECK_INT(s->workers, 2);
	CHECK_NEAR(s->base.demand.s, 0.1, 1e-9);
	CHECK_NEAR(s->base.demand.d, 0.3, 1e-9);
	CHECK_NEAR(s->base.demand.z, 0.4, 1e-9);
	CHECK_NEAR(s->lone_threads, 1.6, 1e-9);
	CHECK_NEAR(s->base.cpus, 2, 0);
	CHECK(s->has_gil && !s->base.waits_unseen && !s->unlike && !s->few_sleeps);
	CHECK_INT(s->doubts_n, 0);
	end();
}

/* Everything that is neither queueing nor a demand for a CPU is a delay. */
static void delays(void)
{
	static const enum wire_state delay[] = { ST_IO_FILE,	ST_IO_PIPE, ST_IO_SOCKET, ST_SLEEP,
						 ST_CHILD_WAIT, ST_BLOCKED, ST_LOCK_WAIT };
	static const enum wire_state queue[] = { ST_GIL_DROP, ST_RUNQ, ST_GIL_WAIT };

	for (size_t i = 0; i < sizeof(delay) / sizeof(delay[0]); i++) {
		workers(1, 2);
		fixture__spend(&c->threads[0], delay[i], 2 * S);
		begin();
		CHECK_NEAR(s->base.demand.z, 0.4, 1e-9);
		end();
	}
	for (size_t i = 0; i < sizeof(queue) / sizeof(queue[0]); i++) {
		workers(1, 2);
		fixture__spend(&c->threads[0], queue[i], 2 * S);
		begin();
		CHECK_NEAR(s->base.demand.z, 0.3, 1e-9);
		end();
	}
}

static void contended_locks_are_no_delay(void)
{
	workers(1, 2);
	for (size_t i = 0; i < 2; i++) {
		fixture__spend(&c->threads[i], ST_LOCK_WAIT, S);
		fixture__lock(c, 0, 0x8000, 100 + (uint32_t)i, 0, S, 1000);
	}
	begin();
	CHECK_NEAR(s->base.demand.z, 0.3, 1e-9);
	CHECK(s->base.waits_unseen);
	CHECK_INT(s->doubts_n, 1);
	CHECK(strstr(s->caveats[0], "contended"));
	end();
}

static void asleep_with_the_gil_is_no_delay(void)
{
	workers(1, 2);
	c->threads[0].uses[0].held_offcpu_ns = 3 * S; /* of which 1 s may be in the run queue */
	begin();
	CHECK_NEAR(s->base.demand.z, 0.3, 1e-9);
	CHECK(s->base.waits_unseen && strstr(s->caveats[0], "sleep with the GIL"));
	end();
	workers(1, 2);
	c->threads[0].uses[0].held_offcpu_ns = S; /* all of it may be */
	begin();
	CHECK_NEAR(s->base.demand.z, 0.4, 1e-9);
	CHECK(!s->base.waits_unseen);
	end();
}

static void layouts_of_processes(void)
{
	const struct scaling_layout twice = { 6, 2 }, now = { 3, 2 };
	const struct model_prediction *p;

	workers(3, 2);
	begin();
	CHECK_STR(s->unknown, NULL);
	CHECK_INT(s->base.now.processes, 3);
	CHECK_INT(s->base.now.threads, 2);
	p = model_scaling__find(s, LAYOUT_PROCESSES, now);
	CHECK(p && p->range.ratio == 1);
	p = model_scaling__find(s, LAYOUT_PROCESSES, twice);
	CHECK(p && p->range.low <= p->range.ratio && p->range.ratio <= p->range.high);
	end();
}

/* Each layout once, in order, none with more workers than twice the present ones or 16. */
static void grid(void)
{
	for (uint32_t threads = 1; threads <= 64; threads += 21) {
		uint64_t most = 2 * threads < 16 ? 16 : 2 * threads;

		workers(1, threads);
		begin();
		CHECK_STR(s->unknown, NULL);
		CHECK(s->predictions_n >= 8);
		for (size_t i = 0; i < s->predictions_n; i++) {
			const struct model_prediction *p = &s->predictions[i];

			CHECK((uint64_t)p->layout.processes * p->layout.threads <= most);
			CHECK(p->kind != LAYOUT_THREADS || p->layout.processes == 1);
			CHECK(model_scaling__find(s, p->kind, p->layout) == p);
			CHECK(p->range.low > 0 && p->range.low <= p->range.ratio);
			CHECK(p->range.ratio <= p->range.high);
		}
		CHECK(model_scaling__find(s, LAYOUT_THREADS,
					  (struct scaling_layout){ 1, 2 * threads }));
		CHECK(model_scaling__find(s, LAYOUT_FREE_THREADED,
					  (struct scaling_layout){ 1, threads }));
		end();
	}
}

static void no_gil(void)
{
	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3.13t"), "shared free-threaded", 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct capture_thread *t = worker(0, 43 + i);

		t->uses_n = 0;
	}
	begin();
	CHECK_STR(s->unknown, NULL);
	CHECK_NEAR(s->base.demand.s, 0, 0);
	CHECK_NEAR(s->base.demand.d, 0.4, 1e-9);
	for (size_t i = 0; i < s->predictions_n; i++)
		CHECK(s->predictions[i].kind != LAYOUT_FREE_THREADED);
	end();
}

/* Samples may show a GIL that is held for more than all of the time. */
static void a_gil_is_held_once(void)
{
	workers(1, 4);
	for (size_t i = 0; i < 4; i++) {
		fixture__spend(&c->threads[i], ST_RUN, S);
		c->threads[i].uses[0].samples = c->threads[i].samples;
	}
	c->threads[0].state_ns[ST_RUN] += 4 * S; /* a hostile one: 2.4 s of GIL a second */
	begin();
	CHECK_NEAR(4 * s->base.demand.s, 1, 1e-9);
	end();
}

static void cannot_tell(const char *why)
{
	begin();
	if (!s->unknown || !strstr(s->unknown, why))
		TAP_FAIL("\"%s\" is not \"%s\"", s->unknown ? s->unknown : "(known)", why);
	CHECK_INT(s->predictions_n, 0);
	end();
}

static void what_cannot_be_told(void)
{
	workers(1, 2);
	c->info.duration_ns = S - 1;
	TAP_CALL(cannot_tell("shorter than a second"));
	workers(1, 2);
	c->threads[0].exists_ns = 8 * S;
	TAP_CALL(cannot_tell("came and went"));
	workers(1, 2);
	c->threads[0].merged = 2;
	TAP_CALL(cannot_tell("came and went"));
	workers(1, 0);
	TAP_CALL(cannot_tell("1 % of the window"));
	workers(1, 2);
	c->processes[0].gils_n = 0;
	c->threads[0].uses_n = c->threads[1].uses_n = 0;
	TAP_CALL(cannot_tell("not known when threads held the GIL"));
	workers(1, 2);
	c->threads[0].unknown_gil_samples = 200;
	TAP_CALL(cannot_tell("not known when threads held the GIL"));
	workers(2, 2);
	worker(1, 77);
	TAP_CALL(cannot_tell("different numbers"));
	workers(1, MODEL_MAX_WORKERS + 1);
	TAP_CALL(cannot_tell("more than 512"));
	workers(1, 2);
	c->info.cpus = 0;
	c->processes[0].cpu_mask[0] = 0;
	TAP_CALL(cannot_tell("how many CPUs"));
}

static void several_gils(void)
{
	c = fixture__new();
	fixture__python(fixture__process(c, 42, "python3"), "shared", 2);
	for (uint32_t i = 0; i < 2; i++)
		worker(0, 43 + i)->uses[0].gil = 0x1000 * (i + 1);
	TAP_CALL(cannot_tell("several GILs"));
}

/* Threads that came and went, but did less than 5 % of all: they are left out. */
static void a_few_short_threads(void)
{
	workers(1, 4);
	worker(0, 77)->exists_ns = 8 * S;
	c->threads[5].state_ns[ST_RUN] = S;
	c->threads[5].state_ns[ST_RUNQ] = c->threads[5].state_ns[ST_GIL_WAIT] = 0;
	begin();
	CHECK_STR(s->unknown, NULL);
	CHECK_INT(s->workers, 4);
	end();
}

/* 1 % of the window makes a worker. */
static void who_is_a_worker(void)
{
	workers(1, 2);
	fixture__spend(&c->threads[2], ST_RUNQ, 100 * FIXTURE_MS);
	begin();
	CHECK_INT(s->workers, 3);
	end();
	workers(1, 2);
	fixture__spend(&c->threads[2], ST_RUNQ, 100 * FIXTURE_MS - 1);
	begin();
	CHECK_INT(s->workers, 2);
	end();
}

static void doubts(void)
{
	workers(1, 1);
	begin();
	CHECK(s->base.waits_unseen && strstr(s->caveats[0], "one active thread"));
	end();
	workers(1, 2);
	c->threads[0].uses[0].samples = 201;
	begin();
	CHECK(s->unlike && strstr(s->caveats[0], "same mix"));
	end();
}

/* Saturated, with 20 sleeps in all: one worker alone may need no delay at all. */
static void few_sleeps(void)
{
	const struct scaling_layout one = { 1, 1 };
	double high;

	workers(1, 6);
	for (size_t i = 0; i < 6; i++)
		c->threads[i].voluntary = 503;
	begin();
	CHECK(s->few_sleeps && s->doubts_n == 1);
	high = model_scaling__find(s, LAYOUT_THREADS, one)->range.high;
	end();
	workers(1, 6);
	begin();
	CHECK(!s->few_sleeps);
	CHECK(high > 1.5 * model_scaling__find(s, LAYOUT_THREADS, one)->range.high);
	end();
}

/* Other programs slow it down: what twice the threads would win of that is no gain of theirs. */
static void other_programs(void)
{
	const struct scaling_layout twice = { 1, 4 }, now = { 1, 2 };
	struct scaling_range alone, beside;

	workers(1, 2);
	begin();
	alone = model_scaling__find(s, LAYOUT_THREADS, twice)->range;
	CHECK_NEAR(s->others, 0, 0);
	end();
	workers(1, 2);
	fixture__cpu(c, 0, 4 * S, 6 * S);
	fixture__cpu(c, 1, 4 * S, 6 * S);
	begin();
	CHECK_NEAR(s->others, 1.2, 1e-9);
	CHECK(s->doubts_n == 1 && strstr(s->caveats[0], "Other programs"));
	beside = model_scaling__find(s, LAYOUT_THREADS, twice)->range;
	CHECK(beside.ratio < alone.ratio && beside.low < alone.low);
	CHECK(beside.ratio > 1 && beside.low > 0.5);
	CHECK(model_scaling__find(s, LAYOUT_THREADS, now)->range.ratio == 1);
	end();
	workers(1, 2);
	fixture__cpu(c, 0, 4 * S, S);
	fixture__cpu(c, 1, 4 * S, S);
	begin();
	CHECK_NEAR(s->others, 0, 0);
	end();
}

/* It is fitted to the present only where that is the program's own. */
static void stall(void)
{
	workers(1, 2);
	begin();
	CHECK(s->base.stall.error > 0 && s->base.stall.error < 0.39);
	end();
	workers(1, 2);
	fixture__cpu(c, 0, 4 * S, 6 * S);
	fixture__cpu(c, 1, 4 * S, 6 * S);
	begin();
	CHECK_NEAR(s->base.stall.share, 0.4, 1e-9);
	CHECK_NEAR(s->base.stall.error, 0.4, 1e-9);
	CHECK(s->base.reference > 0);
	end();
}

/* The standard error of the split of the CPU time, within the limits of the recipe. */
static void delta(void)
{
	workers(1, 2);
	begin();
	CHECK_NEAR(s->base.delta, 0.0612, 1e-3); /* sqrt(0.75 / (0.25 * 800)) */
	end();
	workers(1, 2);
	for (size_t i = 0; i < 2; i++) {
		c->threads[i].samples = 8;
		c->threads[i].uses[0].samples = 2;
	}
	begin();
	CHECK_NEAR(s->base.delta, 0.2, 1e-9);
	end();
	workers(1, 2);
	for (size_t i = 0; i < 2; i++)
		c->threads[i].uses[0].samples = 400;
	begin();
	CHECK_NEAR(s->base.delta, 0.05, 1e-9);
	end();
}

static double cpus_of(void)
{
	struct model_cpus found;

	m = model__new(c);
	found = model_cpus__of(m);
	model__free(m);
	capture__free(c);
	return found.by_quota ? -found.cpus : found.cpus;
}

static void quota(size_t process, uint64_t millicpus, const char *cgroup)
{
	c->processes[process].quota_millicpus = millicpus;
	c->processes[process].quota_cgroup = strdup(cgroup);
}

/* Negative: by quota. */
static void cpus(void)
{
	workers(1, 2);
	c->processes[0].cpu_mask[0] = 1;
	CHECK_NEAR(cpus_of(), 1, 0);
	workers(2, 2); /* each on another CPU, and more than are on-line */
	c->processes[0].cpu_mask[0] = 1;
	c->processes[1].cpu_mask[0] = 0;
	c->processes[1].cpu_mask[3] = 6;
	CHECK_NEAR(cpus_of(), 2, 0);
	workers(2, 2);
	c->info.cpus = 8;
	c->processes[0].cpu_mask[0] = 1;
	c->processes[1].cpu_mask[0] = 0;
	c->processes[1].cpu_mask[3] = 6;
	CHECK_NEAR(cpus_of(), 3, 0);
	workers(1, 2);
	c->processes[0].cpu_mask[0] = 0;
	CHECK_NEAR(cpus_of(), 2, 0);
	workers(1, 2);
	quota(0, 500, "/a");
	CHECK_NEAR(cpus_of(), -0.5, 1e-12);
	workers(1, 2);
	quota(0, 2500, "/a");
	CHECK_NEAR(cpus_of(), 2, 0);
	workers(3, 2); /* two share a quota, the third has its own */
	quota(0, 500, "/a");
	quota(1, 500, "/a");
	quota(2, 750, "/b");
	CHECK_NEAR(cpus_of(), -1.25, 1e-12);
	workers(2, 2); /* one has none */
	quota(0, 500, "/a");
	CHECK_NEAR(cpus_of(), 2, 0);
	workers(1, 2); /* an idle process limits nobody */
	fixture__process(c, 7, "idle");
	c->processes[1].cpu_mask[0] = 1;
	quota(0, 500, "/a");
	CHECK_NEAR(cpus_of(), -0.5, 1e-12);
	c = fixture__new();
	CHECK_NEAR(cpus_of(), 2, 0);
}

int main(void)
{
	TAP_RUN(demands);
	TAP_RUN(delays);
	TAP_RUN(contended_locks_are_no_delay);
	TAP_RUN(asleep_with_the_gil_is_no_delay);
	TAP_RUN(layouts_of_processes);
	TAP_RUN(grid);
	TAP_RUN(no_gil);
	TAP_RUN(a_gil_is_held_once);
	TAP_RUN(what_cannot_be_told);
	TAP_RUN(several_gils);
	TAP_RUN(a_few_short_threads);
	TAP_RUN(who_is_a_worker);
	TAP_RUN(doubts);
	TAP_RUN(few_sleeps);
	TAP_RUN(other_programs);
	TAP_RUN(stall);
	TAP_RUN(delta);
	TAP_RUN(cpus);
	return TAP_DONE();
}
