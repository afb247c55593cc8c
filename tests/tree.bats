#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Processes from birth to exit: children by fork, exec, spawn and forkserver; a command's whole tree.

load helpers

REPORT=$BATS_TEST_TMPDIR/report.json

# pool METHOD PYTHON: a pool of 3 workers that compute; each reports its PID and CPU time
pool() {
	cat >"$BATS_TEST_TMPDIR/pool.py" <<-'EOF'
		import multiprocessing as mp, os, sys, time

		def work(_):
		    end = time.process_time() + 0.15
		    while time.process_time() < end:
		        pass
		    return os.getpid(), time.process_time()

		if __name__ == "__main__":
		    with mp.get_context(sys.argv[1]).Pool(3) as p:
		        print(dict(p.map(work, range(9), 1)), flush=True)
	EOF
	"$GILPROF" -d 60 -o "$REPORT" -- "$2" "$BATS_TEST_TMPDIR/pool.py" "$1" >"$BATS_TEST_TMPDIR/truth"
	check_laws "$REPORT"
	"$PYTHON3" - "$REPORT" "$BATS_TEST_TMPDIR/truth" <<-'EOF'
		import ast, json, sys
		r = json.load(open(sys.argv[1]))
		truth = ast.literal_eval(open(sys.argv[2]).read())
		seen = {p["pid"]: p for p in r["processes"]}
		for pid, cpu in truth.items():
		    p = seen[pid]
		    print("worker", pid, "cpu", p["cpu_ns"] / 1e9, "own clock", cpu, p["comm"], len(p["gils"]))
		    assert 0.97 * cpu <= p["cpu_ns"] / 1e9 <= 1.1 * cpu + 0.1, (pid, cpu, p["cpu_ns"])
		    assert len(p["gils"]) == 1 and p["gils"][0]["held_ns"] > 0.7 * cpu * 1e9, p["gils"]
		    assert p["exit_status"] is not None
		assert r["capture"]["command_status"] == 0
		assert r["capture"]["mode"] == "command"
	EOF
}

@test "a pool by fork" {
	requires bpf
	requires python 3.11
	pool fork "$(python 3.11)"
}

@test "a pool by spawn" {
	requires bpf
	requires python 3.12
	pool spawn "$(python 3.12)"
}

@test "a pool by forkserver" {
	requires bpf
	requires python 3.13
	pool forkserver "$(python 3.13)"
}

@test "--no-children leaves children out" {
	requires bpf
	start_workload sh -c 'echo ready; while :; do sleep 0.02; done'
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes']) > 5" \
		"sum(p['born'] for p in r['processes']) >= len(r['processes']) - 2"
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.5 --no-children --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes']) == 1" \
		"r['processes'][0]['threads'][0]['state_ns']['child_wait'] > 0.3e9"
}

@test "children that live already when the window opens, and their children" {
	requires bpf
	start_workload sh -c 'sh -c "sh -c \"echo ready; sleep 60; :\"; :"; :'
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.3 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "sorted(p['comm'] for p in r['processes']) == ['sh', 'sh', 'sh', 'sleep']" \
		"not any(p['born'] for p in r['processes'])"
}

@test "a child by vfork has no GIL, though it sees its parent's" {
	requires bpf
	gcc -shared -fPIC -x c -o "$BATS_TEST_TMPDIR/vfork.so" - <<-'EOF'
		#include <time.h>
		#include <unistd.h>
		void call(void)
		{
			struct timespec t = { .tv_nsec = 600000000 };

			if (!vfork()) {
				nanosleep(&t, 0);
				_exit(0);
			}
		}
	EOF
	start_workload "$PYTHON3" -c 'import ctypes, sys, threading, time
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
call = ctypes.CDLL(sys.argv[1]).call
print("ready", flush=True)
while True: call()' "$BATS_TEST_TMPDIR/vfork.so"
	"$GILPROF" -p "$WORKLOAD_PID" -d 1.5 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "len(r['processes']) > 2" \
		"all(bool(p['gils']) == (p['pid'] == $WORKLOAD_PID) for p in r['processes'])"
}

@test "1,001 threads that all end at once" {
	requires bpf
	"$GILPROF" -o "$REPORT" -- "$BUILD/workloads/end_at_once" --seconds 0.5
	check_laws "$REPORT"
	start_workload "$BUILD/workloads/end_at_once" --seconds 2
	"$GILPROF" -p "$WORKLOAD_PID" -d 60 -o "$BATS_TEST_TMPDIR/2.json"
	check_laws "$BATS_TEST_TMPDIR/2.json"
	for report in "$REPORT" "$BATS_TEST_TMPDIR/2.json"; do
		json_true "$report" "len(r['processes']) == 1" \
			"len(r['processes'][0]['threads']) == 1001" \
			"all(t['exited'] for t in r['processes'][0]['threads'])" \
			"len({t['tid'] for t in r['processes'][0]['threads']}) == 1001"
	done
}

@test "a command's output, input, status and signals are its own" {
	requires bpf
	echo "from stdin" | "$GILPROF" -o "$REPORT" -- sh -c 'cat; echo to stderr >&2; exit 7' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = "from stdin" ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = "to stderr" ]
	json_true "$REPORT" "r['capture']['command_status'] == 7"
	"$GILPROF" -o "$REPORT" -- sh -c 'kill -TERM $$'
	json_true "$REPORT" "r['capture']['command_status'] == -15"
	# it inherits no descriptor of gilprof's
	ls /proc/self/fd >"$BATS_TEST_TMPDIR/alone"
	"$GILPROF" -o "$REPORT" -- ls /proc/self/fd >"$BATS_TEST_TMPDIR/profiled"
	cmp "$BATS_TEST_TMPDIR/alone" "$BATS_TEST_TMPDIR/profiled"
	"$GILPROF" -o "$REPORT" -- "$PYTHON3" -c 'import signal
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
'
	json_true "$REPORT" "r['capture']['command_status'] == 0"
}

@test "what the command costs is not counted as ours" {
	requires bpf
	"$GILPROF" -o "$REPORT" -- "$PYTHON3" -c 'import time
while time.process_time() < 1: pass'
	json_true "$REPORT" "r['processes'][0]['cpu_ns'] > 0.9e9" "r['capture']['self']['cpu_ns'] < 0.5e9"
}

@test "-d ends the window and leaves the command running" {
	requires bpf
	"$GILPROF" -d 0.3 -o "$REPORT" -- sh -c 'echo $$ >"$0/pid"; exec sleep 60' "$BATS_TEST_TMPDIR"
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	kill -0 "$pid"
	kill "$pid"
	check_laws "$REPORT"
	json_true "$REPORT" "r['capture']['command_status'] is None" \
		"0.29e9 < r['capture']['duration_ns'] < 1e9"
}

@test "the command runs as who called sudo" {
	requires bpf
	chmod 755 "$BATS_TEST_TMPDIR"
	SUDO_UID=65534 SUDO_GID=65534 "$GILPROF" -o "$REPORT" -- id -u >"$BATS_TEST_TMPDIR/out"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = 65534 ]
	"$GILPROF" --user nobody -o "$REPORT" -- sh -c 'id -un; echo "$USER"' >"$BATS_TEST_TMPDIR/out"
	[ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/out")" = "nobody nobody " ]
}
