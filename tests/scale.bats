#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# `gilprof scale`: what it measures is what the program's own clocks say, and nothing measured is lost.

load helpers

setup() {
	OUT=$BATS_TEST_TMPDIR/out
	ERR=$BATS_TEST_TMPDIR/err
	SCALE=$BATS_TEST_TMPDIR/scale.json
	export OUT ERR SCALE
	closed=("$PYTHON3" tests/workloads/closed.py)
	batch=("$PYTHON3" tests/workloads/batch.py)
	of_closed=(--units '"ops": ([0-9]+)' --elapsed '"seconds": ([0-9.]+)')
}

# scale ARG...: its stdout and stderr are in $OUT and $ERR, its status in $status
scale() {
	status=0
	"$GILPROF" scale "$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
}

# ends STATUS [PATTERN]: with that status, and, of gilprof's own, one line that matches, or none
ends() {
	local said
	said=$(grep -E '^gilprof( scale)?: ' "$ERR" || true) # getopt's with the subcommand
	if [ "$status" != "$1" ] || ! [[ $said =~ ${2:-^$} ]] || [ "$(wc -l <<<"$said")" != 1 ]; then
		echo "status $status, wanted $1; said:" >&2
		cat "$ERR" "$OUT" >&2
		return 1
	fi
}

refuses() {
	local want=$1 pattern=$2
	shift 2
	scale "$@"
	ends "$want" "$pattern"
	[ ! -s "$OUT" ]
}

is_valid() {
	"$GILPROF" scale --json-schema >"$BATS_TEST_TMPDIR/schema.json"
	"$PYTHON3" tests/schema.py "$1" "$BATS_TEST_TMPDIR/schema.json"
}

# as_the_clocks_say PERCENT REPORT TRUTH: the ratios of the report are those of the programs' own clocks, whose lines
# are in TRUTH, in the order of the runs
as_the_clocks_say() {
	"$PYTHON3" - "$@" <<'PY'
import json, statistics, sys
percent, r = float(sys.argv[1]), json.load(open(sys.argv[2]))
said = [json.loads(line) for line in open(sys.argv[3]) if line.startswith("{")]
count = len(r["rows"])
assert len(said) == count * r["rounds"], (len(said), count)
own = [[] for _ in range(count)]
for i, truth in enumerate(said):
    turn, at = divmod(i, count)
    own[count - 1 - at if turn % 2 else at].append(
        truth.get("ops", truth.get("units")) / truth["seconds"])
base = statistics.median(own[0])
for row, of in zip(r["rows"], own):
    ratio = statistics.median(of) / base
    print("%d x %d: %.4f, its own clocks %.4f" % (
        row["processes"], row["threads"], row["measured"]["ratio"], ratio))
    assert abs(row["measured"]["ratio"] / ratio - 1) <= percent / 100
PY
}

# cpus_of_others TRUTH MS: hundredths of a CPU that other programs used, in the run of closed.py (units of MS of
# CPU time) where it was most
cpus_of_others() {
	"$PYTHON3" - "$@" <<'PY'
import json, sys
said = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
ms = float(sys.argv[2])
print(int(max(100 * (t["busy_s"] - t["ops"] * ms / 1e3) / t["seconds"] for t in said)))
PY
}

# is_gone PID: it has ended; nobody may have reaped it
is_gone() {
	! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

@test "wrong usage ends with 2" {
	refuses 2 "COMMAND '': none given"
	refuses 2 "no argument has \{n\}" -- true
	refuses 2 "\{n\}, or \{threads\} and \{processes\}, not both" -- true '{n}' '{threads}'
	refuses 2 "says what \{n\} is, and there is none" --processes -- true '{threads}'
	refuses 2 "argument 'true': not understood" true '{n}'
	for sizes in 0 -1 '1,' ,1 1,,2 x 1.5 1025 99999999999999999999 '' ' 1' +1; do
		refuses 2 "--workers '.*': must be numbers" --workers="$sizes" -- true '{n}'
	done
	refuses 2 "has a size twice" -w 1,2,1 -- true '{n}'
	refuses 2 "at most 32 sizes" -w "$(seq -s, 33)" -- true '{n}'
	refuses 2 "--repeat '0'" --repeat 0 -- true '{n}'
	refuses 2 "--repeat '101'" --repeat 101 -- true '{n}'
	refuses 2 "^gilprof: --duration 'x': must be a number of seconds above 0" -d x -- true '{n}'
	refuses 2 "^gilprof: --duration '0': " -d 0 -- true '{n}'
	for seconds in x -1 '' nan inf 1e-10 3e6; do
		refuses 2 "^gilprof: --warm-up '.*': must be a number of seconds, 0 or more" --warm-up="$seconds" -- true '{n}'
	done
	refuses 2 "^gilprof: --units '\(': Unmatched" --units '(' -- true '{n}'
	refuses 2 "--rate '\[0-9\]': has no group" --rate '[0-9]' -- true '{n}'
	refuses 2 "--rate 'REGEX': is the throughput" --rate '(.)' --units '(.)' -- true '{n}'
	refuses 2 "is for a COMMAND that does not count" --per-worker --units '(.)' -- true '{n}'
	refuses 2 "its time tells nothing" -d 1 -- true '{n}'
	refuses 2 "there are .txt, .json and .svg" -o x.folded -- true '{n}'
	refuses 2 "suffix" -o x -- true '{n}'
	refuses 2 "leaves nothing for it" -o x.svg --json -- true '{n}'
	refuses 2 "no such user" --user no-such-user -- true '{n}'
	refuses 2 "unrecognized option '--no-such'" --no-such -- true '{n}'
}

@test "--help fits a terminal, --json-schema is a schema" {
	"$GILPROF" scale --help >"$OUT"
	grep -q '^Usage: gilprof scale ' "$OUT"
	refute grep -qE '.{81}' "$OUT"
	for option in --workers= --processes --repeat= --units= --elapsed= --rate= --per-worker .svg; do
		grep -qF -e "$option" "$OUT"
	done
	"$GILPROF" scale --json-schema >"$SCALE"
	json_true "$SCALE" "r['properties']['schema']['const'] == 'gilprof.scale/1'"
}

# The first sweep in which other programs leave more than half a CPU alone, or the fourth.
sweep_both_ways() {
	local try
	for ((try = 0; try < 4; try++)); do
		scale -v -w 1,2,4 --repeat 1 --warm-up 0.3 "${of_closed[@]}" -o "$SCALE" -o "$OUT.txt" \
			-o "$OUT.svg" -- "${closed[@]}" --seconds 1.1 --gil 4 \
			--threads '{threads}' --processes '{processes}'
		ends 0
		[ "$(cpus_of_others "$ERR" 4)" -gt 50 ] || break
	done
}

@test "threads do not scale, processes do: as the program's own clocks say, and with a prediction" {
	requires bpf
	sweep_both_ways
	[ ! -s "$OUT" ]
	is_valid "$SCALE"
	as_the_clocks_say 5 "$SCALE" "$ERR"
	"$PYTHON3" -c 'import sys, xml.etree.ElementTree as tree
names = "".join(tree.parse(sys.argv[1]).getroot().itertext())
assert "threads, predicted" in names and "processes, measured" in names' "$OUT.svg"
	refute grep -qE '.{81}' "$OUT.txt"
	refute grep -q "$(printf '\033')" "$OUT.txt"
	cat "$OUT.txt"
	json_true "$SCALE" "r['schema'] == 'gilprof.scale/1' and r['end'] == 'complete'" \
		"r['source'] == 'units-elapsed'" \
		"[(x['processes'], x['threads']) for x in r['rows']] == [(1, 1), (1, 2), (1, 4), (2, 1), (4, 1)]" \
		"all(len(x['runs']) == 1 for x in r['rows'])" \
		"r['rows'][0]['measured']['ratio'] == 1 and r['rows'][0]['predicted'] is None" \
		"r['prediction']['unknown'] is None and r['prediction']['profiles'] == 1" \
		"r['prediction']['seen']['processes'] == 1" \
		"all(x['predicted']['low'] <= x['predicted']['ratio'] <= x['predicted']['high'] for x in r['rows'][1:])" \
		"all(x['predicted']['ratio'] < 1.1 for x in r['rows'][1:3])" \
		"all(x['inside'] == (x['predicted']['low'] <= x['measured']['ratio'] <= x['predicted']['high']) for x in r['rows'][1:])"
	# pure Python: of two CPUs two processes make use, two threads do not
	[ "$(nproc)" -ge 2 ] || return 0
	json_true "$SCALE" "r['rows'][3]['predicted']['ratio'] > 1.3 * r['rows'][1]['predicted']['ratio']"
	json_true "$SCALE" "all(x['measured']['ratio'] < 1.2 for x in r['rows'][1:3])" \
		"r['rows'][3]['measured']['ratio'] > 1.2 * r['rows'][1]['measured']['ratio']"
}

@test "a batch job by its exit: all share the work, or each worker has its own" {
	requires bpf
	scale -v -w 1,4 --repeat 2 --warm-up 0.1 -o "$SCALE" -o "$OUT.txt" -- "${batch[@]}" \
		--units 120 --gil 0.1 --delay 10 --threads '{n}'
	ends 0
	is_valid "$SCALE"
	as_the_clocks_say 40 "$SCALE" "$ERR"
	grep -q 'from exec to exit' "$OUT.txt"
	json_true "$SCALE" "r['source'] == 'exit-time' and not r['per_worker']" \
		"r['rows'][1]['measured']['ratio'] > 2.5" \
		"all(abs(run['throughput'] * run['duration_ns'] / 1e9 - 1) < 1e-6 for x in r['rows'] for run in x['runs'])" \
		"r['prediction']['unknown'] is None" # one thread and its main: as many times more of it
	scale -v -w 1,4 --repeat 1 --per-worker -o "$SCALE" -- "${batch[@]}" --units 40 --each 1 \
		--gil 0.1 --delay 10 --threads '{n}'
	ends 0
	as_the_clocks_say 40 "$SCALE" "$ERR"
	json_true "$SCALE" "r['per_worker'] and r['rows'][1]['measured']['ratio'] > 2.5" \
		"'shorter than a second' in r['prediction']['unknown'] or 'warm-up' in r['prediction']['unknown']"
}

@test "what a program does first is not in its own time" {
	requires bpf
	scale -v -w 1,2 --repeat 1 --elapsed 'seconds": ([0-9.]+)' -o "$SCALE" -- "${batch[@]}" \
		--units 40 --gil 0.1 --delay 10 --before 0.4 --threads '{n}'
	ends 0
	as_the_clocks_say 5 "$SCALE" "$ERR"
	json_true "$SCALE" "r['source'] == 'elapsed' and r['rows'][1]['measured']['ratio'] > 1.6"
}

@test "a rate that it prints; a program that has to be ended, and its worker that does not listen" {
	requires bpf
	# shellcheck disable=SC1083
	scale --json -w 1,2,3,4,5,6 --processes --repeat 1 --rate '^([0-9.]+) per second' -- \
		sh -c 'echo 0.5 per second; echo {n}0 per second'
	ends 0
	cp "$OUT" "$SCALE"
	is_valid "$SCALE"
	json_true "$SCALE" "[round(x['measured']['ratio'], 9) for x in r['rows']] == [1, 2, 3, 4, 5, 6]" \
		"[x['processes'] for x in r['rows']] == [1, 2, 3, 4, 5, 6]" \
		"r['fits'][0]['layout'] == 'processes' and r['fits'][0]['points'] == 6" \
		"abs(r['fits'][0]['lambda'] - 10) < 0.01 and r['fits'][0]['sigma'] < 1e-6" \
		"r['fits'][0]['peak_workers'] is None or r['fits'][0]['peak_workers'] > 1000"
	# shellcheck disable=SC2016
	scale --json -w 2 --repeat 1 -d 1 --rate '(.*)' -- sh -c '
		(trap "" TERM; sleep 30 & echo $! >"$OUT.worker"; wait) & echo $1; exec sleep 30' sh '{n}'
	ends 0
	worker=$(cat "$OUT.worker")
	retry 5 is_gone "$worker" || { kill -KILL "$worker" && false; }
	cp "$OUT" "$SCALE"
	json_true "$SCALE" "r['rows'][0]['throughput'] == 2" \
		"1e9 <= r['rows'][0]['runs'][0]['duration_ns'] < 30e9"
}

@test "a run that fails midway: what was measured before is printed, and the status is 1" {
	requires bpf
	# shellcheck disable=SC2016
	fails=(sh -c 'echo hid""den; [ "$1" -lt 4 ] || exit 7' sh '{n}')
	scale -w 1,2,4 --repeat 2 -- "${fails[@]}"
	ends 1 '^gilprof: sh at 1 x 4 .* ended with status 7$'
	grep -q 'A run failed: what follows was measured before' "$OUT"
	grep -qE '^ +1 x 2 +1 ' "$OUT"
	refute grep -q hidden "$OUT"
	scale -w 4,5 -- "${fails[@]}"
	ends 1 'sh at 1 x 4 .* ended with status 7$'
	[ ! -s "$OUT" ]
	# shellcheck disable=SC2016
	scale --json -w 1,2 --repeat 1 -- sh -c '[ "$1" -lt 2 ] || kill -SEGV $$' sh '{n}'
	ends 1 'sh at 1 x 2 .* was killed by signal 11$'
	cp "$OUT" "$SCALE"
	is_valid "$SCALE"
	json_true "$SCALE" "r['end'] == 'failed' and len(r['rows']) == 1"
}

@test "what cannot be started or found is one line" {
	requires bpf
	scale -w 1,2 -o "$BATS_TEST_TMPDIR/none.svg" -- /no/such/program '{n}'
	ends 1 '^gilprof: cannot run /no/such/program: No such file'
	[ ! -e "$BATS_TEST_TMPDIR/none.svg" ]
	scale -w 1,2 --units 'done ([0-9]+)' -- echo 'finished {n}'
	ends 1 'printed no line that matches --units$'
	scale -w 1,2 --units 'done (.*)' -- printf 'done \033[31m{n}\n'
	ends 1 "printed 'done \\\\x1b\[31m1': its group is no number above 0, for --units$"
	scale -w 1,2 -o /no/such/directory/x.svg -- true '{n}'
	ends 1 'cannot write /no/such/directory/x.svg'
}

@test "a signal: what was measured is printed; a second one ends it, and the program" {
	requires bpf
	# shellcheck disable=SC2016
	"$GILPROF" scale -w 1,2 --repeat 1 -o "$SCALE" -- sh -c \
		'[ "$1" = 1 ] || { echo $$ >"$OUT.pid"; exec sleep 60; }' sh '{n}' 2>"$ERR" </dev/null &
	gilprof=$!
	retry 10 [ -s "$OUT.pid" ]
	kill -TERM "$gilprof" # bash has its background jobs ignore SIGINT, and what they start does, too
	status=0
	wait "$gilprof" || status=$?
	ends 0
	json_true "$SCALE" "r['end'] == 'interrupted' and len(r['rows']) == 1"
	refute kill -0 "$(cat "$OUT.pid")"
	rm "$OUT.pid" "$SCALE"
	# shellcheck disable=SC2016
	"$GILPROF" scale -w 1,2 --repeat 1 -o "$SCALE" -- sh -c '[ "$1" = 1 ] || {
		trap "echo >\"\$OUT.heard\"" TERM; echo $$ >"$OUT.pid"; sleep 30; sleep 30; }' sh '{n}' \
		2>"$ERR" </dev/null &
	gilprof=$!
	retry 10 [ -s "$OUT.pid" ]
	kill -TERM "$gilprof"
	retry 10 [ -e "$OUT.heard" ]
	kill -TERM "$gilprof"
	status=0
	wait "$gilprof" || status=$?
	retry 10 is_gone "$(cat "$OUT.pid")"
	[ "$status" = 143 ]
	[ ! -e "$SCALE" ]
}

@test "what does not end is killed" {
	requires bpf
	# shellcheck disable=SC2016
	scale -w 1,2 -d 1 --units '(.*)' -- sh -c 'trap "" TERM; echo 1; sleep 30 & wait; wait' sh '{n}'
	ends 1 'did not end within 5 s of SIGTERM, and was killed$'
}

@test "a signal between two runs, or after the last one, loses none of them" {
	requires bpf
	# gilprof is stopped, and finds the exit of run $2 and the signal at once
	# shellcheck disable=SC2016
	signals=(sh -c '[ "$1" != "$2" ] || { kill -STOP "$PPID"
		(until grep -q "^State:.Z" "/proc/$$/status"; do sleep 0.05; done
		kill -TERM "$PPID"; kill -CONT "$PPID") & }' sh '{n}')
	scale -w 1,2 --repeat 1 -o "$SCALE" -- "${signals[@]}" 1
	ends 0
	json_true "$SCALE" "r['end'] == 'interrupted' and len(r['rows']) == 1"
	scale -w 1,2 --repeat 1 -o "$SCALE" -- "${signals[@]}" 2
	ends 0
	json_true "$SCALE" "r['end'] == 'complete' and len(r['rows']) == 2"
}

@test "a profile that fails costs no measurement" {
	requires bpf
	# shellcheck disable=SC2016
	scale -w 1,2 --repeat 1 --warm-up 0 -o "$SCALE" -- sh -c '[ "$1" = 2 ] || for pid in $(pgrep -P "$PPID"); do
		[ "$pid" = $$ ] || kill -KILL "$pid"; done' sh '{n}'
	ends 0 '^gilprof: warning: the recorder was killed by signal 9$'
	json_true "$SCALE" "r['end'] == 'complete' and len(r['rows']) == 2" \
		"r['prediction']['unknown'] == 'the smallest run could not be recorded'"
	# shellcheck disable=SC2016
	scale -w 1,2 --repeat 1 --warm-up 0 -o "$SCALE" -- sh -c '[ "$1" = 1 ] || for fd in /proc/"$PPID"/fd/*; do
		case $(readlink "$fd") in *gilprof-capture*) : >"$fd" ;; esac; done' sh '{n}'
	ends 0 '^gilprof: warning: a profile is left out: the capture '
	json_true "$SCALE" "r['end'] == 'complete' and len(r['rows']) == 2" \
		"r['prediction']['unknown'] == 'the capture cannot be read'"
}

@test "the command runs as who called sudo, and files are theirs" {
	requires bpf
	chmod 755 "$BATS_TEST_TMPDIR"
	mkdir "$BATS_TEST_TMPDIR/theirs"
	chown 65534 "$BATS_TEST_TMPDIR/theirs"
	SUDO_UID=65534 SUDO_GID=65534 scale -v -w 1 --repeat 1 --units 'uid ([0-9]+)' \
		-o "$BATS_TEST_TMPDIR/theirs/x.svg" -- sh -c 'echo uid $(id -u) {n}'
	ends 0
	grep -q '^uid 65534 1$' "$ERR"
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/theirs/x.svg")" = 65534 ]
}

@test "without privileges: 3" {
	requires root
	requires command setpriv
	cp "$GILPROF" "$BATS_TEST_TMPDIR/gilprof"
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$BATS_TEST_TMPDIR/gilprof" \
		scale -- true '{n}' >"$OUT" 2>"$ERR" || status=$?
	ends 3 'no permission to load BPF programs: run as root'
	[ ! -s "$OUT" ]
}
