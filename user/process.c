/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "row.h"
#include "text.h"

#define ARGS_BYTES 1024
#define MAX_GILS 64      /* CAPTURE_MAX_GILS */

struct process *process__new(uint64_t key, uint32_t pid)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->key = key;
	p->pid = pid;
	p->python.status = PYTHON_NOT;
	return p;
}

void process__free(struct process *p)
{
	if (!p)
		return;
	if (p->merged)
		row__release(p->merged);
	free(p->merged);
	free(p->gils);
	free(p->comm);
	free(p->cmdline);
	free(p);
}

static void set_string(char **to, char *value)
{
	if (!value)
		return;
	free(*to);
	*to = value;
}

void process__set_args(struct process *p, const char *args, size_t len)
{
	char blanks[ARGS_BYTES];

	if (len > sizeof(blanks))
		len = sizeof(blanks);
	while (len && !args[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		blanks[i] = args[i] ? args[i] : ' ';
	if (len)
		set_string(&p->cmdline, text__utf8(blanks, len, 4 * sizeof(blanks)));
}

void process__forget_args(struct process *p)
{
	free(p->cmdline);
	p->cmdline = NULL;
}

void process__set_comm(struct process *p, const char *comm)
{
	set_string(&p->comm, text__utf8(comm, strnlen(comm, WIRE_COMM_LEN), 4 * WIRE_COMM_LEN));
}

void process__inherit(struct process *p, const struct process *parent, uint64_t now)
{
	p->born = now;
	if (p->execs)
		return; /* the iterator has seen it before this news came */
	p->program_since = now;
	if (!parent)
		return;
	p->allowance = parent->allowance;
	if (parent->cmdline)
		set_string(&p->cmdline, strdup(parent->cmdline));
	if (p->borrows_memory)
		return;
	p->python = parent->python;
	p->settled = parent->settled;
	p->next_look = parent->next_look;
	p->wait = parent->wait;
	for (uint32_t i = 0; i < p->python.gils_n && p->python.status == PYTHON_FOUND; i++)
		process__add_gil(p, p->python.gils[i].address, p->python.gils[i].interpreter);
}

void process__new_program(struct process *p, uint32_t execs, uint64_t now)
{
	p->execs = execs;
	p->program_since = now;
	p->borrows_memory = false;
	p->settled = false;
	p->published = false;
	for (size_t i = 0; i < p->gils_n; i++)
		p->gils[i].known = false; /* another may come to lie at the same address */
	memset(&p->python, 0, sizeof(p->python));
	p->python.status = PYTHON_NOT;
}

struct process_gil *process__find_gil(struct process *p, uint64_t address)
{
	for (size_t i = 0; i < p->gils_n; i++) {
		if (p->gils[i].address == address)
			return &p->gils[i];
	}
	return NULL;
}

/* Interpreters may come and go without end: those that nobody used leave no trace. */
static void forget_unused(struct process *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->gils_n; i++) {
		if (p->gils[i].used)
			p->gils[n++] = p->gils[i];
	}
	p->gils_n = n;
}

struct process_gil *process__add_gil(struct process *p, uint64_t address, int64_t interpreter)
{
	struct process_gil *gils, *g = process__find_gil(p, address);

	if (!g && p->gils_n == MAX_GILS)
		forget_unused(p);
	if (!g && p->gils_n == MAX_GILS)
		return NULL;
	if (!g) {
		gils = realloc(p->gils, (p->gils_n + 1) * sizeof(*gils));
		if (!gils)
			return NULL;
		p->gils = gils;
		g = &gils[p->gils_n++];
		memset(g, 0, sizeof(*g));
		g->address = address;
	}
	g->interpreter = interpreter;
	return g;
}

void process__note_switches(struct process_gil *g, uint64_t first, uint64_t last)
{
	if (!g->known || first < g->switch_begin)
		g->switch_begin = first;
	if (!g->known || last > g->switch_end)
		g->switch_end = last;
	g->known = true;
}

void process__note_uses(struct process *p, const struct wire_thread *t)
{
	for (size_t i = 0; i < WIRE_GIL_USES && t->uses[i].gil; i++) {
		const struct wire_gil_use *use = &t->uses[i];
		struct process_gil *g = process__find_gil(p, use->gil);

		if (!g)
			continue;
		if (use->seen)
			process__note_switches(g, use->switch_first, use->switch_last);
		g->used |= use->waits || use->samples || use->held_offcpu_ns;
	}
}

static size_t fill_gils(const struct process *p, struct capture_gil *to)
{
	size_t n = 0;

	for (size_t i = 0; i < p->gils_n; i++) {
		const struct process_gil *g = &p->gils[i];
		bool exists = false;

		for (uint32_t k = 0; k < p->python.gils_n; k++)
			exists |= p->python.gils[k].address == g->address;
		if (exists || g->used)
			to[n++] = (struct capture_gil){g->interpreter, g->address, g->switch_begin,
						       g->switch_end, g->waits.all_ns,
						       g->waits.long_ns};
	}
	return n;
}

static void fill_python(struct python *py, struct capture_process *row)
{
	row->is_python = py->status == PYTHON_FOUND || py->status == PYTHON_NO_GIL ||
			 py->status == PYTHON_NOT_YET;
	if (row->is_python) {
		row->python_version = py->version;
		row->python_build = py->build;
	}
	if (py->source[0] && py->status == PYTHON_FOUND)
		row->gil_source = py->source;
	if (py->note[0])
		row->gil_note = py->note;
}

static void fill_allowance(struct process *p, struct capture_process *row)
{
	memcpy(row->cpu_mask, p->allowance.cpus, sizeof(row->cpu_mask));
	row->quota_millicpus = p->allowance.quota_millicpus;
	row->quota_cgroup = p->allowance.quota_millicpus ? p->allowance.quota_cgroup : NULL;
}

int process__write(struct process *p, struct capture_writer *w, uint64_t start, bool dear,
		   struct cgroups *seen)
{
	static char none[] = "";
	cleanup_free struct capture_gil *gils = calloc(p->gils_n + 1, sizeof(*gils));
	struct capture_process row = {
		.key = p->key,
		.pid = p->pid,
		.ppid = p->ppid,
		.comm = p->comm ? p->comm : none,
		.cmdline = p->cmdline ? p->cmdline : none,
		.exit_status = p->ended ? p->status : -1,
		.born = p->born && p->born >= start,
		.peak_rss_bytes = p->peak.rss_bytes,
		.peak_pss_bytes = p->peak.pss_bytes,
		.gils = gils,
	};

	if (!gils)
		return -ENOMEM;
	fill_python(&p->python, &row);
	row.gils_n = fill_gils(p, gils);
	row.rss_bytes = p->memory.rss_bytes;
	row.pss_bytes = p->memory.pss_bytes;
	row.memory_at_ns = p->memory.at > start ? p->memory.at - start : 0;
	row.memory = p->memory.rest;
	if (!p->ended && dear)
		allowance__read(&p->allowance, (pid_t)p->pid, seen);
	fill_allowance(p, &row);
	return capture_writer__process(w, &row);
}
