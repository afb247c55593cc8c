// SPDX-License-Identifier: BSD-2-Clause
#include "unwind.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "openat.h"

#define MAX_PROCESSES 16u /* kept ready; the one that was asked for longest ago makes room */
#define MAX_CODE 8192u

#if defined(__aarch64__)
#define REGS 32 /* the PC has no number of its own there */
#else
#define REGS 17
#endif

struct process {
	uint64_t key;
	uint64_t asked; /* 0: the place is free */
	Dwfl *dwfl;
	bool attached;
	struct symbols_code *code;
	bool *reported; /* to the Dwfl, or tried */
	size_t n;
};

struct unwind {
	const struct symbols *symbols;
	struct process processes[MAX_PROCESSES];
	uint64_t asked;
	/* in hand */
	struct process *process;
	const struct wire_memory_event *e;
	struct unwound *out;
	bool missed; /* memory that did not come along */
};

/* --- what libdwfl asks for -------------------------------------------------------------------- */

static pid_t next_thread(Dwfl *dwfl, void *ctx, void **thread_ctx)
{
	(void)dwfl, (void)ctx, (void)thread_ctx;
	return 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *ctx, void **thread_ctx)
{
	(void)dwfl, (void)tid;
	*thread_ctx = ctx;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *ctx)
{
	struct unwind *u = ctx;
	uint64_t at = address - u->e->sp;

	(void)dwfl;
	if (address < u->e->sp || at >= u->e->len || u->e->len - at < sizeof(*word)) {
		u->missed = true;
		return false;
	}
	memcpy(word, u->e->bytes + at, sizeof(*word));
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *ctx)
{
	const struct unwind *u = ctx;
	Dwarf_Word regs[WIRE_REGS];

	for (size_t i = 0; i < WIRE_REGS; i++)
		regs[i] = u->e->regs[i];
	dwfl_thread_state_register_pc(thread, u->e->ip);
	return dwfl_thread_state_registers(thread, 0, REGS, regs);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

/* All that is needed is in the files themselves: no other is ever looked for. */
static int find_no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		       char **file, Elf **elf)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)elf;
	return -1;
}

static int find_no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			     const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = find_no_debuginfo,
};

/* --- processes -------------------------------------------------------------------------------- */

static void forget(struct process *p)
{
	if (p->dwfl)
		dwfl_end(p->dwfl);
	free(p->code);
	free(p->reported);
	memset(p, 0, sizeof(*p));
}

static struct process *place_for(struct unwind *u, uint64_t key)
{
	struct process *oldest = u->processes;

	for (struct process *p = u->processes; p < u->processes + MAX_PROCESSES; p++) {
		if (p->asked && p->key == key)
			return p;
		if (p->asked < oldest->asked)
			oldest = p;
	}
	forget(oldest);
	return oldest;
}

static bool begin(struct unwind *u, struct process *p, uint64_t key)
{
	p->key = key;
	p->dwfl = dwfl_begin(&callbacks);
	p->code = calloc(MAX_CODE, sizeof(*p->code));
	p->reported = calloc(MAX_CODE, sizeof(*p->reported));
	if (!p->dwfl || !p->code || !p->reported)
		return false;
	p->n = symbols__code(u->symbols, key, p->code, MAX_CODE);
	return true;
}

static struct process *process_of(struct unwind *u, uint64_t key)
{
	struct process *p = place_for(u, key);

	if (!p->asked && !begin(u, p, key)) {
		forget(p);
		return NULL;
	}
	p->asked = ++u->asked;
	return p;
}

static struct symbols_code *code_at(const struct process *p, uint64_t pc)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->code[middle].end <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->n && p->code[low].start <= pc ? &p->code[low] : NULL;
}

/* Where the file's own addresses are in the process. */
static bool find_bias(int handle, const struct symbols_code *code, uint64_t *bias)
{
	int fd = openat__read(handle);
	struct elf *elf = fd >= 0 ? elf__open_fd(fd) : NULL;
	bool found = elf && elf__is_native(elf) &&
		     elf__load_bias(elf, code->start, code->offset, bias) == 0;

	elf__free(elf);
	return found;
}

/* Tells libdwfl of the file that has code there, when first needed: a process may have hundreds. */
static void report(struct process *p, uint64_t pc)
{
	const struct symbols_code *code = code_at(p, pc);
	uint64_t bias;
	char name[32];
	int fd;

	if (!code || p->reported[code - p->code])
		return;
	p->reported[code - p->code] = true;
	if (code->handle < 0 || !find_bias(code->handle, code, &bias))
		return;
	fd = openat__read(code->handle);
	if (fd < 0)
		return;
	snprintf(name, sizeof(name), "%d", code->handle);
	dwfl_report_begin_add(p->dwfl);
	if (!dwfl_report_elf(p->dwfl, name, name, fd, bias, true))
		close(fd);
	dwfl_report_end(p->dwfl, NULL, NULL);
}

/* --- a stack ---------------------------------------------------------------------------------- */

/* Without a table libdwfl would go by frame pointers, which may be anything. */
static bool has_table(const struct process *p, uint64_t pc)
{
	Dwfl_Module *module = dwfl_addrmodule(p->dwfl, pc);
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = module ? dwfl_module_eh_cfi(module, &bias) : NULL;
	Dwarf_Frame *frame = NULL;
	bool has = cfi && dwarf_cfi_addrframe(cfi, pc - bias, &frame) == 0;

	free(frame);
	return has;
}

/* Notes a frame. False: its caller cannot be found. */
static bool add(struct unwind *u, uint64_t pc)
{
	struct unwound *out = u->out;

	if (!code_at(u->process, pc)) {
		out->strange = 1;
		return false;
	}
	out->pc[out->n++] = pc;
	if (out->n == UNWIND_MAX)
		return false;
	report(u->process, pc);
	return has_table(u->process, pc);
}

/* To say whether an address is exact libdwfl finds the caller, so the module must be there by then. */
static int on_frame(Dwfl_Frame *frame, void *ctx)
{
	struct unwind *u = ctx;
	Dwarf_Addr pc;
	bool exact;

	if (!dwfl_frame_pc(frame, &pc, NULL))
		return DWARF_CB_ABORT;
	report(u->process, pc - 1);
	if (!dwfl_frame_pc(frame, &pc, &exact))
		return DWARF_CB_ABORT;
	return add(u, exact ? pc : pc - 1) ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static bool attach(struct unwind *u)
{
	struct process *p = u->process;

	if (!p->attached)
		p->attached = dwfl_attach_state(p->dwfl, NULL, 1, &thread_callbacks, u);
	return p->attached;
}

void unwind__stack(struct unwind *u, const struct wire_memory_event *e, struct unwound *out)
{
	memset(out, 0, sizeof(*out));
	u->e = e;
	u->out = out;
	u->process = process_of(u, e->h.key);
	if (!u->process || !add(u, e->ip)) /* it makes sure that there is a module, to attach to */
		return;
	out->n = 0;
	u->missed = false;
	/* it takes a return address that it cannot read for the end */
	if (attach(u))
		out->whole = dwfl_getthread_frames(u->process->dwfl, 1, on_frame, u) == 0 &&
			     !u->missed;
	if (!out->n)
		add(u, e->ip);
}

struct unwind *unwind__new(const struct symbols *symbols)
{
	struct unwind *u = calloc(1, sizeof(*u));

	if (u)
		u->symbols = symbols;
	return u;
}

void unwind__free(struct unwind *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < MAX_PROCESSES; i++)
		forget(&u->processes[i]);
	free(u);
}
