/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine tells of itself. */
#ifndef GILPROF_HOST_H
#define GILPROF_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Sets online[cpu] for each of n CPUs. Returns how many are, or -errno. */
int host__online(bool *online, uint32_t n);

/* ns that all CPUs together have lost to interrupts and to the hypervisor since boot; to 10 ms. */
uint64_t host__steal_irq_ns(void);

/* Length of a scheduler tick in ns. */
uint64_t host__tick_ns(void);

/* Its name, as valid UTF-8; malloc'ed, NULL if it is not known. */
char *host__name(void);

/* Peak resident memory of this process in bytes, 0 if unknown. */
uint64_t host__own_peak_bytes(void);

#endif
