// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lock.bpf.h"
#include "mutex.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_LOCKS);
	__type(key, struct wire_lock_key);
	__type(value, struct wire_lock_use);
} locks SEC(".maps");

/*
 * CPython 3.13 and later: a thread parks on a semaphore on its own stack, in struct wait_entry of
 * Python/parking_lot.c, where the address of what it waits for comes right before.
 */
#define PARKED_WITHIN 1024 /* bytes above the stack pointer */
#define PARKED_BEFORE 8
#define ADDRESS_LEAST 0x10000ull /* vm.mmap_min_addr */
#define ADDRESS_MOST (1ull << 56)

__noinline int lock__look(struct wire_thread *t, u64 sp)
{
	struct mutex_head mutex = {};
	u64 address = 0, word;

	if (!t)
		return 0;
	word = t->lock.word;
	if (!word)
		return 0;
	if (t->parks && word - sp < PARKED_WITHIN) {
		bpf_probe_read_user(&address, sizeof(address), (void *)(word - PARKED_BEFORE));
		if (address >= ADDRESS_LEAST && address < ADDRESS_MOST)
			t->lock.address = address;
		return 0;
	}
	bpf_probe_read_user(&mutex, sizeof(mutex), (void *)word);
	t->lock.owner = mutex__owner(&mutex);
	return 0;
}

__noinline int lock__add(struct wire_thread *t)
{
	struct wire_lock_key key = {};
	struct wire_lock_use fresh = {}, *use;
	u64 ns;

	if (!t)
		return 0;
	ns = t->state_ns[ST_LOCK_WAIT] - t->lock.told_ns;
	t->lock.told_ns += ns;
	if (t->lock.shared)
		t->lock.shared_ns += ns;
	key.key = t->key;
	key.address = t->lock.address;
	key.tid = t->tid;
	key.owner = t->lock.owner;
	use = bpf_map_lookup_elem(&locks, &key);
	if (use) { /* nobody else writes it: it is this thread's */
		use->wait_ns += ns;
		use->count++;
		return 0;
	}
	fresh.wait_ns = ns;
	fresh.count = 1;
	fresh.tgid = t->tgid;
	if (bpf_map_update_elem(&locks, &key, &fresh, BPF_NOEXIST)) {
		t->lock.rest_ns += ns;
		t->lock.rest_count++;
	}
	return 0;
}
