// SPDX-License-Identifier: BSD-2-Clause
#include "symtab.h"

#include <stdlib.h>
#include <string.h>

#include "symtab_data.h"
#include "text.h"

#define MAX_DEPTH 64 /* functions within functions; real files have two */

struct symtab *symtab__new(void)
{
	return calloc(1, sizeof(struct symtab));
}

void symtab__free(struct symtab *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t->names);
	free(t);
}

/* --- filling it --- */

/* What GCC, clang and BOLT append to the name of a function that they have copied, split or moved. */
static const char *const suffixes[] = { ".cold",       ".constprop", ".isra", ".llvm", ".lto_priv",
					".localalias", ".org",	     ".part", ".warm" };

static bool is_suffix(const char *at, size_t len)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i]);

		if (len >= n && memcmp(at, suffixes[i], n) == 0 && (len == n || at[n] == '.'))
			return true;
	}
	return false;
}

/* The beginning of a name that its author would know; at least one byte. */
static size_t clean_length(const char *name, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (name[i] == '@' || (name[i] == '.' && is_suffix(name + i, len - i)))
			return i;
	return len;
}

/* Room for one more of `size` bytes at least, in steps that keep the number of copies small. */
static bool make_room(void *list, size_t *room, size_t want, size_t size)
{
	void **at = list, *grown;
	size_t more = *room ? *room : 1024;

	if (want <= *room)
		return true;
	while (more < want)
		more *= 2;
	grown = reallocarray(*at, more, size);
	if (!grown)
		return false;
	*at = grown;
	*room = more;
	return true;
}

static bool keep_name(struct symtab *t, const char *name, size_t len)
{
	char *converted = NULL;

	if (!text__is_utf8(name, len) || len > SYMTAB_MAX_NAME || memchr(name, '\0', len)) {
		converted = text__utf8(name, len, SYMTAB_MAX_NAME);
		if (!converted)
			return false;
		name = converted;
		len = strlen(converted);
	}
	if (len >= SYMTAB_MAX_NAMES - t->names_len ||
	    !make_room(&t->names, &t->names_room, t->names_len + len + 1, 1)) {
		free(converted);
		return false;
	}
	memcpy(t->names + t->names_len, name, len);
	t->names[t->names_len + len] = '\0';
	t->names_len += len + 1;
	free(converted);
	return true;
}

bool symtab__add(struct symtab *t, const struct symtab_function *f)
{
	uint64_t end = f->size ? f->start + f->size : f->limit;
	size_t name = t->names_len;

	if (end <= f->start || f->name_len == 0)
		return true; /* it covers nothing, or more than there is */
	if (t->n == SYMTAB_MAX_FUNCTIONS ||
	    !make_room(&t->entries, &t->room, t->n + 1, sizeof(t->entries[0])) ||
	    !keep_name(t, f->name, clean_length(f->name, f->name_len)))
		return false;
	t->entries[t->n++] = (struct symtab_entry){ .start = f->start,
						    .end = end,
						    .name = (uint32_t)name & 0x7fffffffu,
						    .sized = f->size != 0,
						    .rank = f->rank };
	return true;
}

bool symtab__add_text(struct symtab *t, uint64_t offset, uint64_t size, uint64_t address)
{
	if (t->texts_n == SYMTAB_MAX_TEXTS)
		return false;
	t->texts[t->texts_n++] =
		(struct symtab_text){ .offset = offset, .size = size, .address = address };
	return true;
}

void symtab__set_partial(struct symtab *t)
{
	t->partial = true;
}

/* --- putting it in order --- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* At one address the best comes last: sized ones, then low ranks, then short names. */
static int by_address(const void *a, const void *b, void *names)
{
	const struct symtab_entry *l = a, *r = b;
	const char *left = (const char *)names + l->name, *right = (const char *)names + r->name;
	int order = compare(l->start, r->start);

	if (!order)
		order = compare(l->sized, r->sized);
	if (!order)
		order = compare(r->rank, l->rank);
	if (!order)
		order = compare(strlen(right), strlen(left));
	return order ? order : strcmp(right, left);
}

/* The first entry behind i that begins elsewhere. */
static size_t next_address(const struct symtab *t, size_t i)
{
	uint64_t start = t->entries[i].start;

	while (i < t->n && t->entries[i].start == start)
		i++;
	return i;
}

/* Of one address, the best, and before it what reaches farther than all that is better. */
static size_t keep_group(struct symtab *t, size_t from, size_t to, size_t out)
{
	struct symtab_entry *e = t->entries;
	uint64_t reach = e[to - 1].end;
	size_t kept = 1;

	for (size_t i = to - 1; i-- > from && e[i].sized;) {
		if (e[i].end <= reach)
			continue;
		reach = e[i].end;
		e[to - 1 - kept++] = e[i];
	}
	memmove(e + out, e + to - kept, kept * sizeof(*e));
	return out + kept;
}

/*
 * Assembly often gives no size: such a function ends where the next one begins, and is not believed
 * inside one that has a size.
 */
static void resolve(struct symtab *t)
{
	struct symtab_entry *e = t->entries;
	uint64_t covered = 0;
	size_t out = 0, next, before;

	for (size_t i = 0; i < t->n; i = next) {
		struct symtab_entry *best;

		next = next_address(t, i);
		best = &e[next - 1];
		if (!best->sized) {
			if (best->start < covered)
				continue;
			if (next < t->n && e[next].start < best->end)
				best->end = e[next].start;
		}
		before = out;
		out = keep_group(t, i, next, out);
		if (e[before].sized && e[before].end > covered)
			covered = e[before].end; /* the farthest comes first */
	}
	t->n = out;
}

void symtab__link(struct symtab *t)
{
	struct symtab_entry *e = t->entries;

	for (size_t i = 0; i < t->n; i++) {
		uint32_t in = i ? (uint32_t)i - 1 : SYMTAB_NONE;

		while (in != SYMTAB_NONE && e[in].end <= e[i].start)
			in = e[in].rank;
		e[i].rank = in;
	}
}

void symtab__finish(struct symtab *t)
{
	if (t->n == 0)
		return;
	qsort_r(t->entries, t->n, sizeof(t->entries[0]), by_address, t->names);
	resolve(t);
	symtab__link(t);
}

/* --- frame pointers --- */

#define PROLOGUE 24 /* bytes of a function that are looked at, at most */
#define BLOCK (64u << 10)

/* The file's bytes, a block at a time: most functions are near the one before. */
struct code {
	int (*read)(void *ctx, uint64_t address, void *to, size_t len);
	void *ctx;
	uint64_t at;
	size_t len;
	unsigned char bytes[BLOCK];
};

static const unsigned char *code_at(struct code *c, uint64_t address, size_t len)
{
	if (address >= c->at && address - c->at < c->len && c->len - (address - c->at) >= len)
		return c->bytes + (address - c->at);
	c->at = address;
	for (c->len = BLOCK; c->len > len; c->len /= 2) { /* the last block is a shorter one */
		if (c->read(c->ctx, address, c->bytes, c->len) == 0)
			return c->bytes;
	}
	c->len = c->read(c->ctx, address, c->bytes, len) == 0 ? len : 0;
	return c->len ? c->bytes : NULL;
}

#if defined(__x86_64__)
#define MOV_MAX 9 /* bytes that the compiler may have moved in between */

/* Where the frame pointer is set: [endbr64]; push %rbp; ...; mov %rsp,%rbp. 0: not at the beginning. */
static size_t frame_set_at(const unsigned char *code)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa },
				   mov[] = { 0x48, 0x89, 0xe5 };
	size_t at = memcmp(code, endbr, sizeof(endbr)) ? 0 : sizeof(endbr);

	if (code[at++] != 0x55)
		return 0;
	for (size_t end = at + MOV_MAX; at <= end; at++) {
		if (!memcmp(code + at, mov, sizeof(mov)))
			return at + sizeof(mov);
	}
	return 0;
}
#else
static size_t frame_set_at(const unsigned char *code)
{
	(void)code;
	return 0;
}
#endif

void symtab__find_framed(struct symtab *t,
			 int (*read)(void *ctx, uint64_t address, void *to, size_t len), void *ctx)
{
	struct code *code = malloc(sizeof(*code));

	if (!code)
		return;
	code->read = read;
	code->ctx = ctx;
	code->at = 0;
	code->len = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct symtab_entry *e = &t->entries[i];
		size_t len = e->end - e->start < PROLOGUE ? e->end - e->start : PROLOGUE;
		const unsigned char *bytes = code_at(code, e->start, len);
		unsigned char start[PROLOGUE] = { 0 };

		if (bytes)
			memcpy(start, bytes, len);
		e->framed = (uint32_t)frame_set_at(start) & 31;
	}
	free(code);
}

/* --- asking it --- */

/* The last function that begins at or before the address. */
static uint32_t last_before(const struct symtab *t, uint64_t address)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? (uint32_t)(low - 1) : SYMTAB_NONE;
}

bool symtab__find(const struct symtab *t, uint64_t address, struct symtab_place *place)
{
	uint32_t i = last_before(t, address);

	for (int depth = 0; i != SYMTAB_NONE && depth < MAX_DEPTH; depth++) {
		const struct symtab_entry *e = &t->entries[i];

		if (address < e->end) {
			place->name = t->names + e->name;
			place->offset = address - e->start;
			place->exact = e->sized && !t->partial;
			place->framed = e->framed && place->offset >= e->framed;
			return true;
		}
		i = e->rank;
	}
	return false;
}

bool symtab__address(const struct symtab *t, uint64_t offset, uint64_t *address)
{
	for (uint32_t i = 0; i < t->texts_n; i++) {
		const struct symtab_text *text = &t->texts[i];

		if (offset >= text->offset && offset - text->offset < text->size) {
			*address = offset - text->offset + text->address;
			return true;
		}
	}
	return false;
}

bool symtab__has(const struct symtab *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->names + t->entries[i].name, name) == 0)
			return true;
	return false;
}

size_t symtab__count(const struct symtab *t)
{
	return t->n;
}

size_t symtab__bytes(const struct symtab *t)
{
	return sizeof(*t) + t->room * sizeof(t->entries[0]) + t->names_room;
}
