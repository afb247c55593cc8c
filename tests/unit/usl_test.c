/* SPDX-License-Identifier: BSD-2-Clause */
/* The golden vectors are those of shared/reference/users-and-outputs.md section 2.3. */
#include "usl.h"

#include <errno.h>
#include <math.h>

#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* R's package usl, data set specsdm91 */
static const struct usl_point spec[] = { { 1, 64.9 },	 { 18, 995.9 },	  { 36, 1652.4 },
					 { 72, 1853.2 }, { 108, 1828.9 }, { 144, 1775.0 },
					 { 216, 1702.2 } };

/* usl4j's ModelTest */
static const struct usl_point cisco[] = {
	{ 1, 955.16 },	  { 2, 1878.91 },   { 3, 2688.01 },   { 4, 3548.68 },	{ 5, 4315.54 },
	{ 6, 5130.43 },	  { 7, 5931.37 },   { 8, 6531.08 },   { 9, 7219.8 },	{ 10, 7867.61 },
	{ 11, 8278.71 },  { 12, 8646.7 },   { 13, 9047.84 },  { 14, 9426.55 },	{ 15, 9645.37 },
	{ 16, 9897.24 },  { 17, 10097.6 },  { 18, 10240.5 },  { 19, 10532.39 }, { 20, 10798.52 },
	{ 21, 11151.43 }, { 22, 11518.63 }, { 23, 11806 },    { 24, 12089.37 }, { 25, 12075.41 },
	{ 26, 12177.29 }, { 27, 12211.41 }, { 28, 12158.93 }, { 29, 12155.27 }, { 30, 12118.04 },
	{ 31, 12140.4 },  { 32, 12074.39 },
};

/* R's package usl, tests/coef.R */
static const struct usl_point coef[] = { { 1, 1 },	{ 2, 1.8868 }, { 4, 3.0769 },
					 { 6, 3.5294 }, { 8, 3.5398 }, { 10, 3.3557 } };

static void specsdm91(void)
{
	struct usl_fit fit;

	CHECK_INT(usl__fit(spec, COUNT(spec), &fit), 0);
	CHECK_NEAR(fit.sigma, .0277285, .0000001);
	CHECK_NEAR(fit.kappa, .0001044, .0000001);
	CHECK_NEAR(fit.lambda, 89.9952, .0001);
	CHECK_NEAR(fit.error, 82.8, .1);
	CHECK_NEAR(fit.peak_n, 96.52, .01);
	CHECK_NEAR(fit.peak_x, 1884, .5);
}

static void cisco_from_schwartz(void)
{
	struct usl_fit fit;

	CHECK_INT(usl__fit(cisco, COUNT(cisco), &fit), 0);
	CHECK_NEAR(fit.sigma, .02671591, 2e-4 * .02671591);
	CHECK_NEAR(fit.kappa, 7.690945e-4, 2e-4 * 7.690945e-4);
	CHECK_NEAR(fit.lambda, 995.6486, 2e-4 * 995.6486);
	CHECK_INT(fit.peak_n, 35);
	CHECK_NEAR(fit.peak_x, 12341, 2e-4 * 12341);
}

static void coef_r(void)
{
	struct usl_fit fit;

	CHECK_INT(usl__fit(coef, COUNT(coef), &fit), 0);
	CHECK_NEAR(fit.sigma, .02, 5e-5);
	CHECK_NEAR(fit.kappa, .02, 5e-5);
	CHECK_NEAR(fit.lambda, 1, 5e-5);
}

/* Whatever the unit, and whatever the order. */
static void units_do_not_matter(void)
{
	struct usl_point points[COUNT(spec)];
	struct usl_fit fit;

	for (size_t i = 0; i < COUNT(spec); i++)
		points[COUNT(spec) - 1 - i] = (struct usl_point){ spec[i].n, spec[i].x * 1e9 };
	CHECK_INT(usl__fit(points, COUNT(points), &fit), 0);
	CHECK_NEAR(fit.sigma, .0277285, .0000001);
	CHECK_NEAR(fit.lambda, 89.9952e9, .0001e9);
}

/* It comes back from what it says of itself. */
static void is_its_own_inverse(void)
{
	static const struct usl_fit of[] = {
		{ .lambda = 5, .sigma = 0, .kappa = 0 },
		{ .lambda = 1e-6, .sigma = .3, .kappa = 0 },
		{ .lambda = 1e6, .sigma = 0, .kappa = .01 },
		{ .lambda = 20, .sigma = 1, .kappa = 0 },
		{ .lambda = 20, .sigma = .9, .kappa = .9 },
	};

	for (size_t c = 0; c < COUNT(of); c++) {
		struct usl_point points[8];
		struct usl_fit fit;

		for (size_t i = 0; i < COUNT(points); i++) {
			points[i].n = (double)(i + 1);
			points[i].x = usl__at(&of[c], points[i].n);
		}
		CHECK_INT(usl__fit(points, COUNT(points), &fit), 0);
		CHECK_NEAR(fit.lambda / of[c].lambda, 1, 1e-5);
		CHECK_NEAR(fit.sigma, of[c].sigma, 1e-5);
		CHECK_NEAR(fit.kappa, of[c].kappa, 1e-5);
	}
}

/* More than linear: the law has no such curve but with negative parameters, which mean nothing. */
static void stays_within_its_bounds(void)
{
	struct usl_point points[8];
	struct usl_fit fit;

	for (size_t i = 0; i < COUNT(points); i++)
		points[i] = (struct usl_point){ (double)(i + 1), pow((double)(i + 1), 1.5) };
	CHECK_INT(usl__fit(points, COUNT(points), &fit), 0);
	CHECK(fit.sigma == 0 && fit.kappa == 0);
	CHECK_INT(fit.peak_n, 0);
	CHECK(fit.error > 0);
}

/* Each worker slows the others down from the second on: sigma is held at 1. */
static void one_worker_is_most(void)
{
	struct usl_point points[8];
	struct usl_fit fit;

	for (size_t i = 0; i < COUNT(points); i++)
		points[i] = (struct usl_point){ (double)(i + 1), 20 / sqrt((double)(i + 1)) };
	CHECK_INT(usl__fit(points, COUNT(points), &fit), 0);
	CHECK(fit.sigma == 1 && fit.kappa > 0);
	CHECK_NEAR(fit.peak_n, 1, 0);
	CHECK_NEAR(fit.peak_x, fit.lambda, 0);
}

static void refuses_what_says_nothing(void)
{
	struct usl_point points[COUNT(coef)];
	struct usl_fit fit;

	CHECK_INT(usl__fit(coef, COUNT(coef) - 1, &fit), -EINVAL);
	CHECK_INT(usl__fit(NULL, 0, &fit), -EINVAL);
	memcpy(points, coef, sizeof(coef));
	points[5].n = points[4].n;
	CHECK_INT(usl__fit(points, COUNT(points), &fit), -EINVAL); /* five sizes */
	for (int bad = 0; bad < 4; bad++) {
		static const double x[] = { 0, -1, INFINITY, NAN };

		memcpy(points, coef, sizeof(coef));
		points[2].x = x[bad];
		CHECK_INT(usl__fit(points, COUNT(points), &fit), -EINVAL);
	}
	memcpy(points, coef, sizeof(coef));
	points[2].n = 0.5;
	CHECK_INT(usl__fit(points, COUNT(points), &fit), -EINVAL);
}

int main(void)
{
	TAP_RUN(specsdm91);
	TAP_RUN(cisco_from_schwartz);
	TAP_RUN(coef_r);
	TAP_RUN(units_do_not_matter);
	TAP_RUN(is_its_own_inverse);
	TAP_RUN(stays_within_its_bounds);
	TAP_RUN(one_worker_is_most);
	TAP_RUN(refuses_what_says_nothing);
	return TAP_DONE();
}
