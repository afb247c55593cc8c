/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for both reports, and for the page of any capture. */
#include "report.h"

#include <errno.h>
#include <locale.h>

#include "page.h"
#include "report_fixture.h"
#include "schema.h"

static const struct report_options verbose = {
	.verbose = true, .worst = 32, .hold_over_ns = 1, .explain = true
};

static void all_pages(void)
{
	struct capture *(*const captures[])(void) = { fixture__new, fixture__spinners, fixture__zoo,
						      hostile };
	const struct report_options *const options[] = { &plain, &verbose };

	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		for (size_t o = 0; o < 2; o++) {
			char *page = render(report_text, options[o], captures[i]());

			check_page(page);
			free(page);
			if (tap_failed)
				TAP_FAIL("capture %zu, options %zu", i, o);
		}
	}
}

/* A capture that has been through a file says the same: nothing else reaches the reports. */
static void from_a_file(void)
{
	static const report reports[] = { report_text, report_json };

	for (size_t i = 0; i < 4; i++) {
		struct capture *c = i < 2 ? fixture__zoo() : fixture__spinners();
		size_t len;
		unsigned char *bytes = fixture__write(c, &len);
		char err[100];
		char *live = render(reports[i % 2], &verbose, c);
		char *file = render(reports[i % 2], &verbose,
				    fixture__read(bytes, len, err, sizeof(err)));
		bool same = *live && !strcmp(live, file);

		free(bytes);
		free(live);
		free(file);
		CHECK(same);
	}
}

static void other_locales(void)
{
	char *here = render(report_text, &verbose, fixture__zoo()), *there;
	bool same;

	setlocale(LC_ALL, "de_DE.UTF-8");
	there = render(report_text, &verbose, fixture__zoo());
	setlocale(LC_ALL, "C");
	same = !strcmp(here, there);
	free(here);
	free(there);
	CHECK(same);
}

static int write_to(report r, const char *where)
{
	struct capture *c = fixture__zoo();
	struct model *m = model__new(c);
	FILE *f = fopen(where, "w");
	int err = r(m, &verbose, f);

	fclose(f);
	model__free(m);
	capture__free(c);
	return err;
}

static void full_disks(void)
{
	FILE *f;

	CHECK_INT(write_to(report_text, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_json, "/dev/full"), -ENOSPC);
	CHECK_INT(write_to(report_text, "/dev/null"), 0);
	f = fopen("/dev/full", "w");
	CHECK_INT(schema__print(f), -ENOSPC);
	fclose(f);
}

int main(void)
{
	TAP_RUN(all_pages);
	TAP_RUN(from_a_file);
	TAP_RUN(other_locales);
	TAP_RUN(full_disks);
	return TAP_DONE();
}
