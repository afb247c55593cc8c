// SPDX-License-Identifier: BSD-2-Clause
#include "schema.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "report.h"
#include "schema_tables.h"

/* The definitions that are no objects. */
static const struct {
	const char *name, *json;
} scalars[] = {
	{ "text", "{\"type\": \"string\"}" },
	{ "address", "{\"type\": \"string\", \"pattern\": \"^0x[0-9a-f]+$\"}" },
	{ "flag", "{\"type\": \"boolean\"}" },
	{ "count", "{\"type\": \"integer\", \"minimum\": 0}" },
	{ "ns", "{\"type\": \"integer\", \"minimum\": 0, \"description\": \"nanoseconds\"}" },
	{ "integer", "{\"type\": \"integer\"}" },
	{ "kind", "{\"enum\": [\"python\", \"native\", \"offcpu\", \"preempted\", \"handoff\", "
		  "\"unknown\"]}" },
	{ "number", "{\"type\": \"number\", \"minimum\": 0}" },
	{ "signed", "{\"type\": \"number\"}" },
	{ "basis", "{\"enum\": [\"units\", \"runs\"], \"description\": "
		   "\"units: counted by the user; runs: each command did one unit\"}" },
	{ "layout", "{\"enum\": [\"threads\", \"processes\", \"free-threaded\"]}" },
	{ "cause", "{\"enum\": [\"cpu-bound\", \"gil-hogged\", \"convoy\", \"gil-bound\", "
		   "\"lock-bound\", \"single-thread\", \"idle\", \"io-bound\"]}" },
	{ "status", "{\"type\": \"integer\", \"minimum\": -127, \"maximum\": 255, "
		    "\"description\": \"exit status, or -N: killed by signal N\"}" },
};

static const struct member report[] = {
	{ "gilprof", "gilprof", NULL },
	{ "capture", "capture", NULL },
	{ "processes", "process[]", "those that used or wanted most CPU first" },
	{ "trees", "tree[]", "the same processes, by who descends from whom" },
	{ "cpus", "cpu[]", NULL },
	{ "parallelism", "parallelism?", "over time; null: the capture tells nothing of it" },
	{ "cgroups", "cgroup[]", "those with a CPU quota that processes of the target are in" },
	{ "blame", "blame[]",
	  "who made whom wait for a GIL, the gravest first; adds up to gil_wait" },
	{ "waits", "wait[]", "the longest single waits for a GIL" },
	{ "holds", "hold[]",
	  "the longest times that a GIL was seen to be kept, while others waited" },
	{ "locks", "lock[]",
	  "futexes beside the GIL, the most waited for first; adds up to lock_wait" },
	{ "scaling", "scaling", "what other numbers of threads and processes would give" },
	{ "verdict", "verdict", "the one cause that holds it back" },
	{ 0 },
};

static const struct member gilprof[] = {
	{ "version", "text", NULL },
	{ 0 },
};

static const struct member capture[] = {
	{ "start", "text", "ISO 8601, UTC" },
	{ "start_monotonic_ns", "ns", NULL },
	{ "duration_ns", "ns", "of the window" },
	{ "mode", "text", "attach or command" },
	{ "host", "text?", "its name" },
	{ "target", "text", "what was named on the command line" },
	{ "frequency_hz", "frequency", NULL },
	{ "cpus", "count", "on-line at the start" },
	{ "complete", "flag", "false: records could not be read" },
	{ "children", "flag", "children were followed" },
	{ "command_status", "status?", "null: no command, or it outlived the window" },
	{ "threads_merged", "count", "threads without a row of their own" },
	{ "steal_irq_ns", "ns", "stolen time and interrupts of all CPUs" },
	{ "tick_ns", "ns", "of the kernel's scheduler" },
	{ "lost", "count{}", "data lost, by cause; all 0: none" },
	{ "laws", "laws", NULL },
	{ "memory_peak", "memory_peak", "of all processes together, when they had most" },
	{ "self", "self", "cost of gilprof itself" },
	{ 0 },
};

static const struct member frequency[] = {
	{ "state", "count", "samples that tell who holds the GIL, per second and CPU" },
	{ "stack", "count", "samples of stacks" },
	{ 0 },
};

static const struct member laws[] = {
	{ "thread", "law", "time in all states = existence" },
	{ "cpu", "law", "target + other + idle + off-line = window" },
	{ "gil", "law", "blame of a GIL = waits for it" },
	{ "process", "law", "CPU time of the threads = the kernel's own count" },
	{ "lock", "law", "waits by lock = lock_wait" },
	{ 0 },
};

static const struct member law[] = {
	{ "ok", "flag", NULL },
	{ "checked", "count", "things the law was checked on" },
	{ "broken", "count", "of these, it is broken for" },
	{ "worst", "number", "the largest deviation, in tolerances: up to 1 is kept" },
	{ "error_ns", "ns", "the deviation there" },
	{ "expected_ns", "ns", "from this" },
	{ "at", "count", "which thread, CPU or process that is" },
	{ 0 },
};

static const struct member self[] = {
	{ "cpu_ns", "ns", NULL },
	{ "bpf_run_ns", "ns?", "null: not measured" },
	{ "bpf_run_count", "count", NULL },
	{ "rss_peak_bytes", "count", NULL },
	{ "attach_ns", "ns", "from start to the window's begin" },
	{ 0 },
};

static const struct member memory_peak[] = {
	{ "looks", "count", "at all processes, of which this one saw most" },
	{ "at_ns", "ns", "since the window's start" },
	{ "processes", "count", "that had memory then" },
	{ "pss_unknown", "count", "of them, those whose RSS stands for their PSS in pss_bytes" },
	{ "rss_bytes", "count", "what processes share counts for each of them" },
	{ "pss_bytes", "count", "what they share counts once" },
	{ 0 },
};

static const struct member process[] = {
	{ "pid", "count", NULL },
	{ "ppid", "count", NULL },
	{ "comm", "text", NULL },
	{ "cmdline", "text", "arguments joined by blanks" },
	{ "born", "flag", "inside the window" },
	{ "exit_status", "status?", "null: alive at the end" },
	{ "python", "python?", "null: no CPython" },
	{ "rss_bytes", "count?",
	  "at the end, or when last looked at before it ended; null: not known" },
	{ "pss_bytes", "count?", NULL },
	{ "peak_rss_bytes", "count?",
	  "when all processes together had most; null: it was not there then, or not known" },
	{ "peak_pss_bytes", "count?", NULL },
	{ "memory", "memory?", "null: not known, or only rss_bytes is" },
	{ "ipc_ns", "ipc", NULL },
	{ "cpus_allowed", "count?", "by its affinity; null: not known" },
	{ "cpu_list", "text?", "the same by number, as \"0-3,8\"" },
	{ "cpu_quota", "number?", "the tightest of its cgroups', CPUs; null: none is known" },
	{ "cpu_quota_cgroup", "text?", "the name in cgroups[] of who has it" },
	{ "cpu_ns_by_cpu", "ns{}", "sums over its threads" },
	{ "migrations", "count", "of its threads, from CPU to CPU" },
	{ "wanted", "number", "mean number of threads that ran, or waited for a CPU or a GIL" },
	{ "achieved", "number", "mean number of threads that ran" },
	{ "cpu_ns", "ns", NULL },
	{ "kernel_cpu_ns", "ns", "the same by the kernel's own count" },
	{ "edges_on_cpu", "count", "times that this count may be off by a tick" },
	{ "gil_unknown_ns", "ns", "of run_nogil: a GIL may have been held that was not known yet" },
	{ "gils", "gil[]", "none in a free-threaded build" },
	{ "threads", "thread[]", "the busiest first" },
	{ 0 },
};

static const struct member memory[] = {
	{ "at_ns", "ns", "since the window's start" },
	{ "rss_bytes", "count", "shared + private" },
	{ "pss_bytes", "count", "each page divided by the number of processes that map it" },
	{ "shared_clean_bytes", "count", "pages that other processes map, too" },
	{ "shared_dirty_bytes", "count", "of these, changed since they were read from a file" },
	{ "private_clean_bytes", "count", NULL },
	{ "private_dirty_bytes", "count", NULL },
	{ "anonymous_bytes", "count", "of rss_bytes, memory of no file" },
	{ "anonymous_pss_bytes", "count", "the same of pss_bytes" },
	{ "swap_bytes", "count", NULL },
	{ "cow_saved_bytes", "count",
	  "anonymous_bytes - anonymous_pss_bytes: what copy-on-write still saves this process" },
	{ 0 },
};

static const struct member ipc[] = {
	{ "pipe", "ns", "asleep in reads and writes of pipes" },
	{ "socket", "ns", "the same of sockets, also those to elsewhere" },
	{ "semaphore", "ns", "of lock_wait: futexes that processes share, as of multiprocessing" },
	{ 0 },
};

static const struct member tree[] = {
	{ "root_pid", "count", NULL },
	{ "pids", "count[]", "its processes, parents first" },
	{ "wanted", "number", "sums over its processes:" },
	{ "achieved", "number", NULL },
	{ "cpu_ns", "ns", NULL },
	{ "speedup", "number", "cpu_ns by the window: over one CPU that does all of the work" },
	{ "ipc_ns", "ipc", NULL },
	{ "rss_bytes", "count", NULL },
	{ "pss_bytes", "count", NULL },
	{ "cow_saved_bytes", "count", "what they would need more if each had its own copy" },
	{ "processes_without_pss", "count", "whose memory is not in pss_bytes: not known" },
	{ "workers", "workers[]", "children of one parent that run the same program" },
	{ 0 },
};

static const struct member workers[] = {
	{ "parent_pid", "count", NULL },
	{ "cmdline", "text", "of one of them; the others' may differ in digits" },
	{ "forked", "flag", "it is their parent's, too" },
	{ "cpu_ns", "ns", NULL },
	{ "imbalance", "number", "CPU time of the busiest over their mean; 0: none used any" },
	{ "idle", "count", NULL },
	{ "left_out", "count", "further ones, that lived for less than half as long" },
	{ "workers", "worker[]", "who used most CPU time first" },
	{ 0 },
};

static const struct member worker[] = {
	{ "pid", "count", NULL },
	{ "cpu_ns", "ns", NULL },
	{ "lived_ns", "ns", "inside the window" },
	{ "idle", "flag", "< 1 % of lived_ns in CPU, run queue and gil_wait, < 10 sleeps/s" },
	{ 0 },
};

static const struct member python[] = {
	{ "version", "text?", NULL },
	{ "build", "text?", NULL },
	{ "gil_source", "text?", "how the GIL was found" },
	{ "gil_note", "text?", "why nothing is known of it" },
	{ 0 },
};

static const struct member gil[] = {
	{ "interpreter", "integer?", "null: those of images that exec has replaced" },
	{ "utilization", "number", "held_ns by the window" },
	{ "held_ns", "ns", "the part on a CPU is known from samples" },
	{ "held_offcpu_ns", "ns", "by threads that were not running" },
	{ "wait_ns", "ns", "asleep, all threads" },
	{ "waits", "count", "sleeps" },
	{ "waiters", "count", "threads that slept" },
	{ "switches", "count", "from one holder to another" },
	{ 0 },
};

static const struct member thread[] = {
	{ "tid", "count", "0: several threads in one row" },
	{ "name", "text", NULL },
	{ "merged", "count", "threads in this row" },
	{ "born", "flag", "inside the window" },
	{ "exited", "flag", NULL },
	{ "exists_ns", "ns", "inside the window" },
	{ "state_ns", "states", "adds up to exists_ns" },
	{ "io_ns", "io", "the parts of io_wait" },
	{ "lock_shared_ns", "ns", "of lock_wait: on futexes that processes share" },
	{ "blocked_ns", "ns{}", "the parts of blocked, by system call or other cause" },
	{ "gil_wait", "gil_wait", NULL },
	{ "runq", "intervals", "from runnable to running" },
	{ "held_ns", "ns", "run_gil + held_offcpu_ns" },
	{ "held_offcpu_ns", "ns", "not running, while holding a GIL" },
	{ "samples", "count", "on a CPU; if there are any, they divide run_gil from run_nogil" },
	{ "gil_samples", "count", "of these, holding a GIL" },
	{ "kernel_cpu_ns", "ns", "CPU time by the kernel's own count" },
	{ "switches", "switches", NULL },
	{ "cpu_ns_by_cpu", "ns{}", "by number of the CPU; those without any are left out" },
	{ 0 },
};

static const struct member states[] = {
	{ "run_gil", "ns", "on a CPU, holding a GIL" },
	{ "run_nogil", "ns", "on a CPU, not holding one" },
	{ "runq", "ns", "waiting for a CPU" },
	{ "gil_wait", "ns", "asleep, waiting for a GIL" },
	{ "gil_drop", "ns", "asleep, giving a GIL away" },
	{ "lock_wait", "ns", "asleep in any other futex" },
	{ "io_wait", "ns", NULL },
	{ "sleep", "ns", NULL },
	{ "child_wait", "ns", NULL },
	{ "blocked", "ns", "anything else" },
	{ 0 },
};

static const struct member io[] = {
	{ "file", "ns", NULL },
	{ "pipe", "ns", NULL },
	{ "socket", "ns", NULL },
	{ "poll", "ns", NULL },
	{ 0 },
};

static const struct member intervals[] = {
	{ "total_ns", "ns", NULL }, { "count", "count", NULL }, { "p50_ns", "ns", NULL },
	{ "p99_ns", "ns", NULL },   { "max_ns", "ns", NULL },	{ 0 },
};

static const struct member gil_wait[] = {
	{ "total_ns", "ns", NULL },
	{ "count", "count", NULL },
	{ "p50_ns", "ns", NULL },
	{ "p99_ns", "ns", NULL },
	{ "max_ns", "ns", NULL },
	{ "asleep_ns", "ns", "of total_ns" },
	{ "runq_ns", "ns", "of total_ns" },
	{ "running_ns", "ns", "of total_ns" },
	{ 0 },
};

static const struct member switches[] = {
	{ "voluntary", "count", NULL },
	{ "involuntary", "count", NULL },
	{ "migrations", "count", NULL },
	{ 0 },
};

static const struct member cpu[] = {
	{ "cpu", "count", NULL },  { "target_ns", "ns", NULL },	 { "other_ns", "ns", NULL },
	{ "idle_ns", "ns", NULL }, { "offline_ns", "ns", NULL }, { 0 },
};

static const struct member parallelism[] = {
	{ "intervals", "count", "that the window was looked at in" },
	{ "interval_ns", "ns", "each of them; the last may differ by half" },
	{ "wanted", "spread", "ran, or waited for a CPU or a GIL" },
	{ "achieved", "spread", "ran" },
	{ 0 },
};

static const struct member spread[] = {
	{ "mean", "number", NULL }, { "p10", "number", "it was this or less for 10 % of the time" },
	{ "p50", "number", NULL },  { "p90", "number", NULL },
	{ "max", "number", NULL },  { 0 },
};

static const struct member cgroup[] = {
	{ "name", "text", "its path, cut at its front" },
	{ "cpu_quota", "number", "CPUs" },
	{ "from_ns", "ns", "since the window's start: counted from then on" },
	{ "periods", "count", "of the quota, in which its threads ran" },
	{ "throttled_periods", "count", "in which it was used up" },
	{ "throttled_ns", "ns",
	  "its threads were kept from running, summed over CPUs; for threads that is runq" },
	{ 0 },
};

static const struct member blame[] = {
	{ "pid", "count", NULL },
	{ "waiter_tid", "count", NULL },
	{ "holder_tid", "count?", "null: not known, or several in one row" },
	{ "kind", "kind", "what the holder was doing" },
	{ "call", "text?", "the system call it slept in" },
	{ "wait_ns", "ns", "the waiter's time asleep" },
	{ "runq_ns", "ns", "its time in a run queue while the holder had the GIL" },
	{ "count", "count", "parts of waits" },
	{ "samples", "count", "stacks of the holder behind this row" },
	{ "stack", "frame[]", "of the holder, the root first; empty: not known" },
	{ 0 },
};

static const struct member wait[] = {
	{ "pid", "count", NULL },
	{ "waiter_tid", "count", NULL },
	{ "begin_ns", "ns", "since the window's start" },
	{ "ns", "ns", NULL },
	{ "holder_tid", "count?", "who took the longest part of it" },
	{ "kind", "kind", NULL },
	{ "call", "text?", NULL },
	{ "stack", "frame[]", "of the holder" },
	{ "waiter_stack", "frame[]", NULL },
	{ 0 },
};

static const struct member hold[] = {
	{ "pid", "count", NULL },
	{ "begin_ns", "ns", "since the window's start" },
	{ "ns", "ns", NULL },
	{ "holder_tid", "count?", NULL },
	{ "kind", "kind", "at its end" },
	{ "call", "text?", NULL },
	{ "stack", "frame[]", NULL },
	{ 0 },
};

static const struct member lock[] = {
	{ "pid", "count", NULL },
	{ "address", "address?", "null: not known, or several in one row" },
	{ "symbol", "text?", NULL },
	{ "wait_ns", "ns", "asleep, all waiters" },
	{ "count", "count", "sleeps" },
	{ "waiters", "count", "threads that slept, at least; 0: not known" },
	{ "owner_tid", "count?", "who held it for the most of wait_ns; null: not known" },
	{ "owners", "owner[]", "those known" },
	{ 0 },
};

static const struct member owner[] = {
	{ "tid", "count", NULL },
	{ "wait_ns", "ns", "of waiters that fell asleep while it held the lock" },
	{ 0 },
};

static const struct member frame[] = {
	{ "name", "text", NULL },
	{ "file", "text?", "source file, or library of a native function" },
	{ "line", "count?", NULL },
	{ "kind", "text", "python, native, kernel, or note: said by gilprof" },
	{ 0 },
};

static const struct member scaling[] = {
	{ "now", "scaling_now", NULL },
	{ "cpus", "number", "that the target may use, by affinity and quota; 0: not known" },
	{ "unknown", "text?", "why nothing is predicted; null: it is" },
	{ "predictions", "prediction[]", "none if it is unknown" },
	{ "assumptions", "text[]", "what the predictions rest on, and what makes them unsure" },
	{ 0 },
};

static const struct member scaling_now[] = {
	{ "workers", "count", "threads active for 1 % of the window or more" },
	{ "throughput_lone_threads", "number?", "in units of one of them running alone" },
	{ "processes", "count?", "that they are in" },
	{ "demand", "demand?", "of a worker, in shares of its time; the rest it queues" },
	{ "stall", "number?",
	  "how far others stand still while one holds the GIL, 0 to 1; 0 without C code" },
	{ "stall_error", "number?", "of that: 0.4 where next to nothing is known of it" },
	{ 0 },
};

static const struct member demand[] = {
	{ "run_gil", "number", "on a CPU with the GIL" },
	{ "run_nogil", "number", "on a CPU without it" },
	{ "delay", "number", "neither" },
	{ 0 },
};

static const struct member prediction[] = {
	{ "layout", "layout", NULL },
	{ "processes", "count", NULL },
	{ "threads", "count", "of each process" },
	{ "workers", "count", "of all processes" },
	{ "ratio", "number", "throughput, to the measured present" },
	{ "low", "number", NULL },
	{ "high", "number", NULL },
	{ 0 },
};

static const struct member verdict[] = {
	{ "kind", "cause", NULL },
	{ "summary", "text", NULL },
	{ "advice", "text[]", NULL },
	{ "evidence", "evidence", NULL },
	{ 0 },
};

static const struct member evidence[] = {
	{ "run", "number", "mean number of threads running," },
	{ "runq", "number", "in the run queue," },
	{ "gil_wait", "number", "asleep, waiting for a GIL," },
	{ "wanted", "number", "and the sum of these" },
	{ "lock_wait_contended", "number",
	  "mean number of threads that wait for contended locks and for pools" },
	{ "pool_wait", "number", "of these for pools and semaphores that are used up" },
	{ "cpus", "number", "that the target may use; 0: not known" },
	{ "cpus_by_quota", "flag", "a cgroup's quota is what limits them" },
	{ "cpus_used_by_others", "number", "on average; 0: hardly any" },
	{ "gil_wait_under_long_holds", "number",
	  "share of gil_wait under single holds of more than 4 switch intervals" },
	{ "gil_wait_by_io_threads", "number",
	  "share of gil_wait by threads with < 10 % CPU that do I/O" },
	{ "gil_wait_of_them_behind_computing", "number",
	  "of that, the share charged to threads with > 30 % CPU" },
	{ "wanted_by_one_thread", "number", "share of wanted by the busiest thread" },
	{ "waits_per_second", "number", "sleeps that were for neither a GIL nor a lock" },
	{ "io_share", "number", "of all threads' time, in I/O and timed sleeps" },
	{ "runner_up", "cause?", "the next rule in order that holds, too" },
	{ 0 },
};

static const struct object objects[] = {
	{ "gilprof", "who wrote this", gilprof },
	{ "capture", "the window, and how much of it was seen", capture },
	{ "frequency", NULL, frequency },
	{ "laws", "laws of conservation", laws },
	{ "law", NULL, law },
	{ "self", NULL, self },
	{ "memory_peak", NULL, memory_peak },
	{ "process", NULL, process },
	{ "memory", "as /proc/PID/smaps_rollup has it", memory },
	{ "ipc", "time that threads waited for other processes", ipc },
	{ "tree", NULL, tree },
	{ "workers", NULL, workers },
	{ "worker", NULL, worker },
	{ "python", NULL, python },
	{ "gil", NULL, gil },
	{ "thread", NULL, thread },
	{ "states", NULL, states },
	{ "io", NULL, io },
	{ "intervals", NULL, intervals },
	{ "gil_wait", "episodes, from the first sleep to running for good", gil_wait },
	{ "switches", NULL, switches },
	{ "cpu", NULL, cpu },
	{ "parallelism", "of all threads of the target together", parallelism },
	{ "spread", "number of threads, a mean of each interval", spread },
	{ "cgroup", "as its cpu.stat has it, over the window", cgroup },
	{ "blame", NULL, blame },
	{ "wait", NULL, wait },
	{ "hold", NULL, hold },
	{ "lock", NULL, lock },
	{ "owner", "of a lock", owner },
	{ "frame", NULL, frame },
	{ "scaling", NULL, scaling },
	{ "scaling_now", "the present", scaling_now },
	{ "demand", NULL, demand },
	{ "prediction", NULL, prediction },
	{ "verdict", NULL, verdict },
	{ "evidence", "what the rules look at", evidence },
};

static json_t *reference(const char *name, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), "#/$defs/%.*s", (int)len, name);
	return json_pack("{s:s}", "$ref", path);
}

static json_t *type_of(const char *type)
{
	size_t len = strcspn(type, "[{?");
	json_t *base = reference(type, len);

	switch (type[len]) {
	case '[':
		return json_pack("{s:s, s:o}", "type", "array", "items", base);
	case '{':
		return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", base);
	case '?':
		return json_pack("{s:[o, {s:s}]}", "anyOf", base, "type", "null");
	default:
		return base;
	}
}

static void describe(json_t *schema, const char *about)
{
	if (about)
		json_object_set_new(schema, "description", json_string(about));
}

/* Adds the rules for an object of these members to a schema. */
static void add_members(json_t *schema, const struct member *members)
{
	json_t *required = json_array(), *properties = json_object();

	for (const struct member *m = members; m->name; m++) {
		json_t *type = type_of(m->type);

		describe(type, m->about);
		json_array_append_new(required, json_string(m->name));
		json_object_set_new(properties, m->name, type);
	}
	json_object_set_new(schema, "type", json_string("object"));
	json_object_set_new(schema, "required", required);
	json_object_set_new(schema, "properties", properties);
}

static void add_objects(json_t *all, const struct object *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *object = json_object();

		describe(object, list[i].about);
		add_members(object, list[i].members);
		json_object_set_new(all, list[i].name, object);
	}
}

static json_t *definitions(const struct schema *s)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		json_object_set_new(all, scalars[i].name, json_loads(scalars[i].json, 0, NULL));
	add_objects(all, objects, sizeof(objects) / sizeof(objects[0]));
	add_objects(all, s->objects, s->objects_n);
	return all;
}

static const struct schema schema_report = {
	.id = "urn:gilprof:report:1",
	.version = "gilprof.report/1",
	.title = "Report of gilprof",
	.members = report,
};

static json_t *build(const struct schema *told)
{
	json_t *s = json_object();

	json_object_set_new(s, "$schema",
			    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(s, "$id", json_string(told->id));
	json_object_set_new(s, "title", json_string(told->title));
	describe(s, "Bytes of names that are not UTF-8 are written as the text \\xNN.");
	add_members(s, told->members);
	json_array_append_new(json_object_get(s, "required"), json_string("schema"));
	json_object_set_new(json_object_get(s, "properties"), "schema",
			    json_pack("{s:s}", "const", told->version));
	json_object_set_new(s, "$defs", definitions(told));
	return s;
}

static int print(const struct schema *told, FILE *f)
{
	json_t *s;

	errno = 0;
	s = build(told);
	if (json_dumpf(s, f, JSON_INDENT(1)) == 0)
		putc('\n', f);
	json_decref(s);
	return report__end(f);
}

int schema__print(FILE *f)
{
	return print(&schema_report, f);
}

int schema__print_diff(FILE *f)
{
	return print(&schema_diff, f);
}
