/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the target's processes and threads ran on which CPU, and for how long. Pure. */
#ifndef GILPROF_MODEL_OCCUPANCY_H
#define GILPROF_MODEL_OCCUPANCY_H

#include "model.h"

#define MODEL_OCCUPANTS \
	1024 /* threads told apart, in the model's order; the rest is one for each CPU */

struct model_occupant {
	const struct model_process *process; /* NULL: the threads not told apart */
	const struct model_thread *thread;
	uint64_t ns;
};

struct model_occupied {
	const struct capture_cpu *cpu;
	size_t occupants_n;
	/* by process, in the model's order, then who ran longest first */
	const struct model_occupant *occupants;
	size_t processes_n; /* of the target, that ran on it */
};

struct model_occupancy {
	size_t cpus_n;
	struct model_occupied *cpus; /* as in the capture */
	struct model_occupant *occupants;
	uint64_t migrations; /* of all threads */
};

struct model_occupancy *model_occupancy__new(const struct model *m); /* NULL and ENOMEM */
void model_occupancy__free(struct model_occupancy *o);		     /* NULL is fine */

/* ns that threads of a process ran on a CPU, by its number. */
uint64_t model_process__on_cpu(const struct model_process *p, uint32_t cpu);

#endif
