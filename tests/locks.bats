#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Locks other than the GIL: how long for which, and who held it.

load helpers
load truth

check_schema() {
	"$GILPROF" --json-schema >"$BATS_TEST_TMPDIR/schema.json"
	"$PYTHON3" tests/schema.py "$REPORT" "$BATS_TEST_TMPDIR/schema.json"
}

@test "a mutex whose owners take turns" {
	requires bpf
	profile_command "$BUILD/workloads/mutex" --seconds 3
	compare mutex "$COMMAND_OUT"
	check_schema
}

@test "the same in a PID namespace of its own, where threads have other TIDs" {
	requires bpf
	requires command unshare
	profile_command unshare --pid --fork --mount-proc "$BUILD/workloads/mutex" --seconds 2
	compare mutex "$COMMAND_OUT"
	# the TIDs that it printed are its own, those of the report ours
	own=$(tail -n1 "$COMMAND_OUT" | sed 's/.*"a": \([0-9]*\),.*/\1/')
	json_true "$REPORT" "$own not in [t['tid'] for p in r['processes'] for t in p['threads']]"
}

@test "waits that are open at both ends of the window" {
	requires bpf
	start_workload "$BUILD/workloads/mutex" --ms 400
	profile "$WORKLOAD_PID"
	check_laws "$REPORT"
	# two threads wait nearly always
	json_true "$REPORT" 'sum(l["wait_ns"] for l in r["locks"]) > 1.9 * r["capture"]["duration_ns"]'
}

@test "a wait that lasts all the window names its owner, too" {
	requires bpf
	start_workload "$BUILD/workloads/mutex" --ms 8000
	sleep 0.2
	"$GILPROF" -p "$WORKLOAD_PID" -d 1 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" 'r["locks"][0]["owner_tid"] in
		[t["tid"] for p in r["processes"] for t in p["threads"] if t["name"] == "a"]' \
		'r["locks"][0]["waiters"] == 2'
}

# python_lock VERSION
python_lock() {
	requires bpf
	use_python "$1"
	start_workload "$PYTHON" tests/workloads/locks.py
	profile "$WORKLOAD_PID"
	end_workload "$WORKLOAD_PID"
	compare locks "$WORKLOAD_OUT"
}

@test "threading.Lock, CPython 3.8" { python_lock 3.8; }
@test "threading.Lock, CPython 3.12" { python_lock 3.12; }
@test "threading.Lock, CPython 3.13" { python_lock 3.13; }

@test "the page names the lock that matters, and with -v lists all" {
	requires bpf
	start_workload "$BUILD/workloads/mutex"
	"$GILPROF" record -p "$WORKLOAD_PID" -d 1 -o "$BATS_TEST_TMPDIR/c.gilprof"
	"$GILPROF" report "$BATS_TEST_TMPDIR/c.gilprof" >"$BATS_TEST_TMPDIR/page"
	tr '\n' ' ' <"$BATS_TEST_TMPDIR/page" | grep -q 'waiting for one lock, at 0x.*held most by b '
	"$GILPROF" report "$BATS_TEST_TMPDIR/c.gilprof" -v >"$BATS_TEST_TMPDIR/page"
	grep -q '^ *waited  *share  *waits waiters' "$BATS_TEST_TMPDIR/page"
	grep -Eq ' 0x[0-9a-f]+ +b [0-9]+$' "$BATS_TEST_TMPDIR/page"
}

@test "a forged lock is refused with one line" {
	requires bpf
	start_workload "$BUILD/workloads/mutex"
	"$GILPROF" record -p "$WORKLOAD_PID" -d 0.3 -o "$BATS_TEST_TMPDIR/c.gilprof"
	zcat "$BATS_TEST_TMPDIR/c.gilprof" |
		sed '/^{"lock"/s/"pid":[0-9]*/"pid":4000000/' | gzip >"$BATS_TEST_TMPDIR/forged.gilprof"
	refute "$GILPROF" report "$BATS_TEST_TMPDIR/forged.gilprof" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
	grep -q 'a lock of thread [0-9]* has no process' "$BATS_TEST_TMPDIR/err"
}

# 16384 are told apart in the kernel (bpf/wire.h), 2000 in the report
@test "more locks than there is room for: nothing of their time is lost" {
	requires bpf
	profile_command "$BUILD/workloads/manylocks" --locks 12000
	check_laws "$REPORT"
	check_schema
	json_true "$REPORT" '23000 < sum(l["count"] for l in r["locks"]) <= 24010' \
		'len(r["locks"]) == 2001' '[l["count"] for l in r["locks"]][-1] > 12000'
}
