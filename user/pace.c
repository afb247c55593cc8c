/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace.h"

#include "../bpf/wire.h"
#include "clock.h"

#define FIRST_LOOK_NS (5 * NSEC_PER_MSEC)
#define LOOK_NS (200 * NSEC_PER_MSEC)
#define SPARSE_LOOK_NS (500 * NSEC_PER_MSEC)
#define MOST_WORK \
	200000 /* charges a second that may be made before slices stand for all: 1 % of a CPU, */
#define SPARSE_WORK 30000 /* and then */
#define SLICE_SLEEPS 8
#define MOST_PERIOD_SHIFT 30 /* one slice a second, at least */

void pace__begin(struct pace *p, uint64_t now)
{
	*p = (struct pace){ .sparse = 1, .slice_shift = WIRE_SLICE_SHIFT, .start = now, .at = now };
}

static uint64_t interval(const struct pace *p)
{
	uint64_t slices = 2ull * p->sparse << p->slice_shift;

	if (p->sparse > 1)
		return slices > SPARSE_LOOK_NS ? slices : SPARSE_LOOK_NS;
	return p->at == p->start ? FIRST_LOOK_NS : LOOK_NS;
}

uint64_t pace__due(const struct pace *p)
{
	return p->at + interval(p);
}

/* Of how many slices one is to be told of, if all cost `rate` charges a second. */
static uint32_t sparse_for(uint64_t rate, uint32_t slice_shift)
{
	uint32_t n = 1, most = 1u << (MOST_PERIOD_SHIFT - slice_shift);

	while (rate > MOST_WORK && n < most && rate / n > SPARSE_WORK)
		n *= 2;
	return n;
}

/* Most sleeps must lie in one slice. */
static uint32_t slice_for(uint64_t mean_sleep_ns)
{
	uint32_t shift = WIRE_SHORT_SLICE_SHIFT;

	while (shift < WIRE_SLICE_SHIFT && 1ull << shift < SLICE_SLEEPS * mean_sleep_ns)
		shift++;
	return shift;
}

bool pace__look(struct pace *p, uint64_t now, uint64_t work, uint64_t mean_sleep_ns)
{
	uint32_t n, slice_shift = slice_for(mean_sleep_ns);
	uint64_t took = now - p->at;

	if (took < interval(p))
		return false;
	n = sparse_for((work - p->work) * NSEC_PER_SEC / took * p->sparse, slice_shift);
	p->work = work;
	p->at = now;
	if (n <= p->sparse && n >= p->sparse / 2) /* a factor of two is chance */
		return false;
	p->sparse = n;
	p->slice_shift = slice_shift;
	return true;
}
