# SPDX-License-Identifier: BSD-2-Clause
"""scaling.py [--quick] [--build DIR]: what gilprof predicts of other layouts, against what they give.

Closed workloads (tests/workloads/closed.py) run in each layout of processes x threads, in turn, and some
rounds of that; a layout's throughput is the median. Then each is profiled, and what is predicted from that
profile of the others is compared with the ratio of the throughputs.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CLOSED = os.path.join(HERE, "../../tests/workloads/closed.py")

# ms with the GIL, in C without it, asleep; the GIL's share of that is 5, 10, 20, 40, 80, 100 %. Then how long a
# call of C is: all that it does without the GIL, or a part of that.
WORK = [(1, 0, 19, 0), (1, 4, 5, 4), (1, 4, 5, 0.2), (2, 0, 8, 0), (2, 1, 2, 1), (2, 1, 2, 0.2), (4, 0, 1, 0),
        (4, 0, 0, 0)]
THREADS = [(1, 1), (1, 2), (1, 4), (1, 8), (1, 16)]
OTHERS = 0.25  # CPUs: with more than that in other hands another program is measured
TRIES = 30
PROCESSES = [(2, 1), (2, 2), (2, 4), (4, 1), (4, 4)]


class Plan:
    def __init__(self, quick):
        self.work = WORK[1:6:4] if quick else WORK
        self.bases = [(1, 2)] if quick else THREADS + [(2, 2)]
        self.layouts = [(1, 1), (1, 2), (1, 4), (2, 2), (4, 1)] if quick else THREADS + PROCESSES
        self.rounds = 1 if quick else 3
        self.seconds = 1.1


def command(work, layout, seconds):
    gil, nogil, delay, call = work
    return [sys.executable, CLOSED, "--seconds", str(seconds), "--processes", str(layout[0]),
            "--threads", str(layout[1]), "--gil", str(gil), "--nogil", str(nogil), "--delay",
            str(delay), "--call", str(call)]


def run_once(work, layout, seconds):
    """Units a second, and the CPUs that other programs had meanwhile."""
    out = subprocess.run(command(work, layout, seconds), check=True, capture_output=True).stdout
    truth = json.loads(out.decode().split("\n")[1])
    own = truth["ops"] * (work[0] + work[1]) / 1e3  # a unit is CPU time
    if truth["seconds"] > 1.2 * seconds:
        return 0, os.cpu_count()  # the machine itself stood still
    return truth["ops"] / truth["seconds"], (truth["busy_s"] - own) / truth["seconds"]


def throughput(work, layout, seconds):
    """The first that others leave alone."""
    for _ in range(TRIES):
        rate, others = run_once(work, layout, seconds)
        if others < OTHERS:
            return rate
    sys.exit("other programs use %.2f CPUs: nothing can be measured" % others)


def profile(gilprof, work, layout):
    """What the report on that layout predicts; from the first window that others leave alone."""
    with subprocess.Popen(command(work, layout, 3600), stdout=subprocess.PIPE) as running, \
            tempfile.NamedTemporaryFile(suffix=".json") as report:
        running.stdout.readline()
        for _ in range(TRIES):
            subprocess.run([gilprof, "-p", str(running.pid), "-d", "2", "-o", report.name],
                           check=True)
            with open(report.name, encoding="utf-8") as file:
                found = json.load(file)
            others = sum(cpu["other_ns"] for cpu in found["cpus"])
            if others < OTHERS * found["capture"]["duration_ns"]:
                break
        else:
            found = None
        running.terminate()
        running.stdout.read()
    if not found:
        sys.exit("other programs use the CPUs all the time: nothing can be measured")
    return found["scaling"]


def cases(gilprof, plan, work):
    """(base, layout, predicted, measured ratio) of each pair."""
    rates = {layout: [] for layout in plan.layouts}
    for _ in range(plan.rounds):
        for layout in plan.layouts:
            rates[layout].append(throughput(work, layout, plan.seconds))
    rates = {layout: statistics.median(of) for layout, of in rates.items()}
    for base in plan.bases:
        scaling = profile(gilprof, work, base)
        if scaling["unknown"]:
            print("%s of %d x %d: not predicted: %s" % (work, *base, scaling["unknown"]))
        for p in scaling["predictions"]:
            layout = p["processes"], p["threads"]
            if p["layout"] != "free-threaded" and layout in rates and layout != base:
                yield base, layout, p, rates[layout] / rates[base]


def summary(name, found):
    errors = sorted(abs(p["ratio"] / measured - 1) for _, _, p, measured in found)
    inside = [p["low"] <= measured <= p["high"] for _, _, p, measured in found]
    width = [(p["high"] - p["low"]) / p["ratio"] for _, _, p, _ in found]
    print("| %-23s | %5d | %6.1f | %5.1f | %5.1f | %9.0f | %8.0f | %5.0f |" % (
        name, len(found), 100 * statistics.median(errors), 100 * errors[int(0.95 * len(errors))],
        100 * errors[-1], 100 * sum(e <= 0.15 for e in errors) / len(errors),
        100 * sum(inside) / len(inside), 100 * statistics.median(width)), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    plan = Plan(args.quick)
    print("%d CPUs, Linux %s, Python %s, load average %.1f" % (
        os.cpu_count(), platform.release(), platform.python_version(), os.getloadavg()[0]))
    print("| ms: GIL, C, asleep      | cases | median | 95 %  | worst | in 15 %   | in range | width |")
    print("| ----------------------- | ----: | -----: | ----: | ----: | --------: | -------: | ----: |",
          flush=True)
    found = []
    for work in plan.work:
        new = list(cases(os.path.join(args.build, "gilprof"), plan, work))
        if new:
            summary("%g, %g, %g" % work[:3] + (" in calls of %g" % work[3] if work[1] else ""), new)
        found += new
    if not found:
        sys.exit("nothing could be predicted")
    summary("all, errors in %", found)
    if any(base == (1, 1) for base, *_ in found):
        summary("from one thread", [f for f in found if f[0] == (1, 1)])
    summary("to threads", [f for f in found if f[1][0] == 1])
    summary("to processes", [f for f in found if f[1][0] > 1])


main()
