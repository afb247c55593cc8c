/* SPDX-License-Identifier: BSD-2-Clause */
#include "profile.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "command.h"
#include "cost.h"
#include "discover.h"
#include "host.h"
#include "log.h"
#include "pace.h"
#include "parallelism.h"
#include "privileges.h"
#include "session.h"
#include "target.h"
#include "text.h"
#include "tree.h"

#define WAKE_NS \
	(200 * NSEC_PER_MSEC) /* to drain the ring buffer, which wakes us if it fills faster */
#define PROGRESS_NS (500 * NSEC_PER_MSEC)
#define EXEC_MS 10000
#define ONLINE_NS \
	(1 * NSEC_PER_SEC) /* between two looks at which CPUs are on-line, and for losses */

/* What poll(2) watches: the ring, signals, and the processes that the user named. */
enum { POLL_RING, POLL_SIGNAL, POLL_ROOTS };

struct profile {
	const struct opts *opts;
	uint64_t born;
	int gate; /* -1: the window opens at once */
	struct session *session;
	struct tree *tree;
	struct capture_writer *writer;
	struct command command;
	bool have_command;
	int command_status;
	sigset_t caller_mask;
	struct pollfd polled[POLL_ROOTS + OPTS_MAX_PIDS];
	nfds_t polled_n;
	size_t roots_alive;
	struct cost cost;
	struct host_cpus {
		uint32_t n;
		bool *online; /* at the latest look */
		uint64_t *offline_ns;
		uint64_t looked;
	} cpus;
	int online_at_start;
	char start[32]; /* ISO 8601 */
	uint64_t start_ns, end_ns;
	uint64_t attach_ns;
	uint64_t steal_irq_ns, cpu_ns; /* at the start; then what they gained */
	uint64_t progress_shown;
	struct pace pace;
	struct parallelism *parallelism;
};

static uint64_t own_cpu_ns(void)
{
	struct timespec ts;
	struct rusage children;

	discover__end();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	getrusage(RUSAGE_CHILDREN, &children); /* those that looked at processes */
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec +
	       (uint64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * NSEC_PER_SEC +
	       (uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000;
}

/* For what says nothing itself. */
static int tell(int err, const char *what)
{
	if (err)
		log__error("cannot %s: %s", what, strerror(-err));
	return err;
}

/* -- the target ------------------------------------------------------------------------------ */

static int watch(struct profile *p, int fd)
{
	p->polled[p->polled_n].fd = fd;
	p->polled[p->polled_n++].events = POLLIN;
	return 0;
}

/* The first signal ends the window; then they are let through, so that a second one ends us. */
static int watch_signals(struct profile *p)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &p->caller_mask);
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? tell(-errno, "wait for signals") : watch(p, fd);
}

static int open_roots(struct profile *p)
{
	const struct opts *o = p->opts;
	int fd;

	for (size_t i = 0; i < o->pids_n; i++) {
		fd = target__open(o->pids[i]);
		if (fd < 0)
			return fd;
		watch(p, fd);
		p->roots_alive++;
	}
	return 0;
}

static int start_command(struct profile *p, const struct caller *caller)
{
	int err = command__start(&p->command, p->opts->command, caller, &p->caller_mask, NULL), fd;

	if (err)
		return err;
	p->have_command = true;
	p->roots_alive++;
	fd = (int)syscall(SYS_pidfd_open, p->command.pid, 0);
	return fd < 0 ? tell(-errno, "watch the command") : watch(p, fd);
}

static int add_roots(struct profile *p)
{
	const struct opts *o = p->opts;
	int err = 0;

	for (size_t i = 0; i < o->pids_n && !err; i++)
		err = session__add_root(p->session, o->pids[i]);
	if (p->have_command && !err) {
		err = session__add_root(p->session, p->command.pid);
		session__start_at_exec(p->session, p->command.pid);
	}
	return tell(err, "name the target to the kernel side");
}

/* -- the window ------------------------------------------------------------------------------ */

static void note_offline(struct profile *p, uint64_t now)
{
	struct host_cpus *c = &p->cpus;

	for (uint32_t cpu = 0; cpu < c->n && c->looked; cpu++) {
		if (!c->online[cpu])
			c->offline_ns[cpu] += now - c->looked;
	}
	c->looked = now;
	host__online(c->online, c->n);
}

static int prepare_cpus(struct profile *p)
{
	p->cpus.n = session__cpus(p->session);
	p->cpus.online = calloc(p->cpus.n, sizeof(*p->cpus.online));
	p->cpus.offline_ns = calloc(p->cpus.n, sizeof(*p->cpus.offline_ns));
	return p->cpus.online && p->cpus.offline_ns ? 0 : tell(-ENOMEM, "watch the CPUs");
}

static void note_start(struct profile *p)
{
	struct timespec wall;
	uint64_t now = clock__now(), start;
	struct tm tm;
	size_t n;

	p->start_ns = session__start_ns(p->session);
	p->attach_ns = p->start_ns - p->born;
	clock_gettime(CLOCK_REALTIME, &wall);
	start = (uint64_t)wall.tv_sec * NSEC_PER_SEC + (uint64_t)wall.tv_nsec - (now - p->start_ns);
	wall.tv_sec = (time_t)(start / NSEC_PER_SEC);
	wall.tv_nsec = (long)(start % NSEC_PER_SEC);
	gmtime_r(&wall.tv_sec, &tm);
	n = strftime(p->start, sizeof(p->start), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(p->start + n, sizeof(p->start) - n, ".%03ldZ", wall.tv_nsec / 1000000);
	p->steal_irq_ns = host__steal_irq_ns();
	p->cpu_ns = own_cpu_ns();
	cost__plan(&p->cost, p->start_ns, p->opts->duration_ns);
	p->online_at_start = host__online(p->cpus.online, p->cpus.n);
	p->cpus.looked = p->start_ns;
	pace__begin(&p->pace, p->start_ns);
	parallelism__begin(p->parallelism, p->start_ns);
}

/* exec closes the pipe that command__go reads at its beginning, and opens the window at its end. */
static int await_exec(struct profile *p)
{
	static const struct timespec pause = { .tv_nsec = NSEC_PER_MSEC };
	bool ended = false;

	for (int ms = 0; ms < EXEC_MS && !ended; ms++) {
		ended = command__has_ended(&p->command);
		if (session__start_ns(p->session))
			return 0;
		nanosleep(&pause, NULL);
	}
	log__error("cannot profile %s: %s", p->opts->command[0],
		   ended ? "it ended before it was a program" : "its exec was not seen");
	return -ECANCELED;
}

static int start_window(struct profile *p)
{
	int err;

	if (!p->have_command)
		return tell(session__start(p->session), "open the window");
	err = command__go(&p->command, p->opts->command[0]);
	return err ? err : await_exec(p);
}

static int seed(struct profile *p)
{
	int err = session__seed(p->session);

	if (!err) {
		tree__look_at_all(p->tree);
		err = session__seed(p->session); /* sleepers may turn out to wait for a GIL */
	}
	return tell(err, "list the threads of the target");
}

/* The window is open when this returns 0. */
static int open_window(struct profile *p)
{
	int err = seed(p);

	if (err && p->have_command)
		command__cancel(&p->command);
	if (!err)
		err = start_window(p);
	if (err)
		return err;
	tree__open(p->tree);
	tree__mark(p->tree);
	note_start(p);
	return 0;
}

static void keep_pace(struct profile *p, uint64_t now)
{
	if (pace__look(&p->pace, now, tree__work(p->tree), tree__mean_sleep(p->tree)))
		session__set_sparse(p->session, p->pace.sparse, p->pace.slice_shift);
}

static void look_at_work(struct profile *p)
{
	struct session_work work;

	session__work(p->session, &work);
	parallelism__look(p->parallelism, &work);
}

static void show_progress(struct profile *p, uint64_t now)
{
	double done = (double)(now - p->start_ns) / NSEC_PER_SEC;

	if (now - p->progress_shown < PROGRESS_NS)
		return;
	p->progress_shown = now;
	if (p->opts->duration_ns)
		log__progress("recording: %.0f of %.0f s (Ctrl-C ends it early)", done,
			      (double)p->opts->duration_ns / NSEC_PER_SEC);
	else
		log__progress("recording: %.0f s", done);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Everything that is due at `now`. Returns when to come back. */
static uint64_t tick(struct profile *p, uint64_t now)
{
	uint64_t next = now + WAKE_NS;

	if (parallelism__due(p->parallelism) <= now)
		look_at_work(p);
	next = sooner(next, parallelism__due(p->parallelism));
	next = sooner(next, tree__tick(p->tree, now));
	next = sooner(next, tree__tick_memory(p->tree, now));
	keep_pace(p, now);
	next = sooner(next, pace__due(&p->pace));
	if (p->opts->duration_ns)
		next = sooner(next, p->start_ns + p->opts->duration_ns);
	cost__tick(&p->cost, p->session, now);
	if (p->cost.fd >= 0)
		next = sooner(next, p->cost.until);
	if (now - p->cpus.looked >= ONLINE_NS) {
		note_offline(p, now);
		session__catch_up(p->session); /* if it fails, that much is lost and counted */
	}
	show_progress(p, now);
	return next;
}

static bool is_over(struct profile *p, uint64_t now)
{
	struct signalfd_siginfo taken;

	if (p->polled[POLL_SIGNAL].revents &&
	    read(p->polled[POLL_SIGNAL].fd, &taken, sizeof(taken)) == sizeof(taken))
		return true;
	for (nfds_t i = POLL_ROOTS; i < p->polled_n; i++) {
		if (p->polled[i].fd < 0 || !p->polled[i].revents)
			continue;
		close(p->polled[i].fd);
		p->polled[i].fd = -1;
		p->roots_alive--;
	}
	return !p->roots_alive ||
	       (p->opts->duration_ns && now - p->start_ns >= p->opts->duration_ns);
}

static void record(struct profile *p)
{
	uint64_t now = clock__now(), next;
	struct timespec wait;

	while (!is_over(p, now)) {
		next = tick(p, now);
		now = clock__now();
		wait.tv_sec = 0;
		wait.tv_nsec = next > now ? (long)(next - now) : 0;
		if (ppoll(p->polled, p->polled_n, &wait, NULL) < 0)
			for (nfds_t i = 0; i < p->polled_n; i++)
				p->polled[i].revents = 0;
		session__poll(p->session);
		now = clock__now();
	}
	log__progress(NULL);
	sigprocmask(SIG_SETMASK, &p->caller_mask, NULL); /* from here on a signal ends us */
}

/* -- the capture ----------------------------------------------------------------------------- */

static int write_cpus(struct profile *p)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < p->cpus.n && !err; cpu++) {
		struct wire_cpu c = session__cpu(p->session, cpu);
		uint64_t offline = p->cpus.offline_ns[cpu];
		struct capture_cpu row = {
			.cpu = cpu,
			.target_ns = c.ns[FOR_TARGET],
			.other_ns = c.ns[FOR_OTHER],
			.idle_ns = c.ns[FOR_IDLE] > offline ? c.ns[FOR_IDLE] - offline : 0,
			.offline_ns = offline,
		};

		if (p->cpus.online[cpu] || c.ns[FOR_TARGET] || c.ns[FOR_OTHER])
			err = capture_writer__cpu(p->writer, &row);
	}
	return err;
}

/* "PID 42,43" or the command line */
static char *describe_target(const struct opts *o)
{
	char *text = NULL, *utf8;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < o->pids_n; i++)
		fprintf(f, "%s%d", i ? "," : "PID ", o->pids[i]);
	for (char **arg = o->command; arg && *arg; arg++)
		fprintf(f, "%s%s", arg == o->command ? "" : " ", *arg);
	fclose(f);
	utf8 = text__utf8(text, len, 4096);
	free(text);
	return utf8;
}

static int write_end(struct profile *p, bool complete, int fd)
{
	static char version[] = GILPROF_VERSION, attach[] = "attach", command[] = "command";
	cleanup_free char *target = describe_target(p->opts), *host = host__name();
	struct capture_info info = {
		.gilprof_version = version,
		.start = p->start,
		.start_monotonic_ns = p->start_ns,
		.duration_ns = p->end_ns - p->start_ns,
		.mode = p->have_command ? command : attach,
		.host = host,
		.target = target,
		.state_hz = p->opts->state_hz,
		.stack_hz = p->opts->stack_hz,
		.cpus = p->online_at_start > 0 ? (uint32_t)p->online_at_start : 0,
		.complete = complete,
		.children = p->opts->children,
		.command_status = p->command_status,
		.steal_irq_ns = p->steal_irq_ns,
		.tick_ns = host__tick_ns(),
		.threads_merged = tree__merged(p->tree),
		.memory_peak = tree__memory_peak(p->tree, p->start_ns),
	};

	if (!target)
		return -ENOMEM;
	session__lost(p->session, info.lost);
	info.lost[LOST_STACKS] = tree__lost(p->tree);
	info.lost[LOST_UNWIND] = tree__lost_unwinds(p->tree);
	info.self.cpu_ns = p->cpu_ns;
	info.self.bpf_run_ns = cost__run_ns(&p->cost, info.duration_ns);
	info.self.bpf_run_count = cost__runs(&p->cost, info.duration_ns);
	info.self.attach_ns = p->attach_ns;
	info.self.rss_peak_bytes = host__own_peak_bytes();
	return capture_writer__end(p->writer, &info, fd);
}

/* The larger of two counts: /proc/stat's, in steps of 10 ms, and the run queues'. */
static uint64_t steal_irq_gained(const struct profile *p)
{
	uint64_t now = host__steal_irq_ns(), lag = session__lag_ns(p->session);
	uint64_t gained = now > p->steal_irq_ns ? now - p->steal_irq_ns : 0;

	return lag > gained ? lag : gained;
}

/*
 * -1: whoever ended the window, it was not the command, even if that has ended since: it is no whole run.
 * Not to be called before our own CPU time is known: who is waited for counts as ours from then on.
 */
static int status_in_window(const struct profile *p)
{
	return p->have_command && !p->roots_alive ? command__status(&p->command) : -1;
}

static int finish(struct profile *p, int fd)
{
	int err, written;

	tree__close(p->tree);
	err = session__stop(p->session);
	p->end_ns = session__end_ns(p->session);
	look_at_work(p);
	session__catch_up(p->session);
	cost__finish(&p->cost, p->session, clock__now());
	note_offline(p, p->end_ns);
	tree__mark(p->tree);
	p->steal_irq_ns = steal_irq_gained(p);
	tree__end_child(p->tree);
	p->cpu_ns = own_cpu_ns() - p->cpu_ns;
	p->command_status = status_in_window(p);
	written = tree__finish(p->tree, p->start_ns, p->end_ns);
	if (!written)
		written = write_cpus(p);
	if (!written)
		written = parallelism__write(p->parallelism, p->writer);
	if (!written)
		written = write_end(p, !err && tree__complete(p->tree), fd);
	privileges__keep_for_report(p->opts->outputs_n > 0);
	if (written)
		log__error("cannot write the capture: %s", strerror(-written));
	return written;
}

/* -- all of it ------------------------------------------------------------------------------- */

/* The tests' ways to lose events, see tests/laws.bats. */
static uint32_t test_number(const char *name)
{
	const char *value = getenv(name);

	return value ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

/* Nothing has been heard of the target yet: what it did until then is as if before an attach. */
static int await_gate(const struct profile *p)
{
	char byte = 0;

	if (p->gate < 0)
		return 0;
	return write(p->gate, &byte, 1) == 1 && read(p->gate, &byte, 1) == 1 ? 0 : -ECANCELED;
}

static int prepare(struct profile *p, const struct caller *caller)
{
	struct session_options so = {
		.state_hz = p->opts->state_hz,
		.stack_every = (p->opts->state_hz + p->opts->stack_hz / 2) / p->opts->stack_hz,
		.native = p->opts->native,
		.children = p->opts->children,
		.drop_every = test_number("GILPROF_TEST_DROP"),
		.miss_every = test_number("GILPROF_TEST_MISS"),
	};
	struct session_listener listener;
	int err;

	watch(p, -1); /* the ring's place */
	err = watch_signals(p);
	if (!err)
		err = open_roots(p);
	if (!err && p->opts->command)
		err = start_command(p, caller);
	if (err)
		return err;
	p->writer = capture_writer__new();
	p->tree = p->writer ? tree__new(p->writer, p->opts->native) : NULL;
	p->parallelism = parallelism__new();
	if (!p->tree || !p->parallelism) {
		log__error("out of memory");
		return -ENOMEM;
	}
	listener = tree__listener(p->tree);
	err = session__open(&so, &listener, &p->session);
	if (err)
		return err;
	privileges__keep_for_recording(p->opts->outputs_n > 0);
	tree__use(p->tree, p->session);
	p->polled[POLL_RING].fd = session__fd(p->session);
	err = prepare_cpus(p);
	if (!err)
		err = await_gate(p);
	return err ? err : add_roots(p);
}

static void release(struct profile *p)
{
	for (nfds_t i = POLL_SIGNAL; i < p->polled_n; i++) {
		if (p->polled[i].fd >= 0)
			close(p->polled[i].fd);
	}
	session__free(p->session);
	tree__free(p->tree);
	capture_writer__free(p->writer);
	parallelism__free(p->parallelism);
	free(p->cpus.online);
	free(p->cpus.offline_ns);
}

enum status profile__run(const struct opts *o, const struct caller *caller, uint64_t born, int fd)
{
	return profile__run_at(o, caller, born, fd, -1);
}

enum status profile__run_at(const struct opts *o, const struct caller *caller, uint64_t born,
			    int fd, int gate)
{
	struct profile p = {
		.opts = o, .born = born, .gate = gate, .command_status = -1, .cost.fd = -1
	};
	int err = prepare(&p, caller);

	if (!err)
		err = open_window(&p);
	else if (p.have_command)
		command__cancel(&p.command);
	if (!err) {
		record(&p);
		err = finish(&p, fd);
	}
	release(&p);
	return status__of(err);
}
