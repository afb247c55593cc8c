// SPDX-License-Identifier: BSD-2-Clause
/*
 * sampler HZ [PID]: takes cpu-clock samples until SIGTERM, with one event per CPU, or with one per
 * thread of PID that its later threads inherit.
 */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sampler.skel.h"

static struct bpf_program *program;
static long period_ns;

/* As gilprof opens them, user/session.c. */
static void sample(int tid, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns,
		.exclude_idle = 1,
		.inherit = tid > 0,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		if (errno != ENODEV && errno != ESRCH) /* off-line; ended */
			err(1, "perf_event_open");
	} else if (!bpf_program__attach_perf_event(program, fd)) {
		err(1, "attach");
	}
}

static void sample_threads(const char *pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			sample(atoi(entry->d_name), -1);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus(), hz = argc > 1 ? atoi(argv[1]) : 0;
	struct sampler_bpf *b;

	if (argc > 3 || hz <= 0)
		errx(2, "usage: sampler HZ [PID]");
	b = sampler_bpf__open_and_load();
	if (!b)
		err(1, "load");
	program = b->progs.bench_sample;
	period_ns = 1000000000L / hz;
	if (argc == 3)
		sample_threads(argv[2]);
	for (int cpu = 0; argc == 2 && cpu < cpus; cpu++)
		sample(-1, cpu);
	puts("ready");
	fflush(stdout);
	return pause();
}
