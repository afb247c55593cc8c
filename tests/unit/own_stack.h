/* SPDX-License-Identifier: BSD-2-Clause */
/* This very thread's stack as the kernel side would copy it. For tests of what unwinds it. */
#ifndef GILPROF_OWN_STACK_H
#define GILPROF_OWN_STACK_H

#include <stddef.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "../bpf/wire.h"

#define OWN_KEY 4711
#define OWN_DEPTH 20

static struct wire_memory_event *own_event; /* of the last copy; malloc'ed */

/* A page at a time, by the kernel: where the stack ends it fails, and sanitizers do not look. */
static inline void own_copy_memory(struct wire_memory_event *e)
{
	while (e->len + 4096 <= WIRE_MEMORY_BYTES) {
		size_t n = 4096 - ((e->sp + e->len) & 4095);
		struct iovec to = { e->bytes + e->len, n }, from = { (void *)(e->sp + e->len), n };

		if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)n)
			break;
		e->len += (uint32_t)n;
	}
}

#if defined(__x86_64__)
static inline void own_registers(struct wire_memory_event *e, const ucontext_t *c)
{
	static const int order[] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
				     REG_RBP, REG_RSP, REG_R8,	REG_R9,	 REG_R10, REG_R11,
				     REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		e->regs[i] = (uint64_t)c->uc_mcontext.gregs[order[i]];
	e->ip = e->regs[16];
	e->sp = e->regs[7];
}
#else
static inline void own_registers(struct wire_memory_event *e, const ucontext_t *c)
{
	for (size_t i = 0; i < 31; i++)
		e->regs[i] = c->uc_mcontext.regs[i];
	e->regs[31] = e->sp = c->uc_mcontext.sp;
	e->regs[32] = e->ip = c->uc_mcontext.pc;
}
#endif

/* Not inlined, so that their frames can be counted; what follows the call keeps it from being a jump. */
__attribute__((noinline)) static int own_recursion(int depth)
{
	ucontext_t context;
	int more;

	if (depth > 1) {
		more = own_recursion(depth - 1);
		__asm__ volatile("" : "+r"(more));
		return more + 1;
	}
	getcontext(&context);
	own_event = calloc(1, sizeof(*own_event));
	own_event->h = (struct wire_event){ .type = EV_MEMORY, .key = OWN_KEY, .time = 1000 };
	own_event->tid = (uint32_t)gettid();
	own_registers(own_event, &context);
	own_copy_memory(own_event);
	return 1;
}

/* A copy from `depth` calls deep, to be freed. */
static inline struct wire_memory_event *own_stack(int depth)
{
	int made = own_recursion(depth);

	return made == depth ? own_event : NULL;
}

static inline size_t own_len(const struct wire_memory_event *e)
{
	return offsetof(struct wire_memory_event, bytes) + e->len;
}

#endif
