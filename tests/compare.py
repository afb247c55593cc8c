#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares a report of gilprof with what somebody else measured over the same window.

usage: compare.py WHAT REPORT.json TRUTH...

take     log of giloracle, output of a workload: its threads' time in take_gil
futex    the same: their time in futex waits for the GIL
convoy   the same: the part of it that they are asleep (giloracle --sched)
pairs    log of giloracle --holders, percent allowed: who waited for whom
blame    output of blame.py: who waited for whom, at which line, doing what
waits    output of waits.py...: the state of the thread that waits
hold     output of hold.py
stopped  output of stopped.py
mutex    output of mutex, run by gilprof
locks    output of locks.py
vfork    output of vfork
exec     output of execthread, run by gilprof; ns stolen from the machine meanwhile
churn    outputs of churn_procs and churn_threads, run by gilprof; the same

Prints both figures and their difference; exits 1 if one is beyond what is allowed.
"""
import collections
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle"))
import clip  # noqa: E402
import pairs as oracle_pairs  # noqa: E402

STATES = {"sleep": "sleep", "child": "child_wait", "lock": "lock_wait", "event": "lock_wait",
          "queue": "lock_wait"}
IO_CLASSES = {"pipe": "pipe", "socket": "socket", "file": "file", "select": "poll", "poll": "poll"}
failed = False


def verdict(ok, line):
    global failed
    failed |= not ok
    print(line + ("" if ok else "  <-- NOT ALLOWED"))


def within_percent(what, got, want, percent, beyond=0):
    """beyond: what the truth may lack, in ns"""
    off = 100 * (got - want) / want if want else float("inf")
    verdict(-percent <= off and 100 * (got - beyond - want) <= percent * want,
            "%s: gilprof %.3f ms, truth %.3f ms: %+.2f %% (%g %% allowed%s)"
            % (what, got / 1e6, want / 1e6, off, percent,
               ", and %.3f ms" % (beyond / 1e6) if beyond else ""))


def within_points(what, got, want, window, points):
    got, want = 100 * got / window, 100 * want / window
    verdict(abs(got - want) <= points,
            "%s: gilprof %.2f %%, truth %.2f %%: %+.2f points (%g allowed)"
            % (what, got, want, got - want, points))


def equal(what, got, want):
    verdict(got == want, "%s: gilprof %s, truth %s" % (what, got, want))


class Report:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.processes = report["processes"]
        self.blame = report.get("blame", [])
        self.locks = report.get("locks", [])
        self.window = report["capture"]["duration_ns"]
        self.start = report["capture"]["start_monotonic_ns"]
        self.end = self.start + self.window

    def process(self, pid):
        return next(p for p in self.processes if p["pid"] == pid)

    def thread(self, tid):
        return next(t for p in self.processes for t in p["threads"] if t["tid"] == tid)

    def inside(self, begin, end):
        """How much of an interval lies in the window."""
        return max(0, min(end, self.end) - max(begin, self.start))

    def part(self, begin, end, ns):
        """The same of `ns`, which are spread over the interval."""
        return ns * self.inside(begin, end) / max(1, end - begin)


def truth(path):
    """What a workload printed: (its PID, its last line)."""
    with open(path) as file:
        lines = file.read().splitlines()
    return int(lines[0].split()[1]), json.loads(lines[-1])


def state(threads, *names):
    return sum(t["state_ns"][name] for t in threads for name in names)


def oracle(report, log, output):
    """(thread of the report, what the oracle says of it), for each thread of the workload."""
    threads = clip.clip(log, report.start, report.end)
    for tid in truth(output)[1]["tids"]:
        yield report.thread(tid), threads[tid]


def asleep_or_queued(thread):
    return thread["gil_wait"]["asleep_ns"] + thread["gil_wait"]["runq_ns"]


def take(report, log, output):
    for thread, seen in oracle(report, log, output):
        print("%s: %d waits, %d contended calls" % (thread["name"], thread["gil_wait"]["count"],
                                                    seen["contended"]))
        within_percent(thread["name"], thread["gil_wait"]["total_ns"], seen["take_ns"], 2)


def futex(report, log, output):
    for thread, seen in oracle(report, log, output):
        within_percent(thread["name"], asleep_or_queued(thread), seen["futex_ns"], 2)


def convoy(report, log, output):
    pairs = list(oracle(report, log, output))
    calls, asleep, queued = (sum(seen[part] for _, seen in pairs)
                             for part in ("futex_ns", "asleep_ns", "runq_ns"))
    print("%d calls, %.3f ms: %.1f %% asleep, %.1f %% in the run queue, the rest on a CPU" % (
        sum(seen["waits"] for _, seen in pairs), calls / 1e6, 100 * asleep / calls,
        100 * queued / calls))
    within_percent("all threads, asleep", sum(thread["gil_wait"]["asleep_ns"]
                                              for thread, _ in pairs), asleep, 2)


# Nobody holds the GIL while it is handed over: gilprof names the one before, the oracle nobody.
def pair(row):
    holder = row["holder_tid"] or "unknown"
    return row["waiter_tid"], "handoff" if row["kind"] == "handoff" else holder


def pairs(report, log, percent):
    got, want = collections.Counter(), collections.Counter()
    for row in report.blame:
        got[pair(row)] += row["wait_ns"]
    for (waiter, holder), ns in oracle_pairs.pairs(log, report.start, report.end).items():
        want[waiter, holder or "handoff"] += ns
    total = sum(want.values())
    off = {p: got[p] - want[p] for p in set(got) | set(want)}
    for p in sorted(off, key=lambda p: -abs(off[p]))[:6]:
        print("%s for %s: gilprof %.3f ms, oracle %.3f ms" % (*p, got[p] / 1e6, want[p] / 1e6))
    error = 100 * sum(map(abs, off.values())) / max(1, total)
    verdict(error <= float(percent), "%d pairs, %.3f ms of waits, gilprof %.3f ms: error %.3f %% (%s "
            "allowed)" % (len(off), total / 1e6, sum(got.values()) / 1e6, error, percent))


# What a hold may be, and what of it is queueing
KINDS = {"compute": "native", "sleep": "offcpu"}


def overlap(a, b):
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def blame_truth(report, said):
    """{(waiter, holder, line, kind): ns}: each logged wait cut along the logged holds."""
    want, holds = collections.Counter(), sorted(said["holds"], key=lambda h: h[3])
    for waiter, *wait in said["waits"]:
        wait = max(wait[0], report.start), min(wait[1], report.end)
        for holder, line, kind, begin, end, queued in holds:
            ns = overlap(wait, (begin, end))
            if ns and holder != waiter:
                preempted = ns * queued / (end - begin)
                want[waiter, holder, line, "preempted"] += preempted
                want[waiter, holder, line, KINDS[kind]] += ns - preempted
    return want


def line_of(row):
    """The innermost line of Python."""
    return next((f["line"] for f in reversed(row["stack"]) if f["kind"] == "python"), None)


def blame(report, output, percent=3):
    said = truth(output)[1]
    want, got, queued = blame_truth(report, said), collections.Counter(), collections.Counter()
    waiters = {waiter for waiter, *_ in want}
    for row in report.blame:
        if row["waiter_tid"] in waiters:
            got[row["waiter_tid"], row["holder_tid"], line_of(row), row["kind"]] += (
                row["wait_ns"] + row["runq_ns"])
            queued[row["waiter_tid"], row["holder_tid"], line_of(row)] += row["runq_ns"]
    names = {tid: name for name, tid in said["tids"].items()}
    # one call more or less is much of a place where little was waited
    places = sorted(place for place in {place[:3] for place in want}
                    if sum(ns for p, ns in want.items() if p[:3] == place) >= report.window / 100)
    verdict(places, "%d places, %d waits, %d holds" % (len(places), len(said["waits"]),
                                                       len(said["holds"])))
    for place in places:
        found = {kind: ns for (*p, kind), ns in got.items() if tuple(p) == place}
        known = {kind: ns for (*p, kind), ns in want.items() if tuple(p) == place}
        what = "%s waits for %s at line %d" % (names[place[0]], names[place[1]], place[2])
        within_percent(what, sum(found.values()), sum(known.values()), float(percent))
        print("   " + ", ".join("%s %.1f of %.1f ms" % (k, found.get(k, 0) / 1e6, known.get(k, 0) / 1e6)
                                for k in sorted({*found, *known}))
              + "; %.1f ms of it in the run queue" % (queued[place] / 1e6))
        right = sum(min(ns, found.get(kind, 0)) for kind, ns in known.items())
        verdict(right >= 0.95 * sum(known.values()), "%s: %.2f %% of it in the right kind (95 needed)"
                % (what, 100 * right / sum(known.values())))
    elsewhere = {p: ns for p, ns in got.items() if p[:3] not in places}
    print("elsewhere: %.3f ms of %.3f ms" % (sum(elsewhere.values()) / 1e6, sum(got.values()) / 1e6))
    for p in sorted(elsewhere, key=lambda p: -elsewhere[p])[:6]:
        print("   %s for %s at line %s, %s: %.3f ms" % (
            names.get(p[0]), names.get(p[1], p[1]), *p[2:], elsewhere[p] / 1e6))


def waits(report, *outputs):
    for output in outputs:
        said = truth(output)[1]
        thread, kind = report.thread(said["tid"]), said["kind"]
        asleep = sum(report.part(begin, end, ns) for begin, end, ns in said["waits"])
        clock = sum(report.inside(begin, end) for begin, end, _ in said["waits"])
        print("%s: %.3f ms by its clock, %.3f ms of it asleep" % (kind, clock / 1e6, asleep / 1e6))
        name = STATES.get(kind, "io_wait")
        within_percent("%s, %s" % (kind, name), thread["state_ns"][name], asleep, 1)
        if kind in IO_CLASSES:
            name = IO_CLASSES[kind]
            within_percent("%s, io_ns.%s" % (kind, name), thread["io_ns"][name], asleep, 1)


def lock_at(report, address):
    found = [lock for lock in report.locks if lock["address"] == address]
    equal("rows of the lock at " + address, len(found), 1)
    return found[0]


def mutex(report, output):
    said = truth(output)[1]
    lock = lock_at(report, said["address"])
    tids = {thread["name"]: thread["tid"] for p in report.processes for thread in p["threads"]}
    owners = {owner["tid"]: owner["wait_ns"] for owner in lock["owners"]}
    within_percent("wait_ns", lock["wait_ns"], sum(said["slept"].values()), 2)
    equal("waiters", lock["waiters"], 2)
    equal("owner", lock["owner_tid"], tids["b"])
    for name, slept in said["slept"].items():
        within_percent("while %s held it" % name, owners.get(tids[name], 0), slept, 2)
    # of two that want it, the one that gets it second may fall asleep again
    verdict(said["waits"] - 2 <= lock["count"] <= 1.1 * said["waits"],
            "sleeps: gilprof %d, calls %d" % (lock["count"], said["waits"]))


def locks(report, output):
    said = truth(output)[1]
    lock = lock_at(report, said["address"])
    asleep = sum(report.part(begin, end, ns) for begin, end, ns in said["waits"])
    within_percent("wait_ns", lock["wait_ns"], asleep, 2)
    equal("waiters", lock["waiters"], len(said["tids"]))
    equal("owner", lock["owner_tid"], None)


def hold(report, output):
    said = truth(output)[1]
    thread, calls = report.thread(said["tid"]), said["calls"]

    def of(names, part):
        return sum(report.part(begin, end, part(end - begin, cpu, queued))
                   for name in names for begin, end, cpu, queued in calls[name])

    # not its CPU clock: that leaves out what the hypervisor stole (3 % and more at times), during which
    # the thread has a CPU all the same, for us as for the scheduler
    def on_cpu(wall, cpu, queued):
        return wall - queued

    def in_queue(wall, cpu, queued):
        return queued

    def off_cpu(wall, cpu, queued):
        return wall - cpu

    def asleep(wall, cpu, queued):
        return wall - cpu - queued

    for name, got, want in (
            ("held_offcpu_ns", thread["held_offcpu_ns"],
             of(("sleep_holding",), off_cpu) + of(("compute_holding",), in_queue)),
            ("sleep", thread["state_ns"]["sleep"], of(("sleep_holding", "sleep_released"), asleep)),
            ("run_nogil", thread["state_ns"]["run_nogil"], of(("compute_released",), on_cpu)),
            ("run_gil", thread["state_ns"]["run_gil"], of(("compute_holding",), on_cpu))):
        within_points(name, got, want, report.window, 2)


def stopped(report, output):
    said = truth(output)[1]
    stops = sum(report.inside(begin, end) for begin, end in said["stops"])
    waiter = report.thread(said["waiter"])
    within_points("waiter, lock_wait", waiter["state_ns"]["lock_wait"], report.window - stops,
                  report.window, 2)
    for thread in [waiter] + [report.thread(tid) for tid in said["spinners"]]:
        within_points("%s, blocked" % thread["name"], thread["state_ns"]["blocked"], stops,
                      report.window, 2)


def vfork(report, output):
    said = truth(output)[1]
    waited = sum(report.inside(begin, end) for begin, end in said["waits"])
    within_percent("child_wait", report.thread(said["tid"])["state_ns"]["child_wait"], waited, 1)


def execs(report, output, stolen):
    """stolen: as churn's"""
    pid, said = truth(output)
    threads = report.process(pid)["threads"]
    print("%d execs, %d threads reported" % (said["execs"], len(threads)))
    within_percent("CPU time", state(threads, "run_gil", "run_nogil"), said["cpu_ns"], 2, int(stolen))
    within_percent("sleep", state(threads, "sleep"), said["slept_ns"], 2)


def churn(report, processes, threads, stolen):
    """stolen: ns of steal and irq in the whole machine meanwhile, which getrusage leaves out"""
    stolen = int(stolen)
    pid, said = truth(processes)
    children = [p for p in report.processes if p["ppid"] == pid]
    equal("processes", len(children), said["count"])
    within_percent("their CPU time", sum(state(p["threads"], "run_gil", "run_nogil")
                                         for p in children), said["cpu_ns"], 2, stolen)
    pid, said = truth(threads)
    found = report.process(pid)["threads"]
    equal("threads, without the first", len(found) - 1, said["count"])
    within_percent("their CPU time", state(found, "run_gil", "run_nogil"), said["cpu_ns"], 2, stolen)


def main(what, report, *truths):
    commands = {"take": take, "futex": futex, "convoy": convoy, "pairs": pairs, "blame": blame,
                "waits": waits, "hold": hold, "stopped": stopped, "vfork": vfork, "exec": execs, "mutex": mutex, "locks": locks, "churn": churn}
    commands[what](Report(report), *truths)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
