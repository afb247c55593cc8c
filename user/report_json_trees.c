// SPDX-License-Identifier: BSD-2-Clause
/* Processes as trees, and their workers, in JSON. */
#include "model_trees.h"
#include "report_json.h"

static json_t *worker(const struct model_member *w)
{
	json_t *object = json_object();

	set_number(object, "pid", w->process->process->pid);
	set_number(object, "cpu_ns", w->process->cpu_ns);
	set_number(object, "lived_ns", w->process->lived_ns);
	set(object, "idle", json_boolean(w->idle));
	return object;
}

static json_t *group(const struct model_group *g)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < g->workers_n; i++)
		json_array_append_new(list, worker(g->workers[i]));
	set_number(object, "parent_pid", g->parent->process->pid);
	set(object, "cmdline", json_string(g->workers[0]->process->process->cmdline));
	set(object, "forked", json_boolean(g->forked));
	set_number(object, "cpu_ns", g->cpu_ns);
	set(object, "imbalance", json_real(g->imbalance));
	set_number(object, "idle", g->idle_n);
	set_number(object, "left_out", g->left_out);
	set(object, "workers", list);
	return object;
}

static json_t *groups(const struct model_trees *t, size_t tree)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->groups_n; i++)
		if (t->groups[i].tree == tree)
			json_array_append_new(list, group(&t->groups[i]));
	return list;
}

static json_t *pids(const struct model_trees *t, size_t tree)
{
	json_t *list = json_array();

	for (size_t i = t->trees[tree].root; i != MODEL_NONE; i = model_trees__next(t, i))
		json_array_append_new(list, number(t->members[i].process->process->pid));
	return list;
}

json_t *report_json__ipc(uint64_t pipe_ns, uint64_t socket_ns, uint64_t semaphore_ns)
{
	json_t *object = json_object();

	set_number(object, "pipe", pipe_ns);
	set_number(object, "socket", socket_ns);
	set_number(object, "semaphore", semaphore_ns);
	return object;
}

static json_t *tree(const struct model_trees *t, size_t i)
{
	const struct model_tree *r = &t->trees[i];
	json_t *object = json_object();

	set_number(object, "root_pid", t->members[r->root].process->process->pid);
	set(object, "pids", pids(t, i));
	set(object, "wanted", json_real(r->wanted));
	set(object, "achieved", json_real(r->achieved));
	set_number(object, "cpu_ns", r->cpu_ns);
	set(object, "speedup", json_real(r->speedup));
	set(object, "ipc_ns", report_json__ipc(r->pipe_ns, r->socket_ns, r->semaphore_ns));
	set_number(object, "rss_bytes", r->rss_bytes);
	set_number(object, "pss_bytes", r->pss_bytes);
	set_number(object, "cow_saved_bytes", r->spared_bytes);
	set_number(object, "processes_without_pss", r->without_pss);
	set(object, "workers", groups(t, i));
	return object;
}

json_t *report_json__trees(const struct model *m)
{
	struct model_trees *t = model_trees__new(m);
	json_t *list = t ? json_array() : NULL;

	for (size_t i = 0; t && i < t->trees_n; i++)
		json_array_append_new(list, tree(t, i));
	model_trees__free(t);
	return list;
}

json_t *report_json__memory(const struct model_process *p)
{
	const struct capture_process *c = p->process;
	const struct capture_memory *m = &c->memory;
	json_t *object;

	if (!c->pss_bytes)
		return json_null();
	object = json_object();
	set_number(object, "at_ns", c->memory_at_ns);
	set_number(object, "rss_bytes", c->rss_bytes);
	set_number(object, "pss_bytes", c->pss_bytes);
	set_number(object, "shared_clean_bytes", m->shared_clean_bytes);
	set_number(object, "shared_dirty_bytes", m->shared_dirty_bytes);
	set_number(object, "private_clean_bytes", m->private_clean_bytes);
	set_number(object, "private_dirty_bytes", m->private_dirty_bytes);
	set_number(object, "anonymous_bytes", m->anonymous_bytes);
	set_number(object, "anonymous_pss_bytes", m->anonymous_pss_bytes);
	set_number(object, "swap_bytes", m->swap_bytes);
	set_number(object, "cow_saved_bytes", model_process__spared(p));
	return object;
}
