/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

struct output {
	char *path;
	char *temporary;
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

/* The file of O_EXCL that mkostemp makes in the directory of `path`. */
static int create(struct output *o, const struct caller *caller)
{
	struct stat st;
	int fd, err;

	/* a directory would only be noticed at the end, when all is measured */
	if (!lstat(o->path, &st) && S_ISDIR(st.st_mode))
		return -EISDIR;
	fd = mkostemp(o->temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = give_to(fd, caller);
	if (err) {
		close(fd);
		unlink(o->temporary);
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
	if (o->path && asprintf(&o->temporary, "%s.XXXXXX", path) >= 0)
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

int output__commit(struct output *o, int err)
{
	/* the disk may be full: know it before the name is there */
	if (err)
		errno = -err;
	else if (fflush(o->file) || fsync(fileno(o->file)) || rename(o->temporary, o->path))
		err = -errno;
	if (err) {
		unlink(o->temporary);
		complain(o->path, err);
	}
	free_output(o);
	return err;
}

void output__abandon(struct output *o)
{
	if (!o)
		return;
	unlink(o->temporary);
	free_output(o);
}
