/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID/maps, whose paths and order the target chooses, cut anywhere as read() may cut it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct maps_file *file)
{
	char name[16];

	if (!file->start)
		return;
	if (file->end <= file->start || !memchr(file->path, '\0', sizeof(file->path)))
		abort();
	maps__base_name(file->path, name, sizeof(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	size_t cut = size ? data[0] % size : 0, done;

	strcpy(maps->exe_path, "/usr/bin/python3.11");
	done = maps__parse(maps, (const char *)data, cut);
	if (done > cut)
		abort();
	done += maps__parse(maps, (const char *)data + done, size - done);
	if (done > size || maps->libraries > MAPS_LIBRARIES)
		abort();
	check_file(&maps->exe);
	check_file(&maps->libc);
	for (unsigned int i = 0; i < maps->libraries; i++)
		check_file(&maps->library[i]);
	free(maps);
	return 0;
}
