/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target over the files and folders it is given, so that corpora and found crashes are
 * replayed where libFuzzer is missing. Prints one TAP test. The empty input is always run, too.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void die(const char *path)
{
	printf("# %s: %s\nnot ok 1 - corpus\n1..1\n", path, strerror(errno));
	exit(1);
}

static void replay_file(const char *path, size_t size)
{
	/* a buffer of exactly this size: the sanitizer sees a read one byte past the input */
	uint8_t *data = malloc(size ? size : 1);
	FILE *file = fopen(path, "rb");

	if (!data || !file)
		die(path);
	if (fread(data, 1, size, file) != size)
		die(path);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static unsigned int replay(const char *path)
{
	unsigned int files = 0;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) != 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		printf("# %s\n", path);
		fflush(stdout); /* if it crashes, this line tells the input */
		replay_file(path, (size_t)st.st_size);
		return 1;
	}
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((entry = readdir(dir))) {
		char child[4096];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) >= (int)sizeof(child)) {
			errno = ENAMETOOLONG;
			die(path);
		}
		files += replay(child);
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	unsigned int files = 0;
	uint8_t nothing = 0;

	LLVMFuzzerTestOneInput(&nothing, 0);
	for (int i = 1; i < argc; i++)
		files += replay(argv[i]);
	printf("ok 1 - %s: %u files\n1..1\n", name ? name + 1 : argv[0], files);
	return 0;
}
