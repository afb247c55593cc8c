// SPDX-License-Identifier: BSD-2-Clause
/*
 * gilhold: a module whose functions sleep or compute for a number of milliseconds, keeping the GIL or
 * not. Each returns (begin, end, cpu, queued) by its own clocks, CLOCK_MONOTONIC and the thread's CPU
 * time, and by what the kernel says of its time in the run queue. hold_and_wait tells how long it
 * waited for the GIL.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

typedef void work_fn(long ns);

static long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void sleep_for(long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000L, .tv_nsec = ns % 1000000000L };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static void compute_for(long ns)
{
	long end = clock_ns(CLOCK_MONOTONIC) + ns;

	while (clock_ns(CLOCK_MONOTONIC) < end)
		;
}

static long queued_ns(void)
{
	static __thread int fd; /* kept open: a few µs must do */
	char text[64] = "";
	long ns = 0;

	if (!fd)
		fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 || sscanf(text, "%*s %ld", &ns) != 1)
		abort();
	return ns;
}

static PyObject *measure(PyObject *ms, work_fn *work, int release)
{
	long ns = PyLong_AsLong(ms) * 1000000L, begin, end, cpu, queued;
	PyThreadState *state = NULL;

	if (PyErr_Occurred())
		return NULL;
	if (release)
		state = PyEval_SaveThread();
	queued = queued_ns();
	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	begin = clock_ns(CLOCK_MONOTONIC);
	work(ns);
	end = clock_ns(CLOCK_MONOTONIC);
	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	queued = queued_ns() - queued;
	if (release)
		PyEval_RestoreThread(state);
	return Py_BuildValue("llll", begin, end, cpu, queued);
}

static PyObject *sleep_holding(PyObject *self, PyObject *ms)
{
	return measure(ms, sleep_for, 0);
}

static PyObject *compute_holding(PyObject *self, PyObject *ms)
{
	return measure(ms, compute_for, 0);
}

static PyObject *sleep_released(PyObject *self, PyObject *ms)
{
	return measure(ms, sleep_for, 1);
}

static PyObject *compute_released(PyObject *self, PyObject *ms)
{
	return measure(ms, compute_for, 1);
}

#define AT_ONCE_NS 1000000 /* it has not lost the GIL between two calls: that would take a turn */

/*
 * Keeps the GIL, computing or asleep, then sleeps without it; adds when it began to want it back, and when
 * it had it. It wants it from when it is woken: a run queue is where it then waits first. One call for all: between two of them the interpreter may give the GIL away and wait for
 * it again. The next call says that it has kept the GIL since then.
 */
static PyObject *hold_and_wait(PyObject *self, PyObject *args)
{
	static __thread long taken;
	long hold, released, begin, end, queued, wait_queued, wait_begin;
	PyThreadState *state;
	int computes;

	begin = clock_ns(CLOCK_MONOTONIC);
	if (!PyArg_ParseTuple(args, "pll", &computes, &hold, &released))
		return NULL;
	if (begin - taken < AT_ONCE_NS)
		begin = taken;
	queued = queued_ns();
	if (computes)
		compute_for(hold * 1000000L);
	else if (hold)
		sleep_for(hold * 1000000L);
	queued = queued_ns() - queued;
	end = clock_ns(CLOCK_MONOTONIC);
	state = PyEval_SaveThread();
	wait_queued = queued_ns();
	if (released)
		sleep_for(released * 1000000L);
	wait_begin = clock_ns(CLOCK_MONOTONIC);
	wait_begin -= queued_ns() - wait_queued;
	PyEval_RestoreThread(state);
	taken = clock_ns(CLOCK_MONOTONIC);
	return Py_BuildValue("llllll", begin, end, 0L, queued, wait_begin, taken);
}

static PyMethodDef methods[] = {
	{ "sleep_holding", sleep_holding, METH_O, NULL },
	{ "compute_holding", compute_holding, METH_O, NULL },
	{ "sleep_released", sleep_released, METH_O, NULL },
	{ "compute_released", compute_released, METH_O, NULL },
	{ "hold_and_wait", hold_and_wait, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "gilhold", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_gilhold(void)
{
	return PyModule_Create(&module);
}
