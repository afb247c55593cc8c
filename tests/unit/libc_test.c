/* SPDX-License-Identifier: BSD-2-Clause */
/* libc.c: which layout a condition variable has, and this process's own libc. */
#include <unistd.h>

#include "../../user/libc.h"
#include "fake_process.h"
#include "tap.h"

/* Words 9 and 7 of a condition variable: __wrefs in the old layout and in the new one. */
static enum wire_libc check_cond(uint32_t old_word, uint32_t new_word, uint32_t switch_old,
				 uint32_t switch_new, enum wire_libc libc)
{
	struct fake fake;
	struct python py;
	enum wire_libc result;

	set_up(&fake, &py, &per_runtime);
	put32(&fake, GIL(0) + PYVER_GIL_COND + 36, old_word);
	put32(&fake, GIL(0) + PYVER_GIL_COND + 28, new_word);
	put32(&fake, GIL(0) + PYVER_GIL_SWITCH_COND + 36, switch_old);
	put32(&fake, GIL(0) + PYVER_GIL_SWITCH_COND + 28, switch_new);
	result = libc__check(&fake.mem, GIL(0), libc);
	clean_up(&fake);
	return result;
}

static void layout_of_condition_variables(void)
{
	/* as read from 3.12.1 on glibc 2.36, and from 3.14.8 on 2.43 */
	CHECK_INT(check_cond(18, 0, 2, 0, LIBC_GLIBC_2_25), LIBC_GLIBC_2_25);
	CHECK_INT(check_cond(261, 10, 17, 2, LIBC_GLIBC_2_41), LIBC_GLIBC_2_41);
	/* an older glibc with the newer layout */
	CHECK_INT(check_cond(261, 10, 17, 2, LIBC_GLIBC_2_25), LIBC_GLIBC_2_41);
	CHECK_INT(check_cond(18, 0, 2, 0, LIBC_GLIBC_2_41), LIBC_GLIBC_2_25);
	/* one of them may be ambiguous; if both are, or they disagree, the version counts */
	CHECK_INT(check_cond(10, 2, 17, 2, LIBC_GLIBC_2_25), LIBC_GLIBC_2_41);
	CHECK_INT(check_cond(10, 2, 2, 10, LIBC_GLIBC_2_25), LIBC_GLIBC_2_25);
	CHECK_INT(check_cond(2, 0, 0, 2, LIBC_GLIBC_2_41), LIBC_GLIBC_2_41);
	CHECK_INT(check_cond(0, 0, 0, 0, LIBC_GLIBC_2_41), LIBC_GLIBC_2_41);
	CHECK_INT(check_cond(18, 0, 2, 0, LIBC_MUSL), LIBC_MUSL);
}

static void this_process(void)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	enum wire_libc libc = LIBC_UNKNOWN;

	if (maps__read(getpid(), maps) == 0)
		libc = libc__find(getpid(), maps);
	free(maps);
	CHECK(libc != LIBC_UNKNOWN);
}

/* Only the name is looked at, so that musl needs no file here. */
static void musl_by_its_name(void)
{
	static const char *const paths[] = { "/lib/ld-musl-x86_64.so.1", "/usr/lib/libc.so",
					     "/lib/libc.musl-x86_64.so.1" };
	struct maps *maps = calloc(1, sizeof(*maps));

	maps->libc.start = 0x1000;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(maps->libc.path, sizeof(maps->libc.path), "%s", paths[i]);
		CHECK_INT(libc__find(getpid(), maps), LIBC_MUSL);
	}
	free(maps);
}

int main(void)
{
	TAP_RUN(layout_of_condition_variables);
	TAP_RUN(this_process);
	TAP_RUN(musl_by_its_name);
	return TAP_DONE();
}
