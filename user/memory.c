/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"

#define LINE 256
#define LINES 256	      /* of a file that are looked at: there are some 25, or 60 */
#define DEAR_RSS (4ull << 30) /* more takes too long: it walks the page tables, with a lock held */
#define FIRST_NS (200 * NSEC_PER_MSEC)
#define LONGEST_NS (20 * NSEC_PER_SEC)
#define COST 200 /* a look may take this part of the time to the next one */

static FILE *open_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* "Key:  123 kB", in bytes; false if this line has another key */
static bool kilobytes(const char *line, const char *key, uint64_t *bytes)
{
	size_t len = strlen(key);
	unsigned long long kb;

	if (strncmp(line, key, len) || sscanf(line + len, ": %llu kB", &kb) != 1)
		return false;
	*bytes = kb < INT64_MAX / 1024 ? kb * 1024 : INT64_MAX;
	return true;
}

bool memory__parse(FILE *smaps, struct memory *m)
{
	struct memory new = *m;
	struct capture_memory *rest = &new.rest;
	const struct {
		const char *key;
		uint64_t *to;
	} keys[] = {
		{ "Rss", &new.rss_bytes },
		{ "Pss", &new.pss_bytes },
		{ "Pss_Anon", &rest->anonymous_pss_bytes },
		{ "Anonymous", &rest->anonymous_bytes },
		{ "Shared_Clean", &rest->shared_clean_bytes },
		{ "Shared_Dirty", &rest->shared_dirty_bytes },
		{ "Private_Clean", &rest->private_clean_bytes },
		{ "Private_Dirty", &rest->private_dirty_bytes },
		{ "Swap", &rest->swap_bytes },
	};
	char line[LINE];

	new.pss_bytes = 0;
	*rest = (struct capture_memory){ 0 };
	for (int i = 0; i < LINES && fgets(line, sizeof(line), smaps); i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			kilobytes(line, keys[k].key, keys[k].to);
	}
	if (!new.pss_bytes)
		return false;
	*m = new;
	return true;
}

uint64_t memory__rss(pid_t pid)
{
	cleanup_fclose FILE *f = open_file(pid, "status");
	char line[LINE];
	uint64_t rss = 0;

	for (int i = 0; f && !rss && i < LINES && fgets(line, sizeof(line), f); i++)
		kilobytes(line, "VmRSS", &rss);
	return rss;
}

void memory__look(struct memory *m, pid_t pid, bool dear)
{
	cleanup_fclose FILE *smaps = NULL;
	uint64_t rss = memory__rss(pid);

	if (!rss)
		return;
	m->rss_bytes = rss;
	m->pss_bytes = 0;
	m->rest = (struct capture_memory){ 0 };
	m->at = clock__now();
	smaps = dear && rss < DEAR_RSS ? open_file(pid, "smaps_rollup") : NULL;
	if (smaps)
		memory__parse(smaps, m);
}

void memory__tick(struct memory *m, pid_t pid, uint64_t now)
{
	uint64_t took;

	if (!m->next) /* nothing to be seen yet */
		m->next = now + FIRST_NS;
	if (now < m->next || now < m->at + m->wait) /* somebody else has just looked */
		return;
	memory__look(m, pid, true);
	took = clock__now() - now;
	m->wait = m->wait ? 2 * m->wait : FIRST_NS;
	if (m->wait > LONGEST_NS)
		m->wait = LONGEST_NS;
	m->next = now + (m->wait > COST * took ? m->wait : COST * took);
}
