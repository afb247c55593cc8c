/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "text.h"

int host__online(bool *online, uint32_t n)
{
	cleanup_fclose FILE *f = fopen("/sys/devices/system/cpu/online", "re");
	unsigned int first, last;
	int count = 0, got;

	if (!f)
		return -errno;
	memset(online, 0, n * sizeof(*online));
	while (fscanf(f, "%u", &first) == 1) { /* "0-3,5" */
		got = fgetc(f);
		last = first;
		if (got == '-' && fscanf(f, "%u", &last) == 1)
			got = fgetc(f);
		for (unsigned int cpu = first; cpu <= last && cpu < n; cpu++, count++)
			online[cpu] = true;
		if (got != ',')
			break;
	}
	return count;
}

uint64_t host__steal_irq_ns(void)
{
	cleanup_fclose FILE *f = fopen("/proc/stat", "re");
	unsigned long long irq = 0, softirq = 0, steal = 0;
	long hz = sysconf(_SC_CLK_TCK);

	/* cpu user nice system idle iowait irq softirq steal: Documentation/filesystems/proc.rst */
	if (!f || fscanf(f, "cpu %*u %*u %*u %*u %*u %llu %llu %llu", &irq, &softirq, &steal) != 3)
		return 0;
	return (irq + softirq + steal) * (NSEC_PER_SEC / (unsigned long long)(hz > 0 ? hz : 100));
}

uint64_t host__tick_ns(void)
{
	struct timespec ts;

	/* the coarse clocks advance with the tick */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &ts))
		return 10 * NSEC_PER_MSEC;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

char *host__name(void)
{
	struct utsname u;

	return uname(&u) ? NULL : text__utf8(u.nodename, strlen(u.nodename), sizeof(u.nodename));
}

/* The number of kB behind `key` in a file of "Key:  123 kB" lines, in bytes. */
static uint64_t kilobytes(const char *path, const char *key)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	unsigned long long kb;
	size_t len = strlen(key);
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, len) && sscanf(line + len, " %llu kB", &kb) == 1)
			return kb * 1024;
	}
	return 0;
}

uint64_t host__own_peak_bytes(void)
{
	return kilobytes("/proc/self/status", "VmHWM:");
}
