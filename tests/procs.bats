#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The process view: workers, what they do, what they wait for, and their memory.

load helpers
load truth

check_schema() {
	"$GILPROF" --json-schema >"$BATS_TEST_TMPDIR/schema.json"
	"$PYTHON3" tests/schema.py "$REPORT" "$BATS_TEST_TMPDIR/schema.json"
}

agrees() {
	"$PYTHON3" tests/procs.py "$1" "$REPORT" "${@:2}"
}

# shows CMD...: its output also when all is well
shows() {
	local status=0
	"$@" >"$BATS_TEST_TMPDIR/shown" || status=$?
	sed 's/^/# /' "$BATS_TEST_TMPDIR/shown" >&3
	return "$status"
}

# profile_tree: the page and JSON of the workload's tree, and its memory by the kernel right after
profile_tree() {
	local pid
	"$GILPROF" -p "$1" -d 2 -o "$REPORT" -o "$REPORT.txt" -o "$REPORT.gilprof" -o "$REPORT.cpus.svg"
	mkdir "$BATS_TEST_TMPDIR/smaps"
	for pid in $(json "$REPORT" '" ".join(str(p["pid"]) for p in r["processes"])'); do
		cp "/proc/$pid/smaps_rollup" "$BATS_TEST_TMPDIR/smaps/$pid"
	done
	cat "$REPORT.txt"
	check_laws "$REPORT"
	check_schema
	agrees sums
	agrees cpus
	agrees picture "$REPORT.cpus.svg"
	"$GILPROF" report "$REPORT.gilprof" | cmp - "$REPORT.txt"
	"$GILPROF" report "$REPORT.gilprof" -o "$REPORT.2.cpus.svg"
	cmp "$REPORT.cpus.svg" "$REPORT.2.cpus.svg"
}

@test "a gunicorn server with three workers under load" {
	requires bpf
	requires command gunicorn
	start_workload "$PYTHON3" tests/workloads/server.py --dir "$BATS_TEST_TMPDIR"
	server=$(awk '/^ready/ { print $2 }' "$WORKLOAD_OUT")
	profile_tree "$server"
	agrees memory "$BATS_TEST_TMPDIR/smaps"
	end_workload "$WORKLOAD_PID"
	shows agrees server "$WORKLOAD_OUT"
	json_true "$REPORT" "all(p['ipc_ns']['semaphore'] == 0 for p in r['processes'])" # threads' locks are no IPC
	tr '\n' ' ' <"$REPORT.txt" | grep -q "3 workers of gunicorn (PID $server):"
}

pool() {
	requires bpf
	start_workload "$PYTHON3" tests/workloads/pool.py "$1" --dir "$BATS_TEST_TMPDIR"
	profile_tree "$WORKLOAD_PID"
	agrees memory "$BATS_TEST_TMPDIR/smaps"
	end_workload "$WORKLOAD_PID"
}

@test "a ProcessPoolExecutor: one worker computes, one less, one has nothing to do" {
	pool split
	shows agrees split "$WORKLOAD_OUT" "$BATS_TEST_TMPDIR"
	idle=$(json "$REPORT" '[w["pid"] for w in r["trees"][0]["workers"][0]["workers"] if w["idle"]][0]')
	tr '\n' ' ' <"$REPORT.txt" | grep -q "1 had nothing to do: $idle\."
}

@test "a ProcessPoolExecutor whose workers get short tasks: what they wait for" {
	pool stream
	shows agrees stream "$WORKLOAD_OUT"
	refute grep -q 'had nothing to do' "$REPORT.txt"
}

# who joins a thread waits for a word that other processes could wait on, too
@test "threads that wait for each other do no IPC" {
	requires bpf
	"$GILPROF" -o "$REPORT" -- "$BUILD/workloads/manylocks" --locks 3000 >"$BATS_TEST_TMPDIR/out"
	check_laws "$REPORT"
	json_true "$REPORT" "r['processes'][0]['ipc_ns']['semaphore'] == 0" \
		"[t for t in r['processes'][0]['threads'] if t['tid'] == r['processes'][0]['pid']][0]['state_ns']['lock_wait'] > 0.1e9"
}

# its processes have ended when the window does: their memory is as last seen
@test "a command's workers" {
	requires bpf
	"$GILPROF" -o "$REPORT" -o "$REPORT.txt" -- "$PYTHON3" -c 'import multiprocessing, os, time
data = bytearray(b"x") * (32 << 20)
def work(n):
    end = time.process_time() + n
    while time.process_time() < end: pass
    return os.getpid()
with multiprocessing.Pool(2) as pool:
    print(*pool.map(work, [0.9, 0.5], 1))' >"$BATS_TEST_TMPDIR/out"
	cat "$REPORT.txt"
	check_laws "$REPORT"
	read -r busiest other <"$BATS_TEST_TMPDIR/out"
	json_true "$REPORT" "[w['pid'] for w in r['trees'][0]['workers'][0]['workers']] == [$busiest, $other]" \
		"1.2 < r['trees'][0]['workers'][0]['imbalance'] < 1.4" \
		"r['trees'][0]['processes_without_pss'] == 0" \
		"2 * 20 << 20 < r['trees'][0]['cow_saved_bytes'] < 2 * 44 << 20" \
		"all(0 < p['memory']['at_ns'] < r['capture']['duration_ns'] for p in r['processes'])"
}

@test "a quota: how often and for how long it stopped threads, as cpu.stat has it" {
	requires bpf
	make_quota 50
	start_workload sh -c "echo \$\$ >$CGROUP/cgroup.procs &&
		exec $PYTHON3 tests/workloads/cases.py primes --threads 1 --processes 2"
	cp "$CGROUP/cpu.stat" "$BATS_TEST_TMPDIR/before"
	"$GILPROF" -p "$WORKLOAD_PID" -d 2 -o "$REPORT" -o "$REPORT.txt"
	cp "$CGROUP/cpu.stat" "$BATS_TEST_TMPDIR/after"
	cat "$REPORT.txt"
	check_laws "$REPORT"
	check_schema
	shows agrees quota "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	json_true "$REPORT" "all(p['cpu_quota_cgroup'] == r['cgroups'][0]['name'] for p in r['processes'])"
	tr '\n' ' ' <"$REPORT.txt" | grep -Eq 'The CPU quota of cgroup /gilprof-test-[0-9]+, 0.50 CPUs, was used up in'
}

@test "two processes that are kept to one CPU: who ran there, and that the others did not" {
	requires bpf
	requires command taskset
	start_workload taskset -c 1 "$PYTHON3" tests/workloads/cases.py primes --threads 1 --processes 2
	"$GILPROF" -p "$WORKLOAD_PID" -d 1 -o "$REPORT" -o "$REPORT.txt"
	cat "$REPORT.txt"
	check_laws "$REPORT"
	agrees cpus
	json_true "$REPORT" "all(p['cpu_list'] == '1' for p in r['processes'])" \
		"all(set(p['cpu_ns_by_cpu']) <= {'1'} for p in r['processes'])" \
		"not sum(p['migrations'] for p in r['processes'])"
	grep -q '^  CPU target others  idle offline' "$REPORT.txt"
	refute grep -q 'quota of cgroup' "$REPORT.txt"
}

# bursts KIND: three threads or processes that compute in half of the time
bursts() {
	start_workload "$PYTHON3" tests/workloads/bursts.py "$1" --count 3
	"$GILPROF" -p "$WORKLOAD_PID" -d 3 -o "$REPORT" -o "$REPORT.txt"
	end_workload "$WORKLOAD_PID"
	cat "$REPORT.txt"
	json "$REPORT" '"# " + str(r["parallelism"])' >&3
	check_laws "$REPORT"
	check_schema
	json_true "$REPORT" "r['parallelism']['intervals'] >= 15" \
		"r['parallelism']['wanted']['p10'] < 0.3" \
		"2.8 < r['parallelism']['wanted']['p90'] < 3.05" \
		"r['parallelism']['wanted']['max'] < 3.15" \
		"1.4 < r['parallelism']['wanted']['mean'] < 1.6" \
		"abs(r['parallelism']['wanted']['mean'] - sum(p['wanted'] for p in r['processes'])) < 0.02" \
		"abs(r['parallelism']['achieved']['mean'] - sum(p['achieved'] for p in r['processes'])) < 0.02"
	grep -q '^Threads that wanted to run, in parts of 134 ms: ' "$REPORT.txt"
}

@test "bursts of threads: three want to run half of the time, and one does" {
	requires bpf
	bursts threads
	json_true "$REPORT" "0.8 < r['parallelism']['achieved']['p90'] < 1.05"
}

@test "bursts of processes: three want to run half of the time, and as many do as there are CPUs" {
	requires bpf
	bursts processes
	json_true "$REPORT" \
		"0.7 * min(3, r['scaling']['cpus']) < r['parallelism']['achieved']['p90'] < 1.02 * min(3, r['scaling']['cpus'])"
}
