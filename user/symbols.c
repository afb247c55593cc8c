// SPDX-License-Identifier: BSD-2-Clause
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"
#include "procmem.h"
#include "symfile.h"

#define MAX_PROCESSES 65536u
#define MAX_MAPPINGS 8192u	  /* executable ones of one process; real ones have up to 500 */
#define MAX_ALL_MAPPINGS 1000000u /* of all, 40 bytes each */

struct mapping {
	uint64_t start, end, offset, inode;
	struct symfile *file; /* NULL: no file, or no room for it */
};

struct mappings {
	struct mapping *list; /* by address */
	size_t n, room;
};

struct process {
	uint64_t key;
	struct mappings code;
	struct symfile *perf_map; /* NULL: it has none */
};

struct symbols {
	struct process *processes; /* by key */
	size_t n, room, mappings;
	uint64_t changes;
	struct symfiles *files;
};

struct symbols *symbols__new(void)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (s)
		s->files = symfiles__new();
	if (s && s->files)
		return s;
	free(s);
	return NULL;
}

void symbols__free(struct symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->processes[i].code.list);
	free(s->processes);
	symfiles__free(s->files);
	free(s);
}

/* --- what is noted --- */

/* Where the process is, or belongs. */
static size_t position(const struct symbols *s, uint64_t key)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->processes[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct process *find_process(const struct symbols *s, uint64_t key)
{
	size_t i = position(s, key);

	return i < s->n && s->processes[i].key == key ? &s->processes[i] : NULL;
}

static struct process *add_process(struct symbols *s, uint64_t key)
{
	size_t i = position(s, key);

	if (s->n == MAX_PROCESSES)
		return NULL;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct process *grown = reallocarray(s->processes, room, sizeof(*grown));

		if (!grown)
			return NULL;
		s->processes = grown;
		s->room = room;
	}
	memmove(&s->processes[i + 1], &s->processes[i], (s->n - i) * sizeof(*s->processes));
	s->n++;
	s->processes[i] = (struct process){ .key = key };
	return &s->processes[i];
}

/* The last mapping that begins at or before the address; NULL: there is none. */
static struct mapping *last_before(const struct mappings *code, uint64_t address)
{
	size_t low = 0, high = code->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->list[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &code->list[low - 1] : NULL;
}

static struct mapping *find_mapping(const struct mappings *code, uint64_t address)
{
	struct mapping *m = last_before(code, address);

	return m && address < m->end ? m : NULL;
}

static bool add_mapping(struct mappings *code, const struct mapping *m)
{
	if (code->n == MAX_MAPPINGS)
		return false;
	if (code->n == code->room) {
		size_t room = code->room ? 2 * code->room : 32;
		struct mapping *grown = reallocarray(code->list, room, sizeof(*grown));

		if (!grown)
			return false;
		code->list = grown;
		code->room = room;
	}
	code->list[code->n++] = *m;
	return true;
}

struct noting {
	struct symbols *s;
	pid_t pid;
	const struct mappings *before;
	struct mappings now;
};

/* That of a 32-bit process is another image. */
static bool is_vdso(const struct maps_line *line)
{
	return line->path_len == 6 && memcmp(line->path, "[vdso]", 6) == 0 &&
	       line->start > UINT32_MAX;
}

static struct symfile *file_of(struct noting *n, const struct maps_line *line)
{
	const struct mapping *old = find_mapping(n->before, line->start);

	if (is_vdso(line))
		return symfiles__vdso(n->s->files, line->end - line->start);
	if (line->inode == 0)
		return NULL;
	if (old && old->start == line->start && old->end == line->end &&
	    old->offset == line->offset && old->inode == line->inode)
		return old->file;
	return symfiles__mapped(n->s->files, n->pid, line);
}

static void note_line(void *ctx, const struct maps_line *line)
{
	struct noting *n = ctx;
	struct mapping m = {
		.start = line->start, .end = line->end, .offset = line->offset, .inode = line->inode
	};

	if (!line->executable || n->s->mappings + n->now.n >= MAX_ALL_MAPPINGS)
		return;
	m.file = file_of(n, line);
	add_mapping(&n->now, &m);
}

static bool overlaps(const struct mappings *code, const struct mapping *m)
{
	const struct mapping *last = last_before(code, m->end - 1);

	return last && last->end > m->start;
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *l = a, *r = b;

	return (l->start > r->start) - (l->start < r->start);
}

/* What has been unmapped since may still be in stacks: it is kept where nothing has replaced it. */
static void keep_unmapped(struct mappings *now, const struct mappings *before)
{
	struct mappings present = *now;

	for (size_t i = 0; i < before->n; i++) {
		present.list = now->list;
		if (!overlaps(&present, &before->list[i]) && !add_mapping(now, &before->list[i]))
			break;
	}
	if (now->n > present.n)
		qsort(now->list, now->n, sizeof(*now->list), by_start);
}

static bool is_same(const struct mappings *a, const struct mappings *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++) {
		const struct mapping *l = &a->list[i], *r = &b->list[i];

		if (l->start != r->start || l->end != r->end || l->offset != r->offset ||
		    l->inode != r->inode)
			return false;
	}
	return a->n == b->n;
}

int symbols__note_process(struct symbols *s, uint64_t key, pid_t pid)
{
	struct process *p = find_process(s, key);
	struct noting n = { .s = s, .pid = procmem__task(pid) };
	struct symfile *perf_map;
	int err;

	if (n.pid == 0)
		return -ESRCH;
	p = p ? p : add_process(s, key);
	if (!p)
		return -ENOMEM;
	s->mappings -= p->code.n;
	n.before = &p->code;
	err = maps__each(n.pid, note_line, &n);
	perf_map = symfiles__perf_map(s->files, n.pid);
	p->perf_map = perf_map ? perf_map : p->perf_map;
	keep_unmapped(&n.now, &p->code);
	s->changes += !is_same(&n.now, &p->code);
	free(p->code.list);
	p->code = n.now;
	s->mappings += p->code.n;
	return err;
}

/* --- what is asked --- */

bool symbols__has(const struct symbols *s, uint64_t key, uint64_t address)
{
	const struct process *p = find_process(s, key);

	return p && find_mapping(&p->code, address);
}

uint64_t symbols__changes(const struct symbols *s)
{
	return s->changes;
}

void symbols__each_handle(const struct symbols *s, void (*f)(void *ctx, int handle), void *ctx)
{
	symfiles__each_handle(s->files, f, ctx);
}

size_t symbols__code(const struct symbols *s, uint64_t key, struct symbols_code *code, size_t max)
{
	const struct process *p = find_process(s, key);
	size_t n = 0;

	for (; p && n < p->code.n && n < max; n++) {
		const struct mapping *m = &p->code.list[n];

		code[n] = (struct symbols_code){ m->start, m->end, m->offset,
						 m->file ? m->file->handle : -1 };
	}
	return n;
}

/* 3.14 can be built with a function for each instruction, each calling the next (ceval.c). */
static bool is_eval(const char *function)
{
	return strcmp(function, "_PyEval_EvalFrameDefault") == 0 ||
	       strncmp(function, "_TAIL_CALL_", 11) == 0;
}

static void name_it(struct symbols_place *out, const struct symtab_place *found)
{
	out->function = found->name;
	out->offset = found->offset;
	out->exact = found->exact;
	out->framed = found->framed;
}

static void ask_file(struct symbols *s, const struct mapping *m, struct symbols_place *out)
{
	const struct symtab *table = symfiles__table(s->files, m->file);
	struct symtab_place found;
	uint64_t at;

	out->object = m->file->object;
	if (table && symtab__address(table, out->offset, &at) && symtab__find(table, at, &found))
		name_it(out, &found);
	out->role = m->file->python ? ROLE_INTERPRETER : ROLE_LIBRARY;
	if (m->file->python && out->function && is_eval(out->function))
		out->role = ROLE_EVAL;
}

/* CPython's own perf map has a trampoline for each function, which calls the eval loop. */
static void ask_perf_map(struct symbols *s, struct symfile *file, uint64_t address,
			 struct symbols_place *out)
{
	const struct symtab *table = symfiles__table(s->files, file);
	struct symtab_place found;

	if (!table || !symtab__find(table, address, &found))
		return;
	name_it(out, &found);
	out->object = file->object;
	out->role = strncmp(found.name, "py::", 4) == 0 ? ROLE_INTERPRETER : ROLE_LIBRARY;
}

bool symbols__find(struct symbols *s, uint64_t key, uint64_t address, struct symbols_place *out)
{
	const struct process *p = find_process(s, key);
	const struct mapping *m = p ? find_mapping(&p->code, address) : NULL;

	memset(out, 0, sizeof(*out));
	if (!m)
		return false;
	out->object = "[anon]";
	out->offset = address - m->start + m->offset;
	if (m->file)
		ask_file(s, m, out);
	if (!out->function && p->perf_map)
		ask_perf_map(s, p->perf_map, address, out);
	return true;
}
