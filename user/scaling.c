/* SPDX-License-Identifier: BSD-2-Clause */
#include "scaling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LARGE 1e200   /* products of rates are rescaled above: they overflow at 128 threads */
#define UNLIMITED 1e9 /* CPUs */
#define ROUNDS_MAX 60 /* of the fixed point over the other processes' demand for CPUs, */
#define ROUNDS_MIN 4  /* scaling.md section 1, step 3 */
#define CONVERGED 1e-9
#define BUNCHING 1.4	  /* over C: step 4, chosen on the measurements of section 2, */
#define BUNCHING_MOST 0.7 /* on 2 CPUs 0.6 to 0.8 fit alike */

static double workers(struct scaling_layout l)
{
	return (double)l.processes * l.threads;
}

double scaling__bound(const struct scaling_demand *w, struct scaling_layout l, double cpus)
{
	double most = workers(l) / (w->s + w->d + w->z);

	if (w->s > 0)
		most = fmin(most, l.processes / w->s);
	if (w->s + w->d > 0)
		most = fmin(most, cpus / (w->s + w->d));
	return most;
}

double scaling__all_at_once(const struct scaling_demand *w, struct scaling_layout l, double cpus)
{
	double n = workers(l);
	double cycle = w->z + (l.threads - 1) * w->s + (w->s + w->d) * fmax(1, n / cpus);

	return fmin(scaling__bound(w, l, cpus), n / cycle);
}

/* --- step 3: station ------------------------------------------------------------------------- */

/* A process of n threads, and what the other processes leave of the CPUs. Lists of 0...n. */
struct station {
	struct scaling_demand w;
	bool still; /* while the GIL is held, all but the holder are */
	uint32_t n;
	double *speed;	 /* [a]: of each of a active threads of this process */
	double *pi;	 /* [i]: probability that i are at the GIL, its holder included */
	double *p;	 /* [j]: that j of those elsewhere are in d; scratch */
	double *act;	 /* [a]: that a are active */
	double *act_new; /* scratch */
	double *others; /* [x]: that x are active in the other processes together; (P-1)n + 1 of them */
	double *sum; /* scratch, as long */
};

static void scale(double *p, uint32_t n, double by)
{
	for (uint32_t i = 0; i <= n; i++)
		p[i] *= by;
}

static void normalise(double *p, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i <= n; i++)
		sum += p[i];
	scale(p, n, 1 / sum);
}

/* With i threads at the GIL: the law of how many of the others are in d, the rest being in z. */
static void elsewhere(struct station *s, uint32_t i)
{
	uint32_t k = s->n - i, b = i > 0;

	memset(s->p, 0, (k + 1) * sizeof(*s->p));
	if (s->w.d <= 0 || s->w.z <= 0) {
		s->p[s->w.d <= 0 ? 0 : k] = 1;
		return;
	}
	s->p[0] = 1;
	for (uint32_t j = 1; j <= k; j++) {
		s->p[j] = s->p[j - 1] * ((k - j + 1) / s->w.z) / (j * s->speed[j + b] / s->w.d);
		if (s->p[j] > LARGE)
			scale(s->p, j, 1 / LARGE);
	}
	normalise(s->p, k);
}

/* How fast threads come to the GIL, while p holds elsewhere(i). */
static double arrivals(const struct station *s, uint32_t i)
{
	uint32_t k = s->n - i, b = i > 0;
	double rate = 0;

	if (k == 0)
		return 0;
	if (s->w.z <= 0)
		return k * s->speed[k + b] / s->w.d;
	for (uint32_t j = 0; j <= k; j++)
		rate += s->p[j] * (k - j) / s->w.z;
	return rate;
}

/* How fast they leave it. */
static double departures(const struct station *s, uint32_t i)
{
	double rate = 0;

	for (uint32_t j = 0; j <= s->n - i; j++)
		rate += s->p[j] * s->speed[j + 1];
	return rate / s->w.s;
}

static void add_active(struct station *s, uint32_t i, double weight)
{
	for (uint32_t j = 0; j <= s->n - i; j++)
		s->act_new[j + (i > 0)] += weight * s->p[j];
}

/* Nobody needs the GIL. Returns the throughput; act_new becomes the law of active threads. */
static double without_gil(struct station *s)
{
	elsewhere(s, 0);
	add_active(s, 0, 1);
	return arrivals(s, 0);
}

/* Nobody is ever elsewhere: one runs, the others wait for it. */
static double gil_alone(struct station *s)
{
	s->act_new[1] = 1;
	return s->speed[1] / s->w.s;
}

/* The chain of those at the GIL: pi, then as without_gil(). */
static double with_gil(struct station *s)
{
	double came = 0, throughput = 0;

	for (uint32_t i = 0; i <= s->n; i++) {
		elsewhere(s, i);
		s->pi[i] = i ? s->pi[i - 1] * came / departures(s, i) : 1;
		came = arrivals(s, i);
		if (s->pi[i] > LARGE)
			scale(s->pi, i, 1 / LARGE);
	}
	normalise(s->pi, s->n);
	for (uint32_t i = 0; i <= s->n; i++) {
		elsewhere(s, i);
		if (i > 0)
			throughput += s->pi[i] * departures(s, i);
		add_active(s, i, s->pi[i]);
	}
	return throughput;
}

/* While one holds the GIL none of the others gets on: it is held, or it is not and all are elsewhere. */
static double standing_still(struct station *s)
{
	double takes, leaves = s->speed[1] / s->w.s, free;

	elsewhere(s, 0);
	takes = arrivals(s, 0);
	free = leaves / (takes + leaves);
	add_active(s, 0, free);
	s->act_new[1] += 1 - free;
	return takes * free;
}

static double solve(struct station *s)
{
	memset(s->act_new, 0, (s->n + 1) * sizeof(*s->act_new));
	if (s->w.s <= 0)
		return without_gil(s);
	if (s->w.d + s->w.z <= 0)
		return gil_alone(s);
	return s->still ? standing_still(s) : with_gil(s);
}

/* The law of the active threads of `copies` processes like this one. Returns the most there can be. */
static uint32_t convolve(struct station *s, uint32_t copies)
{
	uint32_t most = 0;

	s->others[0] = 1;
	for (uint32_t c = 0; c < copies; c++, most += s->n) {
		memset(s->sum, 0, (most + s->n + 1) * sizeof(*s->sum));
		for (uint32_t x = 0; x <= most; x++) {
			for (uint32_t a = 0; a <= s->n; a++)
				s->sum[x + a] += s->others[x] * s->act[a];
		}
		memcpy(s->others, s->sum, (most + s->n + 1) * sizeof(*s->sum));
	}
	return most;
}

/* Fair CPUs: with more active threads than CPUs each gets its share. */
static void find_speeds(struct station *s, uint32_t others, double cpus)
{
	uint32_t most = convolve(s, others);

	for (uint32_t a = 0; a <= s->n; a++) {
		s->speed[a] = 0;
		for (uint32_t x = 0; x <= most; x++)
			s->speed[a] += s->others[x] * fmin(1, a + x ? cpus / (a + x) : 1);
	}
}

/* Each process sees the mean of what all others do, which are like it: a fixed point. */
static double settle(struct station *s, uint32_t processes, double cpus)
{
	double throughput = 0, before;

	s->act[0] = 1;
	for (uint32_t round = 1; round <= ROUNDS_MAX; round++) {
		before = throughput;
		find_speeds(s, processes - 1, cpus);
		throughput = solve(s);
		for (uint32_t a = 0; a <= s->n; a++)
			s->act[a] = round == 1 ? s->act_new[a] : (s->act[a] + s->act_new[a]) / 2;
		if (processes == 1 ||
		    (round >= ROUNDS_MIN && fabs(throughput - before) < CONVERGED))
			break;
	}
	return throughput;
}

static double station(const struct scaling_demand *w, bool still, struct scaling_layout l,
		      double cpus)
{
	uint32_t n = l.threads;
	size_t lists = 5 * ((size_t)n + 1), rest = 2 * ((size_t)(l.processes - 1) * n + 1);
	cleanup_free double *memory = calloc(lists + rest, sizeof(*memory));
	struct station s = { .w = *w, .still = still, .n = n, .speed = memory };

	if (!memory)
		return -1;
	s.pi = s.speed + n + 1;
	s.p = s.pi + n + 1;
	s.act = s.p + n + 1;
	s.act_new = s.act + n + 1;
	s.others = s.act_new + n + 1;
	s.sum = s.others + rest / 2;
	return fmin(l.processes * settle(&s, l.processes, cpus), scaling__bound(w, l, cpus));
}

double scaling__station(const struct scaling_demand *w, struct scaling_layout l, double cpus)
{
	return station(w, false, l, cpus);
}

/* --- step 4 ---------------------------------------------------------------------------------- */

static double point(const struct scaling_demand *w, bool still, struct scaling_layout l,
		    double cpus)
{
	struct scaling_layout alone = { .processes = 1, .threads = l.threads };
	double n = workers(l), fair = station(w, still, l, cpus);
	double free = station(w, still, alone, UNLIMITED), bunched, busy;

	if (fair < 0 || free < 0)
		return -1;
	bunched = n / (n / (l.processes * free) + w->d * fmax(0, n / cpus - 1) +
		       w->s * fmax(0, fmin(l.processes, n) / cpus - 1));
	busy = fmin(1, fair * (w->s + w->d) / cpus);
	return fair + fmin(BUNCHING_MOST, BUNCHING / cpus) * busy * (fmin(fair, bunched) - fair);
}

double scaling__point(const struct scaling_demand *w, struct scaling_layout l, double cpus)
{
	return point(w, false, l, cpus);
}

double scaling__point_still(const struct scaling_demand *w, struct scaling_layout l, double cpus)
{
	return point(w, w->s > 0 && w->d > 0, l, cpus);
}
