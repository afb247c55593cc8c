/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "command.h"
#include "log.h"
#include "profiler.h"
#include "status.h"
#include "text.h"

#define BLOCK 4096
#define LATE_MOST (1u << 20)	    /* bytes, printed before the exit and read after it */
#define GRACE_NS (5 * NSEC_PER_SEC) /* between SIGTERM and SIGKILL */
#define STRANGE_COLUMNS 60
#define NEVER UINT64_MAX

static const char *const option_of[NUMBERS] = {
	[NUMBER_UNITS] = "--units",
	[NUMBER_ELAPSED] = "--elapsed",
	[NUMBER_RATE] = "--rate",
};

enum { POLL_EXIT, POLL_SIGNAL, POLL_OUTPUT, POLLED };

struct run {
	const struct trial_options *o;
	struct trial *t;
	struct command command;
	struct profiler profiler;
	struct pollfd polled[POLLED];
	uint64_t window_at, limit_at, kill_at;
	bool stopped;	  /* we have told it to end, at the limit; */
	bool killed;	  /* it did not, in time */
	bool interrupted; /* a signal came */
};

/* --- what it prints ------------------------------------------------------------------------------ */

static void pass_on(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, bytes, n);

		if (done <= 0)
			return; /* nobody wants it any more: it was for them only */
		bytes += done;
		n -= (size_t)done;
	}
}

static void close_output(struct run *r)
{
	if (r->polled[POLL_OUTPUT].fd >= 0)
		close(r->polled[POLL_OUTPUT].fd);
	r->polled[POLL_OUTPUT].fd = -1;
}

/* Returns how much there was. */
static size_t read_some(struct run *r)
{
	char bytes[BLOCK];
	ssize_t n = read(r->polled[POLL_OUTPUT].fd, bytes, sizeof(bytes));

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			close_output(r);
		return 0;
	}
	if (r->o->show)
		pass_on(bytes, (size_t)n);
	numbers__take(&r->t->numbers, bytes, (size_t)n);
	return (size_t)n;
}

/* A process that it leaves behind may keep the pipe open, and fill it for ever. */
static void read_rest(struct run *r)
{
	size_t all = 0, n;

	do {
		n = r->polled[POLL_OUTPUT].fd >= 0 ? read_some(r) : 0;
		all += n;
	} while (n > 0 && all < LATE_MOST);
	numbers__end(&r->t->numbers);
	close_output(r);
}

static bool wants_output(const struct trial_options *o)
{
	bool wants = o->show;

	for (int k = 0; k < NUMBERS; k++)
		wants |= o->patterns[k] != NULL;
	return wants;
}

/* --- its life ------------------------------------------------------------------------------------ */

static int start(struct run *r, char **argv)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out[2] = { -1, -1 }, err;
	struct command_streams streams;

	if (null < 0 || (wants_output(r->o) && pipe2(out, O_CLOEXEC))) {
		log__error("cannot start a process for the command: %s", strerror(errno));
		return -errno;
	}
	if (out[0] >= 0)
		fcntl(out[0], F_SETFL, O_NONBLOCK);
	r->polled[POLL_OUTPUT].fd = out[0];
	streams = (struct command_streams){ null, out[1] >= 0 ? out[1] : null };
	err = command__start(&r->command, argv, r->o->caller, r->o->mask, &streams);
	if (out[1] >= 0)
		close(out[1]);
	return err;
}

static int watch(struct run *r)
{
	r->polled[POLL_EXIT].fd = (int)syscall(SYS_pidfd_open, r->command.pid, 0);
	r->polled[POLL_SIGNAL].fd = r->o->signals;
	for (int i = 0; i < POLLED; i++)
		r->polled[i].events = POLLIN;
	if (r->polled[POLL_EXIT].fd >= 0)
		return 0;
	log__error("cannot watch the command: %s", strerror(errno));
	return -errno;
}

static int prepare(struct run *r, int capture)
{
	int err = watch(r);

	if (!err && capture >= 0 &&
	    profiler__start(&r->profiler, r->o->record, r->o->caller, r->command.pid, capture) ==
		    -EPERM)
		err = -EPERM;
	if (err)
		command__cancel(&r->command);
	return err;
}

int trial__take_signal(const struct trial_options *o)
{
	struct signalfd_siginfo taken;

	return read(o->signals, &taken, sizeof(taken)) == sizeof(taken) ? (int)taken.ssi_signo : 0;
}

/* The command, and all that it has started and that stays in its group. */
static void signal_all(const struct run *r, int signo)
{
	kill(-r->command.pid, signo);
}

static _Noreturn void die_of(const struct run *r, int signo)
{
	signal_all(r, SIGKILL);
	signal(signo, SIG_DFL);
	sigprocmask(SIG_SETMASK, r->o->mask, NULL);
	raise(signo);
	_exit(STATUS_FAILED); /* who called us has it blocked */
}

/* The first one is passed on, as the command has no terminal; a second one ends us. */
static void interrupt(struct run *r, uint64_t now)
{
	int signo = trial__take_signal(r->o);

	if (!signo)
		return;
	if (r->interrupted)
		die_of(r, signo);
	r->interrupted = true;
	r->limit_at = NEVER;
	r->kill_at = now + GRACE_NS;
	signal_all(r, signo);
}

/* What is due at `now`. Returns when to come back. */
static uint64_t tick(struct run *r, uint64_t now)
{
	uint64_t next;

	if (now >= r->window_at) {
		profiler__open_window(&r->profiler);
		r->window_at = NEVER;
	}
	if (now >= r->limit_at) {
		signal_all(r, SIGTERM);
		r->stopped = true;
		r->limit_at = NEVER;
		r->kill_at = now + GRACE_NS;
	}
	if (now >= r->kill_at) {
		signal_all(r, SIGKILL);
		r->killed = true;
		r->kill_at = NEVER;
	}
	next = r->window_at < r->limit_at ? r->window_at : r->limit_at;
	return next < r->kill_at ? next : r->kill_at;
}

static void wait_until(struct run *r, uint64_t next, uint64_t now)
{
	struct timespec wait = { 0 };

	if (next > now) {
		wait.tv_sec = (time_t)((next - now) / NSEC_PER_SEC);
		wait.tv_nsec = (long)((next - now) % NSEC_PER_SEC);
	}
	if (ppoll(r->polled, POLLED, next == NEVER ? NULL : &wait, NULL) < 0)
		for (int i = 0; i < POLLED; i++)
			r->polled[i].revents = 0;
}

/* From exec to exit. A signal that comes with the exit is left for later: this run is whole. */
static void follow(struct run *r)
{
	uint64_t began = clock__now(), now = began;

	r->window_at = profiler__is_waiting(&r->profiler) ? began + r->o->warm_up_ns : NEVER;
	r->limit_at = r->o->limit_ns ? began + r->o->limit_ns : NEVER;
	r->kill_at = NEVER;
	while (!r->polled[POLL_EXIT].revents) {
		wait_until(r, tick(r, now), now);
		now = clock__now();
		if (r->polled[POLL_SIGNAL].revents && !r->polled[POLL_EXIT].revents)
			interrupt(r, now);
		if (r->polled[POLL_OUTPUT].revents)
			read_some(r);
	}
	r->t->duration_ns = now - began;
	/* workers that did not listen would run on beside the next run */
	if (r->stopped || r->interrupted)
		signal_all(r, SIGKILL);
}

/* --- what has become of it ----------------------------------------------------------------------- */

static int check_status(const struct run *r, const char *name)
{
	int status = command__status(&r->command);

	if (r->killed)
		log__error("%s did not end within 5 s of SIGTERM, and was killed", name);
	else if (!r->stopped && status != -1 && WIFSIGNALED(status))
		log__error("%s was killed by signal %d", name, WTERMSIG(status));
	else if (!r->stopped && status != -1 && WEXITSTATUS(status))
		log__error("%s ended with status %d", name, WEXITSTATUS(status));
	else
		return 0;
	return -ECHILD;
}

static int check_numbers(const struct run *r, const char *name)
{
	const struct numbers *n = &r->t->numbers;

	for (int k = 0; k < NUMBERS; k++) {
		if (!n->patterns[k] || n->found[k])
			continue;
		if (n->strange[k])
			log__error("%s printed '%.*s': its group is no number above 0, for %s",
				   name, (int)text__prefix(n->strange[k], STRANGE_COLUMNS),
				   n->strange[k], option_of[k]);
		else
			log__error("%s printed no line that matches %s", name, option_of[k]);
		return -ENODATA;
	}
	return 0;
}

static void end_recording(struct run *r)
{
	bool had_window = !profiler__is_waiting(&r->profiler);
	bool whole = r->profiler.pid && !profiler__end(&r->profiler);

	r->t->unrecorded = !had_window ? "the smallest run was over before its warm-up was"
			   : whole     ? NULL
				       : "the smallest run could not be recorded";
}

static int conclude(struct run *r, const char *name)
{
	int err;

	if (r->interrupted)
		sigprocmask(SIG_SETMASK, r->o->mask, NULL); /* as above: nobody takes it now */
	end_recording(r);
	if (r->interrupted) {
		command__status(&r->command);
		return -EINTR;
	}
	err = check_status(r, name);
	if (!err)
		err = check_numbers(r, name);
	return err;
}

static void release(struct run *r)
{
	close_output(r);
	if (r->polled[POLL_EXIT].fd >= 0)
		close(r->polled[POLL_EXIT].fd);
	numbers__release(&r->t->numbers);
}

int trial__run(const struct trial_options *o, char **argv, const char *name, int capture,
	       struct trial *t)
{
	struct run r = { .o = o, .t = t, .profiler.gate = -1 };
	int err;

	if (trial__take_signal(o)) /* since the run before */
		return -EINTR;
	memset(t, 0, sizeof(*t));
	memcpy(t->numbers.patterns, o->patterns, sizeof(o->patterns));
	for (int i = 0; i < POLLED; i++)
		r.polled[i].fd = -1;
	err = start(&r, argv);
	if (!err)
		err = prepare(&r, capture);
	if (!err) {
		err = command__go(&r.command, argv[0]);
		if (!err) {
			follow(&r);
			read_rest(&r);
			err = conclude(&r, name);
		} else {
			profiler__end(&r.profiler);
		}
	}
	release(&r);
	return err;
}
