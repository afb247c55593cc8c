/* SPDX-License-Identifier: BSD-2-Clause */
#include "usl.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PARAMETERS 3
#define ROUNDS 1000
#define DAMPING_MOST 1e12
#define CONVERGED 1e-14 /* of the sum of squares */

enum { LAMBDA, SIGMA, KAPPA };

/* Where to begin: of several minima the best is taken. */
static const double starts[][2] = { { 0.02, 1e-3 }, { 0.1, 1e-5 }, { 0.5, 0.01 }, { 0, 0 } };

struct fit {
	const struct usl_point *points;
	size_t n;
	double p[PARAMETERS];
	double squares; /* of the residuals at p */
};

static double value(const double p[PARAMETERS], double n)
{
	return p[LAMBDA] * n / (1 + p[SIGMA] * (n - 1) + p[KAPPA] * n * (n - 1));
}

static double sum_squares(const struct fit *f, const double p[PARAMETERS])
{
	double sum = 0;

	for (size_t i = 0; i < f->n; i++) {
		double off = f->points[i].x - value(p, f->points[i].n);

		sum += off * off;
	}
	return sum;
}

static void clamp(double p[PARAMETERS])
{
	p[SIGMA] = fmin(fmax(p[SIGMA], 0), 1);
	p[KAPPA] = fmin(fmax(p[KAPPA], 0), 1);
}

/* J'J and J'r of the residuals r. */
static void linearise(const struct fit *f, double a[PARAMETERS][PARAMETERS], double b[PARAMETERS])
{
	memset(a, 0, sizeof(double[PARAMETERS][PARAMETERS]));
	memset(b, 0, sizeof(double[PARAMETERS]));
	for (size_t i = 0; i < f->n; i++) {
		double n = f->points[i].n, x = value(f->p, n);
		double slope = -x * x / (f->p[LAMBDA] * n); /* by the denominator */
		const double j[PARAMETERS] = { x / f->p[LAMBDA], slope * (n - 1),
					       slope * n * (n - 1) };

		for (int r = 0; r < PARAMETERS; r++) {
			b[r] += j[r] * (f->points[i].x - x);
			for (int c = 0; c < PARAMETERS; c++)
				a[r][c] += j[r] * j[c];
		}
	}
}

/* A parameter that its bound holds back is left out of the step. */
static void hold_at_bounds(const struct fit *f, double a[PARAMETERS][PARAMETERS],
			   double b[PARAMETERS])
{
	for (int k = SIGMA; k <= KAPPA; k++) {
		if (!(f->p[k] <= 0 && b[k] < 0) && !(f->p[k] >= 1 && b[k] > 0))
			continue;
		for (int other = 0; other < PARAMETERS; other++)
			a[k][other] = a[other][k] = 0;
		a[k][k] = 1;
		b[k] = 0;
	}
}

/* Gauss' elimination; the matrix is positive definite, as its diagonal has been raised. */
static void solve(double a[PARAMETERS][PARAMETERS], double b[PARAMETERS])
{
	for (int k = 0; k < PARAMETERS; k++) {
		for (int r = k + 1; r < PARAMETERS; r++) {
			double by = a[r][k] / a[k][k];

			for (int c = k; c < PARAMETERS; c++)
				a[r][c] -= by * a[k][c];
			b[r] -= by * b[k];
		}
	}
	for (int r = PARAMETERS - 1; r >= 0; r--) {
		for (int c = r + 1; c < PARAMETERS; c++)
			b[r] -= a[r][c] * b[c];
		b[r] /= a[r][r];
	}
}

/* One step with this damping. Whether it came closer. */
static bool step(struct fit *f, double damping)
{
	double a[PARAMETERS][PARAMETERS], b[PARAMETERS], p[PARAMETERS], squares;

	linearise(f, a, b);
	hold_at_bounds(f, a, b);
	for (int k = 0; k < PARAMETERS; k++)
		a[k][k] *= 1 + damping;
	solve(a, b);
	for (int k = 0; k < PARAMETERS; k++)
		p[k] = f->p[k] + b[k];
	clamp(p);
	squares = sum_squares(f, p);
	if (!(p[LAMBDA] > 0) || !(squares < f->squares))
		return false;
	memcpy(f->p, p, sizeof(p));
	f->squares = squares;
	return true;
}

static void descend(struct fit *f)
{
	double damping = 1e-3;

	for (int round = 0; round < ROUNDS && damping < DAMPING_MOST; round++) {
		double before = f->squares;

		if (!step(f, damping)) {
			damping *= 10;
			continue;
		}
		if (before - f->squares <= CONVERGED * before)
			break;
		damping = fmax(damping / 10, 1e-12);
	}
}

static bool is_usable(const struct usl_point *points, size_t n)
{
	size_t different = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		if (!isfinite(points[i].n) || !isfinite(points[i].x) || points[i].n < 1 ||
		    points[i].x <= 0)
			return false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = points[j].n == points[i].n;
		different += !seen;
	}
	return different >= USL_SIZES_LEAST;
}

/* The most that one worker has ever done. */
static double lambda_of(const struct usl_point *points, size_t n)
{
	double lambda = 0;

	for (size_t i = 0; i < n; i++)
		lambda = fmax(lambda, points[i].x / points[i].n);
	return lambda;
}

static void fill(const struct fit *f, struct usl_fit *fit)
{
	*fit = (struct usl_fit){ .lambda = f->p[LAMBDA],
				 .sigma = f->p[SIGMA],
				 .kappa = f->p[KAPPA],
				 .error = sqrt(f->squares / (double)(f->n - PARAMETERS)) };
	if (fit->kappa > 0) {
		fit->peak_n = fmax(1, sqrt((1 - fit->sigma) / fit->kappa));
		fit->peak_x = usl__at(fit, fit->peak_n);
	}
}

int usl__fit(const struct usl_point *points, size_t n, struct usl_fit *fit)
{
	struct fit best = { .points = points, .n = n };
	double lambda;

	if (!is_usable(points, n))
		return -EINVAL;
	lambda = lambda_of(points, n);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct fit f = { points, n, { lambda, starts[i][0], starts[i][1] }, 0 };

		f.squares = sum_squares(&f, f.p);
		descend(&f);
		if (i == 0 || f.squares < best.squares)
			best = f;
	}
	fill(&best, fit);
	return isfinite(fit->error) ? 0 : -EINVAL;
}

double usl__at(const struct usl_fit *fit, double n)
{
	const double p[PARAMETERS] = { fit->lambda, fit->sigma, fit->kappa };

	return value(p, n);
}
