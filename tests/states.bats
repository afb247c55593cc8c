#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Each wait in the right state, against the programs' own clocks.

load helpers
load truth

# threads that wait for KIND, on the oldest and on the newest CPython with a GIL
waits() {
	local version pids=() outputs=()
	requires bpf
	for version in 3.8 3.13; do
		use_python "$version"
		start_workload "$PYTHON" tests/workloads/waits.py "$1"
		pids+=("$WORKLOAD_PID")
		outputs+=("$WORKLOAD_OUT")
	done
	profile "${pids[0]},${pids[1]}"
	end_workload "${pids[0]}"
	end_workload "${pids[1]}"
	compare waits "${outputs[@]}"
}

# workload WHAT COMMAND...: profiles it, compares
workload() {
	local what=$1
	shift
	start_workload "$@"
	profile "$WORKLOAD_PID"
	end_workload "$WORKLOAD_PID"
	compare "$what" "$WORKLOAD_OUT"
}

# an extension that keeps the GIL while it sleeps, and one that computes without it
hold() {
	requires bpf
	use_python "$1"
	tests/workloads/ext/build.sh "$PYTHON" "$BATS_TEST_TMPDIR"
	workload hold "$PYTHON" tests/workloads/hold.py "$BATS_TEST_TMPDIR"
}

@test "sleep" { waits sleep; }
@test "pipe" { waits pipe; }
@test "socket" { waits socket; }
@test "file" { waits file; }
@test "select" { waits select; }
@test "poll" { waits poll; }
@test "threading.Lock" { waits lock; }
@test "threading.Event" { waits event; }
@test "queue.Queue" { waits queue; }
@test "child" { waits child; }

@test "C extension, CPython 3.8" { hold 3.8; }
@test "C extension, CPython 3.12" { hold 3.12; }
@test "C extension, CPython 3.13" { hold 3.13; }
@test "C extension, the distribution's CPython" { hold distribution; }

@test "a stopped waiter is blocked" {
	requires bpf
	use_python 3.12
	workload stopped "$PYTHON" tests/workloads/stopped.py
}

@test "futex_waitv and futex_wait wait for a lock" {
	requires bpf
	start_workload "$PYTHON3" -c 'import ctypes, threading, time
libc = ctypes.CDLL(None)
word = ctypes.c_uint32()
at = ctypes.addressof(word)
waiter = (ctypes.c_uint64 * 3)(0, at, 2)
waitv = [449, waiter, 1, 0, None, 0]
wait = [455, ctypes.c_void_p(at), None, ctypes.c_ulong(2**32 - 1), 2, None, 0]
threads = [threading.Thread(target=libc.syscall, args=c, daemon=True) for c in (waitv, wait)]
for t in threads: t.start()
time.sleep(0.2)
print("ready", sum(t.is_alive() for t in threads), flush=True)
time.sleep(60)'
	waiting=$(sed -n 's/^ready //p' "$WORKLOAD_OUT")
	[ "$waiting" != 0 ] || skip "this kernel has neither (5.16, 6.7)"
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.3 --json >"$REPORT"
	check_laws "$REPORT"
	json_true "$REPORT" "sum(t['state_ns']['lock_wait'] == r['capture']['duration_ns']
		for t in r['processes'][0]['threads']) == $waiting"
}

@test "the parent of a vfork waits for its child" {
	requires bpf
	workload vfork "$BUILD/workloads/vfork"
}

@test "exec by a thread that is not the leader" {
	local stolen
	requires bpf
	stolen=$(stolen_ns)
	profile_command "$BUILD/workloads/execthread" --seconds 3
	compare exec "$COMMAND_OUT" $(($(stolen_ns) - stolen))
}
