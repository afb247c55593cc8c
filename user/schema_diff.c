// SPDX-License-Identifier: BSD-2-Clause
/* gilprof.diff/1: two captures compared. */
#include "schema_tables.h"

static const struct member diff[] = {
	{ "gilprof", "gilprof", NULL },
	{ "before", "compared", "the first capture, A on the page" },
	{ "after", "compared", "the second, B" },
	{ "throughput", "throughput?", "null: not known" },
	{ "states", "states_compared", "of all threads" },
	{ "figures", "figures", "of all processes" },
	{ "trees", "tree[]", "process trees, those that go together in one" },
	{ "notes", "text[]",
	  "what must be known to read it right; the captures are called A and B" },
	{ 0 },
};

static const struct member compared[] = {
	{ "file", "text", NULL },
	{ "gilprof_version", "text", "that recorded it" },
	{ "capture", "capture", NULL },
	{ "sound", "flag", "nothing that matters was lost, and no law is broken" },
	{ "verdict", "cause", NULL },
	{ "cpus_allowed", "number?", "that the target may use, by affinity and quota" },
	{ "cpus_used_by_others", "number", "on average" },
	{ 0 },
};

static const struct member measure[] = {
	{ "before", "number?", "null: not known" },
	{ "after", "number?", NULL },
	{ "change", "signed?", "after - before" },
	{ "ratio", "number?", "after to before; null: there was none before" },
	{ 0 },
};

static const struct member whole[] = {
	{ "before", "count?", "null: not known" },
	{ "after", "count?", NULL },
	{ "change", "integer?", "after - before" },
	{ "ratio", "number?", "after to before; null: there was none before" },
	{ 0 },
};

static const struct member throughput[] = {
	{ "basis", "basis", NULL },
	{ "units", "measure", "of work, in each window" },
	{ "per_second", "measure", "of the window" },
	{ "cpu_per_unit_ns", "whole", NULL },
	{ "ratio", "number?", "after to before" },
	{ 0 },
};

static const struct member state[] = {
	{ "threads", "measure", "mean number of threads in this state" },
	{ "share", "measure", "of the time that threads existed" },
	{ 0 },
};

static const struct member states_compared[] = {
	{ "run_gil", "state", "on a CPU, holding a GIL" },
	{ "run_nogil", "state", "on a CPU, not holding one" },
	{ "runq", "state", "waiting for a CPU" },
	{ "gil_wait", "state", "asleep, waiting for a GIL" },
	{ "gil_drop", "state", "asleep, giving a GIL away" },
	{ "lock_wait", "state", "asleep in any other futex" },
	{ "io_wait", "state", NULL },
	{ "sleep", "state", NULL },
	{ "child_wait", "state", NULL },
	{ "blocked", "state", "anything else" },
	{ 0 },
};

static const struct member figures[] = {
	{ "threads", "measure", "mean number that existed" },
	{ "wanted", "measure", "mean number that ran, or waited for a CPU or a GIL" },
	{ "achieved", "measure", "mean number that ran: CPU time over the window" },
	{ "processes", "whole", NULL },
	{ "gil_utilization", "measure", "of the GIL that was held longest" },
	{ "gils_held", "measure", "mean number of GILs that were held" },
	{ "switches_per_second", "measure", "of threads on CPUs" },
	{ "longest_gil_wait_ns", "whole", NULL },
	{ "rss_bytes", "whole", "sum, when all processes of the capture together had most" },
	{ "pss_bytes", "whole", "the same" },
	{ 0 },
};

static const struct member tree[] = {
	{ "before", "root?", "null: this tree is in the second capture only" },
	{ "after", "root?", NULL },
	{ "states", "states_compared", NULL },
	{ "figures", "figures", NULL },
	{ 0 },
};

static const struct member root[] = {
	{ "pid", "count", NULL },
	{ "comm", "text", NULL },
	{ "cmdline", "text", NULL },
	{ 0 },
};

static const struct object objects[] = {
	{ "compared", NULL, compared },
	{ "measure", NULL, measure },
	{ "whole", "a measure in whole numbers", whole },
	{ "throughput", NULL, throughput },
	{ "state", NULL, state },
	{ "states_compared", NULL, states_compared },
	{ "figures", NULL, figures },
	{ "tree", NULL, tree },
	{ "root", "the oldest process of a tree", root },
};

const struct schema schema_diff = {
	.id = "urn:gilprof:diff:1",
	.version = "gilprof.diff/1",
	.title = "Comparison of two captures by gilprof",
	.members = diff,
	.objects_n = sizeof(objects) / sizeof(objects[0]),
	.objects = objects,
};
