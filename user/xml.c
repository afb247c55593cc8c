// SPDX-License-Identifier: BSD-2-Clause
#include "xml.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const struct {
	const char *what, *as;
} entities[] = {
	{ "&", "&amp;" },
	{ "<", "&lt;" },
	{ ">", "&gt;" },
	{ "\"", "&quot;" },
	{ "'", "&#39;" },
	{ "\xef\xbf\xbe", REPLACEMENT },
	{ "\xef\xbf\xbf", REPLACEMENT },
};

/* What to write instead of the beginning of s, *len bytes long; NULL: these bytes as they are. */
static const char *instead(const char *s, size_t *len)
{
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		*len = strlen(entities[i].what);
		if (!strncmp(s, entities[i].what, *len))
			return entities[i].as;
	}
	*len = 1;
	return (unsigned char)*s < 0x20 && !strchr("\t\n\r", *s) ? REPLACEMENT : NULL;
}

int xml__text(const char *s, FILE *f)
{
	size_t len = strlen(s);
	cleanup_free char *utf8 = text__utf8(s, len, 4 * len);

	if (!utf8)
		return -ENOMEM;
	for (const char *p = utf8; *p; p += len) {
		const char *as = instead(p, &len);

		if (as)
			fputs(as, f);
		else
			putc(*p, f);
	}
	return 0;
}
