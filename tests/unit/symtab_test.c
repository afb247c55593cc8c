/* SPDX-License-Identifier: BSD-2-Clause */
/* symtab.c: which function an address belongs to, and what a table from a hostile child may hold. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../user/symtab.h"
#include "../../user/symtab_data.h"
#include "tap.h"

static void add(struct symtab *t, const char *name, uint64_t start, uint64_t size, uint32_t rank)
{
	struct symtab_function f = { .start = start,
				     .size = size,
				     .limit = 0x10000,
				     .name = name,
				     .name_len = strlen(name),
				     .rank = rank };

	symtab__add(t, &f);
}

/* "name+offset", with a ? if it is not exact; "-" for none. */
static const char *at(const struct symtab *t, uint64_t address)
{
	static char text[2048];
	struct symtab_place place;

	if (!symtab__find(t, address, &place))
		return "-";
	snprintf(text, sizeof(text), "%s+%llu%s", place.name, (unsigned long long)place.offset,
		 place.exact ? "" : "?");
	return text;
}

static void sizes_are_respected(void)
{
	struct symtab *t = symtab__new();

	add(t, "second", 0x2000, 0x20, 0);
	add(t, "first", 0x1000, 0x10, 0);
	symtab__finish(t);
	CHECK_STR(at(t, 0xfff), "-");
	CHECK_STR(at(t, 0x1000), "first+0");
	CHECK_STR(at(t, 0x100f), "first+15");
	CHECK_STR(at(t, 0x1010), "-");
	CHECK_STR(at(t, 0x201f), "second+31");
	CHECK_STR(at(t, UINT64_MAX), "-");
	symtab__free(t);
}

static void sizeless_ones_end_at_the_next(void)
{
	struct symtab *t = symtab__new();

	add(t, "label", 0x1000, 0, 0);
	add(t, "sized", 0x1100, 0x100, 0);
	add(t, "inside", 0x1180, 0, 0);
	add(t, "at_the_same", 0x1100, 0, 0);
	add(t, "last", 0xff00, 0, 0);
	symtab__finish(t);
	CHECK_STR(at(t, 0x10ff), "label+255?");
	CHECK_STR(at(t, 0x1190), "sized+144");
	CHECK_STR(at(t, 0x1200), "-");
	CHECK_STR(at(t, 0xffff), "last+255?");
	CHECK_STR(at(t, 0x10000), "-");
	symtab__free(t);
}

static void functions_within_functions(void)
{
	struct symtab *t = symtab__new();

	add(t, "outer", 0x1000, 0x100, 0);
	add(t, "inner", 0x1010, 0x10, 0);
	add(t, "innermost", 0x1014, 4, 0);
	add(t, "across", 0x10f0, 0x20, 0);
	symtab__finish(t);
	CHECK_STR(at(t, 0x1013), "inner+3");
	CHECK_STR(at(t, 0x1015), "innermost+1");
	CHECK_STR(at(t, 0x101f), "inner+15");
	CHECK_STR(at(t, 0x1020), "outer+32");
	CHECK_STR(at(t, 0x110f), "across+31");
	symtab__free(t);
}

static void aliases(void)
{
	struct symtab *t = symtab__new();

	add(t, "__read", 0x1000, 0x20, 4);
	add(t, "read", 0x1000, 0x20, 0);
	add(t, "__GI___read", 0x1000, 0x20, 5);
	add(t, "longer", 0x1000, 0x40, 7);
	symtab__finish(t);
	CHECK_INT(symtab__count(t), 2);
	CHECK_STR(at(t, 0x101f), "read+31");
	CHECK_STR(at(t, 0x1020), "longer+32");
	symtab__free(t);
}

static const char *cleaned(const char *name)
{
	static char text[2048];
	struct symtab *t = symtab__new();

	add(t, name, 0x1000, 1, 0);
	symtab__finish(t);
	strcpy(text, at(t, 0x1000));
	symtab__free(t);
	*strrchr(text, '+') = '\0';
	return text;
}

static void names_are_cleaned(void)
{
	char longer[SYMTAB_MAX_NAME + 100];

	CHECK_STR(cleaned("_PyEval_EvalFrameDefault.cold"), "_PyEval_EvalFrameDefault");
	CHECK_STR(cleaned("take_gil.constprop.0.cold"), "take_gil");
	CHECK_STR(cleaned("f.part.0.isra.12"), "f");
	CHECK_STR(cleaned("f.lto_priv.0"), "f");
	CHECK_STR(cleaned("_ZN4core3fmt17hE.llvm.123"), "_ZN4core3fmt17hE");
	CHECK_STR(cleaned("memcpy@@GLIBC_2.14"), "memcpy");
	CHECK_STR(cleaned("_PyEval_EvalFrameDefault.org.0"), "_PyEval_EvalFrameDefault");
	CHECK_STR(cleaned("f.partial"), "f.partial");
	CHECK_STR(cleaned("main.main"), "main.main");
	CHECK_STR(cleaned(".cold"), ".cold");
	CHECK_STR(cleaned("@"), "@");
	CHECK_STR(cleaned("bad\xff\x1b"), "bad\\xff\x1b");
	CHECK_STR(cleaned("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK_INT(strlen(cleaned(longer)), SYMTAB_MAX_NAME);
}

static void nothing_at_all(void)
{
	struct symtab *t = symtab__new();
	uint64_t address;

	add(t, "backwards", 0xfffffffffffffff0, 0x20, 0);
	add(t, "behind its section", 0x20000, 0, 0);
	add(t, "", 0x1000, 1, 0);
	symtab__finish(t);
	CHECK_INT(symtab__count(t), 0);
	CHECK_STR(at(t, 0x1000), "-");
	CHECK(!symtab__address(t, 0, &address));
	symtab__free(t);
}

static void offsets_become_addresses(void)
{
	struct symtab *t = symtab__new();
	uint64_t address = 0;

	symtab__add_text(t, 0x1000, 0x500, 0x401000);
	symtab__add_text(t, 0x8000, UINT64_MAX, 0);
	symtab__finish(t);
	CHECK(!symtab__address(t, 0xfff, &address));
	CHECK(symtab__address(t, 0x14ff, &address));
	CHECK_INT(address, 0x4014ff);
	CHECK(!symtab__address(t, 0x1500, &address));
	CHECK(symtab__address(t, 0x8001, &address));
	CHECK_INT(address, 1);
	for (int i = 2; i < (int)SYMTAB_MAX_TEXTS; i++)
		CHECK(symtab__add_text(t, 0, 0, 0));
	CHECK(!symtab__add_text(t, 0, 0, 0));
	symtab__free(t);
}

/* --- through a pipe --- */

static struct symtab *carry(const void *bytes, size_t len)
{
	struct symtab *t;
	int fds[2];

	if (pipe(fds) || write(fds[1], bytes, len) != (ssize_t)len)
		return NULL;
	close(fds[1]);
	t = symtab__read(fds[0], 1000);
	close(fds[0]);
	return t;
}

static size_t image(const struct symtab *t, unsigned char *to, size_t size)
{
	int fds[2];
	ssize_t n;

	if (pipe(fds) || symtab__write(t, fds[1]) != 0)
		return 0;
	close(fds[1]);
	n = read(fds[0], to, size);
	close(fds[0]);
	return n > 0 ? (size_t)n : 0;
}

static size_t small_image(unsigned char *to, size_t size)
{
	struct symtab *t = symtab__new();
	size_t n;

	add(t, "outer", 0x1000, 0x100, 0);
	add(t, "inner", 0x1010, 0x10, 0);
	symtab__add_text(t, 0, 0x2000, 0);
	symtab__finish(t);
	n = image(t, to, size);
	symtab__free(t);
	return n;
}

static void travels_unchanged(void)
{
	unsigned char bytes[4096];
	size_t n = small_image(bytes, sizeof(bytes));
	struct symtab *t = carry(bytes, n);

	CHECK(t);
	CHECK_STR(at(t, 0x1011), "inner+1");
	CHECK_STR(at(t, 0x1030), "outer+48");
	CHECK(symtab__has(t, "inner") && !symtab__has(t, "inne"));
	symtab__free(t);
}

/* Cut at every byte, and with every byte changed: refused or harmless. */
static void damaged_ones_do_no_harm(void)
{
	unsigned char bytes[4096], bad[4096];
	size_t n = small_image(bytes, sizeof(bytes));
	struct symtab *t;

	for (size_t i = 0; i < n; i++) {
		t = carry(bytes, i);
		CHECK(!t && errno == EPIPE);
	}
	for (size_t i = 0; i < 4 * n; i++) {
		static const unsigned char values[] = { 0x01, 0x7f, 0x80, 0xff };

		memcpy(bad, bytes, n);
		bad[i / 4] ^= values[i % 4];
		t = carry(bad, n);
		for (uint64_t a = 0; t && a < 0x1200; a += 16)
			at(t, a);
		symtab__free(t);
	}
}

static void waits_no_longer_than_told(void)
{
	struct symtab *t;
	int fds[2];

	CHECK(pipe(fds) == 0);
	t = symtab__read(fds[0], 20);
	CHECK(!t && errno == ETIMEDOUT);
	close(fds[0]);
	close(fds[1]);
}

static void many(void)
{
	struct symtab *t = symtab__new();
	struct timespec start, end;
	char name[32];

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "function_%u", i);
		add(t, name, 0x1000 + (uint64_t)(i * 7919 % 50000) * 32, 32, 0);
	}
	symtab__finish(t);
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK_INT(symtab__count(t), 50000);
	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "function_%u+5", i);
		CHECK_STR(at(t, 0x1000 + (uint64_t)(i * 7919 % 50000) * 32 + 5), name);
	}
	printf("# 50,000 functions sorted in %ld us\n",
	       (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000);
	symtab__free(t);
}

/* Functions nested as deep as there are functions must not make a search long. */
static void deep_nesting_is_cut(void)
{
	struct symtab *t = symtab__new();

	for (unsigned int i = 0; i < 100000; i++)
		add(t, "f", i, 200000 - 2 * (uint64_t)i, 0);
	symtab__finish(t);
	CHECK_STR(at(t, 199999), "-"); /* only the outermost reaches there */
	symtab__free(t);
}

/* --- frame pointers --- */

#if defined(__x86_64__)
#define CODE 0x1000u /* where the bytes are */

struct bytes {
	const unsigned char *code;
	size_t len;
};

static int read_bytes(void *ctx, uint64_t address, void *to, size_t len)
{
	const struct bytes *b = ctx;

	if (address < CODE || address - CODE >= b->len || len > b->len - (address - CODE))
		return -ENOENT;
	memcpy(to, b->code + (address - CODE), len);
	return 0;
}

/* How far into a function of these bytes its callers are found by the frame pointer: -1 never. */
static int framed_from(const char *code, size_t len)
{
	struct bytes b = { (const unsigned char *)code, len };
	struct symtab *t = symtab__new();
	struct symtab_place place;
	int from = -1;

	add(t, "f", CODE, len, 0);
	symtab__finish(t);
	symtab__find_framed(t, read_bytes, &b);
	for (int i = (int)len - 1; i >= 0; i--) {
		if (symtab__find(t, CODE + (uint64_t)i, &place) && place.framed)
			from = i;
	}
	symtab__free(t);
	return from;
}

#define FRAMED(code) framed_from(code, sizeof(code) - 1)

static void frame_pointers(void)
{
	CHECK_INT(FRAMED("\x55\x48\x89\xe5\xe8\1\2\3\4\x5d\xc3"), 4);
	CHECK_INT(FRAMED("\xf3\x0f\x1e\xfa\x55\x48\x89\xe5\x5d\xc3"), 8); /* endbr64 */
	CHECK_INT(FRAMED("\x55\x48\x89\xf7\x48\x89\xe5\xe8\1\2\3\4"), 7); /* mov %rsi,%rdi first */
	CHECK_INT(FRAMED("\x48\x85\xff\x7e\x10\x55\x48\x89\xe5\x5d\xc3"), -1); /* may return before */
	CHECK_INT(FRAMED("\x55\x53\x48\x89\xfd\x48\x83\xec\x08\xe8\1\2\3\4"), -1); /* mov %rdi,%rbp */
	CHECK_INT(FRAMED("\x55\x48\x89"), -1); /* its bytes end */
	CHECK_INT(FRAMED("\xc3"), -1);
}

/* What cannot be read keeps no frame pointer. */
static void frame_pointers_of_no_bytes(void)
{
	struct bytes none = { NULL, 0 };
	struct symtab *t = symtab__new();
	struct symtab_place place;

	add(t, "f", CODE, 16, 0);
	add(t, "last", UINT64_MAX - 4, 4, 0);
	symtab__finish(t);
	symtab__find_framed(t, read_bytes, &none);
	CHECK(symtab__find(t, CODE + 15, &place));
	CHECK(!place.framed);
	symtab__free(t);
}
#endif

int main(void)
{
	TAP_RUN(sizes_are_respected);
	TAP_RUN(sizeless_ones_end_at_the_next);
	TAP_RUN(functions_within_functions);
	TAP_RUN(aliases);
	TAP_RUN(names_are_cleaned);
	TAP_RUN(nothing_at_all);
	TAP_RUN(offsets_become_addresses);
	TAP_RUN(travels_unchanged);
	TAP_RUN(damaged_ones_do_no_harm);
	TAP_RUN(waits_no_longer_than_told);
	TAP_RUN(many);
	TAP_RUN(deep_nesting_is_cut);
#if defined(__x86_64__)
	TAP_RUN(frame_pointers);
	TAP_RUN(frame_pointers_of_no_bytes);
#endif
	return TAP_DONE();
}
