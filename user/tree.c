/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "discover.h"
#include "host.h"
#include "procmem.h"
#include "row.h"
#include "text.h"

#define CMDLINE_BYTES 1024
#define MAX_PROCESSES 32768     /* rows; further ones' threads are still accounted, in no process */
#define MAX_ROWS 20000          /* of ended threads; further ones are merged, per process */
#define PSS_PROCESSES 64        /* reading it walks the page tables: not for a thousand processes */
#define PSS_MAX_RSS (4ull << 30)

#define FIRST_LOOK_NS (5 * NSEC_PER_MSEC)   /* after exec: ld.so is through by then */
#define LOOK_FACTOR 4                       /* each wait is this much longer than the last */
#define LAST_LOOK_NS (4 * NSEC_PER_SEC)
#define SETTLED_NS (300 * NSEC_PER_MSEC)    /* no interpreter by now: it counts as having none */
#define REFRESH_NS (250 * NSEC_PER_MSEC)    /* interpreters come and go */
#define LOOK_BUDGET 50                      /* 1/50 of the time may go into looking */
#define LOOK_CREDIT_NS (200 * NSEC_PER_MSEC)

struct gil {
	uint64_t address;
	int64_t interpreter;
	uint64_t switch_begin, switch_end;
	bool known; /* switch_begin and switch_end are */
	bool used;  /* by a thread, or it still exists */
};

struct process {
	uint64_t key;
	uint32_t pid, ppid, execs;
	char *comm, *cmdline;
	bool born, ended, settled;
	int32_t status;
	struct python python;     /* as last looked at; status PYTHON_NOT until then */
	uint64_t program_since;   /* when its present program began */
	uint64_t next_look, wait;
	size_t gils_n;
	struct gil *gils;
	struct capture_thread *merged; /* its threads beyond MAX_ROWS */
};

struct tree {
	struct capture_writer *writer;
	struct session *session;
	void *by_key;            /* tsearch(3) of struct process */
	struct process **all;    /* the same, in the order they were met */
	size_t all_n, all_max;
	uint64_t rows;
	uint64_t merged;
	uint64_t looking_ns, began;
	int err;
};

/* -- processes ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	/* two processes can begin in the same nanosecond, on two CPUs */
	return p->pid < q->pid ? -1 : p->pid > q->pid;
}

static struct process *find(struct tree *t, uint64_t key, uint32_t pid)
{
	struct process probe = {.key = key, .pid = pid};
	void *node = tfind(&probe, &t->by_key, compare_keys);

	return node ? *(struct process **)node : NULL;
}

static void free_process(struct process *p)
{
	if (!p)
		return;
	if (p->merged)
		row__release(p->merged);
	free(p->merged);
	free(p->gils);
	free(p->comm);
	free(p->cmdline);
	free(p);
}

static int append(struct tree *t, struct process *p)
{
	size_t max = t->all_max ? 2 * t->all_max : 64;
	struct process **all = t->all;

	if (t->all_n == t->all_max) {
		all = realloc(t->all, max * sizeof(*all));
		if (!all)
			return -ENOMEM;
		t->all = all;
		t->all_max = max;
	}
	all[t->all_n++] = p;
	return 0;
}

static struct process *add(struct tree *t, uint64_t key, uint32_t pid)
{
	struct process *p;

	if (t->all_n == MAX_PROCESSES) {
		t->err = t->err ? t->err : -E2BIG;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		goto fail;
	p->key = key;
	p->pid = pid;
	p->python.status = PYTHON_NOT;
	if (append(t, p))
		goto fail;
	if (tsearch(p, &t->by_key, compare_keys))
		return p;
	t->all_n--;
fail:
	free(p);
	t->err = -ENOMEM;
	return NULL;
}

static void set_string(char **to, char *value)
{
	if (!value)
		return;
	free(*to);
	*to = value;
}

static void set_cmdline(struct process *p, const char *args, size_t len)
{
	char blanks[CMDLINE_BYTES];

	if (len > sizeof(blanks))
		len = sizeof(blanks);
	while (len && !args[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		blanks[i] = args[i] ? args[i] : ' ';
	if (len)
		set_string(&p->cmdline, text__utf8(blanks, len, 4 * sizeof(blanks)));
}

static void read_cmdline(struct process *p)
{
	char path[64], args[CMDLINE_BYTES];
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, args, sizeof(args));
	if (n > 0)
		set_cmdline(p, args, (size_t)n);
}

static void set_comm(struct process *p, const char *comm)
{
	set_string(&p->comm, text__utf8(comm, strnlen(comm, WIRE_COMM_LEN), 4 * WIRE_COMM_LEN));
}

/* -- their GILs ------------------------------------------------------------------------------ */

static struct gil *find_gil(struct process *p, uint64_t address)
{
	for (size_t i = 0; i < p->gils_n; i++) {
		if (p->gils[i].address == address)
			return &p->gils[i];
	}
	return NULL;
}

static struct gil *add_gil(struct process *p, uint64_t address, int64_t interpreter)
{
	struct gil *gils, *g = find_gil(p, address);

	if (!g) {
		gils = realloc(p->gils, (p->gils_n + 1) * sizeof(*gils));
		if (!gils)
			return NULL;
		p->gils = gils;
		g = &gils[p->gils_n++];
		memset(g, 0, sizeof(*g));
		g->address = address;
	}
	g->interpreter = interpreter;
	return g;
}

static void note_switches(struct gil *g, uint64_t first, uint64_t last)
{
	if (!g->known || first < g->switch_begin)
		g->switch_begin = first;
	if (!g->known || last > g->switch_end)
		g->switch_end = last;
	g->known = true;
}

/* The fs base of the thread that holds a GIL now, 0 if none does. */
static uint64_t read_holder(const struct procmem *mem, uint64_t gil, uint32_t thread_id)
{
	struct {
		uint64_t interval, last_holder;
		int32_t locked;
	} head;
	uint64_t id;

	if (procmem__read(mem, gil, &head, sizeof(head)) || head.locked <= 0 ||
	    procmem__u64(mem, head.last_holder + thread_id, &id))
		return 0;
	return id;
}

static void read_holders(struct process *p, struct wire_python *w)
{
	struct procmem mem;

	if (procmem__open(&mem, (pid_t)p->pid))
		return;
	for (uint32_t i = 0; i < w->gils; i++)
		w->holder[i] = read_holder(&mem, w->gil[i], w->thread_id);
	procmem__close(&mem);
}

/* Tells the kernel side what the process's GILs are, or that it has none. */
static void publish(struct tree *t, struct process *p)
{
	struct wire_python w = {.key = p->key, .execs = p->execs};
	const struct python *py = &p->python;

	if (py->status == PYTHON_FOUND) {
		w.gils = py->gils_n;
		w.thread_id = py->thread_id;
		w.libc = py->libc;
	}
	for (uint32_t i = 0; i < w.gils; i++) {
		w.gil[i] = py->gils[i].address;
		add_gil(p, py->gils[i].address, py->gils[i].interpreter);
	}
	read_holders(p, &w);
	session__set_python(t->session, (pid_t)p->pid, &w);
}

static bool same_gils(const struct python *a, const struct python *b)
{
	if (a->status != b->status || a->gils_n != b->gils_n)
		return false;
	for (uint32_t i = 0; i < a->gils_n; i++) {
		if (a->gils[i].address != b->gils[i].address)
			return false;
	}
	return true;
}

static void note_python(struct tree *t, struct process *p, const struct python *py)
{
	bool changed = !same_gils(py, &p->python);

	p->python = *py;
	if (changed)
		publish(t, p);
	for (uint32_t i = 0; i < py->gils_n && py->status == PYTHON_FOUND; i++) {
		struct gil *g = find_gil(p, py->gils[i].address);

		if (g)
			note_switches(g, py->gils[i].switch_number, py->gils[i].switch_number);
	}
}

/* -- looking at them ------------------------------------------------------------------------- */

static void schedule(struct process *p, uint64_t now, uint64_t wait)
{
	p->wait = wait < LAST_LOOK_NS ? wait : LAST_LOOK_NS;
	p->next_look = now + p->wait;
}

static bool wants_patience(enum python_status s)
{
	return s == PYTHON_NOT || s == PYTHON_NOT_YET;
}

static void first_look(struct tree *t, struct process *p, uint64_t now)
{
	struct python py;

	discover__run((pid_t)p->pid, &py);
	note_python(t, p, &py);
	if (py.status == PYTHON_FOUND)
		p->next_look = now + REFRESH_NS;
	else if (py.status == PYTHON_NO_GIL || py.status == PYTHON_GONE)
		p->next_look = UINT64_MAX;
	else
		schedule(p, now, p->wait * LOOK_FACTOR);
	if (p->settled || (wants_patience(py.status) && now - p->program_since < SETTLED_NS))
		return;
	p->settled = true;
	if (py.status != PYTHON_FOUND)
		publish(t, p); /* from here on "no GIL" is known, not unknown */
}

static void look_again(struct tree *t, struct process *p, uint64_t now)
{
	struct python py = p->python;

	python__refresh((pid_t)p->pid, &py);
	if (py.status == PYTHON_FOUND)
		note_python(t, p, &py);
	p->next_look = now + REFRESH_NS;
}

static void look(struct tree *t, struct process *p)
{
	uint64_t from = clock__now();

	if (p->python.status == PYTHON_FOUND)
		look_again(t, p, from);
	else
		first_look(t, p, from);
	t->looking_ns += clock__now() - from;
}

void tree__look_at_all(struct tree *t)
{
	for (size_t i = 0; i < t->all_n; i++)
		look(t, t->all[i]);
	t->looking_ns = 0; /* that was before the window */
	t->began = clock__now();
}

void tree__mark(struct tree *t)
{
	for (size_t i = 0; i < t->all_n; i++) {
		struct process *p = t->all[i];

		if (p->python.status == PYTHON_FOUND && !p->ended)
			look_again(t, p, clock__now());
	}
}

/* How long to wait before looking at anything, so that it stays within its share of the time. */
static uint64_t overdraft(const struct tree *t, uint64_t now)
{
	uint64_t earned = LOOK_CREDIT_NS + (now - t->began) / LOOK_BUDGET;

	return t->looking_ns > earned ? (t->looking_ns - earned) * LOOK_BUDGET : 0;
}

uint64_t tree__tick(struct tree *t, uint64_t now)
{
	uint64_t next = UINT64_MAX, wait;

	for (size_t i = 0; i < t->all_n; i++) {
		struct process *p = t->all[i];

		wait = overdraft(t, now);
		if (p->ended)
			continue;
		if (p->next_look <= now && !wait)
			look(t, p);
		if (p->next_look < next)
			next = p->next_look > now + wait ? p->next_look : now + wait;
	}
	return next;
}

/* -- what the session tells ------------------------------------------------------------------ */

static void on_fork(struct tree *t, struct process *p, const struct wire_process_event *e)
{
	struct process *parent = find(t, e->parent_key, e->ppid);

	p->born = true;
	p->program_since = e->h.time;
	if (!parent)
		return;
	if (parent->cmdline)
		set_string(&p->cmdline, strdup(parent->cmdline));
	p->python = parent->python;
	p->settled = parent->settled;
	p->next_look = parent->python.status == PYTHON_FOUND ? e->h.time + REFRESH_NS
							     : parent->next_look;
	p->wait = parent->wait;
	for (uint32_t i = 0; i < p->python.gils_n && p->python.status == PYTHON_FOUND; i++)
		add_gil(p, p->python.gils[i].address, p->python.gils[i].interpreter);
}

static void on_exec(struct process *p, const struct wire_process_event *e, const char *args,
		    size_t len)
{
	p->execs = e->execs;
	p->program_since = e->h.time;
	p->settled = false;
	memset(&p->python, 0, sizeof(p->python));
	p->python.status = PYTHON_NOT;
	set_cmdline(p, args, len);
	schedule(p, e->h.time, FIRST_LOOK_NS);
}

static void on_process(void *ctx, const struct wire_process_event *e, const char *args, size_t len)
{
	struct tree *t = ctx;
	struct process *p = find(t, e->h.key, e->h.tgid);
	bool is_new = !p;

	if (!p)
		p = add(t, e->h.key, e->h.tgid);
	if (!p)
		return;
	set_comm(p, e->comm);
	if (e->ppid)
		p->ppid = e->ppid;
	if (e->h.type == EV_SEEN && is_new) {
		read_cmdline(p);
		p->wait = FIRST_LOOK_NS;
	} else if (e->h.type == EV_FORK) {
		on_fork(t, p, e);
	} else if (e->h.type == EV_EXEC) {
		on_exec(p, e, args, len);
	} else if (e->h.type == EV_EXIT) {
		p->ended = true;
		p->status = e->status;
	}
}

static void note_uses(struct process *p, const struct wire_thread *w)
{
	for (size_t i = 0; i < WIRE_GIL_USES && w->uses[i].gil; i++) {
		const struct wire_gil_use *use = &w->uses[i];
		struct gil *g = find_gil(p, use->gil);

		if (!g)
			continue;
		if (use->seen)
			note_switches(g, use->switch_first, use->switch_last);
		g->used |= use->waits || use->samples || use->held_offcpu_ns;
	}
}

static int merge(struct process *p, struct capture_thread *row)
{
	if (p->merged) {
		row__merge(p->merged, row);
		row__release(row);
		return 0;
	}
	p->merged = malloc(sizeof(*row));
	if (!p->merged) {
		row__release(row);
		return -ENOMEM;
	}
	*p->merged = *row;
	p->merged->tid = 0;
	return 0;
}

static void on_thread(void *ctx, const struct wire_thread *w)
{
	struct tree *t = ctx;
	struct process *p = find(t, w->key, w->tgid);
	struct capture_thread row;
	int err;

	if (!p) { /* the news of its birth was lost */
		p = add(t, w->key, w->tgid);
		if (!p)
			return;
		set_comm(p, w->comm);
		p->ended = w->flags & WT_EXITED;
	}
	note_uses(p, w);
	err = row__from_wire(w, session__cpus(t->session), &row);
	if (!err && row.exited && t->rows >= MAX_ROWS) {
		err = merge(p, &row);
		t->merged++;
	} else if (!err) {
		err = capture_writer__thread(t->writer, &row);
		row__release(&row);
		t->rows++;
	}
	t->err = t->err ? t->err : err;
}

/* -- the end --------------------------------------------------------------------------------- */

static size_t fill_gils(const struct process *p, struct capture_gil *to)
{
	size_t n = 0;

	for (size_t i = 0; i < p->gils_n; i++) {
		const struct gil *g = &p->gils[i];
		bool exists = false;

		for (uint32_t k = 0; k < p->python.gils_n; k++)
			exists |= p->python.gils[k].address == g->address;
		if (exists || g->used)
			to[n++] = (struct capture_gil){g->interpreter, g->address, g->switch_begin,
						       g->switch_end};
	}
	return n;
}

static void fill_python(struct python *py, struct capture_process *row)
{
	row->is_python = py->status == PYTHON_FOUND || py->status == PYTHON_NO_GIL ||
			 py->status == PYTHON_NOT_YET;
	if (row->is_python) {
		row->python_version = py->version;
		row->python_build = py->build;
	}
	if (py->source[0] && py->status == PYTHON_FOUND)
		row->gil_source = py->source;
	if (py->note[0])
		row->gil_note = py->note;
}

static int write_process(struct tree *t, struct process *p, size_t nth)
{
	static char none[] = "";
	cleanup_free struct capture_gil *gils = calloc(p->gils_n + 1, sizeof(*gils));
	struct capture_process row = {
		.key = p->key,
		.pid = p->pid,
		.ppid = p->ppid,
		.comm = p->comm ? p->comm : none,
		.cmdline = p->cmdline ? p->cmdline : none,
		.exit_status = p->ended ? p->status : -1,
		.born = p->born,
		.gils = gils,
	};

	if (!gils)
		return -ENOMEM;
	fill_python(&p->python, &row);
	row.gils_n = fill_gils(p, gils);
	if (!p->ended)
		row.rss_bytes = host__rss_bytes((int)p->pid);
	if (!p->ended && nth < PSS_PROCESSES && row.rss_bytes < PSS_MAX_RSS)
		row.pss_bytes = host__pss_bytes((int)p->pid);
	return capture_writer__process(t->writer, &row);
}

int tree__finish(struct tree *t)
{
	for (size_t i = 0; i < t->all_n && !t->err; i++) {
		struct process *p = t->all[i];

		t->err = write_process(t, p, i);
		if (!t->err && p->merged)
			t->err = capture_writer__thread(t->writer, p->merged);
	}
	return t->err;
}

uint64_t tree__merged(const struct tree *t)
{
	return t->merged;
}

uint64_t tree__processes(const struct tree *t)
{
	return t->all_n;
}

struct tree *tree__new(struct capture_writer *writer)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (t)
		t->writer = writer;
	return t;
}

static void keep(void *p)
{
	(void)p;
}

void tree__free(struct tree *t)
{
	if (!t)
		return;
	tdestroy(t->by_key, keep);
	for (size_t i = 0; i < t->all_n; i++)
		free_process(t->all[i]);
	free(t->all);
	free(t);
}

struct session_listener tree__listener(struct tree *t)
{
	return (struct session_listener){t, on_process, on_thread};
}

void tree__use(struct tree *t, struct session *s)
{
	t->session = s;
	t->began = clock__now();
}
