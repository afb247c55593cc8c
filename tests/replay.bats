#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A capture says the same as the live run, to anybody, anywhere; a damaged one is refused.

load helpers

setup() { make_open; }

teardown() {
	end_workloads
	rm -rf "$OPEN"
}

# replays DIR: page and JSON from DIR/c.gilprof, as an ordinary user, equal those printed live
replays() {
	local format
	cp "$GILPROF" "$1/gilprof"
	chmod -R a+rX "$1"
	for format in json txt; do
		as_nobody "$1/gilprof" report "$1/c.gilprof" "$([ "$format" = txt ] && echo --top=10 || echo --json)" \
			>"$1/again.$format"
		cmp "$1/live.$format" "$1/again.$format"
	done
}

as_nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

outputs() {
	OUTPUTS=(-o "$1/c.gilprof" -o "$1/live.json" -o "$1/live.txt")
}

@test "page and JSON of a capture equal those printed live, also for an ordinary user" {
	requires bpf
	requires python 3.12
	outputs "$OPEN"
	for workload in "spin.py 3" "echo.py 8" "hostile.py" "multigil.py 1" "idle_threads.py"; do
		# shellcheck disable=SC2086 # words
		start_workload "$(python 3.12)" tests/workloads/$workload
		"$GILPROF" record -p "$WORKLOAD_PID" -d 0.5 "${OUTPUTS[@]}"
		end_workloads
		replays "$OPEN"
	done
}

@test "the same for a command and its children" {
	requires bpf
	outputs "$OPEN"
	"$GILPROF" "${OUTPUTS[@]}" -- sh -c 'for i in 1 2 3; do sleep 0.01 & done; wait'
	replays "$OPEN"
}

@test "the report of a capture keeps its schema" {
	requires bpf
	outputs "$OPEN"
	start_workload "$PYTHON3" tests/workloads/echo.py 4
	"$GILPROF" -p "$WORKLOAD_PID" -d 0.3 "${OUTPUTS[@]}"
	"$GILPROF" --json-schema >"$BATS_TEST_TMPDIR/schema.json"
	"$PYTHON3" tests/schema.py "$OPEN/live.json" "$BATS_TEST_TMPDIR/schema.json"
}

@test "a capture that is truncated, damaged or something else: one line and 1" {
	requires bpf
	"$GILPROF" record -p $$ -d 0.2 -o "$BATS_TEST_TMPDIR/c.gilprof"
	size=$(stat -c %s "$BATS_TEST_TMPDIR/c.gilprof")
	head -c $((size / 2)) "$BATS_TEST_TMPDIR/c.gilprof" >"$BATS_TEST_TMPDIR/cut"
	echo "not a capture" >"$BATS_TEST_TMPDIR/text"
	: >"$BATS_TEST_TMPDIR/empty"
	for file in cut text empty no-such-file /dev/null "$BATS_TEST_TMPDIR"; do
		run "$GILPROF" report "$BATS_TEST_TMPDIR/$file"
		echo "$file: $output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
	done
}

@test "a capture of another version: one line that names both, and 1" {
	for version in 1 999; do
		echo '{"gilprof.capture":'$version',"info":{}}' | gzip >"$BATS_TEST_TMPDIR/other"
		run "$GILPROF" report "$BATS_TEST_TMPDIR/other"
		echo "$output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output =~ "/other is a capture of version $version, and this gilprof reads version "[0-9]+$ ]]
	done
}
