#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The laws of conservation notice what goes missing, and the report says so in its first lines.

load helpers

REPORT=$BATS_TEST_TMPDIR/report.json
PAGE=$BATS_TEST_TMPDIR/page.txt

@test "a whole window keeps the laws and loses nothing" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/echo.py 4
	"$GILPROF" -p "$WORKLOAD_PID" -d 1 -v -o "$REPORT" -o "$PAGE"
	check_laws "$REPORT"
	json_true "$REPORT" "all(law['ok'] for law in r['capture']['laws'].values())"
	refute grep -q WARNING "$PAGE"
}

# GILPROF_TEST_DROP=N loses, on each CPU, every n-th run of a thread with both its switches, unseen by
# any counter: that time is then taken for waiting, which the kernel's own count contradicts.
@test "switches that are lost break law 4, and the first lines say so" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/echo.py 4
	GILPROF_TEST_DROP=3 "$GILPROF" -p "$WORKLOAD_PID" -d 2 -o "$REPORT" -o "$PAGE"
	json_true "$REPORT" "not r['capture']['laws']['process']['ok']"
	head -n 4 "$PAGE" | grep -q 'WARNING'
	refute check_laws "$REPORT"
}

# GILPROF_TEST_MISS=N loses, on each CPU, the beginning of every n-th run, as those that follow a thread
# of a virtual machine's agent are lost: the kernel's own books tell of them at the run's end.
@test "beginnings of runs that are lost are made up for" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/echo.py 4
	GILPROF_TEST_MISS=3 "$GILPROF" -p "$WORKLOAD_PID" -d 2 -o "$REPORT" -o "$PAGE"
	check_laws "$REPORT"
	refute grep -q WARNING "$PAGE"
}

@test "also those of short-lived processes and threads" {
	requires bpf
	GILPROF_TEST_MISS=3 "$GILPROF" -o "$REPORT" -- sh -c '"$0/churn_procs" & "$0/churn_threads"; wait' \
		"$BUILD/workloads" >/dev/null
	check_laws "$REPORT"
}

@test "also of a thread that then has a CPU all the time: samples find it there" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/spin.py 1
	GILPROF_TEST_MISS=1 "$GILPROF" -p "$WORKLOAD_PID" -d 2 -o "$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "max(t['state_ns']['run_gil'] / (t['state_ns']['run_gil'] + t['state_ns']['run_nogil'])
		for p in r['processes'] for t in p['threads'] if t['state_ns']['run_gil']) > 0.95" \
		"max(t['state_ns']['run_gil'] for p in r['processes'] for t in p['threads']) > 0.5e9"
}
