/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks in JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_locks.h"
#include "report_json.h"

#define MAX_LOCKS 2000 /* with a row of their own; the others are added up by process */
#define MAX_OWNERS 64

static json_t *owners(const struct model_lock *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->owners_n && i < MAX_OWNERS; i++) {
		json_t *object = json_object();

		set_number(object, "tid", l->owners[i].tid);
		set_number(object, "wait_ns", l->owners[i].wait_ns);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *address(uint64_t at)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, at);
	return at ? json_string(text) : json_null();
}

static json_t *lock(const struct model_lock *l)
{
	json_t *object = json_object();

	set_number(object, "pid", l->process->process->pid);
	set(object, "address", address(l->address));
	set(object, "symbol", l->symbol ? json_string(l->symbol) : json_null());
	set_number(object, "wait_ns", l->wait_ns);
	set_number(object, "count", l->count);
	set_number(object, "waiters", l->waiters);
	set(object, "owner_tid", l->owners_n ? number(l->owners[0].tid) : json_null());
	set(object, "owners", owners(l));
	return object;
}

static int by_process(const void *a, const void *b)
{
	const struct model_lock *p = a, *q = b;

	return (p->process > q->process) - (p->process < q->process);
}

/* What is left, by process: of waiters there are at least as many as given. */
static void add_rest(json_t *list, struct model_lock *locks, size_t n)
{
	size_t end;

	qsort(locks, n, sizeof(*locks), by_process);
	for (size_t i = 0; i < n; i = end) {
		struct model_lock rest = { .process = locks[i].process };

		for (end = i; end < n && locks[end].process == rest.process; end++) {
			rest.wait_ns = model__sum(rest.wait_ns, locks[end].wait_ns);
			rest.count = model__sum(rest.count, locks[end].count);
			if (locks[end].waiters > rest.waiters)
				rest.waiters = locks[end].waiters;
		}
		json_array_append_new(list, lock(&rest));
	}
}

json_t *report_json__locks(const struct model *m)
{
	struct model_locks *l = model_locks__new(m);
	json_t *list = l ? json_array() : NULL;

	for (size_t i = 0; l && i < l->locks_n && i < MAX_LOCKS; i++)
		json_array_append_new(list, lock(&l->locks[i]));
	if (l && l->locks_n > MAX_LOCKS)
		add_rest(list, l->locks + MAX_LOCKS, l->locks_n - MAX_LOCKS);
	model_locks__free(l);
	return list;
}
