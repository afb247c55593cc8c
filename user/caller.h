/* SPDX-License-Identifier: BSD-2-Clause */
/* Who called: behind sudo, the user that COMMAND runs as and that output files belong to. */
#ifndef GILPROF_CALLER_H
#define GILPROF_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

struct caller {
	/* whom output files belong to: who called sudo, not who COMMAND runs as */
	bool give;       /* somebody else than we run as: the next two are set */
	uid_t owner;
	gid_t owner_group;
	/* whom COMMAND runs as */
	bool other;      /* somebody else than we run as: the rest is set */
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[256];
	char path[4096]; /* their PATH, which sudo has replaced; empty if it cannot be told */
};

/*
 * `user` names somebody; NULL takes SUDO_UID, which is there with and without a terminal, unlike the
 * login name. Returns 0, or -errno after having said why.
 */
int caller__find(const char *user, struct caller *c);

/* Becomes the caller for good, environment included: in a child, before exec. 0 or -errno. */
int caller__become(const struct caller *c);

#endif
