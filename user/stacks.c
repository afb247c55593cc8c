/* SPDX-License-Identifier: BSD-2-Clause */
#include "stacks.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "merge.h"
#include "pycode.h"

#define MAX_BYTES (8u << 20) /* of stacks, and as much of code objects */
#define MAX_NODES 1000000
#define MORE "[more frames]"
#define NOT_KNOWN "[unknown code]"

struct code {
	uint64_t key, address;
	struct pycode *py;
	size_t bytes;
};

struct stack {
	uint64_t id, key;
	uint32_t node; /* 0: has none yet */
	uint32_t n;
	bool cut;
	struct wire_frame frames[];
};

struct frame {
	uint32_t number;
	uint32_t line;
	enum frame_kind kind;
	const char *name, *file;
	char *own_name, *own_file; /* the same, where it is not just a probe */
};

struct node {
	uint32_t number, parent, frame;
};

struct stacks {
	void *codes, *by_id; /* tsearch(3) */
	void *frames, *nodes;
	struct frame **frame_list; /* by number - 1 */
	struct node **node_list;
	uint32_t frames_n, nodes_n, frames_max, nodes_max;
	size_t stack_bytes, code_bytes;
	uint64_t lost;
};

static int by_address(const void *a, const void *b)
{
	const struct code *p = a, *q = b;
	int c = compare__u64(p->key, q->key);

	return c ? c : compare__u64(p->address, q->address);
}

static int by_id(const void *a, const void *b)
{
	return compare__u64(((const struct stack *)a)->id, ((const struct stack *)b)->id);
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int by_place(const void *a, const void *b)
{
	const struct frame *p = a, *q = b;
	int c = compare__u64(p->line, q->line);

	c = c ? c : compare__u64(p->kind, q->kind);
	c = c ? c : compare_strings(p->name, q->name);
	return c ? c : compare_strings(p->file, q->file);
}

static int by_call(const void *a, const void *b)
{
	const struct node *p = a, *q = b;
	int c = compare__u64(p->parent, q->parent);

	return c ? c : compare__u64(p->frame, q->frame);
}

static void *find(void *const *tree, const void *probe, int (*order)(const void *, const void *))
{
	void *node = tfind(probe, tree, order);

	return node ? *(void **)node : NULL;
}

/* --- what the kernel side tells --------------------------------------------------------------- */

static void free_code(void *p)
{
	pycode__free(((struct code *)p)->py);
	free(p);
}

static int lose(struct stacks *s, int err)
{
	s->lost++;
	return err;
}

/* Its address may have served another code object before. */
static void forget_code(struct stacks *s, const struct code *probe)
{
	struct code *old = find(&s->codes, probe, by_address);

	if (!old)
		return;
	tdelete(probe, &s->codes, by_address);
	s->code_bytes -= old->bytes;
	free_code(old);
}

static size_t length(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static struct code *new_code(const struct wire_code_event *e, size_t len,
			     const struct pyver_frames *f)
{
	struct code *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->py = pycode__decode(e, len, &f->wire, &f->code);
	if (!c->py) {
		free(c);
		return NULL;
	}
	c->key = e->h.key;
	c->address = e->code;
	c->bytes = sizeof(*c) + sizeof(*c->py) + length(c->py->name) + length(c->py->file) +
		   c->py->table.len;
	return c;
}

int stacks__add_code(struct stacks *s, const struct wire_code_event *e, size_t len,
		     const struct pyver_frames *f)
{
	struct code *c = new_code(e, len, f);

	if (!c)
		return lose(s, -errno);
	forget_code(s, c);
	if (s->code_bytes + c->bytes > MAX_BYTES || !tsearch(c, &s->codes, by_address)) {
		free_code(c);
		return lose(s, -ENOSPC);
	}
	s->code_bytes += c->bytes;
	return 0;
}

int stacks__add(struct stacks *s, const struct wire_stack_event *e, size_t len)
{
	size_t bytes;
	struct stack *stack;

	if (len < offsetof(struct wire_stack_event, frames) || e->frames_n > WIRE_STACK_FRAMES ||
	    len < offsetof(struct wire_stack_event, frames) + e->frames_n * sizeof(e->frames[0]))
		return lose(s, -EINVAL);
	bytes = sizeof(*stack) + e->frames_n * sizeof(e->frames[0]);
	if (s->stack_bytes + bytes > MAX_BYTES)
		return lose(s, -ENOSPC);
	stack = calloc(1, bytes);
	if (!stack)
		return lose(s, -ENOMEM);
	stack->id = e->id;
	stack->key = e->h.key;
	stack->n = e->frames_n;
	stack->cut = e->cut;
	memcpy(stack->frames, e->frames, e->frames_n * sizeof(e->frames[0]));
	if (find(&s->by_id, stack, by_id) || !tsearch(stack, &s->by_id, by_id))
		free(stack); /* told again */
	else
		s->stack_bytes += bytes;
	return 0;
}

/* --- what the capture refers to --------------------------------------------------------------- */

static bool has_room(void ***list, uint32_t n, uint32_t *max)
{
	uint32_t more = *max ? 2 * *max : 256;
	void **grown;

	if (n < *max)
		return true;
	grown = n < MAX_NODES ? reallocarray(*list, more, sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	*list = grown;
	*max = more;
	return true;
}

static void free_frame(void *p)
{
	struct frame *f = p;

	free(f->own_name);
	free(f->own_file);
	free(f);
}

static uint32_t new_frame(struct stacks *s, const struct frame *like)
{
	struct frame *f = calloc(1, sizeof(*f));

	if (!f)
		return 0;
	*f = *like;
	f->name = f->own_name = strdup(like->name);
	f->file = f->own_file = like->file ? strdup(like->file) : NULL;
	if (!f->name || (like->file && !f->file) ||
	    !has_room((void ***)&s->frame_list, s->frames_n, &s->frames_max) ||
	    !tsearch(f, &s->frames, by_place)) {
		free_frame(f);
		return 0;
	}
	s->frame_list[s->frames_n++] = f;
	f->number = s->frames_n;
	return f->number;
}

static uint32_t frame_number(struct stacks *s, const struct frame *like)
{
	const struct frame *known = find(&s->frames, like, by_place);

	return known ? known->number : new_frame(s, like);
}

static uint32_t node_number(struct stacks *s, uint32_t parent, uint32_t frame)
{
	struct node probe = { .parent = parent, .frame = frame };
	struct node *n = find(&s->nodes, &probe, by_call);

	if (n)
		return n->number;
	n = frame ? malloc(sizeof(*n)) : NULL;
	if (!n)
		return 0;
	*n = probe;
	if (!has_room((void ***)&s->node_list, s->nodes_n, &s->nodes_max) ||
	    !tsearch(n, &s->nodes, by_call)) {
		free(n);
		return 0;
	}
	s->node_list[s->nodes_n++] = n;
	n->number = s->nodes_n;
	return n->number;
}

static uint32_t python_frame(struct stacks *s, uint64_t key, const struct wire_frame *f)
{
	const struct code probe = { .key = key, .address = f->code & ~WIRE_LOOP };
	const struct code *c = find(&s->codes, &probe, by_address);
	struct frame frame = { .kind = FRAME_PYTHON, .name = NOT_KNOWN };

	if (c && c->py->name) {
		frame.name = c->py->name;
		frame.file = c->py->file;
		frame.line = pycode__line(c->py, f->ip);
	}
	return frame_number(s, &frame);
}

static uint32_t number_stack(struct stacks *s, const struct stack *stack)
{
	uint32_t node = 0;

	if (stack->cut)
		node = stacks__more(s);
	for (uint32_t i = stack->n; i > 0; i--) {
		if (stack->frames[i - 1].code & ~WIRE_LOOP)
			node = node_number(s, node,
					   python_frame(s, stack->key, &stack->frames[i - 1]));
	}
	return node;
}

static struct stack *find_stack(const struct stacks *s, uint64_t id)
{
	struct stack probe = { .id = id };

	return id ? find(&s->by_id, &probe, by_id) : NULL;
}

size_t stacks__flags(const struct stacks *s, uint64_t id, uint8_t flags[WIRE_STACK_FRAMES],
		     bool *whole)
{
	const struct stack *stack = find_stack(s, id);

	*whole = stack && !stack->cut;
	for (uint32_t i = 0; stack && i < stack->n; i++) {
		uint64_t code = stack->frames[i].code;

		flags[i] = (code & ~WIRE_LOOP ? MERGE_CODE : 0) |
			   (code & WIRE_LOOP ? MERGE_LOOP : 0);
	}
	return stack ? stack->n : 0;
}

uint32_t stacks__python(struct stacks *s, uint32_t node, uint64_t id, uint32_t frame)
{
	const struct stack *stack = find_stack(s, id);
	uint32_t number = 0;

	if (stack && frame < stack->n)
		number = node_number(s, node, python_frame(s, stack->key, &stack->frames[frame]));
	return number ? number : node;
}

uint32_t stacks__more(struct stacks *s)
{
	return stacks__leaf(s, 0, FRAME_NOTE, MORE, NULL);
}

uint32_t stacks__node(struct stacks *s, uint64_t id)
{
	struct stack *stack = find_stack(s, id);

	if (!stack)
		return 0;
	if (!stack->node)
		stack->node = number_stack(s, stack);
	return stack->node;
}

uint32_t stacks__leaf(struct stacks *s, uint32_t node, enum frame_kind kind, const char *name,
		      const char *file)
{
	const struct frame frame = { .kind = kind, .name = name, .file = file };
	uint32_t leaf = node_number(s, node, frame_number(s, &frame));

	return leaf ? leaf : node; /* no room: better without it than nothing */
}

int stacks__write(const struct stacks *s, struct capture_writer *w)
{
	int err = 0;

	for (uint32_t i = 0; i < s->frames_n && !err; i++) {
		const struct frame *f = s->frame_list[i];
		const struct capture_frame row = { f->own_name, f->own_file, f->line, f->kind };

		err = capture_writer__frame(w, &row);
	}
	for (uint32_t i = 0; i < s->nodes_n && !err; i++) {
		const struct capture_node row = { s->node_list[i]->parent, s->node_list[i]->frame };

		err = capture_writer__node(w, &row);
	}
	return err;
}

uint64_t stacks__lost(const struct stacks *s)
{
	return s->lost;
}

struct stacks *stacks__new(void)
{
	return calloc(1, sizeof(struct stacks));
}

void stacks__free(struct stacks *s)
{
	if (!s)
		return;
	tdestroy(s->codes, free_code);
	tdestroy(s->by_id, free);
	tdestroy(s->frames, free_frame);
	tdestroy(s->nodes, free);
	free(s->frame_list);
	free(s->node_list);
	free(s);
}
