#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Targets that end or change midway, and gilprof itself ended.

load helpers

REPORT=$BATS_TEST_TMPDIR/report.json

# start_gilprof ARG...: in the background; sets PROFILER
start_gilprof() {
	"$GILPROF" "$@" 3>&- &
	PROFILER=$!
	retry 10 attached "$PROFILER"
}

# its sampling events are the last thing that is attached before the window opens
attached() {
	[ "$(find "/proc/$1/fd" -lname 'anon_inode:\[perf_event\]' 2>/dev/null | wc -l)" -ge 1 ]
}

our_programs() {
	bpftool -j prog list | "$PYTHON3" -c 'import json, sys
names = {"sched_switch", "sched_wakeup", "sched_fork", "sched_exec", "sched_exit", "tasks"}
print(sum(p.get("name") in names for p in json.load(sys.stdin)))'
}

nothing_attached() {
	[ "$(our_programs)" -le "$1" ]
}

@test "the target's exit ends the window, with the report" {
	requires bpf
	start_workload "$PYTHON3" -c 'import sys, time
print("ready", flush=True)
end = time.monotonic() + 1.5
while time.monotonic() < end: pass
sys.exit(5)'
	"$GILPROF" -p "$WORKLOAD_PID" -d 60 -o "$REPORT" -o "$BATS_TEST_TMPDIR/c.gilprof"
	check_laws "$REPORT"
	json_true "$REPORT" "r['capture']['duration_ns'] < 20e9" "r['capture']['complete']" \
		"r['processes'][0]['exit_status'] == 5" "r['processes'][0]['threads'][0]['exited']"
}

@test "exec midway: another program in the same process" {
	requires bpf
	requires python 3.8
	requires python 3.12
	start_workload "$(python 3.8)" -c 'import os, signal, sys, threading, time
def spin():
    while True: pass
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
for _ in range(2): threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
time.sleep(1)
os.execv(sys.argv[1], [sys.argv[1], "tests/workloads/spin.py", "2"])' "$(python 3.12)"
	start_gilprof -p "$WORKLOAD_PID" -d 3 -o "$REPORT"
	kill -USR1 "$WORKLOAD_PID"
	wait "$PROFILER"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes']) == 1" \
		"r['processes'][0]['python']['version'].startswith('3.12')" \
		"'spin.py' in r['processes'][0]['cmdline']" "len(r['processes'][0]['gils']) == 2" \
		"all(g['utilization'] > 0.1 for g in r['processes'][0]['gils'])"
}

@test "Ctrl-C ends the window early, with the report" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/spin.py 1
	for signal in INT TERM HUP; do
		# a shell in the background ignores SIGINT; env sets it right
		start_gilprof -p "$WORKLOAD_PID" -d 60 -o "$REPORT"
		kill -"$signal" "$PROFILER"
		wait "$PROFILER"
		check_laws "$REPORT"
		json_true "$REPORT" "r['capture']['duration_ns'] < 20e9" "r['capture']['complete']"
		rm "$REPORT"
	done
}

@test "Ctrl-C of both: a command that ends well after the window was no whole run" {
	requires bpf
	start_gilprof -o "$REPORT" -o "$BATS_TEST_TMPDIR/cut.gilprof" -- "$PYTHON3" -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
with open(sys.argv[1] + "/.pid", "w") as f:
	f.write(str(os.getpid()))
os.rename(f.name, sys.argv[1] + "/pid")
signal.sigwait([signal.SIGINT])
os._exit(0)' "$BATS_TEST_TMPDIR"
	retry 20 test -e "$BATS_TEST_TMPDIR/pid"
	kill -INT "$PROFILER" "$(cat "$BATS_TEST_TMPDIR/pid")"
	wait "$PROFILER"
	json_true "$REPORT" "r['capture']['command_status'] is None"
	"$GILPROF" diff "$BATS_TEST_TMPDIR/cut.gilprof" "$BATS_TEST_TMPDIR/cut.gilprof" -o "$BATS_TEST_TMPDIR/d.json"
	json_true "$BATS_TEST_TMPDIR/d.json" "r['throughput'] is None"
}

@test "gilprof killed: nothing stays attached, no half file" {
	requires bpf
	before=$(our_programs)
	start_workload "$PYTHON3" tests/workloads/spin.py 1
	start_gilprof -p "$WORKLOAD_PID" -d 60 -o "$REPORT"
	[ "$(our_programs)" -gt "$before" ]
	kill -KILL "$PROFILER"
	wait "$PROFILER" || true
	retry 10 nothing_attached "$before"
	[ ! -e "$REPORT" ]
	kill -0 "$WORKLOAD_PID"
}

@test "a second signal ends gilprof at once, and no half file is left" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/spin.py 1
	echo before >"$REPORT"
	start_gilprof -p "$WORKLOAD_PID" -d 60 -o "$REPORT"
	refute compgen -G "$REPORT.*"
	kill -TERM "$PROFILER"
	kill -HUP "$PROFILER"
	status=0
	wait "$PROFILER" || status=$?
	[ "$status" -gt 128 ]
	refute compgen -G "$REPORT.*"
	[ "$(cat "$REPORT")" = before ]
}

@test "several at once do not disturb each other" {
	requires bpf
	requires python 3.12
	start_workload "$(python 3.12)" tests/workloads/spin.py 2
	profilers=()
	for i in 1 2 3; do
		"$GILPROF" -p "$WORKLOAD_PID" -d 1 --json >"$BATS_TEST_TMPDIR/$i.json" 3>&- &
		profilers+=($!)
	done
	wait "${profilers[@]}"
	for i in 1 2 3; do
		check_laws "$BATS_TEST_TMPDIR/$i.json"
		json_true "$BATS_TEST_TMPDIR/$i.json" "r['processes'][0]['gils'][0]['utilization'] > 0.8"
	done
}

@test "a thread that never runs is there, and one that sleeps over both edges is in its state" {
	requires bpf
	start_workload "$PYTHON3" -c 'import socket, sys, threading, time
a, b = socket.socketpair()
threading.Thread(target=a.recv, args=(1,), daemon=True).start()
lock = threading.Lock(); lock.acquire()
threading.Thread(target=lock.acquire, daemon=True).start()
time.sleep(0.1)
print("ready", flush=True)
time.sleep(60)'
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes'][0]['threads']) == 3" \
		"all(t['exists_ns'] == r['capture']['duration_ns'] for t in r['processes'][0]['threads'])" \
		"sorted(max((ns, s) for s, ns in t['state_ns'].items())[1] for t in r['processes'][0]['threads']) == ['io_wait', 'lock_wait', 'sleep']" \
		"sum(t['io_ns']['socket'] for t in r['processes'][0]['threads']) == r['capture']['duration_ns']"
}
