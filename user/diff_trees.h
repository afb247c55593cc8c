/* SPDX-License-Identifier: BSD-2-Clause */
/* The process trees of two captures, and which go together: by command line, by name, or as the only ones. Pure. */
#ifndef GILPROF_DIFF_TREES_H
#define GILPROF_DIFF_TREES_H

#include "model_diff.h"

/* Fills d->trees from d->model. 0 or -ENOMEM. */
int diff_trees__fill(struct model_diff *d);

#endif
