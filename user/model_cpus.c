/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_cpus.h"

#include <string.h>

#define MOST 256     /* processes; they are sorted by what they wanted */
#define WANTED 0.005 /* threads, on average: less does not count */

static size_t count_wanting(const struct model *m)
{
	size_t n = 0;

	while (n < m->processes_n && n < MOST && m->processes[n].wanted >= WANTED)
		n++;
	return n || !m->processes_n ? n : 1;
}

/* 0: one of them has an affinity that is not known. */
static uint32_t count_allowed(const struct model *m, size_t n)
{
	uint32_t all[CAPTURE_CPU_WORDS] = { 0 }, count = 0;

	for (size_t i = 0; i < n; i++) {
		const uint32_t *mask = m->processes[i].process->cpu_mask;
		uint32_t any = 0;

		for (size_t w = 0; w < CAPTURE_CPU_WORDS; w++) {
			any |= mask[w];
			all[w] |= mask[w];
		}
		if (!any)
			return 0;
	}
	for (size_t w = 0; w < CAPTURE_CPU_WORDS; w++)
		count += (uint32_t)__builtin_popcount(all[w]);
	return count;
}

static bool is_first_of_cgroup(const struct model *m, size_t n)
{
	const char *cgroup = m->processes[n].process->quota_cgroup;

	for (size_t i = 0; cgroup && i < n; i++) {
		const char *other = m->processes[i].process->quota_cgroup;

		if (other && !strcmp(other, cgroup))
			return false;
	}
	return true;
}

/* Members of a cgroup share its quota. 0: one of the processes has none. */
static double sum_quotas(const struct model *m, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!m->processes[i].process->quota_millicpus)
			return 0;
		if (is_first_of_cgroup(m, i))
			sum += (double)m->processes[i].process->quota_millicpus / 1000;
	}
	return sum;
}

struct model_cpus model_cpus__of(const struct model *m)
{
	size_t n = count_wanting(m);
	uint32_t allowed = count_allowed(m, n), online = m->capture->info.cpus;
	struct model_cpus c = { .cpus = online, .quota = sum_quotas(m, n) };

	if (allowed && (!online || allowed < online))
		c.cpus = allowed;
	if (c.quota > 0 && (c.cpus <= 0 || c.quota < c.cpus)) {
		c.cpus = c.quota;
		c.by_quota = true;
	}
	return c;
}
