/* SPDX-License-Identifier: BSD-2-Clause */
#include "cost.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include "clock.h"

#define SHORTEST_NS (1 * NSEC_PER_SEC) /* windows below this are not measured */
#define LONGEST_PART_NS (500 * NSEC_PER_MSEC)
#define UNKNOWN_START_NS (1 * NSEC_PER_SEC)
#define SHARE 20

void cost__plan(struct cost *c, uint64_t start, uint64_t duration_ns)
{
	uint64_t part = duration_ns / SHARE;

	*c = (struct cost){.fd = -1};
	if (!duration_ns) {
		c->from = start + UNKNOWN_START_NS;
		c->until = c->from + UNKNOWN_START_NS / SHARE;
	} else if (duration_ns >= SHORTEST_NS) {
		c->from = start + duration_ns / 2;
		c->until = c->from + (part < LONGEST_PART_NS ? part : LONGEST_PART_NS);
	}
}

void cost__tick(struct cost *c, const struct session *s, uint64_t now)
{
	if (c->fd < 0 && c->from && now >= c->from) {
		c->fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
		c->part = session__cost(s);
		c->from = c->fd < 0 ? 0 : clock__now();
	} else if (c->fd >= 0 && now >= c->until) {
		cost__finish(c, s, now);
	}
}

void cost__finish(struct cost *c, const struct session *s, uint64_t now)
{
	struct session_cost end;

	if (c->fd < 0)
		return;
	end = session__cost(s);
	c->measured_ns = now > c->from ? now - c->from : 0;
	c->part.run_ns = end.run_ns - c->part.run_ns;
	c->part.runs = end.runs - c->part.runs;
	close(c->fd);
	c->fd = -1;
	c->from = 0;
}

int64_t cost__run_ns(const struct cost *c, uint64_t duration_ns)
{
	if (!c->measured_ns)
		return -1;
	return (int64_t)((double)c->part.run_ns * (double)duration_ns / (double)c->measured_ns);
}

uint64_t cost__runs(const struct cost *c, uint64_t duration_ns)
{
	if (!c->measured_ns)
		return 0;
	return (uint64_t)((double)c->part.runs * (double)duration_ns / (double)c->measured_ns);
}
