/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the reports share: what a report says about a synthetic capture. */
#ifndef GILPROF_REPORT_FIXTURE_H
#define GILPROF_REPORT_FIXTURE_H

#include "fixture.h"
#include "model.h"
#include "report.h"
#include "tap.h"

#define S (1000 * FIXTURE_MS)

typedef int (*report)(const struct model *, const struct report_options *, FILE *);

static const struct report_options plain;

/* What a report says about a capture, which is freed; malloc'ed. */
static inline char *render(report r, const struct report_options *o, struct capture *c)
{
	struct model *m = model__new(c);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = r(m, o, f);

	fclose(f);
	model__free(m);
	capture__free(c);
	if (err) {
		printf("# error %d\n", err);
		text[0] = '\0';
	}
	return text;
}

/* The page has `want` in it, or not. Its lines are joined: sentences are wrapped. */
static inline void check_page_of(struct capture *c, const struct report_options *o,
				 const char *want, bool there)
{
	char *page = render(report_text, o, c), *at;
	bool found;

	while ((at = strchr(page, '\n')))
		*at = ' ';
	found = strstr(page, want) != NULL;
	if (found != there)
		printf("# %s\n", page);
	free(page);
	if (found != there)
		TAP_FAIL("%s: \"%s\"", there ? "missing" : "found", want);
}

#define SAYS_WITH(capture, options, want) TAP_CALL(check_page_of(capture, options, want, true))
#define SAYS_NOT_WITH(capture, options, want) TAP_CALL(check_page_of(capture, options, want, false))
#define SAYS(capture, want) SAYS_WITH(capture, &plain, want)
#define SAYS_NOT(capture, want) SAYS_NOT_WITH(capture, &plain, want)

/* One process of Python with one thread. */
static inline struct capture *python(const char *build, size_t gils)
{
	struct capture *c = fixture__new();

	fixture__python(fixture__process(c, 7, "python3"), build, gils);
	fixture__thread(c, 0, 7, "python3");
	return c;
}

static inline void replace(char **string, const char *with)
{
	free(*string);
	*string = strdup(with);
}

/* The rows of stacks likewise; the trees stay trees. */
static inline void make_stacks_hostile(struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->frames_n; i++) {
		replace(&c->frames[i].name, name);
		replace(&c->frames[i].file, name);
		c->frames[i].line = UINT32_MAX;
	}
	for (size_t i = 0; i < c->blame_n; i++) {
		struct capture_blame *b = &c->blame[i];

		b->pid = c->processes[0].pid;
		b->waiter_tid = b->holder_tid = UINT32_MAX - (uint32_t)(i % 7);
		b->wait_ns = b->runq_ns = b->count = b->samples = INT64_MAX;
		replace(&b->call, name);
	}
	for (size_t i = 0; i < c->samples_n; i++) {
		c->samples[i].tid = UINT32_MAX - (uint32_t)(i % 7);
		c->samples[i].ns = c->samples[i].count = c->samples[i].held = INT64_MAX;
		replace(&c->samples[i].call, name);
	}
	for (size_t i = 0; i < c->cases_n; i++) {
		c->cases[i].begin_ns = c->cases[i].ns = INT64_MAX;
		c->cases[i].holder_tid = UINT32_MAX;
		replace(&c->cases[i].call, name);
	}
}

/* A parent and three workers: one busy, one less, one with nothing to do. */
static inline struct capture *pool(void)
{
	struct capture *c = fixture__new();

	for (uint32_t i = 0; i < 4; i++) {
		fixture__process(c, 7 + i, "python3")->ppid = i ? 7 : 1;
		fixture__thread(c, i, 7 + i, "python3");
	}
	c->processes[1].memory = (struct capture_memory){ .anonymous_bytes = 20u << 20,
							  .anonymous_pss_bytes = 8u << 20 };
	fixture__spend(&c->threads[1], ST_RUN, 9 * S);
	fixture__spend(&c->threads[1], ST_IO_PIPE, S);
	fixture__spend(&c->threads[2], ST_RUN, 3 * S);
	fixture__spend(&c->threads[2], ST_LOCK_WAIT, 6 * S);
	c->threads[2].lock_shared_ns = 6 * S;
	return c;
}

/* Of all but processes, threads and stacks. */
static inline void make_rows_hostile(struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->cpus_n; i++)
		c->cpus[i].idle_ns = INT64_MAX;
	for (size_t i = 0; i < c->cgroups_n; i++) {
		struct capture_cgroup *g = &c->cgroups[i];

		replace(&g->name, name);
		g->quota_millicpus = g->periods = g->throttled = g->throttled_ns = INT64_MAX;
	}
	for (size_t i = 0; i < c->intervals_n; i++) {
		struct capture_interval *row = &c->intervals[i];

		row->wanted_ns = INT64_MAX;
		row->ns = row->ran_ns = i ? INT64_MAX : 0;
	}
	for (size_t i = 0; i < c->locks_n; i++) {
		struct capture_lock *l = &c->locks[i];

		for (size_t p = 0; p < c->processes_n; p++)
			if (c->processes[p].key == l->key)
				l->pid = c->processes[p].pid;
		l->address = l->wait_ns = l->count = INT64_MAX;
		l->owner_tid = l->tid = UINT32_MAX;
	}
}

/* Every figure and every string as bad as a file can have it. */
static inline struct capture *hostile(void)
{
	static const char name[] = "\x1b]0;x\a\n\r\t\x7f\xc2\x9b"
				   "1m\xe2\x80\xae\xe6\x97\xa5\xe6\x97\xa5"
				   "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\"\\</script>";
	struct capture *c = fixture__zoo();
	char **strings[] = { &c->info.gilprof_version,
			     &c->info.start,
			     &c->info.mode,
			     &c->info.target,
			     &c->processes[0].comm,
			     &c->processes[0].cmdline,
			     &c->processes[0].python_version,
			     &c->processes[0].python_build,
			     &c->processes[0].gil_source,
			     &c->processes[1].gil_note,
			     &c->threads[0].name,
			     &c->threads[5].blocked[0].cause };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		replace(strings[i], name);
	memset(c->info.lost, 0x7f, sizeof(c->info.lost));
	c->info.duration_ns = 1;
	c->info.complete = false;
	c->info.command_status = INT64_MAX;
	c->info.self.cpu_ns = c->info.self.attach_ns = c->info.self.rss_peak_bytes = INT64_MAX;
	c->info.self.bpf_run_ns = INT64_MAX;
	c->info.cpus = c->info.state_hz = UINT32_MAX;
	for (size_t i = 0; i < c->processes_n; i++) {
		c->processes[i].pid = UINT32_MAX - (uint32_t)i;
		c->processes[i].ppid = UINT32_MAX; /* the first one's children, that look alike */
		replace(&c->processes[i].cmdline, name);
		memset(&c->processes[i].memory, 0x7f, sizeof(c->processes[i].memory));
		c->processes[i].memory.anonymous_pss_bytes = 0;
		c->processes[i].exit_status = INT64_MAX;
		c->processes[i].rss_bytes = INT64_MAX;
	}
	for (size_t i = 0; i < c->threads_n; i++) {
		struct capture_thread *t = &c->threads[i];

		for (size_t p = 0; p < c->processes_n; p++)
			if (c->processes[p].key == t->key)
				t->pid = c->processes[p].pid;
		t->tid = i == 5 ? 0 : UINT32_MAX - (uint32_t)i;
		t->merged = i == 5 ? UINT32_MAX : 1;
		for (int s = 0; s < ST_COUNT; s++)
			t->state_ns[s] = INT64_MAX;
		t->exists_ns = (uint64_t)i;
		t->gil_wait.max_ns = t->voluntary = t->migrations = INT64_MAX;
		memset(t->gil_wait.bucket, 0xff, sizeof(t->gil_wait.bucket));
		for (size_t u = 0; u < t->uses_n; u++)
			t->uses[u].waits = t->uses[u].wait_ns = t->uses[u].held_offcpu_ns =
				INT64_MAX;
	}
	c->processes[0].gils[0].switch_end = INT64_MAX;
	c->processes[0].gils[0].interpreter = INT64_MIN;
	make_rows_hostile(c, name);
	make_stacks_hostile(c, name);
	return c;
}

#endif
