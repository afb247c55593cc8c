/* SPDX-License-Identifier: BSD-2-Clause */
/* The child that looks at processes, and how long lookout has patience with it. */
#include "discover.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "lookout.h"
#include "tap.h"

#define SHORT_NS (100 * NSEC_PER_MSEC)
#define LONG_NS (20 * NSEC_PER_SEC)

/* The latest child of this program. */
static pid_t helper(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		;
	if (f)
		fclose(f);
	return pid;
}

static void looks_at_this_program(void)
{
	struct sight s;

	CHECK_INT(discover__look(getpid(), LONG_NS, &s), 0);
	CHECK_INT(s.python.status, PYTHON_NOT);
	CHECK(s.args_len > 0 && strstr(s.args, "discover_test"));
	CHECK(s.cpu_ns > 0);
	CHECK(helper() > 0);
	discover__end();
	CHECK_INT(helper(), 0); /* not even a zombie */
}

static void a_child_that_is_stuck(void)
{
	uint64_t began;
	struct sight s;

	CHECK_INT(discover__look(getpid(), LONG_NS, &s), 0);
	CHECK_INT(kill(helper(), SIGSTOP), 0);
	began = clock__now();
	CHECK_INT(discover__look(getpid(), SHORT_NS, &s), -ETIMEDOUT);
	CHECK(clock__now() - began >= SHORT_NS);
	CHECK_INT(s.python.status, PYTHON_GONE);
	CHECK_STR(s.python.note, "its files or memory could not be read in time");
	CHECK_INT(discover__look(getpid(), LONG_NS, &s), 0);
	discover__end();
}

static void a_child_that_crashes(void)
{
	struct sight s;

	CHECK_INT(discover__look(getpid(), LONG_NS, &s), 0);
	CHECK_INT(kill(helper(), SIGKILL), 0);
	CHECK_INT(discover__look(getpid(), LONG_NS, &s), -EIO);
	CHECK_INT(s.python.status, PYTHON_GONE);
	CHECK_INT(discover__look(getpid(), LONG_NS, &s), 0);
	discover__end();
}

static void patience(void)
{
	struct process *p = process__new(1, (uint32_t)getpid());
	struct lookout l = { 0 };

	lookout__begin(&l, NULL);
	p->program_since = clock__now(); /* nothing is told to a session yet */
	CHECK(lookout__look(&l, p));
	for (int i = 1; i <= 3; i++) {
		if (i <= 2)
			CHECK_INT(kill(helper(), SIGSTOP), 0);
		p->program_since = clock__now();
		p->settled = true;
		CHECK(lookout__look(&l, p));
		if (i == 1) /* another try, later, with another child */
			CHECK(p->next_look > clock__now() + NSEC_PER_SEC &&
			      !discover__look(getpid(), LONG_NS, &(struct sight){ 0 }));
	}
	CHECK_INT(p->stuck, 2);
	CHECK(p->next_look == UINT64_MAX);
	p->stuck = 0;
	lookout__hurry(&l, SHORT_NS);
	CHECK(!lookout__look(&l, p));
	process__free(p);
}

int main(void)
{
	TAP_RUN(looks_at_this_program);
	TAP_RUN(a_child_that_is_stuck);
	TAP_RUN(a_child_that_crashes);
	TAP_RUN(patience);
	return TAP_DONE();
}
