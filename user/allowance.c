/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowance.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

#define MOST_CPUS \
	8192 /* CONFIG_NR_CPUS at most: the call fails if the mask is too short for the kernel */
#define LEVELS 32 /* of cgroups that are looked at */

static void read_affinity(struct allowance *l, pid_t pid)
{
	cpu_set_t *set = CPU_ALLOC(MOST_CPUS);
	size_t size = CPU_ALLOC_SIZE(MOST_CPUS);

	if (set && sched_getaffinity(pid, size, set) == 0) {
		for (size_t cpu = 0; cpu < 32 * CAPTURE_CPU_WORDS; cpu++) {
			if (CPU_ISSET_S(cpu, size, set))
				l->cpus[cpu / 32] |= 1u << cpu % 32;
		}
	}
	CPU_FREE(set);
}

/* The first two numbers in a file, of which it must have the first; *b stays if there is no second. */
static bool numbers(const char *dir, const char *name, long long *a, long long *b)
{
	char path[4352];
	cleanup_fclose FILE *f = NULL;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	f = fopen(path, "re");
	return f && fscanf(f, "%lld %lld", a, b) >= 1;
}

/* cpu.max has "max" instead of a number, cpu.cfs_quota_us -1, where there is none. Thousandths; 0: none. */
static uint64_t quota_of(const char *dir)
{
	long long quota = 0, period = 0, none;

	if (!numbers(dir, "cpu.max", &quota, &period) &&
	    (!numbers(dir, "cpu.cfs_quota_us", &quota, &none) ||
	     !numbers(dir, "cpu.cfs_period_us", &period, &none)))
		return 0;
	if (quota <= 0 || period <= 0 || quota > INT64_MAX / 1000)
		return 0;
	return quota * 1000 / period ? (uint64_t)(quota * 1000 / period) : 1;
}

/* The cgroup in that directory has a quota. */
static void add_quota(struct allowance *l, uint64_t quota, const char *cgroup, const char *dir,
		      struct cgroups *seen)
{
	size_t len = strlen(cgroup), room = sizeof(l->quota_cgroup) - 1;
	size_t cut = len > room ? len - room : 0;
	cleanup_free char *name =
		text__utf8(cgroup + cut, len - cut, room); /* whoever made it has named it */

	if (seen && name)
		cgroups__note(seen, dir, name, quota);
	if (l->quota_millicpus && l->quota_millicpus <= quota)
		return;
	l->quota_millicpus = quota;
	snprintf(l->quota_cgroup, sizeof(l->quota_cgroup), "%s", name ? name : "?");
}

/* From the cgroup up to the root; what is not mounted here, as in a container, has no files. */
static void climb(struct allowance *l, const char *root, const char *cgroup, struct cgroups *seen)
{
	uint64_t quota;
	char dir[4224], path[4096], *slash;

	if (snprintf(path, sizeof(path), "%s", cgroup) >= (int)sizeof(path) ||
	    strstr(path, "/..")) /* outside our cgroup namespace */
		return;
	for (int level = 0; level < LEVELS; level++) {
		quota = 0;
		if (snprintf(dir, sizeof(dir), "%s%s", root, path) < (int)sizeof(dir))
			quota = quota_of(dir);
		if (quota)
			add_quota(l, quota, *path ? path : "/", dir, seen);
		slash = strrchr(path, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

static bool has_cpu(const char *controllers, size_t len)
{
	while (len) {
		size_t n = strcspn(controllers, ",:");

		if (n == 3 && !strncmp(controllers, "cpu", 3))
			return true;
		if (controllers[n] != ',')
			return false;
		controllers += n + 1;
		len -= n + 1;
	}
	return false;
}

/* One line: "4:cpu,cpuacct:/path", or "0::/path" of version 2 (man 7 cgroups). */
static void add_line(struct allowance *l, const char *line, size_t len, const char *mount,
		     struct cgroups *seen)
{
	const char *controllers = memchr(line, ':', len), *path;
	char root[256], *cgroup;

	path = controllers ? memchr(controllers + 1, ':', len - (size_t)(controllers + 1 - line))
			   : NULL;
	if (!path)
		return;
	controllers++;
	path++;
	cgroup = strndup(path, len - (size_t)(path - line));
	if (!cgroup)
		return;
	if (path - 1 == controllers) {
		climb(l, mount, cgroup, seen);
		snprintf(root, sizeof(root), "%s/unified", mount);
		climb(l, root, cgroup, seen);
	} else if (has_cpu(controllers, (size_t)(path - 1 - controllers))) {
		snprintf(root, sizeof(root), "%s/cpu", mount);
		climb(l, root, cgroup, seen);
	}
	free(cgroup);
}

void allowance__quota(struct allowance *l, const char *membership, const char *mount,
		      struct cgroups *seen)
{
	while (*membership) {
		size_t len = strcspn(membership, "\n");

		add_line(l, membership, len, mount, seen);
		membership += len + (membership[len] == '\n');
	}
}

void allowance__read(struct allowance *l, pid_t pid, struct cgroups *seen)
{
	char path[64], text[16384];
	cleanup_fclose FILE *f = NULL;
	size_t n;

	memset(l, 0, sizeof(*l));
	read_affinity(l, pid);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	allowance__quota(l, text, "/sys/fs/cgroup", seen);
}
