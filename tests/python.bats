#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Which CPython, where its GIL is, and several of them at once.

load helpers

REPORT=$BATS_TEST_TMPDIR/report.json

# found REPORT PYTHON: the GIL of the one process was found, under the version that PYTHON says it is
found() {
	local version
	version=$("$2" -c 'import platform; print(platform.python_version())')
	json_true "$1" "r['processes'][0]['python']['version'] == '$version'" \
		"len(r['processes'][0]['gils']) == 1" "r['processes'][0]['gils'][0]['utilization'] > 0.8" \
		"r['processes'][0]['gils'][0]['switches'] > 20" \
		"r['processes'][0]['gils'][0]['waiters'] >= 2"
}

@test "the GIL of every CPython here, static or shared, stripped or not" {
	requires bpf
	for python in $(pythons); do
		start_workload "$python" tests/workloads/spin.py 2
		"$GILPROF" -p "$WORKLOAD_PID" -d 0.7 --json >"$REPORT"
		check_laws "$REPORT"
		found "$REPORT" "$python"
		end_workloads
	done
}

@test "several CPythons in one capture" {
	requires bpf
	requires python 3.8
	requires python 3.13
	pids=()
	for python in "$(python 3.8)" "$(python 3.13)" "$(distribution_python)"; do
		[ -n "$python" ] || continue
		start_workload "$python" tests/workloads/spin.py 2
		pids+=("$WORKLOAD_PID")
	done
	"$GILPROF" -p "$(IFS=,; echo "${pids[*]}")" -d 1 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes']) == ${#pids[@]}" \
		"len({p['python']['version'] for p in r['processes']}) == ${#pids[@]}" \
		"all(p['gils'][0]['utilization'] > 0.5 for p in r['processes'])"
}

# Each interpreter's threads wait for and hold its own GIL only.
@test "two interpreters with a GIL each" {
	requires bpf
	for version in 3.12 3.13; do
		requires python "$version"
		start_workload "$(python "$version")" tests/workloads/multigil.py 2
		"$GILPROF" -p "$WORKLOAD_PID" -d 2 --json >"$REPORT"
		check_laws "$REPORT"
		json "$REPORT" "[(g['interpreter'], g['utilization'], g['waiters']) for g in r['processes'][0]['gils']]"
		json_true "$REPORT" "len(r['processes'][0]['gils']) == 3" \
			"sum(g['utilization'] > 0.5 and g['waiters'] == 2 for g in r['processes'][0]['gils']) == 2"
		end_workloads
	done
}

@test "an interpreter created while we look" {
	requires bpf
	requires python 3.12
	start_workload "$(python 3.12)" -c 'import sys, threading, time
import _xxsubinterpreters as interpreters
print("ready", flush=True)
sys.stdin.readline() if False else time.sleep(1)
i = interpreters.create(isolated=True)
interpreters.run_string(i, "for _ in range(10**8): pass")'
	"$GILPROF" -p "$WORKLOAD_PID" -d 2.5 --json >"$REPORT"
	json_true "$REPORT" "len(r['processes'][0]['gils']) == 2" \
		"max(g['utilization'] for g in r['processes'][0]['gils'] if g['interpreter']) > 0.3"
}

@test "a CPython that is not supported is profiled without the GIL split, and that is said" {
	requires bpf
	requires command python3
	python=$(python 3.7)
	[ -n "$python" ] || skip "no CPython 3.7 here"
	start_workload "$python" -c 'print("ready", flush=True)
while True: pass'
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 -o "$REPORT" -o "$BATS_TEST_TMPDIR/page.txt"
	check_laws "$REPORT"
	json_true "$REPORT" "'3.7' in r['processes'][0]['python']['gil_note']" \
		"r['processes'][0]['gils'] == []" "r['processes'][0]['threads'][0]['state_ns']['run_gil'] == 0"
	grep -q 'not supported' "$BATS_TEST_TMPDIR/page.txt"
}

@test "not Python: everything but the GIL split" {
	requires bpf
	start_workload "$BUILD/workloads/hogs" 2
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 -o "$REPORT" -o "$BATS_TEST_TMPDIR/page.txt"
	check_laws "$REPORT"
	json_true "$REPORT" "all(p['python'] is None and p['gils'] == [] for p in r['processes'])" \
		"sum(p['cpu_ns'] for p in r['processes']) > 0"
	grep -qi 'no python' "$BATS_TEST_TMPDIR/page.txt"
}

@test "names that would harm a terminal reach neither it nor JSON as they are" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/hostile.py
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 -v -o "$REPORT" -o "$BATS_TEST_TMPDIR/page.txt" \
		-o "$BATS_TEST_TMPDIR/c.gilprof"
	"$PYTHON3" - "$REPORT" "$BATS_TEST_TMPDIR/page.txt" <<-'EOF'
		import json, sys
		raw = open(sys.argv[1], "rb").read()
		page = open(sys.argv[2], "rb").read()
		assert not any(c < 32 and c != 10 or c == 127 for c in raw), "JSON has control characters"
		assert not any(c < 32 and c != 10 or c == 127 for c in page), "the page has control characters"
		raw.decode(), page.decode()
		names = [t["name"] for p in json.loads(raw)["processes"] for t in p["threads"]]
		assert any("\x1b[31m" in n for n in names), names
		assert any("\\xff\\xfe" in n for n in names), names
		assert b"\\x1b" in page, page
		assert max(len(line) for line in page.decode().split("\n")) <= 80, "a line is too long"
	EOF
}
