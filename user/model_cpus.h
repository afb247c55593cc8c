/* SPDX-License-Identifier: BSD-2-Clause */
/* How many CPUs the target may use: C of design section 4. Pure. */
#ifndef GILPROF_MODEL_CPUS_H
#define GILPROF_MODEL_CPUS_H

#include "model.h"

struct model_cpus {
	double cpus; /* as many, or a fraction of one; 0: not known */
	double quota; /* what the cgroups of all processes that want to run allow together; 0: no limit */
	bool by_quota; /* the quota is what limits them, not affinity or the machine */
};

/* Of the processes that wanted to run, 256 at most; what is not known of one limits none. */
struct model_cpus model_cpus__of(const struct model *m);

#endif
