// SPDX-License-Identifier: BSD-2-Clause
/*
 * chain: a module that calls Python back from C, and computes or sleeps, each below a chain of functions
 * of known names: call -> c1 -> c2 -> c3 -> the callback; compute -> d1 -> burn; rest -> e1 -> nap.
 */
#include <Python.h>
#include <time.h>

/* A frame of its own: neither inlined nor, thanks to what follows the call, left by a jump. */
#define OWN_FRAME __attribute__((noinline, noclone))
#define STAY(value) __asm__ volatile("" : "+r"(value))

OWN_FRAME static PyObject *c3(PyObject *callback)
{
	PyObject *result = PyObject_CallObject(callback, NULL);

	STAY(result);
	return result;
}

OWN_FRAME static PyObject *c2(PyObject *callback)
{
	PyObject *result = c3(callback);

	STAY(result);
	return result;
}

OWN_FRAME static PyObject *c1(PyObject *callback)
{
	PyObject *result = c2(callback);

	STAY(result);
	return result;
}

OWN_FRAME static PyObject *call(PyObject *self, PyObject *callback)
{
	PyObject *result = c1(callback);

	STAY(result);
	return result;
}

/* Calls nothing: no stack is without it at its end. */
OWN_FRAME static long burn(long loops)
{
	long x = 1;

	for (long i = 0; i < loops; i++) {
		x = x * 31 + i;
		STAY(x);
	}
	return x;
}

OWN_FRAME static long d1(long loops)
{
	long x = burn(loops);

	STAY(x);
	return x;
}

OWN_FRAME static PyObject *compute(PyObject *self, PyObject *loops)
{
	PyObject *result = PyLong_FromLong(d1(PyLong_AsLong(loops)));

	STAY(result);
	return result;
}

OWN_FRAME static long nap(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000 };
	long left = nanosleep(&t, NULL);

	STAY(left);
	return left;
}

OWN_FRAME static long e1(long ms)
{
	long left = nap(ms);

	STAY(left);
	return left;
}

OWN_FRAME static PyObject *rest(PyObject *self, PyObject *ms)
{
	long how_long = PyLong_AsLong(ms), left;
	PyThreadState *state = PyEval_SaveThread();

	left = e1(how_long);
	PyEval_RestoreThread(state);
	return PyLong_FromLong(left);
}

static PyMethodDef methods[] = {
	{ "call", call, METH_O, NULL },
	{ "compute", compute, METH_O, NULL },
	{ "rest", rest, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "chain", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_chain(void)
{
	return PyModule_Create(&module);
}
