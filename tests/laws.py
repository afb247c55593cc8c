#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the conservation laws of a JSON report from its raw figures, not from what it says of itself.

usage: laws.py [--allow-lost] REPORT.json

1: per thread, the sum over states is the time it existed.
2: per CPU, target + other + idle + offline is the window.
3: per process with a blame, the sum of blame is the sum of gil_wait.
4: per process, CPU time by our account is CPU time by the kernel's (schedstat), but for what the
   kernel books elsewhere (steal, irq) and for the tick by which a running thread's schedstat is old.
5: per process, the sum over locks is the sum of lock_wait.
Unless --allow-lost is given, no datum may be lost either: a report may then not be exact.
"""
import json
import sys

SUM_TOLERANCE = 0.001  # laws 1 to 3, and 5
CPU_TOLERANCE = 0.01   # law 4,
CPU_THREAD_NS = 100000 # and per thread: it begins and ends at instants that both round
ROUNDING_NS = 100      # some states are shares of a sum, each rounded to an integer


def off(got, want, allowed):
    return abs(got - want) > allowed + ROUNDING_NS


def states(report):
    for process in report["processes"]:
        for thread in process["threads"]:
            total, exists = sum(thread["state_ns"].values()), thread["exists_ns"]
            if off(total, exists, SUM_TOLERANCE * exists):
                yield (f"law 1: thread {thread['tid']} ({thread['name']}): states sum to {total} ns, "
                       f"it existed for {exists} ns")
            for state, ns in thread["state_ns"].items():
                if not isinstance(ns, int) or ns < 0:
                    yield f"law 1: thread {thread['tid']}: {state} is {ns}"


def cpus(report):
    window = report["capture"]["duration_ns"]
    if not report["cpus"]:
        yield "law 2: the report has no CPUs"
    for cpu in report["cpus"]:
        total = sum(cpu[k] for k in ("target_ns", "other_ns", "idle_ns", "offline_ns"))
        if off(total, window, SUM_TOLERANCE * window):
            yield f"law 2: CPU {cpu['cpu']}: {total} ns of a window of {window} ns"


def blame(report):
    if "blame" not in report:
        return
    for process in report["processes"]:
        blamed = sum(row["wait_ns"] for row in report["blame"] if row["pid"] == process["pid"])
        waited = sum(t["state_ns"]["gil_wait"] for t in process["threads"])
        if off(blamed, waited, SUM_TOLERANCE * waited):
            yield (f"law 3: process {process['pid']}: {blamed} ns of blame, its threads waited "
                   f"{waited} ns for a GIL")


def cpu_time(report):
    capture = report["capture"]
    for process in report["processes"]:
        ours, kernel = process["cpu_ns"], process["kernel_cpu_ns"]
        allowed = (CPU_TOLERANCE * kernel + capture["steal_irq_ns"]
                   + process["edges_on_cpu"] * capture["tick_ns"]
                   + CPU_THREAD_NS * len(process["threads"]))
        if off(ours, kernel, allowed):
            yield (f"law 4: process {process['pid']}: {ours} ns on CPUs, {kernel} ns by schedstat, "
                   f"{allowed:.0f} ns allowed")


def locks(report):
    if "locks" not in report:
        return
    for process in report["processes"]:
        by_lock = sum(row["wait_ns"] for row in report["locks"] if row["pid"] == process["pid"])
        waited = sum(t["state_ns"]["lock_wait"] for t in process["threads"])
        if off(by_lock, waited, SUM_TOLERANCE * waited):
            yield (f"law 5: process {process['pid']}: {by_lock} ns by lock, its threads waited "
                   f"{waited} ns for locks")


def losses(report):
    for cause, count in report["capture"]["lost"].items():
        # two CPUs' clocks may differ by a microsecond: clamped, and nothing is missing
        if count and cause != "clock_backwards":
            yield f"lost: {count} of {cause}"


def main(args):
    allow_lost = "--allow-lost" in args
    paths = [a for a in args if a != "--allow-lost"]
    if len(paths) != 1:
        sys.exit(__doc__)
    with open(paths[0], encoding="utf-8") as file:
        report = json.load(file)
    broken = [*states(report), *cpus(report), *blame(report), *cpu_time(report), *locks(report)]
    if not allow_lost:
        broken += losses(report)
    for line in broken:
        print(f"{paths[0]}: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
