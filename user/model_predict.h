/* SPDX-License-Identifier: BSD-2-Clause */
/* Which layouts are predicted for, and what is left unsure about each: the predictions of model_scaling.h. Pure. */
#ifndef GILPROF_MODEL_PREDICT_H
#define GILPROF_MODEL_PREDICT_H

#include "model_scaling.h"

/* Fills the predictions, all else being known. 0 or -ENOMEM. */
int model_predict__all(struct model_scaling *s);

#endif
