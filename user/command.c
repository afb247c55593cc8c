/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* Without a terminal, too: a group in its background would be stopped at the first read of it. */
static int go_apart(const struct command_streams *streams)
{
	if (!streams)
		return 0;
	setsid();
	return dup2(streams->in, STDIN_FILENO) < 0 || dup2(streams->out, STDOUT_FILENO) < 0 ? errno
											    : 0;
}

static void become_program(int go, int told, char **argv, const struct caller *caller,
			   const sigset_t *mask, const struct command_streams *streams)
{
	char byte;
	int err;

	/* the parent dies at the door: then so do we */
	if (read(go, &byte, 1) != 1)
		_exit(1);
	err = go_apart(streams);
	if (!err)
		err = -caller__become(caller);
	if (!err) {
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvp(argv[0], argv);
		err = errno;
	}
	if (write(told, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int command__start(struct command *c, char **argv, const struct caller *caller,
		   const sigset_t *mask, const struct command_streams *streams)
{
	int go[2], told[2];

	if (pipe2(go, O_CLOEXEC))
		goto fail;
	if (pipe2(told, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		goto fail;
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]); /* else it would never see its end */
		become_program(go[0], told[1], argv, caller, mask, streams);
	}
	close(go[0]);
	close(told[1]);
	c->go = go[1];
	c->told = told[0];
	if (c->pid > 0)
		return 0;
	close(c->go);
	close(c->told);
fail:
	log__error("cannot start a process for the command: %s", strerror(errno));
	return -errno;
}

int command__go(struct command *c, const char *name)
{
	int err = 0;
	ssize_t n;

	if (write(c->go, "", 1) != 1)
		err = errno;
	close(c->go);
	/* the other end closes at exec, and nothing comes; or the reason comes why there is none */
	n = err ? 0 : read(c->told, &err, sizeof(err));
	close(c->told);
	if (n < 0)
		err = errno;
	if (!err)
		return 0;
	log__error("cannot run %s: %s", name, strerror(err));
	waitpid(c->pid, NULL, 0);
	return -ECANCELED; /* not -err: its ENOENT or EACCES is not ours */
}

bool command__has_ended(const struct command *c)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

int command__status(const struct command *c)
{
	int status;

	return waitpid(c->pid, &status, WNOHANG) == c->pid ? status : -1;
}

void command__cancel(struct command *c)
{
	close(c->go);
	close(c->told);
	waitpid(c->pid, NULL, 0);
}
