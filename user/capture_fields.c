// SPDX-License-Identifier: BSD-2-Clause
#include "capture_fields.h"

#define MEMBER(s, m, t) \
	{ \
		.name = #m, .type = t, .offset = offsetof(struct s, m) \
	}
#define STRUCT(s, m, table) \
	{ \
		.name = #m, .type = FIELD_OBJECT, .offset = offsetof(struct s, m), .fields = table \
	}
#define LENGTH_OF(s, m) (sizeof(((struct s *)0)->m) / sizeof(((struct s *)0)->m[0]))
#define LIST(s, m, t) \
	{ \
		.name = #m, .type = t, .offset = offsetof(struct s, m), .max = LENGTH_OF(s, m) \
	}
#define ROWS(s, m, n, t, longest, table) \
	{ \
		.name = #m, .type = t, .offset = offsetof(struct s, m), \
		.count = offsetof(struct s, n), .max = longest, \
		.size = sizeof(((struct s *)0)->m[0]), .fields = table \
	}

static const struct field self_fields[] = {
	MEMBER(capture_self, cpu_ns, FIELD_U64),
	MEMBER(capture_self, bpf_run_ns, FIELD_I64),
	MEMBER(capture_self, bpf_run_count, FIELD_U64),
	MEMBER(capture_self, rss_peak_bytes, FIELD_U64),
	MEMBER(capture_self, attach_ns, FIELD_U64),
	{ 0 },
};

static const struct field memory_peak_fields[] = {
	MEMBER(capture_memory_peak, looks, FIELD_U64),
	MEMBER(capture_memory_peak, at_ns, FIELD_U64),
	MEMBER(capture_memory_peak, processes, FIELD_U64),
	MEMBER(capture_memory_peak, pss_unknown, FIELD_U64),
	MEMBER(capture_memory_peak, rss_bytes, FIELD_U64),
	MEMBER(capture_memory_peak, pss_bytes, FIELD_U64),
	{ 0 },
};

const struct field capture_info_fields[] = {
	MEMBER(capture_info, gilprof_version, FIELD_STRING),
	MEMBER(capture_info, start, FIELD_STRING),
	MEMBER(capture_info, start_monotonic_ns, FIELD_U64),
	MEMBER(capture_info, duration_ns, FIELD_U64),
	MEMBER(capture_info, mode, FIELD_STRING),
	MEMBER(capture_info, host, FIELD_STRING_NULL),
	MEMBER(capture_info, target, FIELD_STRING),
	MEMBER(capture_info, state_hz, FIELD_U32),
	MEMBER(capture_info, stack_hz, FIELD_U32),
	MEMBER(capture_info, cpus, FIELD_U32),
	MEMBER(capture_info, complete, FIELD_BOOL),
	MEMBER(capture_info, children, FIELD_BOOL),
	MEMBER(capture_info, command_status, FIELD_I64),
	LIST(capture_info, lost, FIELD_U64S),
	MEMBER(capture_info, steal_irq_ns, FIELD_U64),
	MEMBER(capture_info, tick_ns, FIELD_U64),
	MEMBER(capture_info, threads_merged, FIELD_U64),
	STRUCT(capture_info, memory_peak, memory_peak_fields),
	STRUCT(capture_info, self, self_fields),
	{ 0 },
};

static const struct field gil_fields[] = {
	MEMBER(capture_gil, interpreter, FIELD_I64),
	MEMBER(capture_gil, address, FIELD_U64),
	MEMBER(capture_gil, switch_begin, FIELD_U64),
	MEMBER(capture_gil, switch_end, FIELD_U64),
	MEMBER(capture_gil, judged_ns, FIELD_U64),
	MEMBER(capture_gil, long_hold_ns, FIELD_U64),
	{ 0 },
};

static const struct field memory_fields[] = {
	MEMBER(capture_memory, shared_clean_bytes, FIELD_U64),
	MEMBER(capture_memory, shared_dirty_bytes, FIELD_U64),
	MEMBER(capture_memory, private_clean_bytes, FIELD_U64),
	MEMBER(capture_memory, private_dirty_bytes, FIELD_U64),
	MEMBER(capture_memory, anonymous_bytes, FIELD_U64),
	MEMBER(capture_memory, anonymous_pss_bytes, FIELD_U64),
	MEMBER(capture_memory, swap_bytes, FIELD_U64),
	{ 0 },
};

const struct field capture_process_fields[] = {
	MEMBER(capture_process, key, FIELD_U64),
	MEMBER(capture_process, pid, FIELD_U32),
	MEMBER(capture_process, ppid, FIELD_U32),
	MEMBER(capture_process, comm, FIELD_STRING),
	MEMBER(capture_process, cmdline, FIELD_STRING),
	MEMBER(capture_process, exit_status, FIELD_I64),
	MEMBER(capture_process, born, FIELD_BOOL),
	MEMBER(capture_process, rss_bytes, FIELD_U64),
	MEMBER(capture_process, pss_bytes, FIELD_U64),
	MEMBER(capture_process, memory_at_ns, FIELD_U64),
	STRUCT(capture_process, memory, memory_fields),
	MEMBER(capture_process, peak_rss_bytes, FIELD_U64),
	MEMBER(capture_process, peak_pss_bytes, FIELD_U64),
	LIST(capture_process, cpu_mask, FIELD_SPARSE_U32),
	MEMBER(capture_process, quota_millicpus, FIELD_U64),
	MEMBER(capture_process, quota_cgroup, FIELD_STRING_NULL),
	MEMBER(capture_process, is_python, FIELD_BOOL),
	MEMBER(capture_process, python_version, FIELD_STRING_NULL),
	MEMBER(capture_process, python_build, FIELD_STRING_NULL),
	MEMBER(capture_process, gil_source, FIELD_STRING_NULL),
	MEMBER(capture_process, gil_note, FIELD_STRING_NULL),
	ROWS(capture_process, gils, gils_n, FIELD_ROWSP, CAPTURE_MAX_GILS, gil_fields),
	{ 0 },
};

static const struct field use_fields[] = {
	MEMBER(capture_gil_use, gil, FIELD_U64),
	MEMBER(capture_gil_use, held_offcpu_ns, FIELD_U64),
	MEMBER(capture_gil_use, wait_ns, FIELD_U64),
	MEMBER(capture_gil_use, samples, FIELD_U64),
	MEMBER(capture_gil_use, waits, FIELD_U64),
	{ 0 },
};

static const struct field blocked_fields[] = {
	MEMBER(capture_blocked, cause, FIELD_STRING),
	MEMBER(capture_blocked, ns, FIELD_U64),
	MEMBER(capture_blocked, count, FIELD_U64),
	{ 0 },
};

static const struct field hist_fields[] = {
	MEMBER(capture_hist, total_ns, FIELD_U64),
	MEMBER(capture_hist, max_ns, FIELD_U64),
	MEMBER(capture_hist, count, FIELD_U64),
	LIST(capture_hist, bucket, FIELD_SPARSE_U32),
	{ 0 },
};

const struct field capture_thread_fields[] = {
	MEMBER(capture_thread, key, FIELD_U64),
	MEMBER(capture_thread, pid, FIELD_U32),
	MEMBER(capture_thread, tid, FIELD_U32),
	MEMBER(capture_thread, merged, FIELD_U32),
	MEMBER(capture_thread, name, FIELD_STRING),
	MEMBER(capture_thread, born, FIELD_BOOL),
	MEMBER(capture_thread, exited, FIELD_BOOL),
	MEMBER(capture_thread, exists_ns, FIELD_U64),
	LIST(capture_thread, state_ns, FIELD_U64S),
	MEMBER(capture_thread, lock_shared_ns, FIELD_U64),
	MEMBER(capture_thread, run_held_ns, FIELD_U64),
	MEMBER(capture_thread, samples, FIELD_U64),
	MEMBER(capture_thread, unknown_gil_samples, FIELD_U64),
	MEMBER(capture_thread, kernel_ns, FIELD_U64),
	MEMBER(capture_thread, edges_on_cpu, FIELD_U32),
	MEMBER(capture_thread, voluntary, FIELD_U64),
	MEMBER(capture_thread, involuntary, FIELD_U64),
	MEMBER(capture_thread, migrations, FIELD_U64),
	MEMBER(capture_thread, episode_asleep_ns, FIELD_U64),
	MEMBER(capture_thread, episode_runq_ns, FIELD_U64),
	MEMBER(capture_thread, episode_running_ns, FIELD_U64),
	ROWS(capture_thread, uses, uses_n, FIELD_ROWS, LENGTH_OF(capture_thread, uses), use_fields),
	ROWS(capture_thread, blocked, blocked_n, FIELD_ROWS, LENGTH_OF(capture_thread, blocked),
	     blocked_fields),
	STRUCT(capture_thread, gil_wait, hist_fields),
	STRUCT(capture_thread, runq, hist_fields),
	ROWS(capture_thread, cpu_ns, cpus_n, FIELD_SPARSE_U64P, CAPTURE_MAX_CPUS, NULL),
	{ 0 },
};

const struct field capture_cpu_fields[] = {
	MEMBER(capture_cpu, cpu, FIELD_U32),	    MEMBER(capture_cpu, target_ns, FIELD_U64),
	MEMBER(capture_cpu, other_ns, FIELD_U64),   MEMBER(capture_cpu, idle_ns, FIELD_U64),
	MEMBER(capture_cpu, offline_ns, FIELD_U64), { 0 },
};

const struct field capture_frame_fields[] = {
	MEMBER(capture_frame, name, FIELD_STRING),
	MEMBER(capture_frame, file, FIELD_STRING_NULL),
	MEMBER(capture_frame, line, FIELD_U32),
	MEMBER(capture_frame, kind, FIELD_U32),
	{ 0 },
};

const struct field capture_node_fields[] = {
	MEMBER(capture_node, parent, FIELD_U32),
	MEMBER(capture_node, frame, FIELD_U32),
	{ 0 },
};

const struct field capture_blame_fields[] = {
	MEMBER(capture_blame, key, FIELD_U64),
	MEMBER(capture_blame, gil, FIELD_U64),
	MEMBER(capture_blame, pid, FIELD_U32),
	MEMBER(capture_blame, waiter_tid, FIELD_U32),
	MEMBER(capture_blame, holder_tid, FIELD_U32),
	MEMBER(capture_blame, kind, FIELD_U32),
	MEMBER(capture_blame, call, FIELD_STRING_NULL),
	MEMBER(capture_blame, wait_ns, FIELD_U64),
	MEMBER(capture_blame, runq_ns, FIELD_U64),
	MEMBER(capture_blame, count, FIELD_U64),
	MEMBER(capture_blame, samples, FIELD_U64),
	MEMBER(capture_blame, stack, FIELD_U32),
	{ 0 },
};

const struct field capture_sample_fields[] = {
	MEMBER(capture_sample, key, FIELD_U64),
	MEMBER(capture_sample, pid, FIELD_U32),
	MEMBER(capture_sample, tid, FIELD_U32),
	MEMBER(capture_sample, state, FIELD_U32),
	MEMBER(capture_sample, call, FIELD_STRING_NULL),
	MEMBER(capture_sample, ns, FIELD_U64),
	MEMBER(capture_sample, count, FIELD_U64),
	MEMBER(capture_sample, held, FIELD_U64),
	MEMBER(capture_sample, stack, FIELD_U32),
	{ 0 },
};

const struct field capture_case_fields[] = {
	MEMBER(capture_case, key, FIELD_U64),
	MEMBER(capture_case, gil, FIELD_U64),
	MEMBER(capture_case, pid, FIELD_U32),
	MEMBER(capture_case, tid, FIELD_U32),
	MEMBER(capture_case, begin_ns, FIELD_U64),
	MEMBER(capture_case, ns, FIELD_U64),
	MEMBER(capture_case, holder_tid, FIELD_U32),
	MEMBER(capture_case, kind, FIELD_U32),
	MEMBER(capture_case, call, FIELD_STRING_NULL),
	MEMBER(capture_case, stack, FIELD_U32),
	MEMBER(capture_case, waiter_stack, FIELD_U32),
	{ 0 },
};

const struct field capture_lock_fields[] = {
	MEMBER(capture_lock, key, FIELD_U64),
	MEMBER(capture_lock, pid, FIELD_U32),
	MEMBER(capture_lock, tid, FIELD_U32),
	MEMBER(capture_lock, owner_tid, FIELD_U32),
	MEMBER(capture_lock, address, FIELD_U64),
	MEMBER(capture_lock, symbol, FIELD_STRING_NULL),
	MEMBER(capture_lock, wait_ns, FIELD_U64),
	MEMBER(capture_lock, count, FIELD_U64),
	{ 0 },
};

const struct field capture_cgroup_fields[] = {
	MEMBER(capture_cgroup, name, FIELD_STRING),
	MEMBER(capture_cgroup, quota_millicpus, FIELD_U64),
	MEMBER(capture_cgroup, from_ns, FIELD_U64),
	MEMBER(capture_cgroup, periods, FIELD_U64),
	MEMBER(capture_cgroup, throttled, FIELD_U64),
	MEMBER(capture_cgroup, throttled_ns, FIELD_U64),
	{ 0 },
};

const struct field capture_interval_fields[] = {
	MEMBER(capture_interval, ns, FIELD_U64),
	MEMBER(capture_interval, ran_ns, FIELD_U64),
	MEMBER(capture_interval, wanted_ns, FIELD_U64),
	{ 0 },
};
