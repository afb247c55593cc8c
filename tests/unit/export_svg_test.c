/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With arguments: export_svg_test sample|hostile|many|empty FILE writes a picture for tests with a
 * browser or a parser of XML.
 */
#include "export.h"

#include <errno.h>

#include "tap.h"
#include "text.h"
#include "weights_fixture.h"

/* malloc'ed; NULL if there was an error */
static char *picture(const struct weights *w)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = export_svg(w, f);

	fclose(f);
	if (err) {
		free(text);
		return NULL;
	}
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void check_has(const char *text, const char *const *whats, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strstr(text, whats[i]))
			TAP_FAIL("there is no %s", whats[i]);
}

#define CHECK_HAS(text, ...) \
	TAP_CALL(check_has(text, (const char *const[]){ __VA_ARGS__ }, \
			   sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)))

static void the_sample(void)
{
	struct weights w = weights__sample();
	char *svg = picture(&w);

	CHECK(svg);
	CHECK_INT(count(svg, "<g class=\"f\">"), 13);
	CHECK_HAS(svg, "Who made others wait for the GIL</text>",
		  "width: delay; in total 100 ms, 442 contentions in a window of 10.0 s",
		  " from 2026-01-02 03:04:05 UTC</text>",
		  "2 narrow boxes (2.0 us, 0.00%) are not drawn",
		  "<title>all (100,000 us, 100.00%)\n442 contentions</title>",
		  "<title>render &lt;b&gt; &amp; co (app/views.py:12) (20,000 us, 20.00%)\n",
		  "<rect x=\"70.0000%\" y=\"122\" width=\"20.0000%\" height=\"15\" fill=\"#",
		  ">take_gil (libpython3.12.so.1.0)</text>", "id=\"unzoom\"", "id=\"search\"",
		  "id=\"ignorecase\"", "id=\"matched\"", "id=\"details\"", "id=\"title\"",
		  "<g id=\"frames\">", "prefers-color-scheme: dark", ">kernel</text>");
	free(svg);
}

static void no_samples(void)
{
	const struct weights_row row = { .process = "", .thread = "" };
	struct weights w = weights__of(&row, 0);
	char *svg;

	for (; w.rows_n < 2; w.rows_n++) {
		svg = picture(&w);
		CHECK(svg);
		CHECK_HAS(svg, ">no samples</text>", "in total 0 ns, 0 contentions", "</svg>\n");
		CHECK_INT(count(svg, "<g class=\"f\">"), 0);
		free(svg);
	}
}

/* Text that does not fit is cut, also without a script. */
static void narrow_text(void)
{
	static const struct weights_frame f[] = { NOTE("name_that_does_not_fit"), NOTE("b") };
	static const struct weights_row rows[] = {
		{ .process = "", .thread = "", .frames = f, .frames_n = 1, .ns = 10 },
		{ .process = "", .thread = "", .frames = f + 1, .frames_n = 1, .ns = 90 },
	};
	struct weights w = weights__of(rows, 2);
	char *svg = picture(&w);

	CHECK(svg);
	CHECK_HAS(svg, ">name_that_doe..</text>", "<title>name_that_does_not_fit (0.0 us, 10.00%)");
	free(svg);
}

/* What the target says is text, whatever it says. */
static void hostile(void)
{
	char *name = weights__long_name();
	struct weights sample = weights__sample(), w = weights__hostile(name);
	char *ours = picture(&sample), *svg = picture(&w);

	CHECK(ours && svg);
	CHECK_INT(count(svg, "<script>"), 1);
	CHECK_INT(count(svg, "]]>"), count(ours, "]]>"));
	CHECK_STR(strstr(svg, "<script>"), strstr(ours, "<script>"));
	CHECK(!strstr(svg, "\xe2\x80\xae") && !strstr(svg, "\xef\xbf\xbe") && !strchr(svg, 0x1b));
	CHECK_HAS(svg, "&lt;/title&gt;&lt;script&gt;alert(1)",
		  "]]&gt;&lt;!-- &amp; &amp;amp; &quot;");
	free(name);
	free(ours);
	free(svg);
}

/* What the contract excludes is not dangerous either. */
static void not_even_utf8(void)
{
	static const struct weights_frame f[] = { NOTE("\xed\xa0\x80 \xff") };
	static const struct weights_row row = {
		.process = "", .thread = "", .ns = 1, .frames_n = 1, .frames = f
	};
	struct weights w = weights__of(&row, 1);
	char *svg, *utf8;

	w.title = "\xff\x1b<\xef\xbf\xbf>";
	svg = picture(&w);
	CHECK(svg);
	CHECK_HAS(svg, "\\xff\xef\xbf\xbd&lt;\xef\xbf\xbd&gt;");
	utf8 = text__utf8(svg, strlen(svg), 1 << 20);
	CHECK_STR(utf8, svg);
	free(utf8);
	free(svg);
}

static void many_rows(void)
{
	struct weights w = weights__many();
	char *svg = picture(&w), *again = picture(&w);

	weights__free_many(&w);
	CHECK(svg && again);
	CHECK_STR(svg, again);
	printf("# %d stacks: %zu boxes, %zu bytes\n", WEIGHTS_MANY, count(svg, "<g class=\"f\">"),
	       strlen(svg));
	CHECK(strlen(svg) < 20000000);
	CHECK_HAS(svg, "narrow boxes (");
	free(again);
	free(svg);
}

/* As large as it gets: boxes that are just wide enough, and names of the worst. */
static void the_largest(void)
{
	static struct weights_row rows[900];
	static struct weights_frame f[900][60];
	static char names[900][320];
	struct weights w = weights__of(rows, 900);
	char *svg;

	for (size_t i = 0; i < 900; i++) {
		memset(names[i], '"', sizeof(names[i]) - 1);
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		names[i][strlen(names[i])] = '"';
		for (size_t d = 0; d < 60; d++)
			f[i][d] = (struct weights_frame){ .name = names[i], .file = names[i] };
		rows[i] = (struct weights_row){ .process = "",
						.thread = "",
						.frames = f[i],
						.frames_n = 60,
						.ns = i < 150 ? 1000 + i : 1 };
	}
	svg = picture(&w);
	CHECK(svg);
	printf("# %zu boxes, %zu bytes\n", count(svg, "<g class=\"f\">"), strlen(svg));
	CHECK(strlen(svg) < 20000000);
	free(svg);
}

static void forged_sums(void)
{
	static const struct weights_row rows[] = {
		{ .process = "", .thread = "", .ns = UINT64_MAX, .count = UINT64_MAX },
		{ .process = "p", .thread = "", .ns = 1, .count = UINT64_MAX },
	};
	struct weights w = weights__of(rows, 1);
	char *svg = picture(&w);

	CHECK(svg);
	CHECK_HAS(svg, "100.00%)\n1,000,000,000,000,000+ contentions");
	free(svg);
	w.rows_n = 2;
	CHECK_INT(export_svg(&w, stderr), -EOVERFLOW);
}

static void a_full_disk(void)
{
	struct weights w = weights__sample();
	FILE *f = fopen("/dev/full", "w");

	CHECK_INT(export_svg(&w, f), -EIO);
	fclose(f);
}

static int write_picture(const char *which, const char *path)
{
	char *name = weights__long_name();
	struct weights many = weights__many();
	const struct {
		const char *name;
		struct weights w;
	} all[] = { { "sample", weights__sample() },
		    { "hostile", weights__hostile(name) },
		    { "empty", weights__of(NULL, 0) },
		    { "many", many } };
	FILE *f = fopen(path, "w");
	int err = f ? -EINVAL : -errno;

	for (size_t i = 0; f && i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(which, all[i].name))
			err = export_svg(&all[i].w, f);
	if (f && fclose(f) != 0)
		err = -errno;
	weights__free_many(&many);
	free(name);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return write_picture(argv[1], argv[2]);
	TAP_RUN(the_sample);
	TAP_RUN(no_samples);
	TAP_RUN(narrow_text);
	TAP_RUN(hostile);
	TAP_RUN(not_even_utf8);
	TAP_RUN(many_rows);
	TAP_RUN(the_largest);
	TAP_RUN(forged_sums);
	TAP_RUN(a_full_disk);
	return TAP_DONE();
}
