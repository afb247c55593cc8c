/* SPDX-License-Identifier: BSD-2-Clause */
#include "scaling.h"

#include <math.h>
#include <stdlib.h>

#include "tap.h"

/* --- golden numbers: shared/reference/scaling.md section 6 ------------------------------------ */

struct golden {
	struct scaling_demand w;
	uint32_t now;
	double cpus;
	struct scaling_layout to;
	double bound, all_at_once, station, point, ratio, low, high;
};

static const struct golden golden[] = {
	{ { .20, 0, .70 }, 4, 2, { 1, 8 }, 5, 2.7586, 4.9148, 4.9148, 1.2287, 0.9727, 1.3727 },
	{ { .10, .40, .49 }, 2, 2, { 1, 8 }, 4, 2.5078, 3.9545, 3.6070, 1.8035, 1.4952, 2.1417 },
	{ { .10, .40, .50 }, 1, 2, { 1, 4 }, 4, 2.2222, 3.3509, 3.0196, 3.0196, 2.0426, 4.0021 },
	{ { .06, .06, .03 },
	  16,
	  8,
	  { 4, 4 },
	  66.6667,
	  35.5556,
	  59.8852,
	  58.5305,
	  3.6582,
	  2.9318,
	  4.4352 },
	{ { .125, 0, 0 }, 8, 2, { 4, 2 }, 16, 12.8, 16, 16, 2, 1.7052, 2.2105 },
};

static struct scaling_base base_of(const struct golden *g)
{
	return (struct scaling_base){ .demand = g->w,
				      .now = { .processes = 1, .threads = g->now },
				      .cpus = g->cpus,
				      .delta = 0.05 };
}

static void golden_models(void)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		const struct golden *g = &golden[i];

		CHECK_NEAR(scaling__bound(&g->w, g->to, g->cpus), g->bound, 5e-5);
		CHECK_NEAR(scaling__all_at_once(&g->w, g->to, g->cpus), g->all_at_once, 5e-5);
		CHECK_NEAR(scaling__station(&g->w, g->to, g->cpus), g->station, 5e-5);
		CHECK_NEAR(scaling__point(&g->w, g->to, g->cpus), g->point, 5e-5);
	}
}

static void golden_ranges(void)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		struct scaling_base base = base_of(&golden[i]);
		struct scaling_range r;

		CHECK_INT(scaling__predict(&base, golden[i].to, &r), 0);
		CHECK_NEAR(r.ratio, golden[i].ratio, 5e-5);
		CHECK_NEAR(r.low, golden[i].low, 5e-5);
		CHECK_NEAR(r.high, golden[i].high, 5e-5);
	}
}

static void golden_free_threaded(void)
{
	struct scaling_base base = base_of(&golden[0]);
	struct scaling_range r;

	CHECK_INT(scaling__free_threaded(&base, 8, &r), 0);
	CHECK_NEAR(r.ratio, 1.5427, 5e-5);
	CHECK_NEAR(r.low, 1.1729, 5e-5);
	CHECK_NEAR(r.high, 2.3346, 5e-5);
}

static void the_present(void)
{
	struct scaling_base base = base_of(&golden[0]);
	struct scaling_range r;

	CHECK_INT(scaling__predict(&base, base.now, &r), 0);
	CHECK(r.ratio == 1 && r.low == 1 && r.high == 1);
}

/* All of a range is to the reference, if there is one, and the present is still the present. */
static void another_reference(void)
{
	struct scaling_base base = base_of(&golden[0]);
	struct scaling_range r;

	base.reference = 8; /* twice the 4 that are present */
	CHECK_INT(scaling__predict(&base, golden[0].to, &r), 0);
	CHECK_NEAR(r.ratio, golden[0].ratio / 2, 5e-5);
	CHECK_NEAR(r.low, golden[0].low / 2, 5e-5);
	CHECK_NEAR(r.high, golden[0].high / 2, 5e-5);
	CHECK_INT(scaling__predict(&base, base.now, &r), 0);
	CHECK(r.ratio == 1);
}

/* Waiting that is not seen lowers the range's low end, nothing else. */
static void waits_unseen(void)
{
	struct scaling_base base = base_of(&golden[0]);
	struct scaling_range seen, unseen;

	CHECK_INT(scaling__predict(&base, golden[0].to, &seen), 0);
	base.waits_unseen = true;
	CHECK_INT(scaling__predict(&base, golden[0].to, &unseen), 0);
	CHECK(unseen.low < seen.low && unseen.ratio == seen.ratio && unseen.high == seen.high);
}

/* --- stall ------------------------------------------------------------------------------------- */

static const struct scaling_demand with_c = { .4, .2, .4 }, without_c = { .4, 0, .6 };

/* One holds the GIL for s, or n are elsewhere, for d + z each. */
static void standing_still(void)
{
	const struct scaling_layout four = { 1, 4 }, alone = { 1, 1 }, processes = { 4, 1 };

	CHECK_NEAR(scaling__point_still(&with_c, four, 64), 1 / (.4 + .6 / 4), 1e-9);
	CHECK_NEAR(scaling__point_still(&with_c, alone, 64), 1, 1e-9);
	CHECK_NEAR(scaling__point_still(&with_c, processes, 64), 4, 1e-9);
	CHECK(scaling__point_still(&with_c, four, 2) < scaling__point(&with_c, four, 2));
	CHECK(scaling__point_still(&without_c, four, 2) == scaling__point(&without_c, four, 2));
}

static void usual_stall(void)
{
	const struct scaling_demand little = { .4, .1, .5 }, only_c = { 0, .5, .5 };

	CHECK(scaling__usual_stall(&without_c).share == 0);
	CHECK(scaling__usual_stall(&only_c).share == 0);
	CHECK_NEAR(scaling__usual_stall(&little).share, .2, 1e-9);
	CHECK_NEAR(scaling__usual_stall(&with_c).share, .4, 1e-9);
	CHECK_NEAR(scaling__usual_stall(&with_c).error, .4, 1e-9);
}

/* Four threads that do the work of with_c and have that throughput, in the unit of their present cycle. */
static struct scaling_base measured(double throughput)
{
	double by = throughput / 4;
	struct scaling_base base = {
		.demand = { with_c.s * by, with_c.d * by, with_c.z * by },
		.now = { 1, 4 },
		.cpus = 2,
		.delta = 0.05,
	};

	if (scaling__fit_stall(&base))
		abort(); /* no memory */
	return base;
}

static void fitted_stall(void)
{
	const struct scaling_layout four = { 1, 4 }, two = { 1, 2 };
	struct scaling_base still = measured(scaling__point_still(&with_c, four, 2));
	struct scaling_base going = measured(scaling__point(&with_c, four, 2));
	struct scaling_base slower = measured(.5);

	CHECK(still.stall.share > .8 && still.stall.share <= 1);
	CHECK(going.stall.share >= 0 && going.stall.share < .2);
	CHECK(slower.stall.share == 1);
	CHECK(still.stall.error < .2);
	CHECK(scaling__likely(&still, two) < scaling__point(&still.demand, two, 2));
	CHECK(scaling__likely(&still, two) > scaling__point_still(&still.demand, two, 2));
}

/* A lone thread tells nothing of it, nor do threads that compute in Python alone. */
static void stall_not_seen(void)
{
	struct scaling_base lone = { .demand = with_c, .now = { 1, 1 }, .cpus = 2, .delta = 0.05 };
	struct scaling_base python = {
		.demand = without_c, .now = { 1, 4 }, .cpus = 2, .delta = 0.05
	};

	CHECK_INT(scaling__fit_stall(&lone), 0);
	CHECK_NEAR(lone.stall.share, .4, 1e-9);
	CHECK_NEAR(lone.stall.error, .4, 1e-9);
	CHECK_INT(scaling__fit_stall(&python), 0);
	CHECK(python.stall.share == 0 && python.stall.error == 0);
}

/* What may have another cause says nothing of it, nor what neither model explains. */
static void stall_unsure(void)
{
	struct scaling_base locks = measured(3), slower = measured(.5);

	locks.waits_unseen = true;
	CHECK_INT(scaling__fit_stall(&locks), 0);
	CHECK_NEAR(locks.stall.error, .4, 1e-9);
	CHECK_NEAR(slower.stall.error, .4, 1e-9);
}

/* The less is known of it, the wider. */
static void range_of_stall(void)
{
	struct scaling_base base =
		measured(scaling__point(&with_c, (struct scaling_layout){ 1, 4 }, 2));
	const struct scaling_layout two = { 1, 2 };
	struct scaling_range sure, unsure;

	base.stall.share = .3;
	CHECK_INT(scaling__predict(&base, two, &sure), 0);
	base.stall.error = .4;
	CHECK_INT(scaling__predict(&base, two, &unsure), 0);
	CHECK(unsure.ratio == sure.ratio);
	CHECK(unsure.low < sure.low && unsure.high > sure.high);
}

/* --- branches ---------------------------------------------------------------------------------- */

static double station(double s, double d, double z, uint32_t processes, uint32_t threads,
		      double cpus)
{
	const struct scaling_demand w = { s, d, z };

	return scaling__station(&w, (struct scaling_layout){ processes, threads }, cpus);
}

static void demands_of_zero(void)
{
	CHECK_NEAR(station(0, 0, 2, 1, 10, 4), 5, 1e-12);      /* nothing but sleep */
	CHECK_NEAR(station(0, 2, 0, 1, 10, 4), 2, 1e-12);      /* nothing but CPUs, all busy */
	CHECK_NEAR(station(0, 2, 0, 1, 3, 4), 1.5, 1e-12);     /* or not all */
	CHECK_NEAR(station(2, 0, 0, 1, 10, 4), 0.5, 1e-12);    /* nothing but the GIL */
	CHECK_NEAR(station(2, 0, 0, 1, 10, 0.5), 0.25, 1e-12); /* and half a CPU for it */
	CHECK_NEAR(station(1, 0, 3, 1, 1, 4), 0.25, 1e-12);    /* one alone */
	CHECK_NEAR(station(1, 2, 3, 1, 1, 4), 1.0 / 6, 1e-12);
	CHECK_NEAR(station(1, 2, 0, 1, 1, 4), 1.0 / 3, 1e-12);
	CHECK_NEAR(station(2, 0, 0, 3, 2, 64), 1.5, 1e-12); /* a GIL each */
	CHECK_NEAR(station(2, 0, 0, 4, 2, 2), 1, 1e-9);	    /* but not a CPU each */
}

/* Products of rates beyond what a double can hold: pitfall 4 of section 5. */
static void large_rates(void)
{
	double slow = station(1e-6, 1000, 1e-3, 1, 128, 64);
	double slowest = station(1, 1e6, 1e-9, 1, 128, 2);

	CHECK_NEAR(slow, 0.064, 1e-4);
	CHECK(isfinite(slowest) && slowest > 0);
	CHECK_NEAR(station(1e-9, 1e-9, 1e9, 1, 512, 2), 512e-9, 1e-12);
	CHECK_NEAR(station(1e9, 1e-9, 1e-9, 1, 512, 2), 1e-9, 1e-15);
}

static void large_layouts(void)
{
	CHECK_NEAR(station(1, 1, 2, 1, SCALING_MAX_WORKERS, 2000), 1, 1e-6);
	CHECK_NEAR(station(1, 1, 2, SCALING_MAX_WORKERS, 1, 2000), 256, 1e-6);
}

/* More work never takes less time, more workers and CPUs never do less, low <= ratio <= high. */
static void order(void)
{
	for (uint32_t n = 1; n <= 16; n++) {
		for (uint32_t p = 1; p <= 4; p++) {
			const struct golden g = { .w = { .15, .2, .3 }, .now = 2, .cpus = 3 };
			struct scaling_base base = base_of(&g);
			struct scaling_range r;

			CHECK_INT(scaling__predict(&base, (struct scaling_layout){ p, n }, &r), 0);
			CHECK(r.low <= r.ratio && r.ratio <= r.high && r.low > 0);
			CHECK(station(.15, .2, .3, p, n + 1, 3) >=
			      station(.15, .2, .3, p, n, 3) - 1e-6);
			CHECK(station(.15, .2, .3, p, n, 4) >=
			      station(.15, .2, .3, p, n, 3) - 1e-6);
			CHECK(station(.15, .2, .3, p, n, 3) >=
			      station(.15, .3, .3, p, n, 3) - 1e-6);
		}
	}
}

/* --- against a simulation ---------------------------------------------------------------------- */

#define MOST 256
#define WARM_UP 4000 /* cycles that are not counted */
#define CYCLES 60000

enum phase { WAITS, HOLDS, COMPUTES, SLEEPS };

/* Discrete events: each GIL is given to who waited longest, the CPUs are shared by all that run. */
struct simulation {
	struct scaling_demand w;
	struct scaling_layout l;
	double cpus, now;
	uint64_t random, tickets, cycles;
	struct {
		enum phase phase;
		double left;	 /* of it, at full speed */
		uint64_t ticket; /* its turn at the GIL */
	} threads[MOST];
};

/* xorshift64*: the same numbers in each run */
static double exponential(struct simulation *s, double mean)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return -mean * log(((s->random * 0x2545f4914f6cdd1dull >> 11) + 0.5) / 9007199254740992.0);
}

static void enter(struct simulation *s, uint32_t t, enum phase phase)
{
	const double mean[] = { [HOLDS] = s->w.s, [COMPUTES] = s->w.d, [SLEEPS] = s->w.z };

	s->threads[t].phase = phase;
	if (phase == WAITS)
		s->threads[t].ticket = s->tickets++;
	else
		s->threads[t].left = exponential(s, mean[phase]);
}

static void give_gil(struct simulation *s, uint32_t process)
{
	uint32_t first = process * s->l.threads, next = UINT32_MAX;

	for (uint32_t t = first; t < first + s->l.threads; t++) {
		if (s->threads[t].phase == HOLDS)
			return;
		if (s->threads[t].phase == WAITS &&
		    (next == UINT32_MAX || s->threads[t].ticket < s->threads[next].ticket))
			next = t;
	}
	if (next != UINT32_MAX)
		enter(s, next, HOLDS);
}

static void leave(struct simulation *s, uint32_t t)
{
	switch (s->threads[t].phase) {
	case SLEEPS:
		enter(s, t, WAITS);
		break;
	case HOLDS:
		enter(s, t, COMPUTES);
		break;
	default:
		s->cycles++;
		enter(s, t, SLEEPS);
	}
	give_gil(s, t / s->l.threads);
}

/* To the next event. */
static void advance(struct simulation *s)
{
	uint32_t n = s->l.processes * s->l.threads, active = 0, first = 0;
	double speed, soonest = INFINITY;

	for (uint32_t t = 0; t < n; t++)
		active += s->threads[t].phase == HOLDS || s->threads[t].phase == COMPUTES;
	speed = active > s->cpus ? s->cpus / active : 1;
	for (uint32_t t = 0; t < n; t++) {
		enum phase phase = s->threads[t].phase;
		double in = s->threads[t].left / (phase == SLEEPS ? 1 : speed);

		if (phase != WAITS && in < soonest) {
			soonest = in;
			first = t;
		}
	}
	s->now += soonest;
	for (uint32_t t = 0; t < n; t++) {
		if (s->threads[t].phase != WAITS)
			s->threads[t].left -= soonest * (s->threads[t].phase == SLEEPS ? 1 : speed);
	}
	leave(s, first);
}

static double simulate(struct scaling_demand w, struct scaling_layout l, double cpus)
{
	struct simulation s = { .w = w, .l = l, .cpus = cpus, .random = 88172645463325252ull };
	double began;

	for (uint32_t t = 0; t < l.processes * l.threads; t++)
		enter(&s, t, SLEEPS);
	while (s.cycles < WARM_UP)
		advance(&s);
	began = s.now;
	while (s.cycles < WARM_UP + CYCLES)
		advance(&s);
	return CYCLES / (s.now - began);
}

static void simulated(void)
{
	static const struct scaling_demand work[] = {
		{ 1, 3, 4 }, { 1, 8, 8 }, { 2, 0, 9 }, { 1, 30, 60 }, { 3, 3, .5 }
	};
	static const double cpus[] = { 2, 3, 4, 8, 16, 32, 64, 128 };
	double worst = 0;
	int settings = 0;

	for (size_t c = 0; c < sizeof(cpus) / sizeof(cpus[0]); c++) {
		for (size_t i = 0; i < sizeof(work) / sizeof(work[0]); i++) {
			for (uint32_t p = 1; p <= 4; p += 3) {
				/* half of the CPUs, all of them, or more workers than CPUs */
				uint32_t n = (uint32_t)(cpus[c] * (i % 3 + 1) / 2 / p) + 1;
				struct scaling_layout l = { p, n < MOST / p ? n : MOST / p };
				double truth = simulate(work[i], l, cpus[c]);
				double off =
					fabs(scaling__station(&work[i], l, cpus[c]) / truth - 1);

				worst = fmax(worst, off);
				settings++;
				if (off > 0.03)
					TAP_FAIL("%g CPUs, work %zu, %u x %u: off by %.1f %%",
						 cpus[c], i, p, l.threads, 100 * off);
			}
		}
	}
	printf("# %d settings, the worst off by %.1f %%\n", settings, 100 * worst);
}

int main(void)
{
	TAP_RUN(golden_models);
	TAP_RUN(golden_ranges);
	TAP_RUN(golden_free_threaded);
	TAP_RUN(the_present);
	TAP_RUN(another_reference);
	TAP_RUN(waits_unseen);
	TAP_RUN(standing_still);
	TAP_RUN(usual_stall);
	TAP_RUN(fitted_stall);
	TAP_RUN(stall_not_seen);
	TAP_RUN(stall_unsure);
	TAP_RUN(range_of_stall);
	TAP_RUN(demands_of_zero);
	TAP_RUN(large_rates);
	TAP_RUN(large_layouts);
	TAP_RUN(order);
	TAP_RUN(simulated);
	return TAP_DONE();
}
