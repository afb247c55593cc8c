#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Stacks in the formats of other tools: each opens in its own tool, all say the same as the JSON, whatever
# the target's names are; and the stacks are right.

load helpers

DIR=$BATS_TEST_TMPDIR
FORMATS=(folded svg speedscope.json pb.gz)
WEIGHTS=(blame gil_wait hold oncpu offcpu lock_wait)

# record_stacks SECONDS PYTHON WORKLOAD...: the workload's exports, page, JSON and capture in $DIR/live.*
record_stacks() {
	local seconds=$1 outputs=() format
	shift
	for format in "${FORMATS[@]}" json txt gilprof; do
		outputs+=(-o "$DIR/live.$format")
	done
	start_workload "$@"
	"$GILPROF" -p "$WORKLOAD_PID" -d "$seconds" "${outputs[@]}"
	end_workloads
}

# export_as WEIGHT: the capture's stacks, in $DIR/WEIGHT.*
export_as() {
	local outputs=() format
	for format in "${FORMATS[@]}"; do
		outputs+=(-o "$DIR/$1.$format")
	done
	"$GILPROF" report "$DIR/live.gilprof" --weight "$1" "${outputs[@]}"
}

# open_all NAME NANOSECONDS: every export in $DIR/NAME.* is what its format says, and adds up to that
open_all() {
	local base=$DIR/$1 ns=$2 status=0
	"$PYTHON3" tests/oracle/folded.py "$base.folded" "$ns"
	"$PYTHON3" tests/oracle/pprof_check.py "$base.pb.gz" "$ns"
	"$PYTHON3" tests/oracle/speedscope.py "$base.speedscope.json" "$ns" || status=$?
	[ "$status" = 0 ] || [ "$status" = 77 ]
	"$PYTHON3" -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$base.svg"
}

# total_of WEIGHT: what the report says that its stacks add up to
total_of() {
	local run="t['state_ns']['run_gil'] + t['state_ns']['run_nogil']" each
	case $1 in
	blame)
		json "$DIR/live.json" "sum(row['wait_ns'] for row in r['blame'])"
		return
		;;
	hold) each="t['held_ns']" ;;
	oncpu) each=$run ;;
	offcpu) each="sum(t['state_ns'].values()) - ($run)" ;;
	*) each="t['state_ns']['$1']" ;;
	esac
	json "$DIR/live.json" "sum($each for p in r['processes'] for t in p['threads'])"
}

same_bytes() {
	local format
	for format in "${FORMATS[@]}"; do
		cmp "$DIR/live.$format" "$DIR/blame.$format"
	done
}

# tool STATUS: of a tool that says 77 where it is missing
tool() {
	[ "$1" != 77 ] || skip "the tool is missing here"
	[ "$1" = 0 ]
}

@test "all formats at once; the same bytes from the capture; as much as the JSON says" {
	requires bpf
	requires python 3.12
	record_stacks 2 "$(python 3.12)" tests/workloads/spin.py 3
	check_laws "$DIR/live.json"
	for weight in "${WEIGHTS[@]}"; do
		export_as "$weight"
		total=$(total_of "$weight")
		echo "$weight: $total ns"
		open_all "$weight" "$total"
	done
	[ "$(total_of blame)" -gt 1000000000 ]
	same_bytes
	grep -q 'Who made others wait' "$DIR/live.txt"
}

@test "names that would harm: every export opens, and is the same from the capture" {
	requires bpf
	for python in $(pythons); do
		record_stacks 1 "$python" tests/workloads/hostile_code.py
		[ "$(total_of blame)" -gt 500000000 ]
		for weight in blame oncpu; do
			export_as "$weight"
			open_all "$weight" "$(total_of "$weight")"
		done
		same_bytes
		refute grep -qP '[^\x20-\x7e\n]' "$DIR/live.json"
		refute grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$DIR/live.txt"
		json_true "$DIR/live.json" \
			"len({f['name'] for row in r['blame'] for f in row['stack'] if f['name'] != 'spin'}) >= 20"
	done
}

@test "names that would harm: the real pprof takes them" {
	requires bpf
	record_stacks 1 "$PYTHON3" tests/workloads/hostile_code.py
	status=0
	tests/oracle/pprof.sh "$DIR/live.pb.gz" >"$DIR/pprof.txt" || status=$?
	tool "$status"
}

@test "names that would harm: a browser shows them" {
	requires bpf
	record_stacks 1 "$PYTHON3" tests/workloads/hostile_code.py
	status=0
	"$PYTHON3" tests/oracle/flame_browser.py "$DIR/live.svg" >"$DIR/browser.txt" || status=$?
	cat "$DIR/browser.txt"
	tool "$status"
}

@test "names that would harm: flamegraph.pl takes them" {
	requires bpf
	command -v flamegraph.pl >/dev/null || skip "no flamegraph.pl here: no package has it"
	record_stacks 1 "$PYTHON3" tests/workloads/hostile_code.py
	flamegraph.pl "$DIR/live.folded" >"$DIR/perl.svg" 2>"$DIR/perl.err"
	refute grep -q 'Ignored' "$DIR/perl.err"
	"$PYTHON3" -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$DIR/perl.svg"
}

@test "a hot line that moves every second is right to the line" {
	requires bpf
	for python in $(pythons); do
		"$GILPROF" -F 997 --weight oncpu -o "$DIR/x.speedscope.json" -- "$python" \
			tests/workloads/moving.py >"$DIR/truth"
		"$python" --version
		"$PYTHON3" tests/stacks.py lines "$DIR/x.speedscope.json" "$DIR/truth"
	done
}

@test "functions' shares of the CPU time are their own, within 3 points" {
	requires bpf
	requires python 3.12
	"$GILPROF" -F 997 --weight oncpu -o "$DIR/x.speedscope.json" -- "$(python 3.12)" \
		tests/workloads/shares.py --seconds 12 >"$DIR/truth"
	"$PYTHON3" tests/stacks.py shares "$DIR/x.speedscope.json" "$DIR/truth" | sed 's/^/# /' >&3
	[ "${PIPESTATUS[0]}" = 0 ]
}

@test "a thread in a blocking call is where sys._current_frames() sees it" {
	requires bpf
	for python in $(pythons); do
		start_workload "$python" tests/workloads/blocking.py --seconds 2.5
		"$GILPROF" -p "$WORKLOAD_PID" -d 1.5 --weight offcpu -o "$DIR/x.speedscope.json"
		wait "$WORKLOAD_PID"
		"$python" --version
		"$PYTHON3" tests/stacks.py blocking "$DIR/x.speedscope.json" "$WORKLOAD_OUT"
	done
}

# natives WHAT CHECK...: what a thread in C functions costs another one, against tests/stacks.py
natives() {
	local what=$1
	shift
	start_workload "$(python 3.12)" tests/workloads/natives.py "$what"
	"$GILPROF" -p "$WORKLOAD_PID" -d 2 -o "$DIR/report.json"
	kill -TERM "$WORKLOAD_PID"
	wait "$WORKLOAD_PID"
	check_laws "$DIR/report.json"
	"$PYTHON3" tests/stacks.py "$1" "$DIR/report.json" "$WORKLOAD_OUT" "${@:2}"
}

@test "C functions that keep the GIL are blamed by name, at the line that called them" {
	requires bpf
	requires python 3.12
	natives json native . '^_json'
	natives regex native sre
	natives sort native 'compare|merge|sort'
}

@test "a C function that gives the GIL away is not blamed" {
	requires bpf
	requires python 3.12
	natives zlib released
}
