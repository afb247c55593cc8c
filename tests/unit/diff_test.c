/* SPDX-License-Identifier: BSD-2-Clause */
/* Two captures compared: the model, its notes, the page and the JSON. */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "fixture.h"
#include "model.h"
#include "model_diff.h"
#include "page.h"
#include "report_diff.h"
#include "schema.h"
#include "tap.h"

static const struct report_diff_options options = { .name = { "a.gilprof", "b\x1b[31m.gilprof" } };
static const struct report_diff_options verbose = { .name = { "a", "b" }, .verbose = true };

/* Both captures, their models and what they come to; frees all. */
struct pair {
	struct capture *captures[2];
	struct model *models[2];
	struct model_diff *d;
};

static struct pair compare(struct capture *a, struct capture *b, const double *units)
{
	struct pair p = { .captures = { a, b } };

	p.models[0] = model__new(a);
	p.models[1] = model__new(b);
	p.d = model_diff__new(p.models[0], p.models[1], units);
	return p;
}

static void release(struct pair *p)
{
	model_diff__free(p->d);
	for (int side = 0; side < 2; side++) {
		model__free(p->models[side]);
		capture__free(p->captures[side]);
	}
}

static char *render(int (*report)(const struct model_diff *, const struct report_diff_options *,
				  FILE *),
		    const struct report_diff_options *o, struct capture *a, struct capture *b,
		    const double *units)
{
	struct pair p = compare(a, b, units);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = report(p.d, o, f);

	fclose(f);
	release(&p);
	if (!err)
		return text;
	free(text);
	return NULL;
}

static void at_peak(struct capture_process *p, uint64_t rss, uint64_t pss)
{
	p->peak_rss_bytes = rss;
	p->peak_pss_bytes = pss;
}

/* The spinners of user/fixture.h as the whole run of a command, with memory. */
static struct capture *threads(void)
{
	struct capture *c = fixture__spinners();

	free(c->info.mode);
	c->info.mode = strdup("command");
	c->info.command_status = 0;
	c->info.memory_peak = (struct capture_memory_peak){ .looks = 5, .processes = 1 };
	at_peak(&c->processes[0], 40u << 20, 32u << 20);
	return c;
}

/* As the same work by processes: a parent that waits and three children that run half of the time each. */
static struct capture *processes(void)
{
	struct capture *c = fixture__new();

	c->info.duration_ns = FIXTURE_WINDOW / 2;
	free(c->info.mode);
	c->info.mode = strdup("command");
	c->info.command_status = 0;
	c->info.memory_peak = (struct capture_memory_peak){ .looks = 5, .processes = 4 };
	fixture__python(fixture__process(c, 142, "python3.12"), "shared", 1);
	fixture__thread(c, 0, 142, "python3.12");
	at_peak(&c->processes[0], 40u << 20, 16u << 20);
	for (uint32_t i = 1; i <= 3; i++) {
		struct capture_process *p = fixture__process(c, 142 + i, "python3.12");
		struct capture_thread *t = fixture__thread(c, i, 142 + i, "worker");

		p->ppid = 142;
		p->exit_status = 0;
		fixture__python(p, "shared", 1);
		at_peak(p, 30u << 20, 24u << 20);
		fixture__spend(t, ST_RUN, 3300 * FIXTURE_MS);
		fixture__spend(t, ST_RUNQ, 1500 * FIXTURE_MS);
		t->samples = 100;
		fixture__use(t, 0x1000, 100, 0, 0);
	}
	return c;
}

static void shares_and_means(void)
{
	struct pair p = compare(threads(), processes(), NULL);
	const struct diff_figures *a = &p.d->overall[DIFF_BEFORE], *b = &p.d->overall[DIFF_AFTER];

	/* three of four threads wait 6.6 of 10 s; three of four run 3.3 of 5 s */
	CHECK_NEAR(a->threads[DIFF_GIL_WAIT], 1.98, 1e-9);
	CHECK_NEAR(a->share[DIFF_GIL_WAIT], 0.495, 1e-9);
	CHECK_NEAR(b->threads[DIFF_GIL_WAIT], 0, 1e-9);
	CHECK_NEAR(b->threads[DIFF_RUN_GIL], 1.98, 1e-9);
	CHECK_NEAR(b->threads[DIFF_RUNQ], 0.9, 1e-9);
	CHECK_NEAR(b->share[DIFF_RUNQ], 0.225, 1e-9);
	CHECK_NEAR(a->figure[DIFF_ACHIEVED], 0.99, 1e-9);
	CHECK_NEAR(b->figure[DIFF_ACHIEVED], 1.98, 1e-9);
	CHECK_NEAR(b->figure[DIFF_WANTED], 2.88, 1e-9);
	CHECK_NEAR(b->figure[DIFF_GIL_BUSIEST], 0.66, 1e-9);
	CHECK_NEAR(b->figure[DIFF_GILS_HELD], 1.98, 1e-9);
	CHECK_NEAR(a->figure[DIFF_SWITCHES], 600, 1e-9);
	CHECK_NEAR(a->figure[DIFF_LONGEST_WAIT_NS], 15 * FIXTURE_MS, 0);
	CHECK_NEAR(a->figure[DIFF_PSS_BYTES], 32u << 20, 0);
	CHECK_NEAR(b->figure[DIFF_PSS_BYTES], 88u << 20, 0);
	CHECK_NEAR(b->figure[DIFF_RSS_BYTES], 130u << 20, 0);
	CHECK_INT(b->figure[DIFF_PROCESSES], 4);
	release(&p);
}

/* All states together are all the time that threads existed. */
static void states_add_up(void)
{
	struct pair p = compare(fixture__zoo(), processes(), NULL);

	for (int side = 0; side < 2; side++) {
		const struct diff_figures *f = &p.d->overall[side];
		double sum = 0, shares = 0;

		for (int s = 0; s < DIFF_STATES; s++) {
			sum += f->threads[s];
			shares += f->share[s];
		}
		CHECK_NEAR(sum, f->figure[DIFF_THREADS], 1e-9);
		CHECK_NEAR(shares, 1, 1e-9);
	}
	release(&p);
}

static bool are_equal(const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))))
			return false;
	}
	return true;
}

static bool same_figures(const struct diff_figures f[2])
{
	return are_equal(f[0].threads, f[1].threads, DIFF_STATES) &&
	       are_equal(f[0].share, f[1].share, DIFF_STATES) &&
	       are_equal(f[0].figure, f[1].figure, DIFF_FIGURES);
}

static void no_change(void)
{
	struct pair p = compare(fixture__zoo(), fixture__zoo(), NULL);

	CHECK(same_figures(p.d->overall));
	CHECK_INT(p.d->trees_n, 3);
	for (size_t i = 0; i < p.d->trees_n; i++) {
		const struct diff_tree *t = &p.d->trees[i];

		CHECK_INT(t->root[0]->process->pid, t->root[1]->process->pid);
		CHECK(same_figures(t->figures));
	}
	release(&p);
}

static void throughput(void)
{
	static const double units[] = { 1000, 1500 };
	struct pair p = compare(threads(), processes(), NULL);

	CHECK_INT(p.d->throughput.basis, DIFF_RUNS);
	CHECK_NEAR(p.d->throughput.ratio, 2, 1e-9);
	CHECK_NEAR(p.d->throughput.cpu_ns[DIFF_BEFORE], 9900 * FIXTURE_MS, 1);
	release(&p);
	p = compare(threads(), processes(), units);
	CHECK_INT(p.d->throughput.basis, DIFF_UNITS);
	CHECK_NEAR(p.d->throughput.per_second[DIFF_BEFORE], 100, 1e-9);
	CHECK_NEAR(p.d->throughput.per_second[DIFF_AFTER], 300, 1e-9);
	CHECK_NEAR(p.d->throughput.ratio, 3, 1e-9);
	CHECK_NEAR(p.d->throughput.cpu_ns[DIFF_AFTER], 6.6 * FIXTURE_MS, 1);
	release(&p);
}

/* Neither a process that was joined, nor a run that failed or was cut short, has done a known work. */
static void no_throughput(void)
{
	struct pair p = compare(fixture__spinners(), processes(), NULL);
	struct capture *failed = processes();

	CHECK_INT(p.d->throughput.basis, DIFF_NOTHING);
	CHECK(isnan(p.d->throughput.ratio));
	release(&p);
	for (int64_t status = -1; status <= 256; status += 257) { /* it runs on; exit status 1 */
		failed->info.command_status = status;
		p = compare(threads(), failed, NULL);
		CHECK_INT(p.d->throughput.basis, DIFF_NOTHING);
		p.captures[1] = NULL;
		release(&p);
	}
	capture__free(failed);
}

static void memory(void)
{
	struct capture *old = threads(), *ended = processes();
	struct pair p;

	for (size_t i = 0; i < ended->processes_n; i++)
		at_peak(&ended->processes[i], 0, 0); /* it ended before a look */
	p = compare(old, ended, NULL);
	CHECK_NEAR(p.d->overall[DIFF_BEFORE].figure[DIFF_PSS_BYTES], 32u << 20, 0);
	CHECK(isnan(p.d->overall[DIFF_AFTER].figure[DIFF_PSS_BYTES]));
	release(&p);
	old = threads();
	old->processes[0].peak_pss_bytes = 0; /* too dear: its RSS stands for it */
	p = compare(old, processes(), NULL);
	CHECK_NEAR(p.d->overall[DIFF_BEFORE].figure[DIFF_PSS_BYTES], 40u << 20, 0);
	release(&p);
}

/* PIDs are reused, orphans get new parents, and a file may say that each is the other's child. */
static void trees(void)
{
	struct capture *c = processes();
	struct pair p;

	c->processes[1].ppid = 1;   /* nobody's */
	c->processes[2].ppid = 143; /* of the first child; the other stays the parent's */
	free(c->processes[1].comm);
	c->processes[1].comm = strdup("orphan");
	free(c->processes[1].cmdline);
	c->processes[1].cmdline = strdup("orphan");
	p = compare(threads(), c, NULL);
	CHECK_INT(p.d->trees_n, 2);
	CHECK_INT(p.d->trees[0].root[DIFF_BEFORE]->process->pid, 42);
	CHECK_INT(p.d->trees[0].root[DIFF_AFTER]->process->pid, 142);
	CHECK_INT(p.d->trees[0].figures[DIFF_AFTER].figure[DIFF_PROCESSES], 2);
	CHECK(!p.d->trees[1].root[DIFF_BEFORE]);
	CHECK_INT(p.d->trees[1].root[DIFF_AFTER]->process->pid, 143);
	CHECK_NEAR(p.d->trees[1].figures[DIFF_AFTER].figure[DIFF_PSS_BYTES], 48u << 20, 0);
	release(&p);
	c = processes();
	c->processes[0].ppid = 143; /* a circle: the elder is the parent */
	p = compare(threads(), c, NULL);
	CHECK_INT(p.d->trees_n, 1);
	CHECK_INT(p.d->trees[0].root[DIFF_AFTER]->process->pid, 142);
	release(&p);
}

/* --- in words --- */

static void check_words(struct capture *a, struct capture *b, const double *units, const char *want,
			bool there)
{
	char *page = render(report_diff_text, &options, a, b, units), *at;
	bool found;

	while ((at = strchr(page, '\n'))) /* sentences are wrapped */
		*at = ' ';
	found = strstr(page, want) != NULL;
	if (found != there)
		printf("# %s\n", page);
	free(page);
	if (found != there)
		TAP_FAIL("%s: \"%s\"", there ? "missing" : "found", want);
}

#define SAYS(a, b, want) TAP_CALL(check_words(a, b, NULL, want, true))
#define SAYS_NOT(a, b, want) TAP_CALL(check_words(a, b, NULL, want, false))

static struct capture *with_host(struct capture *c, const char *host)
{
	c->info.host = strdup(host);
	return c;
}

static struct capture *with_cpus(struct capture *c, uint32_t cpus)
{
	c->info.cpus = cpus;
	return c;
}

static struct capture *with_python(struct capture *c, const char *version)
{
	free(c->processes[0].python_version);
	c->processes[0].python_version = strdup(version);
	return c;
}

static struct capture *without_children(struct capture *c)
{
	c->info.children = false;
	return c;
}

static void words(void)
{
	static const double units[] = { 5000, 5000 };

	SAYS(threads(), processes(),
	     "B has 2.00 times the throughput of A (a run took 10.0 s and 9.9 s of CPU time, and "
	     "takes 5.0 s and 9.9 s).");
	SAYS(threads(), processes(), "both commands did the same work");
	TAP_CALL(
		check_words(threads(), processes(), units,
			    "(500.00 units a second became 1000, the CPU time of one 2.0 ms became "
			    "2.0 ms)",
			    true));
	SAYS(threads(), processes(),
	     "It has 2.75 times the memory (PSS at most 32.0 MiB became 88.0 MiB, +56.0 MiB).");
	SAYS(threads(), processes(), "The verdict was gil-bound, and is cpu-bound.");
	SAYS(threads(), threads(), "The verdict of both is gil-bound.");
	SAYS(fixture__spinners(), fixture__spinners(), "Throughput is not in a capture: --units");
	SAYS(fixture__spinners(), fixture__spinners(), "How much memory B had is not known");
}

static void what_is_unfair(void)
{
	SAYS(with_host(threads(), "alpha"), with_host(threads(), "be\nta"),
	     "different machines, alpha and be\\x0ata: ");
	SAYS_NOT(with_host(threads(), "alpha"), threads(), "machines");
	SAYS(threads(), with_cpus(threads(), 8), "The machine of A had 2 CPUs, that of B 8.");
	SAYS(threads(), with_cpus(threads(), 1), "A could use 2.00 CPUs, B 1.00.");
	SAYS(with_python(threads(), "3.11.2"), threads(), "A ran Python 3.11.2, B Python 3.12.1.");
	SAYS(fixture__spinners(), threads(),
	     "B begins with the start of a program, A in the midst");
	SAYS(threads(), without_children(threads()), "Child processes were followed in A only.");
	SAYS_NOT(threads(), threads(), "other programs used");
}

static struct capture *with_others(struct capture *c)
{
	c->cpus[1].other_ns += 5 * FIXTURE_WINDOW / 10;
	c->cpus[1].idle_ns -= 5 * FIXTURE_WINDOW / 10;
	return c;
}

static struct capture *broken(struct capture *c)
{
	c->threads[0].exists_ns += FIXTURE_WINDOW;
	return c;
}

static void doubts_come_first(void)
{
	char *page;

	SAYS(threads(), with_others(threads()),
	     "Other programs used 0.05 CPUs beside A, 0.55 beside B.");
	SAYS_NOT(threads(), threads(), "Doubtful");
	page = render(report_diff_text, &options, threads(), broken(threads()), NULL);
	CHECK(strstr(page, "Doubtful, of capture B:\nWARNING: law 1"));
	CHECK(strstr(page, "Doubtful") < strstr(page, "times the throughput"));
	free(page);
	page = render(report_diff_text, &options, fixture__zoo(), threads(), NULL);
	CHECK(strstr(page, "Doubtful, of capture A:\nWARNING: lost: "));
	free(page);
}

/* --- the page --- */

static void the_page(void)
{
	char *page = render(report_diff_text, &options, threads(), processes(), NULL);
	bool same = !strcmp(
		page,
		"A: a.gilprof: PID 42 (command), 10.0 s, 2 CPUs\n"
		"B: b\\x1b[31m.gilprof: PID 42 (command), 5.0 s, 2 CPUs\n"
		"B has 2.00 times the throughput of A (a run took 10.0 s and 9.9 s of CPU time,\n"
		"and takes 5.0 s and 9.9 s).\n"
		"It has 2.75 times the memory (PSS at most 32.0 MiB became 88.0 MiB, +56.0 MiB).\n"
		"The verdict was gil-bound, and is cpu-bound.\n"
		"Throughput takes it that both commands did the same work; if not, --units A,B\n"
		"says how much each did.\n"
		"\n"
		"                                    threads, on average        % of their time\n"
		"                                     A       B   change       A      B  change\n"
		"on a CPU, with the GIL       ~    0.98    1.98    +1.00    24.5   49.5   +25.0\n"
		"on a CPU, without it         ~    0.01    0.00    -0.01     0.2      -    -0.2\n"
		"waiting for a CPU                 0.02    0.90    +0.89     0.4   22.5   +22.1\n"
		"waiting for the GIL               1.98    0.00    -1.98    49.5      -   -49.5\n"
		"waiting for I/O                   1.01    1.12    +0.11    25.4   28.0    +2.6\n"
		"\n"
		"                                         A           B        change         B/A\n"
		"threads, on average                   4.00        4.00             =        1.00\n"
		"  wanted to run                       2.99        2.88         -0.10        0.96\n"
		"  ran: CPU time per second            0.99        1.98         +0.99        2.00\n"
		"processes                                1           4            +3        4.00\n"
		"the busiest GIL was held, %  ~        98.0        66.0         -32.0        0.67\n"
		"GILs held, on average        ~        0.98        1.98         +1.00        2.02\n"
		"context switches per second            600           -          -600           -\n"
		"longest wait for a GIL              15.0ms           -       -15.0ms           -\n"
		"RSS of all, at most               40.0 MiB     130 MiB     +90.0 MiB        3.25\n"
		"PSS of all, at most               32.0 MiB    88.0 MiB     +56.0 MiB        2.75\n");

	if (!same)
		printf("%s", page);
	free(page);
	CHECK(same);
}

/* As large as a file can have it. */
static struct capture *forged(void)
{
	struct capture *c = fixture__zoo();

	c->info.duration_ns = 1;
	c->info.host = strdup("\xe2\x80\xae\x1b]0;x\a\n");
	c->info.memory_peak.looks = c->info.memory_peak.pss_unknown = INT64_MAX;
	for (size_t i = 0; i < c->processes_n; i++)
		at_peak(&c->processes[i], INT64_MAX, INT64_MAX);
	for (size_t i = 0; i < c->threads_n; i++) {
		struct capture_thread *t = &c->threads[i];

		for (int s = 0; s < ST_COUNT; s++)
			t->state_ns[s] = INT64_MAX;
		t->voluntary = t->exists_ns = t->gil_wait.max_ns = INT64_MAX;
	}
	for (size_t i = 0; i < c->cpus_n; i++)
		c->cpus[i].other_ns = INT64_MAX;
	return c;
}

static struct capture *(*const captures[])(void) = { fixture__new, fixture__spinners, fixture__zoo,
						     threads,	   processes,	      forged };
#define CAPTURES (sizeof(captures) / sizeof(captures[0]))

static void all_pages(void)
{
	static const double units[] = { 1e-9, 1e15 };

	for (size_t i = 0; i < CAPTURES * CAPTURES; i++) {
		char *page = render(report_diff_text, i % 2 ? &verbose : &options,
				    captures[i / CAPTURES](), captures[i % CAPTURES](),
				    i % 3 ? units : NULL);

		check_page(page);
		free(page);
		if (tap_failed)
			TAP_FAIL("captures %zu and %zu", i / CAPTURES, i % CAPTURES);
	}
}

/* --- JSON --- */

static json_t *at(json_t *v, const char *path)
{
	char copy[128], *rest = copy, *name;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((name = strsep(&rest, "/")) && v)
		v = json_is_array(v) ? json_array_get(v, strtoul(name, NULL, 10))
				     : json_object_get(v, name);
	return v;
}

static json_t *json(struct capture *a, struct capture *b)
{
	char *text = render(report_diff_json, &options, a, b, NULL);
	json_t *root = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	return root;
}

static void the_json(void)
{
	json_t *r = json(threads(), processes());

	CHECK(r);
	CHECK_STR(json_string_value(at(r, "schema")), "gilprof.diff/1");
	CHECK_STR(json_string_value(at(r, "before/file")), "a.gilprof");
	CHECK_STR(json_string_value(at(r, "after/verdict")), "cpu-bound");
	CHECK(json_is_true(at(r, "after/sound")) || json_is_false(at(r, "after/sound")));
	CHECK_STR(json_string_value(at(r, "throughput/basis")), "runs");
	CHECK_NEAR(json_real_value(at(r, "throughput/ratio")), 2, 1e-6);
	CHECK_NEAR(json_real_value(at(r, "states/gil_wait/threads/change")), -1.98, 1e-6);
	CHECK_INT(json_integer_value(at(r, "figures/pss_bytes/change")), 56 << 20);
	CHECK_INT(json_integer_value(at(r, "figures/longest_gil_wait_ns/before")), 15 * FIXTURE_MS);
	CHECK(json_is_null(at(r, "states/gil_drop/share/ratio")) == 0);
	CHECK_INT(json_array_size(at(r, "trees")), 1);
	CHECK_INT(json_integer_value(at(r, "trees/0/after/pid")), 142);
	CHECK_INT(json_array_size(at(r, "notes")), 1);
	json_decref(r);
}

/* Nothing that is not known is a number, nothing that has not changed has changed. */
static void check_measure(const char *key, json_t *m)
{
	json_t *before = json_object_get(m, "before"), *after = json_object_get(m, "after");

	if (!json_equal(before, after))
		TAP_FAIL("%s is not the same", key);
	if (json_is_null(before))
		return;
	if (json_number_value(json_object_get(m, "change")) != 0 ||
	    json_number_value(json_object_get(m, "ratio")) != 1)
		TAP_FAIL("%s has changed", key);
}

static void nothing_changes(void)
{
	json_t *r, *v;
	const char *key;

	for (size_t i = 0; i < CAPTURES; i++) {
		r = json(captures[i](), captures[i]());
		CHECK(r);
		json_object_foreach(at(r, "figures"), key, v) TAP_CALL(check_measure(key, v));
		json_object_foreach(at(r, "states"), key, v)
		{
			TAP_CALL(check_measure(key, json_object_get(v, "threads")));
			TAP_CALL(check_measure(key, json_object_get(v, "share")));
		}
		json_decref(r);
	}
}

/* All members that the schema names are there; tests/diff.bats checks their types. */
static void keeps_the_schema(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	json_t *schema, *r = json(threads(), processes()), *v;
	const char *key;

	CHECK_INT(schema__print_diff(f), 0);
	fclose(f);
	schema = json_loads(text, 0, NULL);
	free(text);
	CHECK(schema && r);
	CHECK_STR(json_string_value(at(schema, "properties/schema/const")), "gilprof.diff/1");
	json_object_foreach(at(schema, "properties"), key, v) if (!json_object_get(r, key))
		TAP_FAIL("no %s", key);
	json_object_foreach(at(schema, "$defs/figures/properties"), key,
			    v) if (!json_object_get(at(r, "figures"), key))
		TAP_FAIL("no figure %s", key);
	CHECK_INT(json_object_size(at(r, "figures")), DIFF_FIGURES);
	json_decref(schema);
	json_decref(r);
}

static int write_to(int (*report)(const struct model_diff *, const struct report_diff_options *,
				  FILE *),
		    const char *where)
{
	struct pair p = compare(fixture__zoo(), threads(), NULL);
	FILE *f = fopen(where, "w");
	int err = report(p.d, &verbose, f);

	fclose(f);
	release(&p);
	return err;
}

static void full_disks(void)
{
	CHECK_INT(write_to(report_diff_text, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_diff_json, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_diff_json, "/dev/null"), 0);
}

int main(void)
{
	TAP_RUN(shares_and_means);
	TAP_RUN(states_add_up);
	TAP_RUN(no_change);
	TAP_RUN(throughput);
	TAP_RUN(no_throughput);
	TAP_RUN(memory);
	TAP_RUN(trees);
	TAP_RUN(words);
	TAP_RUN(what_is_unfair);
	TAP_RUN(doubts_come_first);
	TAP_RUN(the_page);
	TAP_RUN(all_pages);
	TAP_RUN(the_json);
	TAP_RUN(nothing_changes);
	TAP_RUN(keeps_the_schema);
	TAP_RUN(full_disks);
	return TAP_DONE();
}
