// SPDX-License-Identifier: BSD-2-Clause
/*
 * giloracle: logs when each thread of a process was inside take_gil and in futex waits for the GIL,
 * and who held it, until SIGTERM. find.py tells it where to look, clip.py and pairs.py read the log. For
 * tests only.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "giloracle.h"
#include "giloracle.skel.h"

#define MAX_PROBES 64

/* Where a futex word lies in the GIL and what a wait on it means (cpython.md section 3). */
struct word {
	unsigned int offset;
	enum oracle_kind kind;
};

static const struct word glibc_2_25[] = {
	{ 72, ORACLE_FUTEX },
	{ 76, ORACLE_FUTEX },
	{ 80, ORACLE_FUTEX }, /* g_signals, mutex */
	{ 48, ORACLE_DROP },
	{ 52, ORACLE_DROP },
	{ 64, ORACLE_DROP }, /* g_refs, g1_orig_size */
	{ 136, ORACLE_DROP },
	{ 140, ORACLE_DROP },
	{ 152, ORACLE_DROP }, /* switch_cond's */
	{ 160, ORACLE_DROP },
	{ 164, ORACLE_DROP },
	{ 168, ORACLE_DROP }, /* switch_cond, _mutex */
	{},
};

static const struct word glibc_2_41[] = {
	{ 64, ORACLE_FUTEX },
	{ 68, ORACLE_FUTEX },
	{ 80, ORACLE_FUTEX },
	{ 152, ORACLE_DROP },
	{ 156, ORACLE_DROP },
	{ 168, ORACLE_DROP },
	{},
};

enum probe_kind { PROBE_TAKE = 't', PROBE_RETURN = 'r', PROBE_SIGNAL = 'c' };

struct probe {
	char *path;
	unsigned long offset;
	enum probe_kind kind;
};

struct options {
	int pid;
	unsigned long gils[ORACLE_GILS];
	int n_gils;
	const struct word *words;
	struct probe probes[MAX_PROBES];
	int n_probes;
	int sched, holders;
	const char *log;
};

static const struct argp_option option_table[] = {
	{ "pid", 'p', "PID", 0, "The process", 0 },
	{ "gil", 'g', "ADDRESS", 0, "A GIL of it; may be repeated", 0 },
	{ "libc", 'l', "glibc2.25|glibc2.41", 0, "Layout of its condition variables", 0 },
	{ "take-gil", 't', "FILE:OFFSET", 0, "Entry of a copy of take_gil; may be repeated", 0 },
	{ "ret", 'r', "FILE:OFFSET", 0, "A return instruction of it; may be repeated", 0 },
	{ "signal", 'c', "FILE:OFFSET", 0, "pthread_cond_signal: log who holds the GIL, too", 0 },
	{ "sched", 's', NULL, 0, "Split futex waits into asleep and run queue", 0 },
	{ "log", 'o', "FILE", 0, "Where the intervals go", 0 },
	{},
};

static void add_probe(struct options *o, struct argp_state *state, const char *arg,
		      enum probe_kind kind)
{
	const char *colon = strrchr(arg, ':');
	struct probe *p = &o->probes[o->n_probes];

	if (!colon || o->n_probes == MAX_PROBES) {
		argp_error(state, "%s: not FILE:OFFSET, or too many of them", arg);
		return;
	}
	p->path = strndup(arg, colon - arg);
	p->offset = strtoul(colon + 1, NULL, 0);
	p->kind = kind;
	o->n_probes++;
}

static void add_gil(struct options *o, struct argp_state *state, const char *arg)
{
	if (o->n_gils == ORACLE_GILS) {
		argp_error(state, "more than %d GILs", ORACLE_GILS);
		return;
	}
	o->gils[o->n_gils++] = strtoul(arg, NULL, 0);
}

static void set_libc(struct options *o, struct argp_state *state, const char *arg)
{
	if (!strcmp(arg, "glibc2.25"))
		o->words = glibc_2_25;
	else if (!strcmp(arg, "glibc2.41"))
		o->words = glibc_2_41;
	else
		argp_error(state, "%s: unknown libc", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->pid = atoi(arg);
		break;
	case 'g':
		add_gil(o, state, arg);
		break;
	case 'l':
		set_libc(o, state, arg);
		break;
	case 't':
	case 'r':
	case 'c':
		add_probe(o, state, arg, key);
		o->sched |= key == 'c';
		o->holders |= key == 'c';
		break;
	case 's':
		o->sched = 1;
		break;
	case 'o':
		o->log = arg;
		break;
	case ARGP_KEY_END:
		if (!o->pid || !o->n_gils || !o->words || !o->log)
			argp_error(state, "--pid, --gil, --libc and --log are needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void configure(struct giloracle_bpf *skel, const struct options *o)
{
	skel->rodata->tgid = o->pid;
	for (int i = 0; i < o->n_gils; i++)
		skel->rodata->gils[i] = o->gils[i];
	for (const struct word *w = o->words; w->offset; w++)
		skel->rodata->kinds[w->offset] = w->kind;
	skel->rodata->logs_holders = o->holders;
	bpf_program__set_autoload(skel->progs.cpu_switches, o->sched);
	bpf_program__set_autoload(skel->progs.thread_woken, o->sched);
}

static const struct bpf_program *program_of(const struct giloracle_bpf *skel, enum probe_kind kind)
{
	switch (kind) {
	case PROBE_TAKE:
		return skel->progs.take_entered;
	case PROBE_RETURN:
		return skel->progs.take_returned;
	default:
		return skel->progs.cond_signalled;
	}
}

static int attach_probes(struct giloracle_bpf *skel, const struct options *o)
{
	for (int i = 0; i < o->n_probes; i++) {
		const struct probe *p = &o->probes[i];

		if (!bpf_program__attach_uprobe(program_of(skel, p->kind), false, o->pid, p->path,
						p->offset)) {
			fprintf(stderr, "giloracle: probe at %s:%#lx: %s\n", p->path, p->offset,
				strerror(errno));
			return -errno;
		}
	}
	return 0;
}

static int write_record(void *file, void *record, size_t size)
{
	return fwrite(record, size, 1, file) == 1 ? 0 : -EIO;
}

/* Empties the ring at intervals, so that no wake-up of ours disturbs what is measured. */
static int log_until_signal(struct ring_buffer *ring, const sigset_t *stop)
{
	const struct timespec interval = { .tv_nsec = 50 * 1000 * 1000 };
	int err;

	do {
		err = ring_buffer__consume(ring);
	} while (err >= 0 && sigtimedwait(stop, NULL, &interval) < 0);
	return err < 0 ? err : 0;
}

static int log_open_interval(struct oracle_record *r, FILE *log)
{
	r->end = ORACLE_OPEN;
	return r->begin ? write_record(log, r, sizeof(*r)) : 0;
}

static int log_open_intervals(struct giloracle_bpf *skel, FILE *log)
{
	int fd = bpf_map__fd(skel->maps.threads), err = 0;
	/* struct thread of giloracle.bpf.c begins with these records */
	union {
		struct oracle_record records[3];
		char value[256];
	} thread;
	__u32 key, *last = NULL;

	while (!err && !bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (bpf_map_lookup_elem(fd, &key, &thread))
			continue;
		err = log_open_interval(&thread.records[0], log);
		err = err ? err : log_open_interval(&thread.records[1], log);
		err = err ? err : log_open_interval(&thread.records[2], log);
	}
	return err;
}

static int run(struct giloracle_bpf *skel, const struct options *o, FILE *log, const sigset_t *stop)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(skel->maps.records), write_record, log, NULL);
	int err;

	if (!ring)
		return -errno;
	err = attach_probes(skel, o);
	if (!err)
		err = giloracle_bpf__attach(skel);
	if (!err) {
		puts("ready");
		fflush(stdout);
		err = log_until_signal(ring, stop);
	}
	giloracle_bpf__detach(skel);
	if (!err && ring_buffer__consume(ring) < 0)
		err = -EIO;
	if (!err)
		err = log_open_intervals(skel, log);
	ring_buffer__free(ring);
	if (skel->bss->lost) {
		fprintf(stderr, "giloracle: %llu intervals lost\n", skel->bss->lost);
		err = err ? err : -ENOBUFS;
	}
	return err;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static int measure(const struct options *o, const sigset_t *stop)
{
	struct giloracle_bpf *skel = giloracle_bpf__open();
	FILE *log = fopen(o->log, "w");
	int err = -errno;

	if (skel && log) {
		configure(skel, o);
		err = giloracle_bpf__load(skel);
		if (!err)
			err = run(skel, o, log, stop);
	}
	if (log && fclose(log) && !err)
		err = -errno;
	giloracle_bpf__destroy(skel);
	return err;
}

int main(int argc, char **argv)
{
	const struct argp argp = { .options = option_table, .parser = parse_option };
	struct options o = {};
	sigset_t stop;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	libbpf_set_print(print_warnings);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	err = measure(&o, &stop);
	if (err)
		fprintf(stderr, "giloracle: %s\n", strerror(-err));
	for (int i = 0; i < o.n_probes; i++)
		free(o.probes[i].path);
	return err ? 1 : 0;
}
