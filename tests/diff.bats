#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Two captures compared: what they say of gain and memory is what the programs' own clocks say, and what the
# kernel says of their memory; to anybody, the same bytes each time; bad input is refused.

load helpers

DIR=$BATS_TEST_TMPDIR

setup() { make_open; }

teardown() {
	end_workloads
	rm -rf "$OPEN"
}

# record_gain NAME ARG...: a whole run of gain.py; its truth in $DIR/NAME.truth
record_gain() {
	local name=$1
	shift
	"$GILPROF" record -o "$DIR/$name.gilprof" -- "$PYTHON3" tests/workloads/gain.py "$@" >"$DIR/$name.truth"
}

# refuses STATUS PATTERN ARG...: one line on stderr that matches, nothing on stdout
refuses() {
	local want=$1 pattern=$2 status=0
	shift 2
	"$GILPROF" diff "$@" >"$DIR/out" 2>"$DIR/err" </dev/null || status=$?
	if [ "$status" != "$want" ] || [ "$(wc -l <"$DIR/err")" != 1 ] || [ -s "$DIR/out" ] ||
		! grep -qE -e "$pattern" "$DIR/err"; then
		echo "gilprof diff $*: status $status, wanted $want; said:" >&2
		cat "$DIR/err" "$DIR/out" >&2
		return 1
	fi
}

# near WANT GOT PERCENT WHAT
near() {
	"$PYTHON3" -c 'import sys
want, got, percent = map(float, sys.argv[1:4])
print("%s: %.4g, by the program itself %.4g: %+.1f %%" % (sys.argv[4], got, want, 100 * (got / want - 1)))
sys.exit(abs(got - want) > percent / 100 * want)' "$@"
}

# record_live SECONDS NAME PYTHON WORKLOAD...
record_live() {
	local seconds=$1 name=$2
	shift 2
	start_workload "$@"
	"$GILPROF" record -p "$WORKLOAD_PID" -d "$seconds" -o "$DIR/$name.gilprof"
	end_workloads
}

# pss PID...: of all of them together, bytes
pss() {
	cat "${@/%//smaps_rollup}" | awk '/^Pss:/ { sum += $2 } END { print 1024 * sum }'
}

@test "threads against processes: the gain by their own clocks, the memory by PSS" {
	requires bpf
	record_gain a --threads 2 --units 3000 --objects 600000
	record_gain b --processes 2 --units 3000 --objects 600000
	"$GILPROF" diff "$DIR/a.gilprof" "$DIR/b.gilprof" -o "$DIR/d.json" -o "$DIR/d.txt"
	cat "$DIR/d.txt"
	near "$("$PYTHON3" -c 'import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
print(a["seconds"] / b["seconds"])' "$DIR/a.truth" "$DIR/b.truth")" \
		"$(json "$DIR/d.json" "r['throughput']['ratio']")" 5 "the gain"
	for side in "a before" "b after"; do
		read -r name key <<<"$side"
		near "$(json "$DIR/$name.truth" "r['pss_bytes']")" \
			"$(json "$DIR/d.json" "r['figures']['pss_bytes']['$key']")" 5 "PSS of $name"
	done
	near "$(json "$DIR/b.truth" "r['pss_bytes']")" \
		"$(json "$DIR/d.json" "r['after']['capture']['memory_peak']['pss_bytes']")" 5 "PSS, all at once"
	# what the page says is what the JSON says
	grep -qF "B has $(json "$DIR/d.json" "'%.2f' % r['throughput']['ratio']") times the throughput of A" "$DIR/d.txt"
	json_true "$DIR/d.json" "r['figures']['processes']['change'] == 2" "len(r['trees']) == 1" \
		"r['states']['gil_wait']['threads']['before'] > 0.5" \
		"r['states']['gil_wait']['threads']['after'] < 0.1" \
		"r['figures']['gils_held']['ratio'] > 1.3" "r['throughput']['basis'] == 'runs'" \
		"r['throughput']['cpu_per_unit_ns']['ratio'] < 1.2"
	"$GILPROF" diff --json-schema >"$DIR/schema.json"
	"$PYTHON3" tests/schema.py "$DIR/d.json" "$DIR/schema.json"
}

@test "units counted by the user; captures of windows of different length" {
	requires bpf
	for n in 1 2; do
		start_workload "$PYTHON3" tests/workloads/closed.py --seconds 3 --threads 1 --processes "$n" \
			--gil 1 --delay 4
		"$GILPROF" record -p "$WORKLOAD_PID" -d "0.$((4 * n))" -o "$DIR/$n.gilprof"
		retry 20 grep -q ops "$WORKLOAD_OUT"
		sed -n '/ops/p' "$WORKLOAD_OUT" >"$DIR/$n.truth"
		end_workloads
		"$GILPROF" report --json "$DIR/$n.gilprof" >"$DIR/$n.json"
	done
	# what each did in its window, at its rate
	units=$("$PYTHON3" -c 'import json, sys
a, b, before, after = (json.load(open(f)) for f in sys.argv[1:])
print(",".join("%.3f" % (r["capture"]["duration_ns"] / 1e9 * t["ops"] / t["seconds"])
               for t, r in ((a, before), (b, after))))' "$DIR"/{1,2}.truth "$DIR"/{1,2}.json)
	"$GILPROF" diff --units "$units" "$DIR/1.gilprof" "$DIR/2.gilprof" -o "$DIR/d.json"
	near "$("$PYTHON3" -c 'import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
print(b["ops"] / b["seconds"] / (a["ops"] / a["seconds"]))' "$DIR/1.truth" "$DIR/2.truth")" \
		"$(json "$DIR/d.json" "r['throughput']['ratio']")" 0.1 "units over the windows"
	# twice the threads that mostly sleep: twice as many of all, in a window twice as long
	json_true "$DIR/d.json" "r['throughput']['basis'] == 'units'" \
		"abs(r['states']['sleep']['threads']['ratio'] - 2) < 0.6" \
		"abs(r['states']['sleep']['share']['change']) < 0.15"
}

@test "memory of processes that live on is what they have" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/closed.py --processes 3 --gil 1 --delay 50
	mapfile -t pids < <(pgrep -g "$WORKLOAD_PID")
	[ "${#pids[@]}" = 3 ]
	"$GILPROF" record -p "$WORKLOAD_PID" -d 0.5 -o "$DIR/a.gilprof"
	truth=$(cd /proc && pss "${pids[@]}")
	"$GILPROF" diff "$DIR/a.gilprof" "$DIR/a.gilprof" --json >"$DIR/d.json"
	near "$truth" "$(json "$DIR/d.json" "r['figures']['pss_bytes']['after']")" 5 PSS
}

@test "a capture and itself: nothing changes; the same bytes to anybody" {
	requires bpf
	record_live 1 a "$PYTHON3" tests/workloads/spin.py 3
	for again in 1 2; do
		mkdir "$DIR/$again"
		"$GILPROF" diff "$DIR/a.gilprof" "$DIR/a.gilprof" -o "$DIR/$again/d.json" -o "$DIR/$again/d.txt" \
			-o "$DIR/$again/d.svg" -o "$DIR/$again/d.folded"
	done
	for file in "$DIR"/1/*; do
		cmp "$file" "$DIR/2/$(basename "$file")"
	done
	json_true "$DIR/1/d.json" \
		"all(m['change'] in (0, None) and m['ratio'] in (1, None) for m in r['figures'].values())" \
		"all(m['change'] == 0 for s in r['states'].values() for m in s.values())"
	refute grep -qE ' [+-][0-9]' "$DIR/1/d.txt"
	# two columns, which are the same
	awk '$(NF - 1) != $NF || NF < 3 { print; bad = 1 } END { exit bad || !NR }' "$DIR/1/d.folded"
	requires command setpriv
	cp "$GILPROF" "$DIR/a.gilprof" "$OPEN"
	chmod -R a+rX "$OPEN"
	LC_ALL=de_DE.UTF-8 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$OPEN/gilprof" diff "$OPEN/a.gilprof" "$OPEN/a.gilprof" >"$DIR/other.txt"
	cmp "$DIR/1/d.txt" "$DIR/other.txt"
}

@test "the difference as a flame graph: of functions, in any weight, and a browser shows it" {
	requires bpf
	record_live 1 a "$PYTHON3" tests/workloads/demo.py
	record_live 0.5 b "$PYTHON3" tests/workloads/demo.py
	for weight in blame gil_wait hold oncpu offcpu lock_wait; do
		"$GILPROF" diff "$DIR/a.gilprof" "$DIR/b.gilprof" --weight "$weight" -o "$DIR/$weight.svg" \
			-o "$DIR/$weight.folded" -o "$DIR/d.json"
		"$PYTHON3" -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$DIR/$weight.svg"
		awk '$(NF - 1) !~ /^[0-9]+$/ || $NF !~ /^[0-9]+$/ { print; exit 1 }' "$DIR/$weight.folded"
	done
	refute grep -qE 'TID|_bootstrap|:[0-9]+\)' "$DIR/oncpu.folded"
	# the columns are the mean numbers of threads that ran, each as of its own capture
	for side in "1 before" "0 after"; do
		read -r back key <<<"$side"
		near "$(json "$DIR/d.json" "r['figures']['achieved']['$key']")" \
			"$(awk -v back="$back" '{ sum += $(NF - back) } END { print sum / 1e9 }' "$DIR/oncpu.folded")" \
			1 "on a CPU $key"
	done
	status=0
	"$PYTHON3" tests/oracle/flame_browser.py "$DIR/blame.svg" >"$DIR/browser.txt" || status=$?
	cat "$DIR/browser.txt"
	[ "$status" = 0 ] || [ "$status" = 77 ]
}

@test "names that would harm are escaped" {
	requires bpf
	record_live 0.5 a "$PYTHON3" tests/workloads/hostile_code.py
	record_live 0.5 b "$PYTHON3" tests/workloads/hostile.py
	cp "$DIR/a.gilprof" "$DIR/$(printf 'x\033[31m\n\xff').gilprof"
	"$GILPROF" diff "$DIR/$(printf 'x\033[31m\n\xff').gilprof" "$DIR/b.gilprof" -o "$DIR/d.json" -o "$DIR/d.txt" \
		-o "$DIR/d.svg" -o "$DIR/d.folded"
	refute grep -qP '[^\x20-\x7e\n]' "$DIR/d.json"
	refute grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$DIR/d.txt"
	refute grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$DIR/d.folded"
	"$PYTHON3" -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$DIR/d.svg"
	"$GILPROF" diff --json-schema >"$DIR/schema.json"
	"$PYTHON3" tests/schema.py "$DIR/d.json" "$DIR/schema.json"
}

@test "losses and broken laws are in the first lines" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/echo.py 4
	"$GILPROF" record -p "$WORKLOAD_PID" -d 1 -o "$DIR/a.gilprof"
	GILPROF_TEST_DROP=3 "$GILPROF" record -p "$WORKLOAD_PID" -d 1 -o "$DIR/b.gilprof"
	"$GILPROF" diff "$DIR/a.gilprof" "$DIR/b.gilprof" >"$DIR/d.txt"
	cat "$DIR/d.txt"
	sed -n 3,4p "$DIR/d.txt" | grep -q '^Doubtful, of capture B:'
	"$GILPROF" diff --json "$DIR/a.gilprof" "$DIR/b.gilprof" >"$DIR/d.json"
	json_true "$DIR/d.json" "r['before']['sound']" "not r['after']['sound']"
}

@test "a capture that is truncated, damaged or something else: one line and 1, and no file" {
	requires bpf
	"$GILPROF" record -p $$ -d 0.2 -o "$DIR/c.gilprof"
	head -c $(($(stat -c %s "$DIR/c.gilprof") / 2)) "$DIR/c.gilprof" >"$DIR/cut"
	echo "not a capture" >"$DIR/text"
	: >"$DIR/empty"
	echo '{"gilprof.capture":999}' | gzip >"$DIR/newer"
	for file in cut text empty newer no-such-file; do
		refuses 1 "$file (is|can)" "$DIR/$file" "$DIR/c.gilprof"
		refuses 1 "$file (is|can)" "$DIR/c.gilprof" "$DIR/$file" -o "$DIR/d.svg"
		[ ! -e "$DIR/d.svg" ]
	done
	refuses 1 'cannot write' "$DIR/c.gilprof" "$DIR/c.gilprof" -o /no/such/folder/d.txt
	refuses 1 'cannot be read: Is a directory|is no' "$DIR" "$DIR/c.gilprof"
	run bash -c "'$GILPROF' diff '$DIR/c.gilprof' '$DIR/c.gilprof' >/dev/full"
	[ "$status" = 1 ]
}

# powerless PID: it has no capabilities any more
powerless() {
	grep -q '^CapPrm:[[:space:]]*0*$' "/proc/$1/status" && grep -q '^CapEff:[[:space:]]*0*$' "/proc/$1/status"
}

@test "captures, whoever wrote them, are read without root's capabilities" {
	requires bpf
	"$GILPROF" record -p $$ -d 0.2 -o "$DIR/c.gilprof"
	"$GILPROF" diff "$DIR/c.gilprof" "$DIR/c.gilprof" >"$DIR/want"
	mkfifo "$DIR/fifo"
	"$GILPROF" diff "$DIR/fifo" "$DIR/c.gilprof" >"$DIR/got" 3>&- &
	profiler=$!
	exec 5>"$DIR/fifo" # from here on it waits for the first byte
	retry 10 powerless "$profiler"
	cat "$DIR/c.gilprof" >&5
	exec 5>&-
	wait "$profiler"
	diff <(sed 's/c\.gilprof/fifo/' "$DIR/want" | grep -v '^[AB]: ') <(grep -v '^[AB]: ' "$DIR/got")
	# report is held up as it writes: the pipe is full
	exec 6<>"$DIR/fifo"
	dd if=/dev/zero bs=4096 count=1024 oflag=nonblock of="$DIR/fifo" 2>/dev/null || true
	"$GILPROF" report "$DIR/c.gilprof" >&6 3>&- 6>&- &
	profiler=$!
	retry 10 powerless "$profiler"
	cat <&6 >/dev/null 3>&- &
	wait "$profiler"
	kill $!
	exec 6>&-
}

@test "wrong usage ends with 2" {
	refuses 2 'needs two captures'
	refuses 2 'needs two captures' a.gilprof
	refuses 2 'no more' a.gilprof b.gilprof c.gilprof
	for units in '' 0 -1 x 1,0 "1," ",1" 1,2,3 nan inf 1e99 1,nan; do
		refuses 2 "--units '$units'" \
			"--units=$units" a b
	done
	refuses 2 "output 'x.pb.gz': of a comparison" a b -o x.pb.gz
	refuses 2 "of a comparison" a b -o x.gilprof
	refuses 2 "suffix must be" a b -o x.docx
	refuses 2 "stdout" a b --json -o x.json
	refuses 2 "--weight 'hold': is of stacks" a b --weight hold
	refuses 2 "--weight 'x': must be blame" a b --weight x -o d.svg
	refuses 2 "unrecognized option '--worst'" a b --worst 3
	refuses 2 "top" a b --top 0
	"$GILPROF" diff --help >"$DIR/help"
	grep -q 'gilprof diff threads.gilprof processes.gilprof' "$DIR/help"
	refute grep -qE '.{81}' "$DIR/help"
}
