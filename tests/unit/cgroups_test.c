/* SPDX-License-Identifier: BSD-2-Clause */
#include "cgroups.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tap.h"

static char dir[] = "/tmp/gilprof-cgroups-XXXXXX";

static bool parse(const char *text, struct cgroups_stat *s)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text) + 1, "r");
	bool ok = cgroups__parse(f, s);

	fclose(f);
	return ok;
}

static void both_versions(void)
{
	struct cgroups_stat s = { 0 };

	CHECK(parse("nr_periods 47\nnr_throttled 38\nthrottled_time 2378088466\nnr_bursts 0\n"
		    "burst_time 9\n",
		    &s));
	CHECK_INT(s.periods, 47);
	CHECK_INT(s.throttled, 38);
	CHECK_INT(s.throttled_ns, 2378088466);
	CHECK(parse("usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 4\nnr_throttled 1\n"
		    "throttled_usec 1500\n",
		    &s));
	CHECK_INT(s.periods, 4);
	CHECK_INT(s.throttled, 1);
	CHECK_INT(s.throttled_ns, 1500000);
}

static void strange_files(void)
{
	struct cgroups_stat s = { .periods = 5 };

	CHECK(!parse("", &s));
	CHECK(!parse("usage_usec 5\n", &s)); /* no controller here */
	CHECK(!parse("nr_periods\n", &s));
	CHECK(!parse("\xff\xff 3 4\nnr_periods 4\n", &s));
	CHECK_INT(s.periods, 5);
	CHECK(parse("throttled_usec 18446744073709551615\n", &s));
	CHECK_INT(s.throttled_ns, INT64_MAX);
}

/* A cgroup below dir, whose quota has stopped it so often. */
static void put(const char *name, int throttled)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/cpu.stat", dir, name);
	f = fopen(path, "w");
	fprintf(f, "nr_periods %d\nnr_throttled %d\nthrottled_time %d000\n", 2 * throttled,
		throttled, throttled);
	fclose(f);
}

static void note(struct cgroups *c, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	cgroups__note(c, path, name, 500);
}

/* The rows that it writes. */
static struct capture *rows(const struct cgroups *c, uint64_t start)
{
	struct capture_writer *w = capture_writer__new();
	struct capture *empty = fixture__new(), *read;
	char err[128];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	cgroups__write(c, w, start);
	capture_writer__end(w, &empty->info, fd);
	capture_writer__free(w);
	capture__free(empty);
	lseek(fd, 0, SEEK_SET);
	read = capture__read(fd, err, sizeof(err));
	close(fd);
	return read;
}

static void over_a_window(void)
{
	struct cgroups *c = cgroups__new();
	char path[128];
	struct capture *r;

	put("a", 3);
	put("b", 5);
	note(c, "a");
	note(c, "a"); /* of another process */
	note(c, "none");
	put("a", 10); /* not in the window */
	cgroups__begin(c);
	note(c, "b"); /* counted from now on */
	put("a", 14);
	put("b", 6);
	cgroups__tick(c, 1000);
	put("a", 15);
	cgroups__tick(c, 1001); /* not due */
	snprintf(path, sizeof(path), "%s/b/cpu.stat", dir);
	unlink(path); /* removed with its processes: what was seen last holds */
	cgroups__end(c);
	r = rows(c, 77);
	CHECK_INT(r->cgroups_n, 2);
	CHECK_STR(r->cgroups[0].name, "a");
	CHECK_INT(r->cgroups[0].quota_millicpus, 500);
	CHECK_INT(r->cgroups[0].from_ns, 0);
	CHECK_INT(r->cgroups[0].periods, 10);
	CHECK_INT(r->cgroups[0].throttled, 5);
	CHECK_INT(r->cgroups[0].throttled_ns, 5000);
	CHECK_STR(r->cgroups[1].name, "b");
	CHECK(r->cgroups[1].from_ns > 0);
	CHECK_INT(r->cgroups[1].throttled, 1);
	capture__free(r);
	cgroups__free(c);
}

static void many(void)
{
	struct cgroups *c = cgroups__new();
	struct capture *r;

	put("many", 1);
	for (size_t i = 0; i < 300; i++) { /* the same directory by 300 names */
		char path[512] = "";

		snprintf(path, sizeof(path), "%s/many", dir);
		memset(path + strlen(path), '/', i + 1);
		cgroups__note(c, path, "many", 1);
	}
	cgroups__begin(c);
	cgroups__end(c);
	r = rows(c, 0);
	CHECK_INT(r->cgroups_n, 256);
	capture__free(r);
	cgroups__free(c);
	cgroups__free(NULL);
}

static int clean(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command); /* NOLINT: our own directory */
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	TAP_RUN(both_versions);
	TAP_RUN(strange_files);
	TAP_RUN(over_a_window);
	TAP_RUN(many);
	return TAP_DONE() || clean();
}
