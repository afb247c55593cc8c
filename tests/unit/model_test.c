/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_locks.h"

#include "fixture.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

/* A capture and its model, both freed by end(). */
static struct capture *c;
static struct model *m;

static void begin(struct capture *capture)
{
	c = capture;
	m = model__new(c);
}

static void end(void)
{
	model__free(m);
	capture__free(c);
}

static struct capture *one_thread(size_t gils)
{
	struct capture *capture = fixture__new();

	fixture__python(fixture__process(capture, 42, "python3"), "static", gils);
	fixture__thread(capture, 0, 42, "main");
	return capture;
}

static void sampled_split(void)
{
	struct capture *capture = one_thread(1);
	struct capture_thread *t = &capture->threads[0];
	const struct model_thread *mt;

	fixture__spend(t, ST_RUN, 4 * S);
	t->samples = 400;
	t->run_held_ns = 4 * S; /* what samples say counts more */
	fixture__use(t, 0x1000, 100, 0, 0);
	t->uses[0].held_offcpu_ns = S / 2;
	begin(capture);
	mt = &m->processes[0].threads[0];
	CHECK_INT(mt->run_gil_ns, S);
	CHECK_INT(mt->run_nogil_ns, 3 * S);
	CHECK_INT(mt->held_offcpu_ns, S / 2);
	CHECK_INT(mt->held_ns, S + S / 2);
	CHECK_INT(mt->gil_samples, 100);
	CHECK_INT(m->processes[0].gils_n, 1);
	CHECK_INT(m->processes[0].gils[0].held_ns, S + S / 2);
	CHECK_NEAR(m->processes[0].gils[0].utilization, 0.15, 1e-9);
	CHECK_INT(m->processes[0].gils[0].switches, 2000);
	end();
}

static void split_without_samples(void)
{
	struct capture *capture = one_thread(2);
	struct capture_thread *t = &capture->threads[0];

	fixture__spend(t, ST_RUN, 4 * S);
	t->run_held_ns = 3 * S;
	fixture__use(t, 0x1000, 0, S, 3);
	fixture__use(t, 0x2000, 0, S, 5);
	begin(capture);
	CHECK_INT(m->processes[0].threads[0].run_gil_ns, 3 * S);
	CHECK_INT(m->processes[0].gils[0].held_ns, 0);
	CHECK_INT(m->processes[0].gils[1].held_ns, 3 * S); /* that with the most waits */
	end();
}

static void split_without_uses(void)
{
	struct capture *capture = one_thread(1);

	fixture__spend(&capture->threads[0], ST_RUN, 4 * S);
	capture->threads[0].run_held_ns = 9 * S; /* more than there is */
	begin(capture);
	CHECK_INT(m->processes[0].threads[0].run_gil_ns, 4 * S);
	CHECK_INT(m->processes[0].gils[0].held_ns, 4 * S);
	end();
}

static void no_gil_no_split(void)
{
	struct capture *capture = one_thread(0);

	fixture__spend(&capture->threads[0], ST_RUN, 4 * S);
	capture->threads[0].run_held_ns = S;
	capture->threads[0].samples = 4;
	capture->threads[0].unknown_gil_samples = 1;
	begin(capture);
	CHECK_INT(m->processes[0].threads[0].run_gil_ns, 0);
	CHECK_INT(m->processes[0].threads[0].run_nogil_ns, 4 * S);
	CHECK_INT(m->processes[0].gils_n, 0);
	CHECK_INT(m->processes[0].gil_unknown_ns, S);
	end();
}

/* Samples divide a thread's holding between its GILs; one that has gone with an exec still counts. */
static void several_gils(void)
{
	struct capture *capture = one_thread(2);
	struct capture_thread *t = &capture->threads[0];
	const struct model_gil *gils;

	fixture__spend(t, ST_RUN, 4 * S);
	t->samples = 400;
	fixture__use(t, 0x1000, 100, S, 1);
	fixture__use(t, 0x2000, 200, S, 2);
	fixture__use(t, 0x9000, 50, 2 * S, 3);
	begin(capture);
	gils = m->processes[0].gils;
	CHECK_INT(m->processes[0].gils_n, 3);
	CHECK_INT(gils[0].held_ns, S);
	CHECK_INT(gils[1].held_ns, 2 * S);
	CHECK_INT(gils[2].held_ns, S / 2);
	CHECK_INT(gils[2].wait_ns, 2 * S);
	CHECK(!gils[2].gil);
	CHECK_INT(m->processes[0].threads[0].run_gil_ns, 3 * S + S / 2);
	end();
}

static void spinners(void)
{
	const struct model_process *p;

	begin(fixture__spinners());
	p = &m->processes[0];
	CHECK_INT(p->threads_n, 4);
	CHECK_INT(p->cpu_ns, 9900 * FIXTURE_MS);
	CHECK_NEAR(p->achieved, 0.99, 1e-9);
	CHECK_NEAR(p->wanted, 0.99 + 0.015 + 1.98, 1e-9);
	CHECK_INT(p->waiters, 3);
	CHECK_NEAR(p->waiters_share, 0.66, 1e-9);
	CHECK_INT(p->longest_wait_ns, 15 * FIXTURE_MS);
	CHECK_INT(p->gils[0].waiters, 3);
	CHECK_INT(p->gils[0].waits, 3 * 1320);
	CHECK_NEAR(p->gils[0].utilization, 0.98, 0.001);
	CHECK_INT(m->samples, 3 * 3290);
	CHECK_INT(m->switches, 3 * 2000);
	CHECK_INT(m->cpu_target_ns, 9900 * FIXTURE_MS);
	for (int l = 0; l < LAW_COUNT; l++) {
		CHECK(m->laws[l].checked || l == LAW_LOCK);
		CHECK_INT(m->laws[l].broken, 0);
	}
	end();
}

static void order(void)
{
	struct capture *capture = fixture__new();
	static const uint32_t tids[] = { 6, 5, 3, 4, 2, 0 };

	fixture__process(capture, 9, "idle");
	fixture__process(capture, 7, "busy");
	fixture__process(capture, 8, "idle");
	for (uint32_t tid = 2; tid < 7; tid++) {
		struct capture_thread *t = fixture__thread(capture, 1, tid, "t");

		fixture__spend(t, ST_RUN, tid > 4 ? S * tid / 10 : 0);
		fixture__spend(t, ST_GIL_WAIT, tid > 2 ? S / 10 : 0);
	}
	fixture__spend(fixture__thread(capture, 1, 0, ""), ST_RUN, 9 * S); /* last all the same */
	capture->threads[5].merged = 3;
	begin(capture);
	CHECK_INT(m->processes[0].process->pid, 7);
	CHECK_INT(m->processes[1].process->pid, 8);
	CHECK_INT(m->processes[2].process->pid, 9);
	CHECK_INT(m->processes[0].threads_n, 6);
	CHECK_INT(m->processes[0].existed, 8);
	for (size_t i = 0; i < 6; i++)
		CHECK_INT(m->processes[0].threads[i].row->tid, tids[i]);
	end();
}

/* Two rows of one thread, one before and one after an exec. */
static struct capture *twice(void)
{
	struct capture *capture = one_thread(1);

	fixture__thread(capture, 0, 42, "after");
	for (size_t i = 0; i < 2; i++) {
		struct capture_thread *t = &capture->threads[i];

		t->exists_ns = t->state_ns[ST_IO_POLL] = 5 * S;
		fixture__spend(t, ST_RUN, (i + 1) * S);
		fixture__interval(&t->gil_wait, (i + 1) * 1000, 10);
		fixture__use(t, 0x1000 * (2 - i), 0, 0, 1);
		fixture__use(t, 0x5000, 0, 0, i + 1);
		fixture__blocked(t, i ? "fsync" : "stopped", 10);
		fixture__blocked(t, "page_fault", 20);
		fixture__on_cpu(t, i * 3, S);
		t->voluntary = 5;
		t->edges_on_cpu = 1;
	}
	capture->threads[0].born = capture->threads[0].exited = true;
	return capture;
}

static void merged_rows(void)
{
	const struct capture_thread *t;

	begin(twice());
	CHECK_INT(m->processes[0].threads_n, 1);
	CHECK_INT(m->processes[0].existed, 1);
	t = m->processes[0].threads[0].row;
	CHECK_STR(t->name, "after");
	CHECK(t->born && !t->exited);
	CHECK_INT(t->exists_ns, 10 * S);
	CHECK_INT(t->state_ns[ST_RUN], 3 * S);
	CHECK_INT(t->voluntary, 10);
	CHECK_INT(t->edges_on_cpu, 2);
	CHECK_INT(t->gil_wait.count, 20);
	CHECK_INT(t->gil_wait.max_ns, 2000);
	CHECK_INT(t->gil_wait.bucket[hist__bucket(2000)], 10);
	CHECK_INT(t->uses_n, 3);
	CHECK_INT(t->uses[1].waits, 3);
	CHECK_INT(t->blocked_n, 3);
	CHECK_INT(t->blocked[1].ns, 40);
	CHECK_STR(t->blocked[2].cause, "fsync");
	CHECK_INT(t->cpus_n, 4);
	CHECK_INT(t->cpu_ns[0], S);
	CHECK_INT(t->cpu_ns[3], S);
	CHECK_INT(m->laws[LAW_THREAD].broken, 0);
	end();
}

/* A model leaves a capture of which another can be made. */
static void merged_once(void)
{
	struct capture *capture = twice();

	model__free(model__new(capture));
	begin(capture);
	CHECK_INT(m->processes[0].threads_n, 1);
	CHECK_INT(m->processes[0].threads[0].row->exists_ns, 10 * S);
	CHECK_STR(m->processes[0].threads[0].row->name, "after");
	end();
}

/* Lists that are full take the rest in their last entry: nothing is lost, nothing overflows. */
static void merged_lists_are_full(void)
{
	struct capture *capture = one_thread(1);
	const struct capture_thread *t;
	uint64_t waits = 0, ns = 0;

	for (size_t i = 1; i < 40; i++)
		fixture__thread(capture, 0, 42, "again");
	for (size_t i = 0; i < 40; i++) {
		char cause[16];

		snprintf(cause, sizeof(cause), "cause %zu", i);
		fixture__blocked(&capture->threads[i], cause, 1);
		fixture__use(&capture->threads[i], 0x1000 * (i + 1), 0, 0, 1);
	}
	begin(capture);
	t = m->processes[0].threads[0].row;
	CHECK_INT(t->uses_n, WIRE_GIL_USES);
	CHECK_INT(t->blocked_n, WIRE_BLOCK_CAUSES + 1);
	for (size_t i = 0; i < t->uses_n; i++)
		waits += t->uses[i].waits;
	for (size_t i = 0; i < t->blocked_n; i++)
		ns += t->blocked[i].ns;
	CHECK_INT(waits, 40);
	CHECK_INT(ns, 40);
	CHECK_STR(t->blocked[0].cause, "cause 0");
	CHECK_STR(t->blocked[WIRE_BLOCK_CAUSES].cause, "other");
	end();
}

static void law_of_threads(void)
{
	struct capture *capture = fixture__spinners();

	capture->threads[1].state_ns[ST_SLEEP] += 11 * FIXTURE_MS; /* 0.11 % */
	capture->threads[2].state_ns[ST_SLEEP] += 9 * FIXTURE_MS;  /* 0.09 % */
	begin(capture);
	CHECK_INT(m->laws[LAW_THREAD].checked, 4);
	CHECK_INT(m->laws[LAW_THREAD].broken, 1);
	CHECK_INT(m->laws[LAW_THREAD].at, 44);
	CHECK_INT(m->laws[LAW_THREAD].error_ns, 11 * FIXTURE_MS);
	CHECK_INT(m->laws[LAW_THREAD].expected_ns, 10 * S);
	CHECK_NEAR(m->laws[LAW_THREAD].worst, 1.1, 0.001);
	end();
}

static void law_of_cpus(void)
{
	struct capture *capture = fixture__spinners();

	capture->cpus[0].idle_ns -= 11 * FIXTURE_MS;
	begin(capture);
	CHECK_INT(m->laws[LAW_CPU].checked, 2);
	CHECK_INT(m->laws[LAW_CPU].broken, 1);
	CHECK_INT(m->laws[LAW_CPU].at, 0);
	end();
	capture = fixture__spinners();
	capture->cpus[1].offline_ns = capture->cpus[1].idle_ns;
	capture->cpus[1].idle_ns = 0;
	begin(capture);
	CHECK_INT(m->laws[LAW_CPU].broken, 0);
	end();
}

/* 9.9 s on CPUs: 1 % of the kernel's count are some 100 ms, and 100 us more for each of 4 threads. */
static void check_kernel(uint64_t off_ns, uint64_t steal_ns, uint32_t edges, int broken)
{
	struct capture *capture = fixture__spinners();

	capture->threads[0].kernel_ns += off_ns;
	capture->info.steal_irq_ns = steal_ns;
	capture->threads[2].edges_on_cpu = edges;
	begin(capture);
	CHECK_INT(m->laws[LAW_PROCESS].checked, 1);
	CHECK_INT(m->laws[LAW_PROCESS].broken, broken);
	end();
}

static void law_of_processes(void)
{
	TAP_CALL(check_kernel(98 * FIXTURE_MS, 0, 0, 0));
	TAP_CALL(check_kernel(110 * FIXTURE_MS, 0, 0, 1));
	TAP_CALL(check_kernel(110 * FIXTURE_MS, 20 * FIXTURE_MS, 0, 0));
	TAP_CALL(check_kernel(110 * FIXTURE_MS, 0, 2, 1));
	TAP_CALL(check_kernel(110 * FIXTURE_MS, 0, 3, 0)); /* ticks of 4 ms */
}

/* Threads 43 and 44 wait for two locks, one of them with two owners; rows come in any order. */
static struct capture *lockers(void)
{
	struct capture *capture = fixture__spinners();

	fixture__spend(&capture->threads[0], ST_LOCK_WAIT, 30 * FIXTURE_MS);
	fixture__spend(&capture->threads[1], ST_LOCK_WAIT, 20 * FIXTURE_MS);
	fixture__lock(capture, 0, 0x8000, 44, 42, 12 * FIXTURE_MS, 3);
	fixture__lock(capture, 0, 0x9000, 43, 0, 8 * FIXTURE_MS, 1);
	fixture__lock(capture, 0, 0x8000, 43, 42, 2 * FIXTURE_MS, 1);
	fixture__lock(capture, 0, 0x8000, 43, 45, 20 * FIXTURE_MS, 2);
	fixture__lock(capture, 0, 0x8000, 44, 0, 8 * FIXTURE_MS, 4);
	return capture;
}

static void locks(void)
{
	struct model_locks *l;

	begin(lockers());
	l = model_locks__new(m);
	CHECK_INT(l->locks_n, 2);
	CHECK_INT(l->locks[0].address, 0x8000);
	CHECK_INT(l->locks[0].wait_ns, 42 * FIXTURE_MS);
	CHECK_INT(l->locks[0].count, 10);
	CHECK_INT(l->locks[0].waiters, 2);
	CHECK_INT(l->locks[0].owners_n, 2);
	CHECK_INT(l->locks[0].owners[0].tid, 45);
	CHECK_INT(l->locks[0].owners[0].wait_ns, 20 * FIXTURE_MS);
	CHECK_INT(l->locks[0].owners[1].tid, 42);
	CHECK_INT(l->locks[0].owners[1].wait_ns, 14 * FIXTURE_MS);
	CHECK(!model_lock__matters(&l->locks[0])); /* 42 ms of 40 s */
	CHECK_INT(l->locks[1].address, 0x9000);
	CHECK_INT(l->locks[1].waiters, 1);
	CHECK_INT(l->locks[1].owners_n, 0);
	CHECK(l->locks[1].process == &m->processes[0]);
	model_locks__free(l);
	end();
}

static void law_of_locks(void)
{
	struct capture *capture = lockers();

	begin(capture);
	CHECK_INT(m->laws[LAW_LOCK].checked, 1);
	CHECK_INT(m->laws[LAW_LOCK].broken, 0);
	end();
	capture = lockers();
	capture->locks[1].wait_ns += FIXTURE_MS / 10; /* of 50 ms */
	begin(capture);
	CHECK_INT(m->laws[LAW_LOCK].broken, 1);
	CHECK_INT(m->laws[LAW_LOCK].at, 42);
	end();
}

/* 19.8 s of waiting: 0.1 % are 19.8 ms. */
static void check_blame(int64_t off_ns, int broken)
{
	struct capture *capture = fixture__spinners();

	capture->blame[3].wait_ns += (uint64_t)off_ns;
	begin(capture);
	CHECK_INT(m->laws[LAW_GIL].checked, 1);
	CHECK_INT(m->laws[LAW_GIL].broken, broken);
	CHECK_INT(m->laws[LAW_GIL].at, 42);
	CHECK_INT(m->laws[LAW_GIL].expected_ns, 19800 * FIXTURE_MS);
	end();
}

static void law_of_gils(void)
{
	struct capture *capture = fixture__spinners();

	TAP_CALL(check_blame(19 * FIXTURE_MS, 0));
	TAP_CALL(check_blame(21 * FIXTURE_MS, 1));
	TAP_CALL(check_blame(-21 * (int64_t)FIXTURE_MS, 1));
	capture->blame[0].key++; /* of another process */
	begin(capture);
	CHECK_INT(m->laws[LAW_GIL].broken, 1);
	end();
	capture = fixture__spinners();
	capture->info.stack_hz = 0; /* from before there was blame */
	capture->blame_n = 0;
	begin(capture);
	CHECK_INT(m->laws[LAW_GIL].checked, 0);
	capture->blame_n = 21;
	end();
}

static void losses(void)
{
	struct capture *capture = fixture__spinners();

	capture->info.lost[LOST_RING_FULL] = 1;
	capture->info.lost[LOST_GIL_READ] = 15; /* of 15,870 samples and switches */
	capture->info.lost[LOST_RECURSION] = 16;
	begin(capture);
	CHECK(model__lost_matters(m, LOST_RING_FULL));
	CHECK(!model__lost_matters(m, LOST_THREAD_STORAGE));
	CHECK(!model__lost_matters(m, LOST_GIL_READ));
	CHECK(model__lost_matters(m, LOST_RECURSION));
	end();
}

static void nothing(void)
{
	struct capture *capture = fixture__new();

	capture->info.duration_ns = 0;
	begin(capture);
	CHECK_INT(m->processes_n, 0);
	end();
	capture = fixture__new();
	capture->info.duration_ns = 0;
	fixture__python(fixture__process(capture, 1, "python3"), "static", 1);
	fixture__thread(capture, 0, 1, "x");
	begin(capture);
	CHECK_NEAR(m->processes[0].wanted, 0, 0);
	CHECK_NEAR(m->processes[0].gils[0].utilization, 0, 0);
	end();
}

/* Every figure as large as a file can have it. */
static void huge_figures(void)
{
	struct capture *capture = fixture__zoo();

	capture->info.duration_ns = 1;
	capture->info.steal_irq_ns = capture->info.tick_ns = INT64_MAX;
	for (size_t i = 0; i < capture->threads_n; i++) {
		struct capture_thread *t = &capture->threads[i];

		t->merged = t->edges_on_cpu = UINT32_MAX;
		for (int s = 0; s < ST_COUNT; s++)
			t->state_ns[s] = INT64_MAX;
		t->samples = t->unknown_gil_samples = t->voluntary = t->involuntary = INT64_MAX;
		t->kernel_ns = t->run_held_ns = t->exists_ns = INT64_MAX;
		for (size_t u = 0; u < t->uses_n; u++)
			t->uses[u].samples = t->uses[u].wait_ns = t->uses[u].held_offcpu_ns =
				t->uses[u].waits = INT64_MAX;
		memset(t->gil_wait.bucket, 0xff, sizeof(t->gil_wait.bucket));
	}
	for (size_t i = 0; i < capture->cpus_n; i++)
		capture->cpus[i].target_ns = capture->cpus[i].offline_ns = INT64_MAX;
	for (size_t i = 0; i < capture->locks_n; i++)
		capture->locks[i].wait_ns = capture->locks[i].count = INT64_MAX;
	begin(capture);
	CHECK_INT(m->processes[0].cpu_ns, INT64_MAX);
	CHECK_INT(m->processes[0].gils[0].held_ns, INT64_MAX);
	CHECK_INT(m->switches, INT64_MAX);
	end();
}

static void arithmetic(void)
{
	CHECK_INT(model__sum(1, 2), 3);
	CHECK_INT(model__sum(MODEL_MAX, 1), MODEL_MAX);
	CHECK_INT(model__sum(UINT64_MAX, UINT64_MAX), MODEL_MAX);
	CHECK_INT(model__scale(10, 1, 0), 0);
	CHECK_INT(model__scale(10, 7, 5), 10);
	CHECK_INT(model__scale(MODEL_MAX, MODEL_MAX / 2, MODEL_MAX), MODEL_MAX / 2);
	CHECK_NEAR(model__share(1, 0), 0, 0);
}

int main(void)
{
	TAP_RUN(sampled_split);
	TAP_RUN(split_without_samples);
	TAP_RUN(split_without_uses);
	TAP_RUN(no_gil_no_split);
	TAP_RUN(several_gils);
	TAP_RUN(spinners);
	TAP_RUN(order);
	TAP_RUN(merged_rows);
	TAP_RUN(merged_once);
	TAP_RUN(merged_lists_are_full);
	TAP_RUN(law_of_threads);
	TAP_RUN(law_of_cpus);
	TAP_RUN(law_of_processes);
	TAP_RUN(locks);
	TAP_RUN(law_of_locks);
	TAP_RUN(law_of_gils);
	TAP_RUN(losses);
	TAP_RUN(nothing);
	TAP_RUN(huge_figures);
	TAP_RUN(arithmetic);
	return TAP_DONE();
}
