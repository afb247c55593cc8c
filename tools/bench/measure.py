# SPDX-License-Identifier: BSD-2-Clause
"""How the benchmark measures: one process works all the time and counts its operations in a shared
file; it is left alone and profiled by turns, so that both see the same machine. What is compared is
its rate inside gilprof's window, without the start before and the report after it.
"""
import bisect
import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SLOTS = 64         # counters of 8 bytes in the shared file
LOOK_S = 0.015     # between two looks at them
SETTLE_S = 0.1     # the kernel frees programs some time after their process has ended
TORN_NS = 500_000  # a look that took so long was interrupted
TIED = ["setpriv", "--pdeathsig", "KILL", "--"]  # what runs under it ends with the benchmark


class Failed(Exception):
    """Something could not be measured."""


class Child:
    """A process that says "ready" once it is; the with block ends it."""

    def __init__(self, *command, **environ):
        self.process = subprocess.Popen(TIED + [str(word) for word in command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **environ})
        self.pid = self.process.pid
        if not self.process.stdout.readline().startswith("ready"):
            self.end()
            raise Failed(f"{command[0]} did not start")

    def ask(self):
        """What it answers to a line: up to an empty one."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return list(iter(self.process.stdout.readline, "\n"))

    def end(self):
        self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Workload(Child):
    """A child whose progress is looked at all the time, from a thread that sleeps in between. With
    `cpus`, its last threads run on these, one each by turns."""

    def __init__(self, *command, cpus=None):
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
            file.truncate(SLOTS * 8)
            self.slots = memoryview(mmap.mmap(file.fileno(), SLOTS * 8)).cast("q")
            super().__init__(*command, GILPROF_COUNTER=file.name)
        self.cpus = cpus
        if cpus:
            pin(self.pid, cpus)
        self.looks, self.ended = [], threading.Event()  # looks: (ns, operations, CPU ns)
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def watch(self):
        cpu_clock = ~self.pid << 3 | 2  # as clock_getcpuclockid(3) makes it
        while not self.ended.wait(LOOK_S):
            before = time.monotonic_ns()
            operations, cpu = sum(self.slots), time.clock_gettime_ns(cpu_clock)
            after = time.monotonic_ns()
            if after - before < TORN_NS:
                self.looks.append(((before + after) // 2, operations, cpu))

    def at(self, ns):
        """Operations and CPU time up to then."""
        i = min(max(bisect.bisect(self.looks, (ns,)), 1), len(self.looks) - 1)
        (t0, *before), (t1, *after) = self.looks[i - 1:i + 1]
        return [x + (y - x) * (ns - t0) / (t1 - t0) for x, y in zip(before, after)]

    def cost(self, window):
        """Time and CPU time of an operation inside the window, (begin, end) in ns. None if there
        was none: a host that stands still for a while takes its machines with it."""
        begin, end = map(self.at, window)
        operations = end[0] - begin[0]
        if operations <= 0:
            return None
        return (window[1] - window[0]) / operations, (end[1] - begin[1]) / operations

    def check(self):
        if self.process.poll() is not None:
            raise Failed(f"the workload ended with status {self.process.returncode}")

    def __exit__(self, *_):
        self.ended.set()
        self.watcher.join()
        self.end()


def pin(pid, cpus):
    threads = sorted(map(int, os.listdir(f"/proc/{pid}/task")), reverse=True)
    for i, tid in enumerate(threads):
        os.sched_setaffinity(tid, {cpus[i % len(cpus)]})


class Gilprof:
    """Profiles a process, again and again; keeps what the reports say of the captures."""

    def __init__(self, path, pid, *options):
        self.command = TIED + [path, "--json", *options, "-p", str(pid), "-d"]
        self.captures = []
        self.process = self.out = None

    def start(self, seconds):
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command + [str(seconds)], stdout=self.out,
                                        stdin=subprocess.DEVNULL)
        return self.process.pid

    def finish(self):
        with self.out:
            if self.process.wait():
                raise Failed(f"gilprof ended with status {self.process.returncode}")
            self.out.seek(0)
            self.captures.append(json.load(self.out)["capture"])
        return self.captures[-1]


# --- what is done to a workload for so many seconds; each returns the window ----------------------

def alone(seconds):
    time.sleep(SETTLE_S)
    begin = time.monotonic_ns()
    time.sleep(seconds)
    return begin, time.monotonic_ns()


def profiled(gilprof):
    def treat(seconds):
        gilprof.start(seconds)
        capture = gilprof.finish()
        begin = capture["start_monotonic_ns"]
        return begin, begin + capture["duration_ns"]
    return treat


def beside(*command):
    """With another program running."""
    def treat(seconds):
        with Child(*command):
            return alone(seconds)
    return treat


# --- comparison -----------------------------------------------------------------------------------

def ratios(workload, treatments, rounds, seconds):
    """{treatment: [(time, CPU time)...]} of an operation under each, as ratios to those alone: the
    mean of before and after, which cancels a steady drift of the machine."""
    names, windows = [], [alone(seconds)]
    for _ in range(rounds):
        for name, treat in treatments.items():
            names.append(name)
            windows += [treat(seconds), alone(seconds)]
    time.sleep(2 * LOOK_S)
    workload.check()
    costs = [workload.cost(window) for window in windows]
    if None in costs:
        print(f"bench: the workload stood still in {costs.count(None)} of {len(costs)} windows,"
              " whose ratios are left out", file=sys.stderr)
    found = {name: [] for name in treatments}
    for i, name in enumerate(names):
        three = costs[2 * i:2 * i + 3]
        if all(three):
            found[name].append([2 * y / (x + z) for x, y, z in zip(*three)])
    if min(map(len, found.values())) < 2:
        raise Failed("the workload stands still")
    return found


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive")


# --- what the kernel counts -----------------------------------------------------------------------

def programs(counter):
    """Every BPF program's run time while the child `counter` runs: {id: (name, ns, runs)}."""
    rows = (line.split() for line in counter.ask())
    return {int(number): (name, int(ns), int(runs)) for number, name, ns, runs in rows}


def programs_of(pid):
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}") as file:
                ids |= {int(line.split()[1]) for line in file if line.startswith("prog_id:")}
        except FileNotFoundError:
            pass  # closed meanwhile
    return ids


def timer_interrupts():
    """Of all CPUs so far."""
    with open("/proc/interrupts") as file:
        for line in file:
            if "LOC:" in line or "arch_timer" in line:
                return sum(int(word) for word in line.split()[1:] if word.isdigit())
    raise Failed("/proc/interrupts has no timer")


def stolen_share():
    """A function: which share of all CPU time the host has taken since."""
    def read():
        with open("/proc/stat") as file:
            ticks = [int(word) for word in file.readline().split()[1:9]]
        return ticks[7], sum(ticks)

    before = read()

    def since():
        stolen, total = (y - x for x, y in zip(before, read()))
        return stolen / max(total, 1)
    return since
