#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The classic cases get the right verdict, and the advice that follows from it.

load helpers
load truth

TRIES=4

# A window in which other programs had a quarter of a CPU may show another program than ours.
spoilt() {
	json_true "$REPORT" "sum(c['other_ns'] for c in r['cpus']) > r['capture']['duration_ns'] / 4"
}

# verdict KIND PID: that is the verdict on PID, in the first window that others leave alone
verdict() {
	local try kind
	for ((try = 0; try < TRIES; try++)); do
		"$GILPROF" -p "$2" -d 2 -o "$REPORT" -o "$REPORT.txt"
		kind=$(json "$REPORT" "r['verdict']['kind']")
		echo "# $(json "$REPORT" "r['verdict']['summary']")" >&3
		[ "$kind" != "$1" ] || break
		spoilt 2>/dev/null || break
	done
	cat "$REPORT.txt"
	[ "$kind" = "$1" ]
	head -n 6 "$REPORT.txt" | grep -q "^Verdict: $1: "
}

# judged KIND CASE [OPTION]...
judged() {
	start_workload "$PYTHON3" tests/workloads/cases.py "${@:2}"
	verdict "$1" "$WORKLOAD_PID"
}

advises() {
	json_true "$REPORT" "any('$1' in advice for advice in r['verdict']['advice'])"
}

# predicted LAYOUT PROCESSES THREADS: "[low, ratio, high]"
predicted() {
	json "$REPORT" "[[p['low'], p['ratio'], p['high']] for p in r['scaling']['predictions'] if
		(p['layout'], p['processes'], p['threads']) == ('$1', $2, $3)][0]"
}

@test "prime counting: one thread does it all, two processes would do twice as much" {
	requires bpf
	judged single-thread primes --threads 1
	advises "More threads will not help"
	advises "2 processes of 1 thread are predicted at"
}

@test "prime counting with 2 and 4 threads: the GIL" {
	requires bpf
	for threads in 2 4; do
		judged gil-bound primes --threads $threads
		advises "More threads will not help"
		advises "Processes split such work"
		end_workloads
	done
	json_true "$REPORT" "abs($(predicted threads 1 8)[1] - 1) < 0.25" \
		"$(predicted processes 4 1)[1] > 1.6" "$(predicted free-threaded 1 4)[1] > 1.4"
}

@test "prime counting in 4 processes: the CPUs" {
	requires bpf
	judged cpu-bound primes --threads 1 --processes 4
	advises 'more CPUs or cheaper code'
	json_true "$REPORT" "abs($(predicted processes 8 1)[1] - 1) < 0.25"
}

@test "threads that do I/O: more of them would do more" {
	requires bpf
	judged io-bound files --threads 4
	advises "Threads or asyncio suit it"
	json_true "$REPORT" "$(predicted threads 1 8)[1] > 1.7"
}

@test "C code that releases the GIL: threads scale" {
	requires bpf
	judged single-thread images --threads 1
	advises "Threads would share the work"
	json_true "$REPORT" "$(predicted threads 1 2)[1] > 1.7"
}

@test "shared state under a lock: the lock" {
	requires bpf
	judged lock-bound table --threads 4
	advises "hold the lock for less time"
	grep -q 'the range reaches down to the worst case' <(tr '\n' ' ' <"$REPORT.txt")
}

# it comes and goes: only a window in which the echo really waits is judged
@test "a thread that does I/O beside one that computes: a convoy" {
	requires bpf
	judged convoy convoy
	advises "Move the computing to other processes"
	end_workload "$WORKLOAD_PID"
	"$PYTHON3" - "$WORKLOAD_OUT" <<-'END'
		import json, sys
		latencies = sorted(json.loads(open(sys.argv[1]).read().split("\n")[1])["latencies"])
		p99 = latencies[len(latencies) * 99 // 100]
		print("p99 of an echo: %.1f ms" % p99)
		assert p99 >= 5
	END
}

@test "one C call that keeps the GIL: hogged" {
	requires bpf
	judged gil-hogged hog
	advises "Release the GIL in that call"
	json_true "$REPORT" "'cases.py' in r['verdict']['summary']"
}

@test "a pool of threads that has nothing to do is no contended lock" {
	requires bpf
	judged single-thread pool --threads 8
	json_true "$REPORT" "r['verdict']['evidence']['lock_wait_contended'] < 0.1"
}

# 8 threads, 2 of which have what all want
used_up() {
	judged lock-bound "$1" --threads 8
	advises "make it larger"
	json_true "$REPORT" "'$2' in r['verdict']['summary']"
	grep -q 'the range reaches down to the worst case' <(tr '\n' ' ' <"$REPORT.txt")
	end_workload "$WORKLOAD_PID"
	waiting=$(json <(tail -n 1 "$WORKLOAD_OUT") 'r["waiting"]')
	echo "# by their own clocks $waiting wait" >&3
	json_true "$REPORT" "abs(r['verdict']['evidence']['pool_wait'] / $waiting - 1) < 0.05"
}

@test "a semaphore whose permits are all taken: a pool that is used up" {
	requires bpf
	used_up permits permits
}

@test "a pool of connections that are all in use" {
	requires bpf
	used_up borrow get_connection
}

@test "nothing to do: idle" {
	requires bpf
	judged idle nothing
}

@test "a quota of half a CPU: the CPUs, and the quota is named" {
	requires bpf
	make_quota 50
	start_workload sh -c "echo \$\$ >$CGROUP/cgroup.procs &&
		exec $PYTHON3 tests/workloads/cases.py primes --threads 1"
	verdict cpu-bound "$WORKLOAD_PID"
	json_true "$REPORT" "'quota of its cgroup allows 0.50 CPUs' in r['verdict']['summary']" \
		"r['scaling']['cpus'] == 0.5" "r['verdict']['evidence']['cpus_by_quota']" \
		"r['processes'][0]['cpu_quota'] == 0.5"
	advises "a larger quota"
}

@test "--explain shows each rule with its figures, and what the prediction rests on" {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/cases.py primes --threads 2
	"$GILPROF" -p "$WORKLOAD_PID" -d 1.2 --explain >"$REPORT.txt"
	for rule in cpu-bound gil-hogged convoy gil-bound lock-bound single-thread idle io-bound; do
		grep -Eq "^$rule +(yes|no):" "$REPORT.txt"
	done
	grep -q 'Of its time each of 2 workers' "$REPORT.txt"
}
