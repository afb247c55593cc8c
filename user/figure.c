// SPDX-License-Identifier: BSD-2-Clause
#include "figure.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LARGEST 1e15 /* of what is printed: a forged capture may ask for more */

/* printf would take the decimal point from the locale. */
struct figure figure__fixed(double v, unsigned int decimals)
{
	unsigned long long power = decimals >= 2 ? 100 : decimals ? 10 : 1, scaled;
	struct figure f;

	v = v > 0 ? v : 0; /* also if it is not a number */
	scaled = (unsigned long long)((v < LARGEST ? v : LARGEST) * (double)power + 0.5);
	if (decimals == 0)
		snprintf(f.text, sizeof(f.text), "%llu", scaled);
	else
		snprintf(f.text, sizeof(f.text), "%llu.%0*llu", scaled / power,
			 power == 100 ? 2 : 1, scaled % power);
	return f;
}

static struct figure with_unit(double v, unsigned int decimals, const char *unit)
{
	struct figure f = figure__fixed(v, decimals);

	strncat(f.text, unit, sizeof(f.text) - strlen(f.text) - 1);
	return f;
}

struct figure figure__percent(double share)
{
	double percent = 100 * share;

	return with_unit(percent,
			 percent >= 9.95 || percent <= 0 ? 0
			 : percent >= 0.095		 ? 1
							 : 2,
			 " %");
}

struct figure figure__cell(double share)
{
	double percent = 100 * share;

	if (!(percent >= 0.05))
		return (struct figure){ "-" };
	if (percent >= 999.5)
		return (struct figure){ ">999" };
	return figure__fixed(percent, percent < 99.95 ? 1 : 0);
}

/* Three digits, as far as possible, in the largest unit that leaves something before the point. */
static const struct unit {
	double ns;
	const char *name;
} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };

static struct figure in_time_unit(uint64_t ns, const char *space)
{
	const struct unit *u = units;
	struct figure f;
	double v;

	while ((double)ns < 0.9995 * u->ns && u->ns > 1)
		u++;
	v = (double)ns / u->ns;
	f = figure__fixed(v, u->ns > 1 && v < 99.95 ? 1 : 0);
	strncat(f.text, space, sizeof(f.text) - strlen(f.text) - 1);
	strncat(f.text, u->name, sizeof(f.text) - strlen(f.text) - 1);
	return f;
}

struct figure figure__time(uint64_t ns)
{
	return in_time_unit(ns, " ");
}

struct figure figure__time_cell(uint64_t ns)
{
	if (ns == 0)
		return (struct figure){ "-" };
	if (ns >= 9999500000000ull)
		return (struct figure){ ">9999s" };
	return in_time_unit(ns, "");
}

struct figure figure__bytes(uint64_t bytes)
{
	static const char *const names[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB" };
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 999.5 && i + 1 < sizeof(names) / sizeof(names[0])) {
		v /= 1024;
		i++;
	}
	return with_unit(v, i && v < 99.95 ? 1 : 0, names[i]);
}

struct figure figure__rate(double per_second)
{
	if (!(per_second >= 0.05))
		return (struct figure){ "-" };
	if (per_second < 9.95)
		return figure__fixed(per_second, 1);
	if (per_second < 9999.5)
		return figure__fixed(per_second, 0);
	if (per_second < 999500)
		return with_unit(per_second / 1e3, 0, "k");
	if (per_second >= 999.5e6)
		return (struct figure){ ">1G" };
	return with_unit(per_second / 1e6, per_second < 9.95e6 ? 1 : 0, "M");
}
