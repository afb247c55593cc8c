/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the throughput of a closed workload changes with the number of its threads and processes: pure
 * queueing arithmetic, no input but numbers. A worker goes round: it needs its GIL and a CPU for s, a CPU
 * alone for d, and neither for z. The recipe, what was measured of it and its golden numbers are
 * shared/reference/scaling.md, sections 1 and 6; the steps named below are those of its section 1.
 *
 * The unit of time is whatever s, d and z are in (user/model_scaling.c: one present cycle of a worker), of
 * throughput cycles per such unit. All must be finite and not negative, with s + d + z > 0.
 */
#ifndef GILPROF_SCALING_H
#define GILPROF_SCALING_H

#include <stdbool.h>
#include <stdint.h>

/* Of one layout. The cost grows with its square: 0.15 s for this many in as many processes, 0.4 in two. */
#define SCALING_MAX_WORKERS 1024

struct scaling_demand {
	double s, d, z;
};

struct scaling_layout {
	uint32_t processes; /* each with a GIL of its own, */
	uint32_t threads; /* of each; both at least 1, their product at most SCALING_MAX_WORKERS */
};

/*
 * How far threads stand still while another of their process holds the GIL, whatever they are at: 0, as the
 * recipe has it, to 1, all of them. It comes of C code that releases the GIL for short calls: it gets on by
 * one of them, until its thread needs the GIL again, if only to return. Not in the recipe, which fits nothing to
 * the present: for such programs it was 15 to 30 % too high. That z stands still, too, is not how it is, but
 * what fits: an interpolation towards a bound.
 */
struct scaling_stall {
	double share, error;
};

/* The same workload as it was measured, and how sure that is. */
struct scaling_base {
	struct scaling_demand demand;
	struct scaling_layout now;
	double cpus;	  /* that the workload may use: may be a fraction; above 0 */
	double reference; /* throughput that ratios are to, if it is not the measured present; else 0 */
	double delta;	  /* relative error of the demands, 0.05 to 0.20 */
	struct scaling_stall stall;
	bool waits_unseen; /* workers may wait for each other in ways that s, d and z do not show */
};

struct scaling_range {
	double ratio; /* to the measured present, or to scaling_base.reference */
	double low, high;
};

/* Steps 1 to 3: at most (asymptotic bounds); if all workers always asked at once (Amdahl's worst case, for
 * the CPUs too); and the two-level birth-death model, -1 if there is no memory. */
double scaling__bound(const struct scaling_demand *w, struct scaling_layout l, double cpus);
double scaling__all_at_once(const struct scaling_demand *w, struct scaling_layout l, double cpus);
double scaling__station(const struct scaling_demand *w, struct scaling_layout l, double cpus);

/* Step 4: station, corrected for the bunching of equal threads on the CPUs; -1 if there is no memory. */
double scaling__point(const struct scaling_demand *w, struct scaling_layout l, double cpus);

/* The same if all stand still while the GIL is held; as above, if nothing is done in C without it. */
double scaling__point_still(const struct scaling_demand *w, struct scaling_layout l, double cpus);

/* The stall of such work when nobody has seen it: none without C. */
struct scaling_stall scaling__usual_stall(const struct scaling_demand *w);

/*
 * Sets b->stall by how far the recipe misses the measured present; as usual if waits_unseen, which may be what
 * it misses. 0, or -ENOMEM.
 */
int scaling__fit_stall(struct scaling_base *b);

/* Between the two points, by b->stall; -1 if there is no memory. */
double scaling__likely(const struct scaling_base *b, struct scaling_layout l);

/* Steps 5 and 6: the same work in another layout. 0, or -ENOMEM. */
int scaling__predict(const struct scaling_base *b, struct scaling_layout l,
		     struct scaling_range *range);

/* Step 7: the same work in one process without a GIL, which costs 5 to 10 % of a single thread's speed
 * (PEP 703, PEP 779). 0, or -ENOMEM. */
int scaling__free_threaded(const struct scaling_base *b, uint32_t threads,
			   struct scaling_range *range);

#endif
