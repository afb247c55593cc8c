#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Callers in machine code, and their order among Python's frames: against programs that say who calls whom.

load helpers

DIR=$BATS_TEST_TMPDIR
CHAIN=(call c1 c2 c3 callback)

# record HOW PYTHON WHAT WEIGHT [CFLAG...]: the stacks of tests/workloads/callers.py, in $DIR/x.*
record() {
	local how=$1 python=$2 what=$3 weight=$4
	shift 4
	tests/workloads/ext/build.sh "$python" "$DIR/ext" "$@"
	start_workload nice -n -20 "$python" tests/workloads/callers.py "$what" "$DIR/ext" # else others take its CPU
	"$GILPROF" --native="$how" -p "$WORKLOAD_PID" -d 2 --weight "$weight" \
		-o "$DIR/x.speedscope.json" -o "$DIR/x.json" -o "$DIR/x.gilprof" -o "$DIR/x.txt"
	kill -TERM "$WORKLOAD_PID"
	wait "$WORKLOAD_PID"
	check_laws "$DIR/x.json"
}

# stack NAME...: the worker's stacks are so
stack() {
	"$PYTHON3" tests/callers.py stack "$DIR/x.speedscope.json" "$WORKLOAD_OUT" "$@"
}

# tables PYTHON: Python calls C, which calls Python back, which calls C
tables() {
	record dwarf "$1" chain oncpu
	stack "${CHAIN[@]}" '<lambda>' compute d1 burn
	json_true "$DIR/x.json" "r['capture']['lost']['unwind'] == 0"
}

of_version() {
	requires bpf
	requires python "$2"
	"$1" "$(python "$2")"
}

of_distribution() {
	local python
	requires bpf
	python=$(distribution_python)
	[ -n "$python" ] || skip "no CPython of the distribution here"
	"$1" "$python"
}

@test "C calls Python calls C: CPython 3.8" { of_version tables 3.8; }
@test "C calls Python calls C: CPython 3.9" { of_version tables 3.9; }
@test "C calls Python calls C: CPython 3.10" { of_version tables 3.10; }
@test "C calls Python calls C: CPython 3.11" { of_version tables 3.11; }
@test "C calls Python calls C: CPython 3.12" { of_version tables 3.12; }
@test "C calls Python calls C: CPython 3.13" { of_version tables 3.13; }
@test "C calls Python calls C: the distribution's CPython, stripped" { of_distribution tables; }

sorting() {
	record dwarf "$1" sort oncpu
	stack builtin_sorted list_sort list_sort_impl key ...
}

# The functions between have no names there.
sorting_stripped() {
	record dwarf "$1" sort oncpu
	stack key ...
}

@test "sorted() calls its key: CPython 3.8" { of_version sorting 3.8; }
@test "sorted() calls its key: CPython 3.10" { of_version sorting 3.10; }
@test "sorted() calls its key: CPython 3.11" { of_version sorting 3.11; }
@test "sorted() calls its key: CPython 3.13" { of_version sorting 3.13; }
@test "sorted() calls its key: the distribution's CPython, stripped" { of_distribution sorting_stripped; }

@test "C and Python call each other 40 times" {
	local want=() i
	requires bpf
	requires python 3.12
	record dwarf "$(python 3.12)" deep oncpu
	for ((i = 0; i < 40; i++)); do
		want+=("${CHAIN[@]}")
	done
	stack "${want[@]}" '<lambda>' compute d1 burn
}

rest() {
	record dwarf "$1" rest offcpu
	stack "${CHAIN[@]}" '<lambda>' rest e1 nap ...
}

@test "asleep in C below Python below C: CPython 3.8" { of_version rest 3.8; }
@test "asleep in C below Python below C: CPython 3.12" { of_version rest 3.12; }
@test "asleep in C below Python below C: the distribution's CPython" { of_distribution rest; }

@test "who makes others wait is told with its callers in C" {
	requires bpf
	requires python 3.12
	record dwarf "$(python 3.12)" hold blame
	"$PYTHON3" tests/callers.py blamed "$DIR/x.json" "$WORKLOAD_OUT" \
		work "${CHAIN[@]}" '<lambda>' compute d1 burn
}

# --- by frame pointers ----------------------------------------------------------------------------

# The interpreter has none, so the chain ends where it calls the module.
pointers() {
	record fp "$1" chain oncpu -O0 -fno-omit-frame-pointer
	stack callback '<lambda>' compute d1 burn
}

@test "by frame pointers as far as there are any: CPython 3.8" { of_version pointers 3.8; }
@test "by frame pointers as far as there are any: CPython 3.11" { of_version pointers 3.11; }
@test "by frame pointers as far as there are any: CPython 3.13" { of_version pointers 3.13; }
@test "by frame pointers as far as there are any: the distribution's CPython" { of_distribution pointers; }

# Compilers leave functions that call nothing without one: there the chain has no beginning.
@test "a function without a frame of its own has no callers by frame pointers" {
	requires bpf
	requires python 3.12
	record fp "$(python 3.12)" chain oncpu -fno-omit-frame-pointer
	stack callback '<lambda>' burn
}

# What has no frame pointers uses the register for anything.
without_pointers() {
	record fp "$1" chain oncpu -fomit-frame-pointer
	stack callback '<lambda>' burn
}

@test "no caller without frame pointers: CPython 3.8" { of_version without_pointers 3.8; }
@test "no caller without frame pointers: CPython 3.12" { of_version without_pointers 3.12; }
@test "no caller without frame pointers: the distribution's CPython" { of_distribution without_pointers; }

# --- beginnings, ends, limits ---------------------------------------------------------------------

@test "a program of C alone, 100 calls deep" {
	requires bpf
	start_workload "$BUILD/workloads/deep" 100
	"$GILPROF" --native=dwarf -p "$WORKLOAD_PID" -d 1 --weight oncpu -o "$DIR/x.speedscope.json"
	"$PYTHON3" tests/callers.py recursion "$DIR/x.speedscope.json" 100
}

@test "a recursion that is deeper than what is copied is cut, and says so" {
	requires bpf
	start_workload "$BUILD/workloads/deep" 20000
	"$GILPROF" --native=dwarf -p "$WORKLOAD_PID" -d 1 --weight oncpu -o "$DIR/x.speedscope.json"
	"$PYTHON3" tests/callers.py recursion "$DIR/x.speedscope.json" 0
}

@test "a process that starts in the window and is gone before the report" {
	requires bpf
	requires python 3.13
	tests/workloads/ext/build.sh "$(python 3.13)" "$DIR/ext"
	"$GILPROF" --native=dwarf --weight oncpu -o "$DIR/x.speedscope.json" -- "$(python 3.13)" \
		tests/workloads/callers.py chain "$DIR/ext" --seconds 2 >"$DIR/out"
	WORKLOAD_OUT=$DIR/out
	stack "${CHAIN[@]}" '<lambda>' compute d1 burn
}

@test "reports from the capture are the live ones, and the JSON is as its schema says" {
	requires bpf
	requires python 3.12
	record dwarf "$(python 3.12)" hold blame
	"$GILPROF" report "$DIR/x.gilprof" -o "$DIR/y.txt" -o "$DIR/y.json"
	"$GILPROF" report "$DIR/x.gilprof" --weight blame -o "$DIR/y.speedscope.json"
	cmp "$DIR/x.txt" "$DIR/y.txt"
	cmp "$DIR/x.json" "$DIR/y.json"
	cmp "$DIR/x.speedscope.json" "$DIR/y.speedscope.json"
	"$GILPROF" --json-schema >"$DIR/schema.json"
	"$PYTHON3" tests/schema.py "$DIR/x.json" "$DIR/schema.json"
	json_true "$DIR/x.json" \
		"any(f['kind'] == 'native' and f['name'] == 'c2' for b in r['blame'] for f in b['stack'])"
}

@test "--native is for recording, and one of three" {
	run "$GILPROF" --native=frames -p 1
	[ "$status" = 2 ]
	[[ $output == *"must be leaf, fp or dwarf"* ]]
	run "$GILPROF" report x.gilprof --native=fp
	[ "$status" = 2 ]
	[[ $output == *"a capture has the stacks it has"* ]]
}
