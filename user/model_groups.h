/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside model_trees: who the workers are. */
#ifndef GILPROF_MODEL_GROUPS_H
#define GILPROF_MODEL_GROUPS_H

#include "model_trees.h"

/* Do two command lines belong to the same program? Digits do not count. */
bool model_groups__same_program(const char *a, const char *b);

/* Fills t->groups and t->workers, which have room for all, from its n members. */
void model_groups__find(struct model_trees *t, size_t n);

#endif
