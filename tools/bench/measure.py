# SPDX-License-Identifier: BSD-2-Clause
"""How the benchmark measures: one process works all the time and counts its operations in a shared
file; it is left alone and watched by gilprof by turns, so that both see the same machine. What is
compared is its rate inside gilprof's window, without the start before and the report after it.
"""
import bisect
import json
import mmap
import os
import statistics
import subprocess
import tempfile
import threading
import time

SLOTS = 64          # counters of 8 bytes in the shared file
SAMPLE_S = 0.015    # between two looks at them
NICE = int(os.environ.get("NICE", "0"))
SETTLE_S = 0.1      # the kernel frees programs some time after their process has ended
TORN_NS = 500_000   # a look that took so long was interrupted


class Failed(Exception):
    """Something could not be measured."""


class Child:
    """A process that says "ready" once it is, and ends with the benchmark or with a with block."""

    def __init__(self, *command, **environ):
        self.process = subprocess.Popen(
            ["nice", "-n", str(NICE), "setpriv", "--pdeathsig", "KILL", "--", *map(str, command)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environ})
        self.pid = self.process.pid
        if not self.process.stdout.readline().startswith("ready"):
            self.end()
            raise Failed(f"{command[0]} did not start")

    def ask(self):
        """The lines that answer an empty one."""
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
    """A child whose counters are looked at all the time, from a thread that sleeps in between."""

    def __init__(self, *command, cpus=None):
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
            file.truncate(SLOTS * 8)
            self.slots = memoryview(mmap.mmap(file.fileno(), SLOTS * 8)).cast("q")
            super().__init__(*command, GILPROF_COUNTER=file.name)
        if cpus:
            pin(self.pid, cpus)
        self.when, self.count, self.ended = [], [], threading.Event()
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()

    def watch(self):
        while not self.ended.wait(SAMPLE_S):
            before = time.monotonic_ns()
            count = sum(self.slots)
            after = time.monotonic_ns()
            if after - before < TORN_NS:
                self.when.append((before + after) // 2)
                self.count.append(count)

    def count_at(self, ns):
        i = min(max(bisect.bisect(self.when, ns), 1), len(self.when) - 1)
        begin, end = self.when[i - 1:i + 1]
        return self.count[i - 1] + (self.count[i] - self.count[i - 1]) * (ns - begin) / (end - begin)

    def rate(self, window):
        """Operations a second inside (begin, end), in ns."""
        begin, end = window
        operations = self.count_at(end) - self.count_at(begin)
        if operations <= 0:
            raise Failed("the workload stands still")
        return operations * 1e9 / (end - begin)

    def __exit__(self, *_):
        self.ended.set()
        self.watcher.join()
        self.end()


def pin(pid, cpus):
    """The process's last threads each to one of these CPUs, in turn."""
    for i, tid in enumerate(sorted(map(int, os.listdir(f"/proc/{pid}/task")), reverse=True)):
        os.sched_setaffinity(tid, {cpus[i % len(cpus)]})


# --- what is done to a workload, for so many seconds: each returns the window, (begin, end) --------

def alone(seconds):
    time.sleep(SETTLE_S)
    begin = time.monotonic_ns()
    time.sleep(seconds)
    return begin, time.monotonic_ns()


class Gilprof:
    """Profiles a process; keeps what the reports say of the captures."""

    def __init__(self, path, pid):
        self.path, self.pid, self.captures = path, pid, []
        self.child = self.out = None

    def start(self, seconds):
        self.out = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", self.path, "-p", str(self.pid),
             "-d", str(seconds), "--json"], stdout=self.out, stdin=subprocess.DEVNULL)
        return self.child.pid

    def finish(self):
        with self.out:
            if self.child.wait():
                raise Failed(f"gilprof ended with status {self.child.returncode}")
            self.out.seek(0)
            self.captures.append(json.load(self.out)["capture"])
        return self.captures[-1]

    def __call__(self, seconds):
        self.start(seconds)
        capture = self.finish()
        return capture["start_monotonic_ns"], capture["start_monotonic_ns"] + capture["duration_ns"]


def beside(*command):
    """With that program running."""
    def treat(seconds):
        with Child(*command):
            return alone(seconds)
    return treat


# --- comparisons -----------------------------------------------------------------------------------

def ratios(workload, treatments, rounds, seconds):
    """Per treatment `rounds` ratios of the rate alone (the mean before and after it) to that under
    the treatment: by how much what the workload does takes longer."""
    names, windows = [], [alone(seconds)]
    for _ in range(rounds):
        for name, treat in treatments.items():
            names.append(name)
            windows += [treat(seconds), alone(seconds)]
    time.sleep(2 * SAMPLE_S)
    rates = [workload.rate(window) for window in windows]
    found = {name: [] for name in treatments}
    for i, name in enumerate(names):
        before, treated, after = rates[2 * i:2 * i + 3]
        found[name].append((before + after) / 2 / treated)
    return found


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive")


def read_programs(statistics_child):
    """What the kernel has counted of every BPF program: {id: (name, ns, runs)}."""
    rows = (line.split() for line in statistics_child.ask())
    return {int(i): (name, int(ns), int(runs)) for i, name, ns, runs in rows}


def held_programs(pid):
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}") as file:
            ids |= {int(line.split()[1]) for line in file if line.startswith("prog_id:")}
    return ids


def timer_interrupts():
    """Of all CPUs so far."""
    with open("/proc/interrupts") as file:
        for line in file:
            if "LOC:" in line or "arch_timer" in line:
                return sum(int(word) for word in line.split()[1:] if word.isdigit())
    raise Failed("/proc/interrupts has no timer")
