/* SPDX-License-Identifier: BSD-2-Clause */
#include "sweep.h"

#include <stdlib.h>

#include "fixture.h"
#include "report_scale.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct scaling_layout both[] = { { 1, 1 }, { 1, 2 }, { 1, 4 }, { 2, 1 }, { 4, 1 } };

/* scaling.md section 6, third line: its prediction for 1 x 4 is 3.0196, 2.0426 to 4.0021. */
static struct model_scaling lone(void)
{
	struct model_scaling m = {
		.base = { .demand = { .10, .40, .50 }, .now = { 1, 1 }, .cpus = 2, .delta = 0.05 }
	};

	m.caveats[0] = "A doubt.";
	m.caveats[1] = "An assumption.";
	m.caveats_n = 2;
	m.doubts_n = 1;
	return m;
}

static void run(struct sweep *s, size_t row, double throughput)
{
	sweep__add_run(s, row, (struct sweep_run){ (uint64_t)(1e9 / throughput), throughput });
}

/* malloc'ed */
static char *render(int (*report)(const struct scale_info *, FILE *), const struct scale_info *info)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = report(info, f);

	fclose(f);
	if (!err)
		return text;
	free(text);
	return NULL;
}

static int text(const struct scale_info *info, FILE *f)
{
	return report_scale_text(info, false, f);
}

static void medians_and_ratios(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));

	run(s, 0, 10);
	run(s, 0, 12);
	run(s, 0, 8);
	run(s, 2, 30);
	run(s, 2, 10);
	CHECK_INT(sweep__finish(s), 0);
	CHECK_INT(sweep__measured(s), 2);
	CHECK_NEAR(s->rows[0].throughput, 10, 0);
	CHECK_NEAR(s->rows[0].ratio, 1, 0);
	CHECK_NEAR(s->rows[0].least, .8, 1e-9);
	CHECK_NEAR(s->rows[0].most, 1.2, 1e-9);
	CHECK_NEAR(s->rows[2].ratio, 2, 1e-9); /* of two the middle */
	CHECK_NEAR(s->rows[2].least, 1, 1e-9);
	CHECK_NEAR(s->rows[2].most, 3, 1e-9);
	CHECK(!s->rows[1].runs_n && !s->rows[2].predicted);
	CHECK_STR(s->unknown, "no run of the first layout was profiled to its end");
	sweep__free(s);
}

static void predicts_from_the_smallest(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model_scaling m = lone();

	for (size_t i = 0; i < COUNT(both); i++)
		run(s, i, both[i].threads == 4 ? 25 : 10);
	CHECK_INT(sweep__add_profile(s, &m), 0);
	CHECK_INT(sweep__finish(s), 0);
	CHECK(!s->unknown && !s->rows[0].predicted);
	CHECK_NEAR(s->rows[2].range.ratio, 3.0196, 1e-4);
	CHECK_NEAR(s->rows[2].range.low, 2.0426, 1e-4);
	CHECK_NEAR(s->rows[2].range.high, 4.0021, 1e-4);
	CHECK(s->rows[2].inside && s->rows[4].predicted && !s->rows[4].inside);
	CHECK_INT(s->doubts_n, 1);
	sweep__free(s);
}

/* Of three profiles the middle one, whatever their order; one without a prediction takes none away. */
static void predicts_by_the_median(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model_scaling m = lone(),
			     none = { .unknown = "the window was shorter than a second" };
	static const double z[] = { 5, .50, 0.01 };

	run(s, 0, 10);
	run(s, 2, 25);
	sweep__no_profile(s, "nothing");
	for (size_t i = 0; i < COUNT(z); i++) {
		m.base.demand.z = z[i];
		CHECK_INT(sweep__add_profile(s, &m), 0);
		CHECK_INT(sweep__add_profile(s, &none), 0);
	}
	CHECK_INT(sweep__finish(s), 0);
	CHECK(!s->unknown);
	CHECK_INT(s->profiles_n, 3);
	CHECK(s->rows[2].range.low <= s->rows[2].range.ratio);
	CHECK(s->rows[2].range.ratio <= s->rows[2].range.high);
	CHECK_INT(s->rows[2].ranges_n, 3);
	CHECK_NEAR(s->rows[2].range.ratio, s->rows[2].ranges[1].ratio, 0);
	sweep__free(s);
}

/* Two threads where one was asked for: as many times more of both. Where that is no whole number, nothing. */
static void helpers_are_scaled_up_too(void)
{
	static const struct scaling_layout sizes[] = { { 1, 2 }, { 1, 3 }, { 1, 4 }, { 1, 1024 } };
	struct sweep *s = sweep__new(sizes, COUNT(sizes));
	struct model_scaling m = lone();
	struct scaling_range range;

	m.base.now.threads = 3;
	for (size_t i = 0; i < COUNT(sizes); i++)
		run(s, i, 10);
	CHECK_INT(sweep__add_profile(s, &m), 0);
	CHECK_INT(sweep__finish(s), 0);
	CHECK_INT(s->seen.threads, 3);
	CHECK(!s->rows[1].predicted); /* 4.5 */
	CHECK_INT(scaling__predict(&m.base, (struct scaling_layout){ 1, 6 }, &range), 0);
	CHECK_NEAR(s->rows[2].range.ratio, range.ratio, 1e-9);
	CHECK(!s->rows[3].predicted); /* too many to be reckoned */
	sweep__free(s);
}

/* Three threads of two make no whole number of any other: there is no prediction, and none is told of. */
static void what_fits_nothing_is_not_used(void)
{
	static const struct scaling_layout sizes[] = { { 1, 2 }, { 1, 3 }, { 1, 5 } };
	struct sweep *s = sweep__new(sizes, COUNT(sizes));
	struct model_scaling m = lone();

	m.base.now.threads = 3;
	CHECK_INT(sweep__add_profile(s, &m), 0);
	CHECK_INT(s->profiles_n, 0);
	CHECK_STR(s->unknown, "what was active cannot be made as many times more of");
	m.base.now.threads = 4;
	CHECK_INT(sweep__add_profile(s, &m), 0);
	m.base.now.threads = 3;
	CHECK_INT(sweep__add_profile(s, &m), 0);
	CHECK(!s->unknown);
	CHECK_INT(s->profiles_n, 1);
	CHECK_INT(s->seen.threads, 4);
	sweep__free(s);
}

/* A profile, and only the size that it is of. */
static void nothing_to_predict(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model_scaling m = lone();

	run(s, 0, 10);
	CHECK_INT(sweep__add_profile(s, &m), 0);
	CHECK_INT(sweep__finish(s), 0);
	CHECK_STR(s->unknown, "no other size was measured that it could be for");
	sweep__free(s);
}

/* Those that see what the program was told count alone, whatever came before or comes later. */
static void profiles_as_told_are_preferred(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model_scaling m = lone();

	run(s, 0, 10);
	run(s, 2, 25);
	for (uint32_t round = 0; round < 5; round++) {
		m.base.now.threads = round % 2 ? 1 : 2;
		CHECK_INT(sweep__add_profile(s, &m), 0);
	}
	CHECK_INT(sweep__finish(s), 0);
	CHECK_INT(s->profiles_n, 2);
	CHECK_INT(s->seen.threads, 1);
	CHECK_NEAR(s->rows[2].range.ratio, 3.0196, 1e-4);
	sweep__free(s);
}

/* A worker for half of the window, and a helper for so much of it. */
static struct capture *with_helper(uint64_t ns)
{
	struct capture *c = fixture__new();
	struct capture_thread *t;

	fixture__python(fixture__process(c, 42, "python3"), "shared", 1);
	t = fixture__thread(c, 0, 42, "worker");
	fixture__spend(t, ST_RUN, 5000 * FIXTURE_MS);
	t->samples = 500;
	fixture__use(t, 0x1000, 0, 0, 500);
	fixture__spend(fixture__thread(c, 0, 43, "helper"), ST_GIL_WAIT, ns);
	return c;
}

/* It takes part where it is a fifth of all, and where there are to be two. */
static void helpers_that_hardly_do_are_left_out(void)
{
	static const struct scaling_layout two[] = { { 1, 2 }, { 1, 4 } };
	static const struct {
		uint64_t helper_ms; /* of 10 s */
		const struct scaling_layout *layouts;
		double left_out;
		uint32_t seen;
	} cases[] = {
		{ 50, both, 0, 1 },  { 150, both, .02, 1 }, { 400, both, .05, 1 },
		{ 600, both, 0, 2 }, { 150, two, 0, 2 },    { 50, two, 0, 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture *c = with_helper(cases[i].helper_ms * FIXTURE_MS);
		struct sweep *s = sweep__new(cases[i].layouts, 2);
		struct model *m = model__new(c);

		CHECK_INT(sweep__add_model(s, m), 0);
		CHECK_STR(s->unknown, NULL);
		CHECK_INT(s->seen.threads, cases[i].seen);
		CHECK_NEAR(s->left_out, cases[i].left_out, 0);
		CHECK_INT(s->profiles_n, 1);
		sweep__free(s);
		model__free(m);
		capture__free(c);
	}
}

/* What is not used leaves nothing out; what is keeps the most that any of them did. */
static void left_out_is_of_those_used(void)
{
	struct capture *c = with_helper(400 * FIXTURE_MS), *less = with_helper(150 * FIXTURE_MS);
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model *m;

	c->info.duration_ns = 900 * FIXTURE_MS;
	m = model__new(c);
	CHECK_INT(sweep__add_model(s, m), 0);
	CHECK(s->unknown);
	CHECK_NEAR(s->left_out, 0, 0);
	CHECK_INT(s->profiles_n, 0);
	model__free(m);
	c->info.duration_ns = FIXTURE_WINDOW;
	m = model__new(c);
	CHECK_INT(sweep__add_model(s, m), 0);
	model__free(m);
	m = model__new(less);
	CHECK_INT(sweep__add_model(s, m), 0);
	CHECK_INT(s->profiles_n, 2);
	CHECK_NEAR(s->left_out, .05, 0);
	model__free(m);
	sweep__free(s);
	capture__free(c);
	capture__free(less);
}

static void fits_where_there_is_enough(void)
{
	static const struct scaling_layout six[] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 },
						     { 1, 6 }, { 1, 8 }, { 2, 1 }, { 8, 1 } };
	const struct usl_fit law = { .lambda = 20, .sigma = .1, .kappa = .02 };
	struct sweep *s = sweep__new(six, COUNT(six));

	for (size_t i = 0; i < COUNT(six); i++)
		run(s, i, usl__at(&law, six[i].threads * six[i].processes));
	CHECK_INT(sweep__finish(s), 0);
	CHECK_INT(s->fits_n, 1);
	CHECK(!s->fits[0].processes);
	CHECK_INT(s->fits[0].points, 6);
	CHECK_NEAR(s->fits[0].usl.sigma, .1, 1e-6);
	CHECK_NEAR(s->fits[0].usl.kappa, .02, 1e-6);
	sweep__free(s);
}

static void more_runs_than_are_kept(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct model_scaling m = lone();

	for (int i = 0; i < SWEEP_MAX_RUNS + 5; i++) {
		run(s, 0, 10);
		CHECK_INT(sweep__add_profile(s, &m), 0);
	}
	CHECK_INT(s->rows[0].runs_n, SWEEP_MAX_RUNS);
	CHECK_INT(s->rows[1].ranges_n, SWEEP_MAX_RUNS);
	CHECK_INT(sweep__finish(s), 0);
	sweep__free(s);
}

/* --- reports ------------------------------------------------------------------------------------- */

static char *const hostile[] = { (char[]){ "<app>" }, (char[]){ "\033[31m&\"'\x01\xff" },
				 (char[]){ "]]>{n}" }, NULL };

static struct scale_info hostile_info(struct sweep *s)
{
	return (struct scale_info){ s, "2026-11-26T00:00:00Z", hostile, 2, SCALE_FAILED };
}

static void reports_escape_the_command(void)
{
	struct sweep *s = sweep__new(both, COUNT(both));
	struct scale_info info = hostile_info(s);
	char *page, *svg, *json;

	run(s, 0, 10);
	run(s, 1, 19);
	CHECK_INT(sweep__finish(s), 0);
	page = render(text, &info);
	CHECK(page);
	CHECK(!strchr(page, '\033') && !strchr(page, '\x01'));
	CHECK(strstr(page, "A run failed: what follows was measured before."));
	CHECK(strstr(page, "1 x 2 gives most: 1.90 times the throughput of 1 x 1."));
	CHECK(strstr(page, "Nothing is predicted: no run of the first layout"));
	svg = render(report_scale_svg, &info);
	CHECK(svg);
	CHECK(!strchr(svg, '\033') && !strchr(svg, '\x01') && !strstr(svg, "<app>"));
	CHECK(strstr(svg, "&lt;app&gt; \\x1b[31m&amp;&quot;&#39;"));
	json = render(report_scale_json, &info);
	CHECK(json);
	CHECK(strstr(json, "\"end\": \"failed\""));
	CHECK(strstr(json, "\\\\xff"));
	free(page);
	free(svg);
	free(json);
	sweep__free(s);
}

/* What is within noise is no advice. */
static void noise_is_not_most(void)
{
	static const struct {
		double first[3], second[3];
		const char *says;
	} cases[] = {
		{ { 10, 10, 10 },
		  { 10.4, 10.4, 9 },
		  "Nothing measured gives clearly more than 1 x 1." },
		{ { 10, 10, 10 }, { 9, 9, 9 }, "Nothing measured gives clearly more than 1 x 1." },
		{ { 10, 10, 9 },
		  { 10.3, 10.2, 10.1 },
		  "1 x 2 gives most: 1.02 times the throughput of 1 x 1." },
		{ { 10, 10, 10 },
		  { 10.01, 10.01, 10.01 },
		  "Nothing measured gives clearly more than 1 x 1." },
		{ { 10, 12, 8 },
		  { 10.6, 11, 7 },
		  "1 x 2 gives most: 1.06 times the throughput of 1 x 1." },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sweep *s = sweep__new(both, 2);
		char summary[256];

		for (int k = 0; k < 3; k++) {
			run(s, 0, cases[i].first[k]);
			run(s, 1, cases[i].second[k]);
		}
		CHECK_INT(sweep__finish(s), 0);
		report_scale__summary(s, summary, sizeof(summary));
		CHECK_STR(summary, cases[i].says);
		sweep__free(s);
	}
}

/* Of one run each the least is the most. */
static void one_run_each_tells_little(void)
{
	struct sweep *s = sweep__new(both, 2);
	char summary[256];

	run(s, 0, 10);
	run(s, 1, 10.3);
	CHECK_INT(sweep__finish(s), 0);
	report_scale__summary(s, summary, sizeof(summary));
	CHECK_STR(summary, "Nothing measured gives clearly more than 1 x 1.");
	sweep__free(s);
}

/* One size of one way; figures of any size. */
static void extreme_sweeps(void)
{
	static const double throughputs[] = { 1e-30, 1, 1e30 };
	static const struct scaling_layout layouts[] = { { 1, 1024 }, { 1024, 1 } };

	for (size_t i = 0; i < COUNT(throughputs); i++) {
		for (size_t k = 0; k < COUNT(throughputs) + 1; k++) {
			struct sweep *s = sweep__new(layouts, 2);
			struct scale_info info = hostile_info(s);
			char *page, *svg, *json;

			run(s, 0, throughputs[i]);
			if (k < COUNT(throughputs))
				run(s, 1, throughputs[k]);
			CHECK_INT(sweep__finish(s), 0);
			page = render(text, &info);
			svg = render(report_scale_svg, &info);
			json = render(report_scale_json, &info);
			CHECK(page && svg && json);
			CHECK(!strstr(svg, "nan") && !strstr(svg, "inf"));
			free(page);
			free(svg);
			free(json);
			sweep__free(s);
		}
	}
}

int main(void)
{
	TAP_RUN(medians_and_ratios);
	TAP_RUN(predicts_from_the_smallest);
	TAP_RUN(predicts_by_the_median);
	TAP_RUN(helpers_are_scaled_up_too);
	TAP_RUN(what_fits_nothing_is_not_used);
	TAP_RUN(nothing_to_predict);
	TAP_RUN(profiles_as_told_are_preferred);
	TAP_RUN(helpers_that_hardly_do_are_left_out);
	TAP_RUN(left_out_is_of_those_used);
	TAP_RUN(fits_where_there_is_enough);
	TAP_RUN(more_runs_than_are_kept);
	TAP_RUN(reports_escape_the_command);
	TAP_RUN(noise_is_not_most);
	TAP_RUN(one_run_each_tells_little);
	TAP_RUN(extreme_sweeps);
	return TAP_DONE();
}
