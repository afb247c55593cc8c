#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares what a report says of a tree of processes with what its programs and the kernel say.

usage: procs.py server REPORT.json OUTPUT       output of workloads/server.py
       procs.py split REPORT.json OUTPUT DIR    output of workloads/pool.py split, and its --dir
       procs.py stream REPORT.json OUTPUT       output of workloads/pool.py stream
       procs.py memory REPORT.json DIR          copies of /proc/PID/smaps_rollup, named PID
       procs.py sums REPORT.json                what must agree inside of the report
       procs.py cpus REPORT.json                the same, of CPUs
       procs.py quota REPORT.json STAT STAT     cpu.stat before and after the window
       procs.py picture REPORT.json FILE.cpus.svg

Prints both figures; exits 1 if one is beyond what is allowed.
"""
import glob
import json
import os
import sys
import xml.etree.ElementTree

BACKEND_NS = 10_000_000  # how long the back end of server.py takes
failed = False


def check(ok, line):
    global failed
    failed |= not ok
    print(line + ("" if ok else "  <-- NOT ALLOWED"))


def near(what, got, want, percent, beyond=0):
    check(abs(got - want) <= percent / 100 * want + beyond,
          "%s: gilprof %.4g, truth %.4g (%g %% allowed)" % (what, got, want, percent))


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def truth(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    return [int(word) for word in lines[0].split()[1:]], json.loads(lines[-1])


def window(report):
    start = report["capture"]["start_monotonic_ns"]
    return start, start + report["capture"]["duration_ns"]


def grown(rows, begin, end, column):
    """How much a column of [time, ...] grew in the window, by linear interpolation."""
    rows = sorted(rows)

    def at(time):
        before = max((r for r in rows if r[0] <= time), default=rows[0])
        after = min((r for r in rows if r[0] > time), default=rows[-1])
        share = (time - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0
        return before[column] + share * (after[column] - before[column])

    return at(end) - at(begin)


def by_pid(report):
    return {p["pid"]: p for p in report["processes"]}


def tree_of(report, root):
    tree = next(t for t in report["trees"] if t["root_pid"] == root)
    check(len(tree["workers"]) == 1, "%d groups of workers, 1 expected" % len(tree["workers"]))
    return tree, tree["workers"][0]


def names_workers(group, pids):
    found = sorted(w["pid"] for w in group["workers"])
    check(found == sorted(pids), "workers: gilprof %s, truth %s" % (found, sorted(pids)))
    check(group["forked"], "they were forked")


def server(report, output):
    (root,), said = truth(output)
    answers = {int(pid): rows for pid, rows in said["answers"].items()}
    begin, end = window(report)
    tree, group = tree_of(report, root)
    names_workers(group, answers)
    check(group["parent_pid"] == root, "their parent is gunicorn")
    for pid, rows in answers.items():
        p = by_pid(report)[pid]
        near("CPU time of %d, ns" % pid, p["cpu_ns"], grown(rows, begin, end, 1), 5, 20e6)
        # asleep for as long as the back end takes, but not as long as until Python runs again
        least = BACKEND_NS * grown(rows, begin, end, 3)
        most = grown(rows, begin, end, 2)
        check(0.9 * least - 30e6 <= p["ipc_ns"]["socket"] <= 1.02 * most + 30e6,
              "sockets of %d: gilprof %.0f ms, truth %.0f to %.0f ms"
              % (pid, p["ipc_ns"]["socket"] / 1e6, least / 1e6, most / 1e6))
    check(tree["cow_saved_bytes"] > 3 * 24 << 20,
          "copy-on-write saves %.0f MiB of the ballast" % (tree["cow_saved_bytes"] / (1 << 20)))


def split(report, output, directory):
    (root, *pids), _ = truth(output)
    begin, end = window(report)
    _, group = tree_of(report, root)
    names_workers(group, pids)
    cpu = []
    for log in glob.glob(os.path.join(directory, "log.*")):
        with open(log, encoding="ascii") as file:
            rows = [json.loads(line) for line in file if line.endswith("\n")]
        cpu.append(grown(rows, begin, end, 1))
    cpu = sorted(cpu + [0], reverse=True)
    for worker, used in zip(group["workers"], cpu):
        near("CPU time of %d, ns" % worker["pid"], worker["cpu_ns"], used, 3, 20e6)
    near("imbalance", group["imbalance"], cpu[0] / (sum(cpu) / 3), 3)
    idle = [w["pid"] for w in group["workers"] if w["idle"]]
    check(idle == [group["workers"][2]["pid"]], "idle: gilprof %s, truth the third" % idle)
    ipc = by_pid(report)[idle[0]]["ipc_ns"] if idle else {"pipe": 0, "semaphore": 0}
    near("it waited for work, ns", ipc["pipe"] + ipc["semaphore"], end - begin, 1)


def stream(report, output):
    (root, *pids), said = truth(output)
    begin, end = window(report)
    _, group = tree_of(report, root)
    names_workers(group, pids)
    check(not group["idle"], "none is idle")
    for pid in pids:
        busy = sum(max(0, min(e, end) - max(b, begin)) for b, e in said["tasks"][str(pid)])
        p = by_pid(report)[pid]
        wait = p["ipc_ns"]["pipe"] + p["ipc_ns"]["semaphore"]
        queued = p["threads"][0]["state_ns"]["runq"]
        # between tasks it waits for a CPU, too, and unpickles
        check(end - begin - busy - queued - 0.05 * (end - begin) <= wait <= 1.02 * (end - begin - busy),
              "IPC of %d: gilprof %.0f ms, between tasks %.0f ms, queued %.0f ms"
              % (pid, wait / 1e6, (end - begin - busy) / 1e6, queued / 1e6))
        for kind in ("pipe", "semaphore"):  # whoever has the semaphore reads the pipe
            check(p["ipc_ns"][kind] > 0.05 * (end - begin), "both: %s %.0f ms" % (kind, p["ipc_ns"][kind] / 1e6))
    total = sum(by_pid(report)[pid]["ipc_ns"]["pipe"] for pid in pids)
    check(total <= end - begin, "one reads the pipe at a time: %.0f ms" % (total / 1e6))


def memory(report, directory):
    keys = {"rss_bytes": "Rss", "pss_bytes": "Pss", "shared_dirty_bytes": "Shared_Dirty",
            "shared_clean_bytes": "Shared_Clean", "private_dirty_bytes": "Private_Dirty",
            "anonymous_bytes": "Anonymous", "anonymous_pss_bytes": "Pss_Anon"}
    for pid, p in by_pid(report).items():
        with open(os.path.join(directory, str(pid)), encoding="ascii") as file:
            smaps = dict(line.split(":", 1) for line in file if line.endswith("kB\n"))
        for key, name in keys.items():
            near("%s of %d, bytes" % (name, pid), p["memory"][key], 1024 * int(smaps[name].split()[0]), 2,
                 512 << 10)
        check(p["rss_bytes"] == p["memory"]["shared_clean_bytes"] + p["memory"]["shared_dirty_bytes"]
              + p["memory"]["private_clean_bytes"] + p["memory"]["private_dirty_bytes"],
              "RSS of %d is shared + private" % pid)
    saved = sum(p["memory"]["cow_saved_bytes"] for p in report["processes"])
    check(saved == sum(t["cow_saved_bytes"] for t in report["trees"]), "trees save %d bytes" % saved)


def sums(report):
    processes = by_pid(report)
    for tree in report["trees"]:
        for key in ("cpu_ns", "rss_bytes", "pss_bytes"):
            want = sum(processes[pid][key] or 0 for pid in tree["pids"])
            check(tree[key] == want, "tree of %d: %s %d, its processes' %d"
                  % (tree["root_pid"], key, tree[key], want))
        for group in tree["workers"]:
            want = sum(processes[w["pid"]]["cpu_ns"] for w in group["workers"])
            check(group["cpu_ns"] == want, "workers of %d: %d ns" % (group["parent_pid"], want))
    seen = sorted(pid for tree in report["trees"] for pid in tree["pids"])
    check(seen == sorted(processes), "each process is in one tree")
    for p in report["processes"]:
        for t in p["threads"]:
            check(t["lock_shared_ns"] <= t["state_ns"]["lock_wait"], "locks of %d" % t["tid"])


def quota(report, before, after):
    def read(path):
        with open(path, encoding="ascii") as file:
            stat = {key: int(value) for key, value in map(str.split, file)}
        return [stat["nr_periods"], stat["nr_throttled"],
                stat["throttled_time"] if "throttled_time" in stat else 1000 * stat["throttled_usec"]]

    (group,) = report["cgroups"]
    truth_ = [b - a for a, b in zip(read(before), read(after))]
    # the window lies inside: what was gained before it and after it is missing, a few periods of 0.1 s
    extra = 4
    for key, want, each in zip(("periods", "throttled_periods", "throttled_ns"), truth_, (1, 1, 150e6)):
        got = group[key]
        check(want - extra * each <= got <= want,
              "%s: gilprof %d, truth %d (up to %d less)" % (key, got, want, extra * each))
    queued = sum(t["state_ns"]["runq"] for p in report["processes"] for t in p["threads"])
    check(queued >= 0.9 * group["throttled_ns"] > 0, "queued %.0f ms, throttled %.0f ms"
          % (queued / 1e6, group["throttled_ns"] / 1e6))


def cpus(report):
    """Threads' time on each CPU is the CPU's time for the target, and the process's."""
    window_ns = report["capture"]["duration_ns"]
    for cpu in report["cpus"]:
        number = str(cpu["cpu"])
        by_process = sum(p["cpu_ns_by_cpu"].get(number, 0) for p in report["processes"])
        near("CPU %s, ns" % number, by_process, cpu["target_ns"], 1, window_ns / 1000)
    for p in report["processes"]:
        by_thread = {}
        for t in p["threads"]:
            for number, ns in t["cpu_ns_by_cpu"].items():
                by_thread[number] = by_thread.get(number, 0) + ns
        check(by_thread == p["cpu_ns_by_cpu"], "CPUs of process %d: the sums of its threads" % p["pid"])
        near("CPU time of %d, ns" % p["pid"], sum(by_thread.values()), p["cpu_ns"], 0.1, 1000)
        check(p["migrations"] == sum(t["switches"]["migrations"] for t in p["threads"]),
              "migrations of %d" % p["pid"])


def picture(report, path):
    window_ns = report["capture"]["duration_ns"]
    svg = "{http://www.w3.org/2000/svg}"
    root = xml.etree.ElementTree.parse(path).getroot()
    rows = {g.get("data-cpu"): g for g in root.iter(svg + "g") if g.get("data-cpu")}
    check(sorted(rows) == sorted(str(c["cpu"]) for c in report["cpus"]), "a row for each CPU: %s" % list(rows))
    for cpu in report["cpus"]:
        pieces = [r for r in rows[str(cpu["cpu"])].iter(svg + "rect")]
        edge = 80.0
        for rect in pieces:
            check(abs(float(rect.get("x")) - edge) < 0.002, "pieces join at %s" % edge)
            edge = float(rect.get("x")) + float(rect.get("width"))
            want = min(1000 * int(rect.get("data-ns")) / window_ns, 1080 - float(rect.get("x")))
            check(abs(float(rect.get("width")) - want) < 0.002, "%s ns are %s wide" % (rect.get("data-ns"), want))
        check(abs(edge - 1080) < 2, "the row ends at %s" % edge)
        sums_ = {kind: sum(int(r.get("data-ns")) for r in pieces if r.get("class") == kind)
                 for kind in ("threads", "rest", "other", "idle", "offline")}
        for kind in ("other", "idle", "offline"):
            check(sums_[kind] == cpu[kind + "_ns"], "%s of CPU %d" % (kind, cpu["cpu"]))
        near("target of CPU %d" % cpu["cpu"], sums_["threads"] + sums_["rest"], cpu["target_ns"], 0.1, 100_000)
        for p in report["processes"]:
            drawn = sum(int(r.get("data-ns")) for r in pieces if r.get("data-pid") == str(p["pid"]))
            have = p["cpu_ns_by_cpu"].get(str(cpu["cpu"]), 0)
            check(drawn in (have, 0) and (drawn or have < window_ns / 900),
                  "process %d on CPU %d: %d ns" % (p["pid"], cpu["cpu"], drawn))


def main(args):
    commands = {f.__name__: f for f in (server, split, stream, memory, sums, quota, cpus, picture)}
    if len(args) < 2 or args[0] not in commands:
        sys.exit(__doc__)
    commands[args[0]](load(args[1]), *args[2:])
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
