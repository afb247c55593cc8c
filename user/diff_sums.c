/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff_sums.h"

#include <math.h>

static void add(uint64_t *sum, uint64_t v)
{
	*sum = model__sum(*sum, v);
}

static void add_states(struct diff_sums *s, const struct model_process *p)
{
	add(&s->state_ns[DIFF_RUN_GIL], p->run_gil_ns);
	add(&s->state_ns[DIFF_RUN_NOGIL], p->run_nogil_ns);
	add(&s->state_ns[DIFF_RUNQ], p->state_ns[ST_RUNQ]);
	add(&s->state_ns[DIFF_GIL_WAIT], p->state_ns[ST_GIL_WAIT]);
	add(&s->state_ns[DIFF_GIL_DROP], p->state_ns[ST_GIL_DROP]);
	add(&s->state_ns[DIFF_LOCK_WAIT], p->state_ns[ST_LOCK_WAIT]);
	add(&s->state_ns[DIFF_IO_WAIT], p->io_ns);
	add(&s->state_ns[DIFF_SLEEP], p->state_ns[ST_SLEEP]);
	add(&s->state_ns[DIFF_CHILD_WAIT], p->state_ns[ST_CHILD_WAIT]);
	add(&s->state_ns[DIFF_BLOCKED], p->state_ns[ST_BLOCKED]);
	add(&s->state_ns[DIFF_BLOCKED], p->state_ns[ST_UNSEEN]);
}

/* As user/memory_peak.h adds them up. */
static void add_memory(struct diff_sums *s, const struct capture_process *p)
{
	add(&s->rss_bytes, p->peak_rss_bytes);
	add(&s->pss_bytes, p->peak_pss_bytes ? p->peak_pss_bytes : p->peak_rss_bytes);
}

static void add_gils(struct diff_sums *s, const struct model_process *p)
{
	for (size_t i = 0; i < p->gils_n; i++) {
		s->held += p->gils[i].utilization;
		s->busiest = fmax(s->busiest, p->gils[i].utilization);
	}
}

void diff_sums__add(struct diff_sums *s, const struct model_process *p)
{
	add(&s->exists_ns, p->exists_ns);
	add_states(s, p);
	add(&s->switches, p->switches);
	if (p->longest_wait_ns > s->longest_wait_ns)
		s->longest_wait_ns = p->longest_wait_ns;
	s->wanted += p->wanted;
	s->achieved += p->achieved;
	s->processes++;
	add_gils(s, p);
	add_memory(s, p->process);
}

struct diff_figures diff_sums__figures(const struct diff_sums *s, uint64_t window)
{
	struct diff_figures f = { .figure = {
					  [DIFF_THREADS] = model__share(s->exists_ns, window),
					  [DIFF_WANTED] = s->wanted,
					  [DIFF_ACHIEVED] = s->achieved,
					  [DIFF_PROCESSES] = s->processes,
					  [DIFF_GIL_BUSIEST] = s->busiest,
					  [DIFF_GILS_HELD] = s->held,
					  [DIFF_SWITCHES] = 1e9 * model__share(s->switches, window),
					  [DIFF_LONGEST_WAIT_NS] = (double)s->longest_wait_ns,
					  [DIFF_RSS_BYTES] = s->rss_bytes ? (double)s->rss_bytes
									  : NAN,
					  [DIFF_PSS_BYTES] = s->rss_bytes ? (double)s->pss_bytes
									  : NAN,
				  } };

	for (size_t i = 0; i < DIFF_STATES; i++) {
		f.threads[i] = model__share(s->state_ns[i], window);
		f.share[i] = model__share(s->state_ns[i], s->exists_ns);
	}
	return f;
}
