// SPDX-License-Identifier: BSD-2-Clause
/* The model's split of a thread's CPU time: with a GIL or without, and with which. */
#include "model.h"

/* The GIL at an address; the last one stands for all that the process does not have any more. */
static struct model_gil *find_gil(struct model_process *p, uint64_t address)
{
	for (size_t i = 0; i + 1 < p->gils_n; i++)
		if (p->gils[i].gil->address == address)
			return &p->gils[i];
	return &p->gils[p->gils_n - 1];
}

static uint64_t samples_of(const struct capture_thread *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->uses_n; i++)
		sum = model__sum(sum, t->uses[i].samples);
	return sum;
}

/* Which use a thread's holding belongs to when no sample tells: that with the most waits. */
static struct model_gil *likely_gil(struct model_process *p, const struct capture_thread *t)
{
	size_t most = 0;

	for (size_t i = 1; i < t->uses_n; i++)
		if (t->uses[i].waits > t->uses[most].waits)
			most = i;
	return t->uses_n ? find_gil(p, t->uses[most].gil) : &p->gils[0];
}

static void add_use(struct model_gil *gil, const struct capture_thread *t,
		    const struct capture_gil_use *use)
{
	gil->held_ns = model__sum(gil->held_ns, use->held_offcpu_ns);
	gil->held_offcpu_ns = model__sum(gil->held_offcpu_ns, use->held_offcpu_ns);
	gil->wait_ns = model__sum(gil->wait_ns, use->wait_ns);
	gil->waits = model__sum(gil->waits, use->waits);
	if (use->waits) /* of a row of several threads, each waited at least once or did not */
		gil->waiters += use->waits < t->merged ? use->waits : t->merged;
}

void model__split(struct model_process *p, struct model_thread *t)
{
	const struct capture_thread *row = t->row;
	uint64_t run = row->state_ns[ST_RUN], sampled = samples_of(row);
	bool has_gil = p->process->gils_n > 0 || row->uses_n > 0;

	t->gil_samples = sampled < row->samples ? sampled : row->samples;
	if (has_gil && row->samples)
		t->run_gil_ns = model__scale(run, t->gil_samples, row->samples);
	else if (has_gil)
		t->run_gil_ns = row->run_held_ns < run ? row->run_held_ns : run;
	t->run_nogil_ns = run - t->run_gil_ns;
	for (int s = ST_IO_FILE; s <= ST_IO_POLL; s++)
		t->io_ns = model__sum(t->io_ns, row->state_ns[s]);

	for (size_t i = 0; i < row->uses_n; i++) {
		const struct capture_gil_use *use = &row->uses[i];
		struct model_gil *gil = find_gil(p, use->gil);

		add_use(gil, row, use);
		t->held_offcpu_ns = model__sum(t->held_offcpu_ns, use->held_offcpu_ns);
		gil->held_ns = model__sum(gil->held_ns,
					  model__scale(t->run_gil_ns, use->samples, sampled));
	}
	if (sampled == 0 && t->run_gil_ns) {
		struct model_gil *gil = likely_gil(p, row);

		gil->held_ns = model__sum(gil->held_ns, t->run_gil_ns);
	}
	t->held_ns = model__sum(t->run_gil_ns, t->held_offcpu_ns);
}
