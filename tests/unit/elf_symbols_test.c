/* SPDX-License-Identifier: BSD-2-Clause */
/* elf_symbols.c on made-up files, whole and damaged, and on this host's against what readelf says. */
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "../../user/elf_symbols.h"
#include "../../user/unxz.h"
#include "elf_builder.h"
#include "tap.h"

#define FUNCTION ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)
#define STATIC ELF64_ST_INFO(STB_LOCAL, STT_FUNC)
#define NO_ROOT "/nonexistent"
#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static const struct built_symbol exported[] = {
	{ "shown", 0x1000, 0x40, FUNCTION, 2 },
	{ "sizeless", 0x1800, 0, FUNCTION, 2 },
};

static const struct built_symbol all[] = {
	{ "shown", 0x1000, 0x40, FUNCTION, 2 },
	{ "hidden.constprop.0", 0x1100, 0x40, STATIC, 2 },
	{ "sizeless", 0x1800, 0, FUNCTION, 2 },
	{ "chosen", 0x1900, 0x10, ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC), 2 },
	{ "data", 0x1a00, 0x10, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 2 },
	{ "label", 0x1a10, 0x10, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 2 },
	{ "used", 0x1a20, 0x10, FUNCTION, SHN_UNDEF },
	{ "absolute", 0x1a30, 0x10, FUNCTION, SHN_ABS },
};

static const unsigned char id[8] = { 0xab, 0xcd, 1, 2, 3, 4, 5, 6 };

/* Also frees what was built. */
static struct symtab *load(struct builder *b, const char *path, const char *root)
{
	struct symtab *t = symtab__new();
	int fd, err;

	builder__finish(b);
	fd = builder__fd(b);
	free(b->bytes);
	err = fd < 0 ? -EIO : elf_symbols__load(fd, path, root, t);
	if (!err)
		return t;
	symtab__free(t);
	return NULL;
}

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

static void takes_functions_only(void)
{
	struct builder b;
	struct symtab *t;
	uint64_t address = 0;

	builder__start(&b);
	builder__symbols(&b, SHT_SYMTAB, all, COUNT(all));
	t = load(&b, "/lib/x.so", NO_ROOT);
	CHECK(t);
	CHECK_INT(symtab__count(t), 4);
	CHECK_STR(at(t, 0x1001), "shown+1");
	CHECK_STR(at(t, 0x1040), "-");
	CHECK_STR(at(t, 0x1100), "hidden+0");
	CHECK_STR(at(t, 0x18ff), "sizeless+255?");
	CHECK_STR(at(t, 0x1900), "chosen+0");
	CHECK_STR(at(t, 0x1a00), "-");
	CHECK(symtab__address(t, 0x401, &address));
	CHECK_INT(address, 0x1001);
	symtab__free(t);
}

static void exported_ones_are_not_exact(void)
{
	struct builder b;
	struct symtab *t;

	builder__start(&b);
	builder__symbols(&b, SHT_DYNSYM, exported, COUNT(exported));
	t = load(&b, "/lib/x.so", NO_ROOT);
	CHECK(t);
	CHECK_STR(at(t, 0x1001), "shown+1?");
	CHECK_STR(at(t, 0x1041), "-");
	CHECK_STR(at(t, 0x1801), "-"); /* where it ends is not known */
	symtab__free(t);
}

/* --- .gnu_debugdata --- */

static unsigned char *compress_xz(const void *bytes, size_t len, size_t *out)
{
	unsigned char *xz = malloc(len / 2 + 65536);

	*out = 0;
	if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, bytes, len, xz, out,
				    len / 2 + 65536) != LZMA_OK)
		*out = 0;
	return xz;
}

static struct symtab *with_debugdata(const void *contents, size_t len, size_t cut)
{
	struct builder b;
	size_t n;
	unsigned char *xz = compress_xz(contents, len, &n);

	builder__start(&b);
	builder__symbols(&b, SHT_DYNSYM, exported, COUNT(exported));
	builder__section(&b, ".gnu_debugdata", SHT_PROGBITS, xz, n - (cut < n ? cut : n));
	free(xz);
	return load(&b, "/lib/x.so", NO_ROOT);
}

static void reads_debugdata(void)
{
	struct builder inner;
	struct symtab *t, *damaged;

	builder__start(&inner);
	builder__symbols(&inner, SHT_SYMTAB, all + 1, 1);
	builder__finish(&inner);
	t = with_debugdata(inner.bytes, inner.len, 0);
	damaged = with_debugdata(inner.bytes, inner.len, 40);
	free(inner.bytes);
	CHECK(t && damaged);
	CHECK_STR(at(t, 0x1101), "hidden+1");
	CHECK_STR(at(t, 0x1001), "shown+1");
	CHECK_STR(at(damaged, 0x1101), "-");
	CHECK_STR(at(damaged, 0x1001), "shown+1?");
	symtab__free(t);
	symtab__free(damaged);
}

/* A few kilobytes that become more than we take. */
static void stops_at_a_bomb(void)
{
	size_t len = 1u << 20, n;
	char *zeros = calloc(len, 1);
	unsigned char *xz = compress_xz(zeros, len, &n);
	int fits = unxz__to_file(xz, n, len), bomb = unxz__to_file(xz, n, len - 1);
	int cut = unxz__to_file(xz, n - 1, len), empty = unxz__to_file(xz, 0, len);

	free(zeros);
	free(xz);
	CHECK(n < 1024 && fits >= 0);
	CHECK_INT(lseek(fits, 0, SEEK_END), len);
	close(fits);
	CHECK_INT(bomb, -E2BIG);
	CHECK_INT(cut, -EINVAL);
	CHECK_INT(empty, -EINVAL);
}

/* --- separate files, below a root of ours --- */

static char root[] = "/tmp/gilprof_elf_symbols_XXXXXX";

static const char *below(const char *path)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s/%s", root, path);
	return text;
}

static bool write_file(const char *path, const struct builder *b)
{
	int fd = open(below(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool written = fd >= 0 && write(fd, b->bytes, b->len) == (ssize_t)b->len;

	close(fd);
	return written;
}

static void build_debug_file(struct builder *b, const unsigned char *with_id)
{
	builder__start(b);
	builder__symbols(b, SHT_SYMTAB, all, COUNT(all));
	if (with_id)
		builder__build_id(b, with_id);
	builder__finish(b);
}

static struct symtab *stripped(const unsigned char *with_id, const char *link, uint32_t crc)
{
	struct builder b;

	builder__start(&b);
	builder__symbols(&b, SHT_DYNSYM, exported, COUNT(exported));
	if (with_id)
		builder__build_id(&b, with_id);
	if (link)
		builder__debuglink(&b, link, crc);
	return load(&b, "/opt/lib/x.so", root);
}

static bool finds_hidden(struct symtab *t)
{
	bool found = t && strcmp(at(t, 0x1101), "hidden+1") == 0;

	symtab__free(t);
	return found;
}

#define BY_ID ".build-id/ab/cd010203040506.debug"

static void debug_file_by_build_id(void)
{
	static const unsigned char other[8] = { 9 };
	struct builder b;
	bool right, writable, foreign, mismatch;

	if (geteuid() != 0)
		TAP_SKIP("debug files must be root's");
	build_debug_file(&b, id);
	CHECK(write_file(BY_ID, &b));
	right = finds_hidden(stripped(id, NULL, 0));
	chmod(below(BY_ID), 0664);
	writable = finds_hidden(stripped(id, NULL, 0));
	chmod(below(BY_ID), 0644);
	(void)!chown(below(BY_ID), 65534, 65534);
	foreign = finds_hidden(stripped(id, NULL, 0));
	unlink(below(BY_ID));
	free(b.bytes);
	build_debug_file(&b, other);
	CHECK(write_file(BY_ID, &b));
	mismatch = finds_hidden(stripped(id, NULL, 0));
	free(b.bytes);
	unlink(below(BY_ID));
	CHECK(right && !writable && !foreign && !mismatch);
}

static void links_stay_below_the_root(void)
{
	char outside[] = "/tmp/gilprof_elf_outside_XXXXXX";
	int fd = mkstemp(outside);
	struct builder b;
	bool inner, outer, fifo;

	if (geteuid() != 0)
		TAP_SKIP("debug files must be root's");
	build_debug_file(&b, id);
	CHECK(fd >= 0 && write(fd, b.bytes, b.len) == (ssize_t)b.len);
	close(fd);
	CHECK(write_file("opt/real", &b) && symlink("../../opt/real", below(BY_ID)) == 0);
	inner = finds_hidden(stripped(id, NULL, 0));
	unlink(below(BY_ID));
	CHECK(symlink(outside, below(BY_ID)) == 0);
	outer = finds_hidden(stripped(id, NULL, 0));
	unlink(below(BY_ID));
	CHECK(mkfifo(below(BY_ID), 0600) == 0);
	fifo = finds_hidden(stripped(id, NULL, 0));
	unlink(below(BY_ID));
	unlink(below("opt/real"));
	unlink(outside);
	free(b.bytes);
	CHECK(inner && !outer && !fifo);
}

static void debug_file_by_link(void)
{
	struct builder b;
	uint32_t crc;
	bool right, wrong, elsewhere;

	if (geteuid() != 0)
		TAP_SKIP("debug files must be root's");
	build_debug_file(&b, NULL);
	crc = (uint32_t)crc32(0, b.bytes, (uInt)b.len);
	CHECK(write_file("opt/lib/x.so.debug", &b) && write_file("opt/secret", &b));
	free(b.bytes);
	right = finds_hidden(stripped(NULL, "x.so.debug", crc));
	wrong = finds_hidden(stripped(NULL, "x.so.debug", crc + 1));
	elsewhere = finds_hidden(stripped(NULL, "../secret", crc));
	unlink(below("opt/lib/x.so.debug"));
	unlink(below("opt/secret"));
	CHECK(right && !wrong && !elsewhere);
}

/* --- damage --- */

static void load_bytes(const void *bytes, size_t len)
{
	struct symtab *t = symtab__new();
	int fd = memfd_create("damaged", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, len) == (ssize_t)len &&
	    elf_symbols__load(fd, "/lib/x.so", NO_ROOT, t) == 0)
		for (uint64_t a = 0xff0; a < 0x1b00; a += 16)
			at(t, a);
	symtab__free(t);
}

static void damaged_files_do_no_harm(void)
{
	struct builder b;

	builder__start(&b);
	builder__symbols(&b, SHT_DYNSYM, exported, COUNT(exported));
	builder__symbols(&b, SHT_SYMTAB, all, COUNT(all));
	builder__build_id(&b, id);
	builder__debuglink(&b, "x.so.debug", 1);
	builder__finish(&b);
	for (size_t i = 0; i < b.len; i += i < 0x400 ? 3 : 16)
		load_bytes(b.bytes, i);
	for (size_t i = 0; i < b.len; i += i == 0x400 ? BUILT_TEXT_SIZE : 1) {
		unsigned char was = b.bytes[i];

		b.bytes[i] ^= 0xff;
		load_bytes(b.bytes, b.len);
		b.bytes[i] = was;
	}
	free(b.bytes);
}

/* --- this host's files --- */

struct row {
	unsigned long long value;
	char name[200];
};

static int by_value(const void *a, const void *b)
{
	const struct row *l = a, *r = b;

	return (l->value > r->value) - (l->value < r->value);
}

/* "  2019: 000000000052b0f0 55644 FUNC    GLOBAL DEFAULT   14 _PyEval_EvalFrameDefault" */
static size_t run_readelf(const char *path, struct row *rows, size_t max)
{
	char command[600], line[1000];
	size_t n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "LC_ALL=C readelf -Ws '%s' 2>/dev/null", path);
	f = popen(command, "re"); /* NOLINT(bugprone-command-processor) */
	while (f && n < max && fgets(line, sizeof(line), f)) {
		char type[20], section[20], size[20];

		if (sscanf(line, " %*u: %llx %19s %19s %*s %*s %19s %199s", &rows[n].value, size,
			   type, section, rows[n].name) == 5 &&
		    (strcmp(type, "FUNC") == 0 || strcmp(type, "IFUNC") == 0) &&
		    strcmp(size, "0") != 0 && section[0] >= '0' && section[0] <= '9')
			n++;
	}
	if (f)
		pclose(f);
	qsort(rows, n, sizeof(*rows), by_value);
	return n;
}

/* Whether one of the symbols at this place has that name, perhaps with a suffix. */
static bool is_alias(const struct row *rows, size_t n, size_t i, const char *name)
{
	unsigned long long value = rows[i].value;

	while (i > 0 && rows[i - 1].value == value)
		i--;
	for (; i < n && rows[i].value == value; i++)
		if (strncmp(rows[i].name, name, strlen(name)) == 0)
			return true;
	return false;
}

static void agrees_with_readelf(const char *path)
{
	size_t max = 200000, n;
	struct row *rows = calloc(max, sizeof(*rows));
	struct symtab *t = symtab__new();
	struct timespec start, end;

	n = run_readelf(path, rows, max);
	clock_gettime(CLOCK_MONOTONIC, &start);
	CHECK_INT(elf_symbols__load(open(path, O_RDONLY | O_CLOEXEC), path, NO_ROOT, t), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK(n > 1000);
	for (size_t i = 0; i < n; i++) {
		struct symtab_place place;

		CHECK(symtab__find(t, rows[i].value, &place));
		CHECK_INT(place.offset, 0);
		if (strlen(place.name) < 199 && !is_alias(rows, n, i, place.name))
			TAP_FAIL("%s is called %s", rows[i].name, place.name);
	}
	printf("# %s: %zu of readelf's, %zu functions in %ld us\n", path, n, symtab__count(t),
	       (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000);
	symtab__free(t);
	free(rows);
}

static void agrees_on(const char *path)
{
	if (access(path, R_OK) != 0)
		TAP_SKIP("it is not there");
	agrees_with_readelf(path);
}

static void this_hosts_libc(void)
{
	agrees_on("/lib/x86_64-linux-gnu/libc.so.6");
}

static void this_hosts_python(void)
{
	agrees_on("/usr/bin/python3.11");
}

static void pyenvs_libpython(void)
{
	agrees_on("/root/.pyenv/versions/3.13.0/lib/libpython3.13.so.1.0");
}

/* A stripped interpreter exports its eval loop, with its size. */
static void eval_of_a_stripped_python(void)
{
	static const char path[] = "/usr/bin/python3.11";
	struct symtab *t = symtab__new();

	if (access(path, R_OK) != 0) {
		symtab__free(t);
		TAP_SKIP("there is no /usr/bin/python3.11");
	}
	CHECK_INT(elf_symbols__load(open(path, O_RDONLY | O_CLOEXEC), path, NO_ROOT, t), 0);
	CHECK(symtab__has(t, "_PyEval_EvalFrameDefault"));
	symtab__free(t);
}

static void not_an_elf_file(void)
{
	struct symtab *t = symtab__new();

	CHECK_INT(elf_symbols__load(open("/etc/passwd", O_RDONLY | O_CLOEXEC), "/etc/passwd",
				    NO_ROOT, t),
		  -ENOEXEC);
	symtab__free(t);
}

static bool make_root(void)
{
	return mkdtemp(root) && mkdir(below(".build-id"), 0755) == 0 &&
	       mkdir(below(".build-id/ab"), 0755) == 0 && mkdir(below("opt"), 0755) == 0 &&
	       mkdir(below("opt/lib"), 0755) == 0;
}

static void remove_root(void)
{
	rmdir(below(".build-id/ab"));
	rmdir(below(".build-id"));
	rmdir(below("opt/lib"));
	rmdir(below("opt"));
	rmdir(root);
}

int main(void)
{
	if (!make_root())
		return 1;
	TAP_RUN(takes_functions_only);
	TAP_RUN(exported_ones_are_not_exact);
	TAP_RUN(reads_debugdata);
	TAP_RUN(stops_at_a_bomb);
	TAP_RUN(debug_file_by_build_id);
	TAP_RUN(links_stay_below_the_root);
	TAP_RUN(debug_file_by_link);
	TAP_RUN(damaged_files_do_no_harm);
	TAP_RUN(this_hosts_libc);
	TAP_RUN(this_hosts_python);
	TAP_RUN(pyenvs_libpython);
	TAP_RUN(eval_of_a_stripped_python);
	TAP_RUN(not_an_elf_file);
	remove_root();
	return TAP_DONE();
}
