/* SPDX-License-Identifier: BSD-2-Clause */
/* symbols.c on real interpreters: what is the eval loop, what the interpreter, what a library. */
#include <errno.h>

#include "../../user/symbols.h"
#include "interpreter.h"

#define KEY 1

/* Where functions are that ctypes can find: an eval loop, an interpreter's, libc's, a module's. */
static const char tell[] =
	"import ctypes as c, os, time, _ctypes\n"
	"p = lambda f: c.cast(f, c.c_void_p).value\n"
	"m = c.CDLL(_ctypes.__file__) if hasattr(_ctypes, '__file__') else c.CDLL(None)\n"
	"os.write(1, b'%d %d %d %d' % (p(c.pythonapi._PyEval_EvalFrameDefault),\n"
	"    p(c.pythonapi.PyLong_FromLong), p(c.CDLL(None).qsort), p(m.PyInit__ctypes)))\n"
	"time.sleep(60)\n";

struct told {
	unsigned long long eval, function, libc, module;
};

static bool hear(const struct child *child, struct told *told)
{
	struct pollfd p = { .fd = child->out, .events = POLLIN };
	char text[256];
	ssize_t n = poll(&p, 1, 20000) == 1 ? read(child->out, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%llu %llu %llu %llu", &told->eval, &told->function, &told->libc,
		      &told->module) == 4;
}

static void check(struct symbols *s, uint64_t address, const char *function, enum symbols_role role)
{
	struct symbols_place p;

	CHECK(symbols__find(s, KEY, address + 1, &p) && p.offset > 0);
	CHECK_STR(p.function, function);
	CHECK_INT(p.role, role);
	printf("# %s + %llu in %s%s\n", p.function, (unsigned long long)p.offset, p.object,
	       p.exact ? "" : ", not exact");
}

static void roles_in(const char *version)
{
	const char *path = python_path(version);
	struct symbols *s = symbols__new();
	struct child child;
	struct told told;
	bool heard;
	int err;

	if (!path) {
		symbols__free(s);
		TAP_SKIP("this build is not installed");
	}
	child = start(path, tell);
	heard = hear(&child, &told);
	err = symbols__note_process(s, KEY, child.pid);
	stop(&child);
	CHECK(heard);
	CHECK_INT(err, 0);
	TAP_CALL(check(s, told.eval, "_PyEval_EvalFrameDefault", ROLE_EVAL));
	TAP_CALL(check(s, told.eval + 5000, "_PyEval_EvalFrameDefault", ROLE_EVAL));
	TAP_CALL(check(s, told.function, "PyLong_FromLong", ROLE_INTERPRETER));
	TAP_CALL(check(s, told.libc, "qsort", ROLE_LIBRARY));
	TAP_CALL(check(s, told.module, "PyInit__ctypes", ROLE_LIBRARY));
	symbols__free(s);
}

static void debian_3_11(void)
{
	roles_in("/usr/bin/python3.11");
}

static void a_3_8(void)
{
	roles_in("3.8.18");
}

static void a_3_11(void)
{
	roles_in("3.11.7");
}

static void a_3_13(void)
{
	roles_in("3.13.0");
}

int main(void)
{
	TAP_RUN(debian_3_11);
	TAP_RUN(a_3_8);
	TAP_RUN(a_3_11);
	TAP_RUN(a_3_13);
	return TAP_DONE();
}
