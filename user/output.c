/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "text.h"

#define SUFFIX ".XXXXXX"
#define NAME_ATTEMPTS 100

struct output {
	char *path;
	char *temporary; /* a name in the same directory */
	bool named;	 /* the file has it */
	FILE *file;
};

static int complain(const char *path, int err)
{
	char *shown = text__escape(path);

	log__error("cannot write %s: %s", shown ? shown : "the output", strerror(-err));
	free(shown);
	return err;
}

static void free_output(struct output *o)
{
	if (o->file)
		fclose(o->file);
	free(o->path);
	free(o->temporary);
	free(o);
}

/* What open(2) would have given it: mkostemp makes files that only their owner can read. */
static int set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) ? -errno : 0;
}

static int give_to(int fd, const struct caller *caller)
{
	int err = set_mode(fd);

	if (!err && caller->give && fchown(fd, caller->owner, caller->owner_group))
		err = -errno;
	return err;
}

/* Without a name, so that nothing is left of it however we end. */
static int open_nameless(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;

	free(copy);
	return fd;
}

/* NFS and others know no such files: there it has a name that a signal may leave behind. */
static int open_named(struct output *o)
{
	int fd = mkostemp(o->temporary, O_CLOEXEC);

	o->named = fd >= 0;
	return fd;
}

static void forget(struct output *o)
{
	if (o->named)
		unlink(o->temporary);
}

static int create(struct output *o, const struct caller *caller)
{
	struct stat st;
	int fd, err;

	/* a directory would only be noticed at the end, when all is measured */
	if (!lstat(o->path, &st) && S_ISDIR(st.st_mode))
		return -EISDIR;
	fd = open_nameless(o->path);
	if (fd < 0)
		fd = open_named(o);
	if (fd < 0)
		return -errno;
	err = give_to(fd, caller);
	if (err) {
		close(fd);
		forget(o);
		return err;
	}
	o->file = fdopen(fd, "w");
	return o->file ? 0 : -errno;
}

int output__open(const char *path, const struct caller *caller, struct output **out)
{
	struct output *o = calloc(1, sizeof(*o));
	int err = -ENOMEM;

	if (!o)
		return complain(path, err);
	o->path = strdup(path);
	if (o->path && asprintf(&o->temporary, "%s" SUFFIX, path) >= 0)
		err = create(o, caller);
	else
		o->temporary = NULL;
	if (err) {
		free_output(o);
		return complain(path, err);
	}
	*out = o;
	return 0;
}

FILE *output__file(struct output *o)
{
	return o->file;
}

/* linkat replaces nothing, so what is to be replaced gets a name first. */
static int give_name(struct output *o)
{
	char *suffix = o->temporary + strlen(o->path);
	char fd[32];
	uint32_t random;

	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", fileno(o->file));
	for (int i = 0; i < NAME_ATTEMPTS && !o->named; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		snprintf(suffix, sizeof(SUFFIX), ".%06x", random & 0xffffff);
		o->named = !linkat(AT_FDCWD, fd, AT_FDCWD, o->temporary, AT_SYMLINK_FOLLOW);
		if (!o->named && errno != EEXIST)
			return -errno;
	}
	return o->named ? 0 : -EEXIST;
}

static int put_in_place(struct output *o)
{
	int err = o->named ? 0 : give_name(o);

	return err || !rename(o->temporary, o->path) ? err : -errno;
}

int output__commit(struct output *o, int err)
{
	/* the disk may be full: know it before the name is there */
	if (!err && (fflush(o->file) || fsync(fileno(o->file))))
		err = -errno;
	if (!err)
		err = put_in_place(o);
	if (err) {
		forget(o);
		complain(o->path, err);
	}
	free_output(o);
	return err;
}

void output__abandon(struct output *o)
{
	if (!o)
		return;
	forget(o);
	free_output(o);
}
