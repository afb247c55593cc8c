/* SPDX-License-Identifier: BSD-2-Clause */
/* `gilprof diff`: from two capture files to their comparison. */
#ifndef GILPROF_DIFF_H
#define GILPROF_DIFF_H

#include "status.h"

/* argv[0] is "diff". Says itself what goes wrong. */
enum status diff__run(int argc, char **argv);

#endif
