/* SPDX-License-Identifier: BSD-2-Clause */
/* Which layouts are predicted for, and what is left unsure about each: the predictions of model_scaling.h. Pure. */
#ifndef GILPROF_MODEL_PREDICT_H
#define GILPROF_MODEL_PREDICT_H

#include "model_scaling.h"

/* Fills the predictions, all else being known. 0 or -ENOMEM. */
int model_predict__all(struct model_scaling *s);

/* Fills p->range for p's layout, of at most SCALING_MAX_WORKERS, where anything is known. 0 or -ENOMEM. */
int model_predict__one(const struct model_scaling *s, struct model_prediction *p);

#endif
