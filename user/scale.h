/* SPDX-License-Identifier: BSD-2-Clause */
/* `gilprof scale`: runs a program at several sizes, and prints prediction beside measurement. */
#ifndef GILPROF_SCALE_H
#define GILPROF_SCALE_H

#include "status.h"

/* With the arguments from "scale" on. Whatever fails has been told; what was measured till then is printed. */
enum status scale__run(int argc, char **argv);

#endif
