/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_trees.h"

#include "fixture.h"
#include "model_groups.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)
#define MB (1ull << 20)

static struct capture *c;
static struct model *m;
static struct model_trees *t;

static void begin(struct capture *capture)
{
	c = capture;
	m = model__new(c);
	t = model_trees__new(m);
}

static void end(void)
{
	model_trees__free(t);
	model__free(m);
	capture__free(c);
}

/* A process with one thread that ran for `run_ns`. */
static struct capture_process *add(struct capture *capture, uint32_t pid, uint32_t ppid,
				   const char *cmdline, uint64_t run_ns)
{
	struct capture_process *p = fixture__process(capture, pid, "python3");

	p->ppid = ppid;
	free(p->cmdline);
	p->cmdline = strdup(cmdline);
	fixture__spend(fixture__thread(capture, capture->processes_n - 1, pid, "main"), ST_RUN,
		       run_ns);
	return p;
}

static const struct model_member *member(uint32_t pid)
{
	for (size_t i = 0; i < m->processes_n; i++)
		if (m->processes[i].process->pid == pid)
			return &t->members[i];
	return NULL;
}

/* A server with three workers, a tracker, and a child of one worker; beside it, somebody else. */
static struct capture *server(void)
{
	struct capture *capture = fixture__new();

	add(capture, 10, 1, "gunicorn -w 3 app", S / 10);
	add(capture, 11, 10, "gunicorn -w 3 app", 6 * S);
	add(capture, 12, 10, "gunicorn -w 3 app", 3 * S);
	add(capture, 13, 10, "gunicorn -w 3 app", 0);
	add(capture, 14, 10, "python3 -c tracker.main(5)", 0);
	add(capture, 20, 11, "convert x.png", S);
	add(capture, 99, 1, "bash", 2 * S);
	return capture;
}

static void parents_and_children(void)
{
	static const uint32_t walk[] = { 10, 11, 20, 12, 13, 14 };
	size_t i;

	begin(server());
	CHECK_INT(t->trees_n, 2);
	CHECK_INT(m->processes[t->trees[0].root].process->pid, 10);
	CHECK_INT(m->processes[t->trees[1].root].process->pid, 99);
	i = t->trees[0].root;
	for (size_t w = 0; w < 6; w++) {
		CHECK_INT(m->processes[i].process->pid, walk[w]);
		i = model_trees__next(t, i);
	}
	CHECK(i == MODEL_NONE);
	CHECK(model_trees__next(t, t->trees[1].root) == MODEL_NONE);
	CHECK_INT(member(20)->depth, 2);
	CHECK_INT(member(20)->tree, 0);
	CHECK_INT(member(10)->depth, 0);
	end();
}

static void sums(void)
{
	const struct model_tree *tree;

	c = server();
	c->threads[1].state_ns[ST_IO_PIPE] = c->threads[2].state_ns[ST_IO_PIPE] = S;
	c->threads[3].state_ns[ST_LOCK_WAIT] = 5 * S;
	c->threads[3].lock_shared_ns = 4 * S;
	c->processes[1].memory = (struct capture_memory){ .anonymous_bytes = 40 * MB,
							  .anonymous_pss_bytes = 15 * MB };
	c->processes[2].memory = (struct capture_memory){ .anonymous_pss_bytes = MB }; /* forged */
	c->processes[4].pss_bytes = 0;
	begin(c);
	tree = &t->trees[0];
	CHECK_INT(tree->processes, 6);
	CHECK_INT(tree->cpu_ns, 10 * S + S / 10);
	CHECK_NEAR(tree->speedup, 1.01, 1e-9);
	CHECK_NEAR(tree->achieved, 1.01, 1e-9);
	CHECK_INT(tree->pipe_ns, 2 * S);
	CHECK_INT(tree->semaphore_ns, 4 * S);
	CHECK_INT(tree->socket_ns, 0);
	CHECK_INT(tree->rss_bytes, 6 * 34 * MB);
	CHECK_INT(tree->pss_bytes, 5 * 30 * MB);
	CHECK_INT(tree->without_pss, 1);
	CHECK_INT(tree->spared_bytes, 25 * MB);
	end();
}

static void workers(void)
{
	const struct model_group *g;

	begin(server());
	CHECK_INT(t->groups_n, 1);
	g = &t->groups[0];
	CHECK_INT(g->parent->process->pid, 10);
	CHECK_INT(g->tree, 0);
	CHECK(g->forked);
	CHECK_INT(g->workers_n, 3);
	CHECK_INT(g->workers[0]->process->process->pid, 11);
	CHECK_INT(g->workers[1]->process->process->pid, 12);
	CHECK_INT(g->cpu_ns, 9 * S);
	CHECK_NEAR(g->imbalance, 2, 1e-9); /* 6 s, 3 s on average */
	CHECK_INT(g->idle_n, 1);
	CHECK(member(13)->idle);
	CHECK_INT(member(13)->group, 0);
	CHECK(member(14)->group == MODEL_NONE && !member(14)->idle);
	CHECK_INT(g->left_out, 0);
	end();
}

/* What is idle: each at its threshold, and just beyond. */
static void idle(void)
{
	c = server();
	fixture__spend(&c->threads[3], ST_RUN, 40 * FIXTURE_MS);
	fixture__spend(&c->threads[3], ST_RUNQ, 59 * FIXTURE_MS);
	c->threads[3].voluntary = 99;
	begin(c);
	CHECK(member(13)->idle);
	end();
	c = server();
	fixture__spend(&c->threads[3], ST_GIL_WAIT, 100 * FIXTURE_MS);
	begin(c);
	CHECK(!member(13)->idle);
	end();
	c = server();
	c->threads[3].voluntary = 100; /* 10 a second: it does I/O */
	begin(c);
	CHECK(!member(13)->idle);
	CHECK_INT(t->groups[0].idle_n, 0);
	end();
}

/* One that came when the others had been there for long is no measure of imbalance. */
static void latecomers(void)
{
	c = server();
	c->threads[3].exists_ns = c->threads[3].state_ns[ST_IO_POLL] = 4 * S;
	begin(c);
	CHECK_INT(t->groups[0].workers_n, 2);
	CHECK_INT(t->groups[0].left_out, 1);
	CHECK_INT(t->groups[0].idle_n, 0);
	CHECK_NEAR(t->groups[0].imbalance, 6 / 4.5, 1e-9);
	CHECK(member(13)->group == MODEL_NONE);
	end();
	c = server();
	for (size_t i = 2; i < 4; i++)
		c->threads[i].exists_ns = 4 * S;
	begin(c);
	CHECK_INT(t->groups_n, 0); /* one is no group */
	end();
}

static void spawned(void)
{
	struct capture *capture = fixture__new();

	add(capture, 10, 1, "python3 app.py", S);
	add(capture, 11, 10, "python3 -c spawn_main(tracker_fd=5, pipe_handle=7) --fork", S);
	add(capture, 12, 10, "python3 -c spawn_main(tracker_fd=5, pipe_handle=11) --fork", S);
	add(capture, 13, 10, "python3 -c tracker(4)", 0);
	begin(capture);
	CHECK_INT(t->groups_n, 1);
	CHECK_INT(t->groups[0].workers_n, 2);
	CHECK(!t->groups[0].forked);
	end();
}

static void programs(void)
{
	CHECK(model_groups__same_program("", ""));
	CHECK(model_groups__same_program("a 1 b", "a 234 b"));
	CHECK(!model_groups__same_program("a 1 b", "a 1 c"));
	CHECK(!model_groups__same_program("a 1", "a"));
	CHECK(!model_groups__same_program("a b", "a1b"));
	CHECK(model_groups__same_program("7", "8000000000000000000000000000"));
	CHECK(!model_groups__same_program("12x", "12"));
}

/* PIDs are reused, and a file may say anything: nobody's parent is younger, nobody is its own. */
static void other_parents(void)
{
	struct capture *capture = fixture__new();

	add(capture, 10, 1, "old", 0)->key = 100;
	add(capture, 11, 10, "of the old one", 0)->key = 150;
	add(capture, 10, 1, "new", 0)->key = 200;
	add(capture, 12, 10, "of the new one", 0)->key = 300;
	add(capture, 13, 13, "of itself", 0)->key = 400;
	add(capture, 14, 15, "of its child", 0)->key = 500;
	add(capture, 15, 14, "of its parent", 0)->key = 600;
	add(capture, 16, 0, "of nobody", 0)->key = 700;
	add(capture, 0, 1, "(others)", 0)->key = 0;
	for (size_t i = 0; i < capture->threads_n; i++)
		capture->threads[i].key = capture->processes[i].key;
	begin(capture);
	CHECK_INT(t->trees_n, 6);
	CHECK_STR(t->members[member(11)->parent].process->process->cmdline, "old");
	CHECK_STR(t->members[member(12)->parent].process->process->cmdline, "new");
	CHECK(member(13)->parent == MODEL_NONE);
	CHECK(member(14)->parent == MODEL_NONE);
	CHECK_INT(t->members[member(15)->parent].process->process->pid, 14);
	CHECK(member(16)->parent == MODEL_NONE);
	end();
}

static void nothing(void)
{
	begin(fixture__new());
	CHECK_INT(t->trees_n, 0);
	CHECK_INT(t->groups_n, 0);
	end();
}

int main(void)
{
	TAP_RUN(parents_and_children);
	TAP_RUN(sums);
	TAP_RUN(workers);
	TAP_RUN(idle);
	TAP_RUN(latecomers);
	TAP_RUN(spawned);
	TAP_RUN(programs);
	TAP_RUN(other_parents);
	TAP_RUN(nothing);
	return TAP_DONE();
}
