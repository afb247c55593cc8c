// SPDX-License-Identifier: BSD-2-Clause
#include "glue.h"

#include <stddef.h>
#include <string.h>

/*
 * From the call protocol of 3.8 to 3.15: Objects/call.c, Objects/methodobject.c, Objects/descrobject.c,
 * Objects/classobject.c, Objects/typeobject.c, Objects/genobject.c, Python/ceval.c.
 */
static const char *const names[] = {
	"call_attribute",
	"call_function",
	"call_method",
	"call_unbound",
	"call_unbound_noarg",
	"do_call_core",
	"function_code_fastcall",
	"gen_close",
	"gen_iternext",
	"gen_send",
	"gen_send_ex",
	"gen_send_ex2",
	"lookup_maybe_method",
	"method_call",
	"method_vectorcall",
	"object_vacall",
	"property_descr_get",
	"slot_tp_call",
	"slot_tp_init",
	"slot_tp_iternext",
	"slot_tp_new",
	"trace_call_function",
	"type_call",
};

static const char *const prefixes[] = {
	"PyEval_Call",
	"PyEval_EvalCode",
	"PyEval_EvalFrame",
	"_PyEval_EvalCode",
	"_PyEval_EvalFrame",
	"_PyEval_Vector",
	"PyObject_Call",
	"PyObject_Vectorcall",
	"PyVectorcall_",
	"_PyCFunction_",
	"PyCFunction_Call",
	"_PyFunction_",
	"_PyMethodDef_RawFastCall",
	"_PyMethodDescr_",
	"_PyObject_Call",
	"_PyObject_FastCall",
	"_PyObject_MakeTpCall",
	"_PyObject_Vectorcall",
	"_PyVectorcall_",
	"cfunction_",
	"method_vectorcall_",
	"vectorcall_",
};

bool glue__is(const char *function)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(function, names[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!strncmp(function, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return false;
}
