/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures as people read them, the same in every locale. Each comes in a struct of its own, so that
 * it can be printed in place: printf("%s", figure__bytes(n).text).
 */
#ifndef GILPROF_FIGURE_H
#define GILPROF_FIGURE_H

#include <stdint.h>

struct figure {
	char text[24];
};

struct figure figure__fixed(double v, unsigned int decimals); /* "12.3"; negative ones are 0 */
struct figure figure__percent(double share);		      /* "66 %", "6.2 %", "0.03 %" */
struct figure figure__cell(double share);		      /* "66.0", "-" below 0.05 %, ">999" */
struct figure figure__time(uint64_t ns);		      /* "10.0 s", "5.3 ms", "17.0 us" */
struct figure figure__time_cell(uint64_t ns);		      /* "5.3ms", "-" for 0 */
struct figure figure__bytes(uint64_t bytes);		      /* "34.1 MiB" */
struct figure figure__rate(double per_second);		      /* "201", "20k", "1.3M", "-" */

#endif
