/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Universal Scalability Law (N. Gunther, arXiv:0808.1431), fitted to a measured table:
 *
 *	X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * sigma is contention, kappa coherency, lambda the throughput of one worker. It is for tables only: fitted to
 * a curve that the GIL has cut off, sigma is not the share of the GIL (0.04 for 0.20,
 * shared/reference/users-and-outputs.md section 2.2). Pure.
 */
#ifndef GILPROF_USL_H
#define GILPROF_USL_H

#include <stddef.h>

/* Different N, at least: fewer say nothing of three parameters. */
#define USL_SIZES_LEAST 6

struct usl_point {
	double n; /* workers, at least 1 */
	double x; /* their throughput in any unit, above 0 */
};

struct usl_fit {
	double lambda;	     /* in the unit of x, above 0 */
	double sigma, kappa; /* 0 to 1 each */
	double error;	     /* residual standard error, in the unit of x */
	double peak_n,
		peak_x; /* where more workers begin to slow it down, at least 1; 0: nowhere (kappa is 0) */
};

/* X(n). */
double usl__at(const struct usl_fit *fit, double n);

/*
 * Least squares, by Levenberg and Marquardt's method, sigma and kappa kept within 0 and 1. 0, or -EINVAL: too
 * few different sizes, or figures that are none.
 */
int usl__fit(const struct usl_point *points, size_t n, struct usl_fit *fit);

#endif
