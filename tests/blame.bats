#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Who makes whom wait for the GIL, against an oracle that only these tests attach, and against holders
# and waiters that log their own times.

load helpers
load truth

# pairs PYTHON PERCENT WORKLOAD... They are nice to nobody, or the machine's other work takes the GIL
# away from who waits for whom.
pairs() {
	local percent=$2 pid
	requires bpf
	use_python "$1"
	shift 2
	start_workload nice -n -20 "$PYTHON" "$@"
	pid=$WORKLOAD_PID
	start_oracle "$pid" --holders
	profile_blame "$pid"
	end_workload "$ORACLE_PID"
	compare pairs "$ORACLE_LOG" "$percent"
}

spinners() {
	pairs "$1" 1 tests/workloads/spin.py "$2"
}

@test "2 spinning threads, CPython 3.8" { spinners 3.8 2; }
@test "2 spinning threads, CPython 3.12" { spinners 3.12 2; }
@test "2 spinning threads, CPython 3.13" { spinners 3.13 2; }
@test "2 spinning threads, the distribution's CPython" { spinners distribution 2; }
@test "4 spinning threads, CPython 3.8" { spinners 3.8 4; }
@test "4 spinning threads, CPython 3.12" { spinners 3.12 4; }
@test "4 spinning threads, CPython 3.13" { spinners 3.13 4; }
@test "4 spinning threads, the distribution's CPython" { spinners distribution 4; }
@test "64 spinning threads" { pairs 3.12 2 tests/workloads/spin.py 64; }

@test "I/O threads beside a spinning one, CPython 3.8" { pairs 3.8 1 tests/workloads/echo.py 4 --spinners 1; }
@test "I/O threads beside a spinning one, CPython 3.12" { pairs 3.12 1 tests/workloads/echo.py 4 --spinners 1; }
@test "I/O threads beside a spinning one, CPython 3.13" { pairs 3.13 1 tests/workloads/echo.py 4 --spinners 1; }

# 12,000 waits a second and thread, of 17 us each: much happens between two events of the scheduler
@test "I/O threads in a convoy" { pairs 3.12 35 tests/workloads/echo.py 4; }

# own_clocks PYTHON [OPTION]...
own_clocks() {
	local ext=$BATS_TEST_TMPDIR/ext pid output
	requires bpf
	use_python "$1"
	tests/workloads/ext/build.sh "$PYTHON" "$ext"
	start_workload "$PYTHON" tests/workloads/blame.py "$ext" "${@:2}"
	pid=$WORKLOAD_PID output=$WORKLOAD_OUT
	profile_blame "$pid"
	end_workload "$pid"
	compare blame "$output"
}

@test "holders by their own clocks, CPython 3.8" { own_clocks 3.8; }
@test "holders by their own clocks, CPython 3.9" { own_clocks 3.9; }
@test "holders by their own clocks, CPython 3.10" { own_clocks 3.10; }
@test "holders by their own clocks, CPython 3.11" { own_clocks 3.11; }
@test "holders by their own clocks, CPython 3.12" { own_clocks 3.12; }
@test "holders by their own clocks, CPython 3.13" { own_clocks 3.13; }
@test "holders by their own clocks, the distribution's CPython" { own_clocks distribution; }
