/* SPDX-License-Identifier: BSD-2-Clause */
#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define MAX_ANCESTORS 4 /* a shell or a pty monitor may stand between sudo and us */

static int set_from(struct caller *c, const struct passwd *pw)
{
	c->other = pw->pw_uid != geteuid();
	c->uid = pw->pw_uid;
	c->gid = pw->pw_gid;
	snprintf(c->name, sizeof(c->name), "%s", pw->pw_name);
	snprintf(c->home, sizeof(c->home), "%s", pw->pw_dir);
	return 0;
}

static pid_t parent_of(pid_t pid, char *comm, size_t len)
{
	char path[64], line[512], *open_bracket, *close_bracket;
	cleanup_fclose FILE *f = NULL;
	pid_t parent = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return -1;
	open_bracket = strchr(line, '(');
	close_bracket = strrchr(line, ')');
	if (!open_bracket || !close_bracket || sscanf(close_bracket + 1, " %*c %d", &parent) != 1)
		return -1;
	*close_bracket = '\0';
	snprintf(comm, len, "%s", open_bracket + 1);
	return parent;
}

/* The value of a variable in another process's environment. */
static void read_variable(pid_t pid, const char *name, char *value, size_t len)
{
	char file[64], *line = NULL;
	cleanup_fclose FILE *f = NULL;
	size_t max = 0, name_len = strlen(name);

	snprintf(file, sizeof(file), "/proc/%d/environ", pid);
	f = fopen(file, "re");
	while (f && getdelim(&line, &max, '\0', f) > 0) {
		if (!strncmp(line, name, name_len) && line[name_len] == '=' &&
		    strlen(line + name_len + 1) < len) {
			snprintf(value, len, "%s", line + name_len + 1);
			break;
		}
	}
	free(line);
}

/* sudo gives us a PATH of its own; it was started with the caller's. */
static void find_path(struct caller *c)
{
	char comm[32];
	pid_t pid = getppid(), parent;

	for (int i = 0; i < MAX_ANCESTORS && pid > 1; i++, pid = parent) {
		parent = parent_of(pid, comm, sizeof(comm));
		if (!strcmp(comm, "sudo"))
			read_variable(pid, "PATH", c->path, sizeof(c->path));
	}
}

static void find_sudo(struct caller *c)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	const struct passwd *pw;
	unsigned long id;
	char *end;

	if (!uid || !*uid || geteuid() != 0)
		return;
	errno = 0;
	id = strtoul(uid, &end, 10);
	if (errno || *end || id >= UINT_MAX)
		return;
	pw = getpwuid((uid_t)id);
	if (pw)
		set_from(c, pw);
	c->uid = (uid_t)id;
	c->other = c->uid != geteuid();
	if (!pw)
		c->gid = (gid_t)id; /* not 0 */
	errno = 0;
	id = gid ? strtoul(gid, &end, 10) : UINT_MAX;
	if (!errno && id < UINT_MAX && !*end && end != gid)
		c->gid = (gid_t)id;
	c->give = c->other;
	c->owner = c->uid;
	c->owner_group = c->gid;
	find_path(c);
}

int caller__find(const char *user, struct caller *c)
{
	const struct passwd *pw;

	memset(c, 0, sizeof(*c));
	find_sudo(c);
	if (!user)
		return 0;
	pw = getpwnam(user);
	if (pw)
		return set_from(c, pw);
	log__error("--user: there is no such user on this machine");
	return -EINVAL;
}

int caller__become(const struct caller *c)
{
	if (!c->other)
		return 0;
	if (c->name[0] ? initgroups(c->name, c->gid) : setgroups(0, NULL))
		return -errno;
	if (setgid(c->gid) || setuid(c->uid))
		return -errno;
	if (c->name[0]) {
		setenv("USER", c->name, 1);
		setenv("LOGNAME", c->name, 1);
		setenv("HOME", c->home, 1);
	}
	if (c->path[0])
		setenv("PATH", c->path, 1);
	return 0;
}
