// SPDX-License-Identifier: BSD-2-Clause
/*
 * The captures that fuzzing starts from, tests/fuzz/corpus/capture, are what this gilprof would write: others are
 * refused at their first lines. Where this fails, what a capture holds has changed: raise CAPTURE_VERSION, and
 * let `CORPUS=write build/tests/unit/corpus_test` make them anew.
 */
#include "gunzip.h"
#include "report_fixture.h"

#define DIR "tests/fuzz/corpus/capture/"

struct text {
	char *bytes;
	size_t len;
};

static int append(void *f, const char *piece, size_t len)
{
	return fwrite(piece, 1, len, f) == len ? 0 : -1;
}

/* The contents of a capture file; the file is freed. */
static struct text contents(unsigned char *file, size_t len)
{
	struct text t = { NULL, 0 };
	FILE *f = open_memstream(&t.bytes, &t.len);
	const char *why = "";

	if (gunzip__all(file, len, CAPTURE_MAX_BYTES, append, f, &why))
		printf("# %s\n", why);
	fclose(f);
	free(file);
	return t;
}

static struct text load(const char *path)
{
	struct text t = { NULL, 0 };
	FILE *from = fopen(path, "r"), *f = open_memstream(&t.bytes, &t.len);
	char piece[4096];
	size_t n;

	while (from && (n = fread(piece, 1, sizeof(piece), from)) > 0)
		append(f, piece, n);
	fclose(f);
	if (from)
		fclose(from);
	return t;
}

static void save(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	CHECK(f);
	CHECK_INT(fwrite(bytes, 1, len, f), len);
	CHECK_INT(fclose(f), 0);
}

static void compare(struct text got, struct text want)
{
	bool same = got.len == want.len && !memcmp(got.bytes, want.bytes, want.len);

	free(got.bytes);
	free(want.bytes);
	CHECK(same);
}

/* As a capture, compressed. */
static void check_file(const char *path, struct capture *c)
{
	struct text file;
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	capture__free(c);
	if (getenv("CORPUS"))
		TAP_CALL(save(path, bytes, len));
	file = load(path);
	compare(contents((unsigned char *)file.bytes, file.len), contents(bytes, len));
}

/* As the text inside, which a fuzzer can change. */
static void check_text(const char *path, struct capture *c)
{
	struct text want;
	size_t len;
	unsigned char *bytes = fixture__write(c, &len);

	capture__free(c);
	want = contents(bytes, len);
	if (getenv("CORPUS"))
		TAP_CALL(save(path, want.bytes, want.len));
	compare(load(path), want);
}

static void empty(void)
{
	TAP_CALL(check_text(DIR "empty.jsonl", fixture__new()));
}

static void spinners(void)
{
	TAP_CALL(check_text(DIR "spinners.jsonl", fixture__spinners()));
}

static void of_hostile_figures(void)
{
	TAP_CALL(check_text(DIR "hostile.jsonl", hostile()));
}

static void zoo(void)
{
	TAP_CALL(check_file(DIR "zoo.gilprof", fixture__zoo()));
}

int main(void)
{
	TAP_RUN(empty);
	TAP_RUN(spinners);
	TAP_RUN(of_hostile_figures);
	TAP_RUN(zoo);
	return TAP_DONE();
}
