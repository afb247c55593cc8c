/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Fixed-width types on both sides: vmlinux.h brings its own, which clash with linux/types.h. */
#ifndef GILPROF_TYPES_H
#define GILPROF_TYPES_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#endif
