/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack's width means: takes weighted stacks (user/weights.h) out of the model. Pure. */
#ifndef GILPROF_MODEL_WEIGHTS_H
#define GILPROF_MODEL_WEIGHTS_H

#include "model.h"
#include "weights.h"

enum weight {
	WEIGHT_DEFAULT, /* blame if anybody waited for a GIL, else offcpu */
	WEIGHT_BLAME,
	WEIGHT_GIL_WAIT,
	WEIGHT_HOLD,
	WEIGHT_ONCPU,
	WEIGHT_OFFCPU,
	WEIGHT_LOCK_WAIT,
	WEIGHTS,
};

/* "blame", "gil_wait" and so on; the first is "". */
extern const char *const model_weight_names[WEIGHTS];

/* The model must outlive them. NULL and ENOMEM. */
struct weights *model_weights__new(const struct model *m, enum weight weight);
void model_weights__free(struct weights *w); /* NULL is fine */

/* The frames of a node of a capture, the root first: how many, at most max; the leaf-most are kept. */
size_t model__frames(const struct capture *c, uint32_t node, struct weights_frame *frames,
		     size_t max);

#endif
