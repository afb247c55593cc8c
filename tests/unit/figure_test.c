/* SPDX-License-Identifier: BSD-2-Clause */
#include "figure.h"

#include "tap.h"

static void figures(void)
{
	CHECK_STR(figure__percent(0.664).text, "66 %");
	CHECK_STR(figure__percent(0.0664).text, "6.6 %");
	CHECK_STR(figure__percent(0.0009).text, "0.09 %");
	CHECK_STR(figure__percent(0).text, "0 %");
	CHECK_STR(figure__percent(0.0996).text, "10 %");
	CHECK_STR(figure__cell(0.0004).text, "-");
	CHECK_STR(figure__cell(0.0005).text, "0.1");
	CHECK_STR(figure__cell(0.9994).text, "99.9");
	CHECK_STR(figure__cell(0.9996).text, "100");
	CHECK_STR(figure__cell(1e9).text, ">999");
	CHECK_STR(figure__time(0).text, "0 ns");
	CHECK_STR(figure__time(999).text, "999 ns");
	CHECK_STR(figure__time(1000).text, "1.0 us");
	CHECK_STR(figure__time(5300000).text, "5.3 ms");
	CHECK_STR(figure__time(999600).text, "1.0 ms");
	CHECK_STR(figure__time(123456789012).text, "123 s");
	CHECK_STR(figure__time_cell(0).text, "-");
	CHECK_STR(figure__time_cell(15000000).text, "15.0ms");
	CHECK_STR(figure__time_cell(INT64_MAX).text, ">9999s");
	CHECK_STR(figure__bytes(0).text, "0 B");
	CHECK_STR(figure__bytes(1023).text, "1.0 KiB");
	CHECK_STR(figure__bytes(34u << 20).text, "34.0 MiB");
	CHECK_STR(figure__rate(0).text, "-");
	CHECK_STR(figure__rate(3.14).text, "3.1");
	CHECK_STR(figure__rate(9999).text, "9999");
	CHECK_STR(figure__rate(20100).text, "20k");
	CHECK_STR(figure__rate(1300000).text, "1.3M");
	CHECK_STR(figure__fixed(-1, 1).text, "0.0");
	CHECK_STR(figure__fixed(1.005e20, 0).text, "1000000000000000");
}

int main(void)
{
	TAP_RUN(figures);
	return TAP_DONE();
}
