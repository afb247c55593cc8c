/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include "fixture.h"
#include "model_occupancy.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

static char *render(struct capture *c)
{
	struct model *m = model__new(c);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = export_cpus_svg(m, f);

	fclose(f);
	model__free(m);
	capture__free(c);
	if (err)
		text[0] = '\0';
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Spinners 43 and 45 ran on CPU 0 for 3.3 s each, 44 on CPU 1. */
static void occupants(void)
{
	struct capture *c = fixture__spinners();
	struct model *m;
	struct model_occupancy *o;

	c->threads[1].cpu_ns[0] = S; /* more on CPU 1 than here */
	m = model__new(c);
	o = model_occupancy__new(m);
	CHECK_INT(o->cpus_n, 2);
	CHECK_INT(o->migrations, 36);
	CHECK_INT(o->cpus[0].occupants_n, 3);
	CHECK_INT(o->cpus[0].processes_n, 1);
	CHECK_INT(o->cpus[0].occupants[0].thread->row->tid, 43);
	CHECK_INT(o->cpus[0].occupants[0].ns, 3300 * FIXTURE_MS);
	CHECK_INT(o->cpus[0].occupants[2].thread->row->tid, 44);
	CHECK_INT(o->cpus[0].occupants[2].ns, S);
	CHECK_INT(o->cpus[1].occupants_n, 1);
	CHECK_INT(model_process__on_cpu(&m->processes[0], 0), 7600 * FIXTURE_MS);
	CHECK_INT(model_process__on_cpu(&m->processes[0], 7), 0);
	model_occupancy__free(o);
	model__free(m);
	capture__free(c);
}

/* Beyond what is told apart the rest is one, and nothing is lost. */
static void many_threads(void)
{
	struct capture *c = fixture__new();
	struct model *m;
	struct model_occupancy *o;
	uint64_t sum = 0;

	fixture__process(c, 42, "python3");
	for (uint32_t i = 0; i < 2000; i++) {
		struct capture_thread *t = fixture__thread(c, 0, 42 + i, "t");

		fixture__spend(t, ST_RUN, FIXTURE_MS);
		fixture__on_cpu(t, 0, FIXTURE_MS);
	}
	fixture__cpu(c, 0, 2 * S, 0);
	m = model__new(c);
	o = model_occupancy__new(m);
	CHECK_INT(o->cpus[0].occupants_n, MODEL_OCCUPANTS + 1);
	for (size_t i = 0; i < o->cpus[0].occupants_n; i++)
		sum += o->cpus[0].occupants[i].ns;
	CHECK_INT(sum, 2 * S);
	CHECK(!o->cpus[0].occupants[MODEL_OCCUPANTS].process);
	model_occupancy__free(o);
	model__free(m);
	capture__free(c);
}

static void the_picture(void)
{
	char *svg = render(fixture__spinners());

	CHECK(strstr(svg, "<text class=\"title\" x=\"50%\" y=\"24\" text-anchor=\"middle\">PID 42: "
			  "who ran on which CPU</text>"));
	CHECK(strstr(svg, "width: 10.0 s, from 2026-01-02T03:04:05.678Z; 36 migrations"));
	CHECK_INT(count(svg, "data-cpu="), 2);
	CHECK(strstr(svg,
		     "class=\"threads\" x=\"80.000\" y=\"116\" width=\"330.000\" height=\"22\" "
		     "data-ns=\"3300000000\" data-pid=\"42\""));
	CHECK(strstr(svg, "<title>spinner (TID 43) of python3.12 (PID 42): 3.3 s, 33 %</title>"));
	CHECK(strstr(svg, "class=\"other\" x=\"740.000\" y=\"116\" width=\"40.000\""));
	CHECK(strstr(svg, "class=\"idle\" x=\"780.000\" y=\"116\" width=\"300.000\""));
	CHECK_INT(count(svg, "data-tid="), 3);
	CHECK_INT(count(svg, "<rect class=\"offline\""), 1); /* in the legend */
	CHECK_INT(count(svg, "<rect class=\"rest\""), 1);
	free(svg);
}

/* A process's narrow threads are one piece, narrow processes are one with what nobody is known for. */
static void narrow_ones(void)
{
	struct capture *c = fixture__spinners();
	char *svg;

	c->threads[1].cpu_ns[0] = 4 * FIXTURE_MS;
	fixture__on_cpu(&c->threads[3], 0, 2 * FIXTURE_MS);
	fixture__process(c, 50, "small");
	fixture__on_cpu(fixture__thread(c, 1, 50, "small"), 0, FIXTURE_MS);
	c->cpus[0].target_ns += 10 * FIXTURE_MS;
	c->cpus[0].idle_ns -= 10 * FIXTURE_MS;
	svg = render(c);
	CHECK(strstr(svg, "data-ns=\"6000000\" data-pid=\"42\""));
	CHECK(strstr(svg, "<title>2 threads of python3.12 (PID 42): 6.0 ms, 0.06 %</title>"));
	/* 6610 ms, of which 6600 + 6 are told */
	CHECK(strstr(svg, "<rect class=\"rest\" x=\"740.600\""));
	CHECK(strstr(svg, "width=\"0.400\" height=\"22\" data-ns=\"4000000\"><title>"));
	CHECK(strstr(svg, "<title>others of the target: 4.0 ms, 0.04 %</title>"));
	CHECK(!strstr(svg, "data-pid=\"50\""));
	free(svg);
}

/* Figures and names as bad as a file can have them. */
static void hostile(void)
{
	struct capture *c = fixture__zoo();
	char *svg;

	free(c->processes[0].comm);
	c->processes[0].comm = strdup("]]>\"<&\x1b[31m\n\xe2\x80\xae");
	free(c->threads[0].name);
	c->threads[0].name = strdup("<script>");
	c->threads[0].cpu_ns[0] = INT64_MAX;
	c->cpus[1].idle_ns = c->cpus[1].offline_ns = c->cpus[0].target_ns = INT64_MAX;
	c->info.duration_ns = 1;
	svg = render(c);
	CHECK(*svg);
	CHECK(!strstr(svg, "<script") && !strchr(svg, '\x1b'));
	CHECK(!strstr(svg, "]]>\"") && strstr(svg, "]]&gt;&quot;&lt;&amp;\\x1b[31m\\x0a\\u{202e}"));
	free(svg);
	c = fixture__new();
	c->info.duration_ns = 0;
	svg = render(c);
	CHECK(strstr(svg, "</svg>"));
	free(svg);
}

static void many_cpus(void)
{
	struct capture *c = fixture__spinners();
	char *svg;

	for (uint32_t cpu = 2; cpu < 1000; cpu++)
		fixture__cpu(c, cpu, 0, 0);
	svg = render(c);
	CHECK_INT(count(svg, "data-cpu="), 512);
	CHECK(strstr(svg, "; the first 512 of 1000 CPUs"));
	free(svg);
}

int main(void)
{
	TAP_RUN(occupants);
	TAP_RUN(many_threads);
	TAP_RUN(the_picture);
	TAP_RUN(narrow_ones);
	TAP_RUN(hostile);
	TAP_RUN(many_cpus);
	return TAP_DONE();
}
