/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine code is this program's own: zlib stands for an extension module. */
#include "leaves.h"

#include <gnu/libc-version.h>
#include <unistd.h>
#include <zlib.h>

#include "tap.h"

#define KEY 7

static struct samples *samples;
static struct symbols *symbols;
static struct leaves *l;

static uint64_t address(uLong (*f)(uLong, const Bytef *, uInt))
{
	return (uint64_t)(uintptr_t)f;
}

static uint64_t in_libc(void)
{
	return (uint64_t)(uintptr_t)&gnu_get_libc_version;
}

static void begin(void)
{
	samples = samples__new();
	symbols = symbols__new();
	symbols__note_process(symbols, KEY, getpid());
}

static void end(void)
{
	leaves__free(l);
	samples__free(samples);
	symbols__free(symbols);
}

static void take(uint32_t tid, uint64_t stack, uint64_t ip, uint32_t holds, unsigned int times)
{
	const struct wire_sample_event e = {
		.h = { .type = EV_SAMPLE, .tgid = 42, .key = KEY },
		.stack = stack,
		.ip = ip,
		.tid = tid,
		.state = ST_RUN,
		.holds = holds,
	};

	while (times--)
		samples__add(samples, &e, e.ip, 0);
}

static void nothing(void)
{
	struct leaves_share share;

	begin();
	l = leaves__new(samples, symbols);
	share = leaves__share(l, KEY, 1, 1);
	CHECK_INT(share.samples, 0);
	CHECK(!share.function);
	end();
}

static void shares(void)
{
	struct leaves_share share;

	begin();
	take(1, 5, address(crc32), 1, 3);
	take(1, 5, address(adler32), 1, 2);
	take(1, 5, 0, 1, 4);		  /* in the eval loop, or who knows */
	take(1, 5, in_libc(), 1, 1);	  /* bytecode calls it, too */
	take(1, 5, address(crc32), 0, 9); /* without the GIL */
	take(1, 6, address(adler32), 1, 7);
	take(2, 5, address(adler32), 1, 8);
	l = leaves__new(samples, symbols);
	share = leaves__share(l, KEY, 1, 5);
	CHECK_INT(share.samples, 10);
	CHECK_INT(share.native, 5);
	CHECK_STR(share.function, "crc32");
	CHECK(!strncmp(share.object, "libz.so", 7));
	share = leaves__share(l, KEY, 1, 6);
	CHECK_INT(share.samples, 7);
	CHECK_STR(share.function, "adler32");
	share = leaves__share(l, KEY, 2, 5);
	CHECK_INT(share.samples, 8);
	share = leaves__share(l, KEY + 1, 1, 5);
	CHECK_INT(share.samples, 0);
	end();
}

/* The extension that was called says more than what it calls most. */
static void the_extension_first(void)
{
	struct leaves_share share;

	begin();
	take(1, 5, in_libc(), 1, 9);
	take(1, 5, address(crc32), 1, 1);
	l = leaves__new(samples, symbols);
	share = leaves__share(l, KEY, 1, 5);
	CHECK_INT(share.samples, 10);
	CHECK_INT(share.native, 1);
	CHECK_STR(share.function, "crc32");
	end();
}

static void places(void)
{
	const struct samples_row *rows;
	struct symbols_place place;

	begin();
	take(1, 5, address(crc32), 1, 1);
	take(1, 5, 1, 1, 1);
	samples__rows(samples, &rows);
	l = leaves__new(samples, symbols);
	place = leaves__place(l, &rows[0]);
	CHECK_STR(place.function, "crc32");
	CHECK_INT(place.role, ROLE_LIBRARY);
	CHECK(!leaves__place(l, &rows[1]).function);
	end();
}

int main(void)
{
	TAP_RUN(nothing);
	TAP_RUN(shares);
	TAP_RUN(the_extension_first);
	TAP_RUN(places);
	return TAP_DONE();
}
