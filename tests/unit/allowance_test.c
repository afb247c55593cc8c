/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowance.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char mount[] = "/tmp/gilprof-allowance-XXXXXX";

static void make_dir(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", mount, dir);
	mkdir(path, 0700);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", mount, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static struct allowance quota(const char *membership)
{
	struct allowance l = { 0 };

	allowance__quota(&l, membership, mount, NULL);
	return l;
}

static void version_2(void)
{
	struct allowance l;

	make_dir("a");
	make_dir("a/b");
	make_dir("a/b/c");
	put("a/cpu.max", "150000 100000\n");
	put("a/b/cpu.max", "max 100000\n");
	put("a/b/c/cpu.max", "200000 100000\n");
	l = quota("0::/a/b/c\n");
	CHECK_INT(l.quota_millicpus, 1500);
	CHECK_STR(l.quota_cgroup, "/a");
	put("a/b/cpu.max", "25000 50000\n");
	l = quota("0::/a/b/c");
	CHECK_INT(l.quota_millicpus, 500);
	CHECK_STR(l.quota_cgroup, "/a/b");
	CHECK_INT(quota("0::/elsewhere\n").quota_millicpus, 0);
	CHECK_INT(quota("0::/\n").quota_millicpus, 0);
}

static void of_a_container(void)
{
	put("cpu.max", "1 100000\n"); /* its own is seen as the root's */
	CHECK_INT(quota("0::/docker/123/x\n").quota_millicpus, 1);
	CHECK_STR(quota("0::/docker/123/x\n").quota_cgroup, "/");
	put("cpu.max", "max 100000\n");
}

static void version_1(void)
{
	struct allowance l;

	make_dir("cpu");
	make_dir("cpu/job 1");
	put("cpu/cpu.cfs_quota_us", "-1\n");
	put("cpu/cpu.cfs_period_us", "100000\n");
	put("cpu/job 1/cpu.cfs_quota_us", "50000\n");
	put("cpu/job 1/cpu.cfs_period_us", "100000\n");
	l = quota("9:name=systemd:/x\n5:cpuset:/job 1\n4:cpuacct,cpu:/job 1\n0::/none\n");
	CHECK_INT(l.quota_millicpus, 500);
	CHECK_STR(l.quota_cgroup, "/job 1");
	CHECK_INT(quota("4:cpuset:/job 1\n3:cpuacct:/job 1\n").quota_millicpus, 0);
	CHECK_INT(quota("4:cpu:/\n").quota_millicpus, 0);
	make_dir("cpu/\xff");
	put("cpu/\xff/cpu.cfs_quota_us", "200000\n");
	put("cpu/\xff/cpu.cfs_period_us", "100000\n");
	CHECK_STR(quota("4:cpu:/\xff\n").quota_cgroup, "/\\xff");
}

static void strange_files(void)
{
	char path[10001] = "0::/";

	make_dir("s");
	put("s/cpu.max", "-5 100000\n");
	CHECK_INT(quota("0::/s\n").quota_millicpus, 0);
	put("s/cpu.max", "9223372036854775807 1\n");
	CHECK_INT(quota("0::/s\n").quota_millicpus, 0);
	put("s/cpu.max", "100 0\n");
	CHECK_INT(quota("0::/s\n").quota_millicpus, 0);
	put("s/cpu.max", "100\n");
	CHECK_INT(quota("0::/s\n").quota_millicpus, 0);
	put("s/cpu.max", "100000 100000\n");
	CHECK_INT(quota("0::/s\n").quota_millicpus, 1000);
	CHECK_INT(quota("0::/s/../s\n").quota_millicpus, 0);
	CHECK_INT(quota("0:/s\n\n:\n::").quota_millicpus, 0);
	memset(path + 4, 'x', sizeof(path) - 5);
	CHECK_INT(quota(path).quota_millicpus, 0);
}

static void ourselves(void)
{
	struct allowance l;
	cpu_set_t set;

	allowance__read(&l, getpid(), NULL);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CHECK_INT(l.cpus[cpu / 32] >> cpu % 32 & 1, CPU_ISSET(cpu, &set) != 0);
	allowance__read(&l, 0x7ffffff0, NULL);
	for (int word = 0; word < CAPTURE_CPU_WORDS; word++)
		CHECK_INT(l.cpus[word], 0);
	CHECK_INT(l.quota_millicpus, 0);
}

static int clean(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", mount);
	return system(command); /* NOLINT: our own directory */
}

int main(void)
{
	if (!mkdtemp(mount))
		return 1;
	TAP_RUN(version_2);
	TAP_RUN(of_a_container);
	TAP_RUN(version_1);
	TAP_RUN(strange_files);
	TAP_RUN(ourselves);
	return TAP_DONE() || clean();
}
