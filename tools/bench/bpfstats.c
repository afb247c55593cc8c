// SPDX-License-Identifier: BSD-2-Clause
/*
 * bpfstats: has the kernel count the run time of BPF programs while it runs. For each line on its
 * standard input it prints "ID NAME NS RUNS" of every program there is, and then an empty line.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print(__u32 id)
{
	struct bpf_prog_info info;
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0) /* it has just gone */
		return;
	memset(&info, 0, sizeof(info));
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		printf("%u %s %llu %llu\n", id, info.name[0] ? info.name : "-",
		       (unsigned long long)info.run_time_ns, (unsigned long long)info.run_cnt);
	close(fd);
}

int main(void)
{
	char line[16];
	__u32 id;

	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		err(1, "bpf_enable_stats");
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		id = 0;
		while (!bpf_prog_get_next_id(id, &id))
			print(id);
		puts("");
		fflush(stdout);
	}
	return 0;
}
