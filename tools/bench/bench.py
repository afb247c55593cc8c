# SPDX-License-Identifier: BSD-2-Clause
"""bench.py [--quick] [--build DIR] [--only TEXT]: prints what gilprof costs, beside the goals.

Ends with status 0 if all could be measured, whatever came out.
"""
import argparse
import functools
import os
import statistics
import sys
import time

from measure import (Child, Failed, Gilprof, Workload, alone, beside, held_programs, quartiles,
                     ratios, read_programs, timer_interrupts)

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "../../tests/workloads")
SAMPLE_HZ = 997  # gilprof's own rate
CPUS = sorted(os.sched_getaffinity(0))[:2]

QUICK = {"rounds": 3, "seconds": 0.5, "sampler_rounds": 3, "parts": 3, "part_s": 0.25, "runs": 2}
FULL = {"rounds": 9, "seconds": 1.0, "sampler_rounds": 9, "parts": 7, "part_s": 0.3, "runs": 5}


class Bench:
    def __init__(self, args):
        self.build, self.only = args.build, args.only
        self.plan = QUICK if args.quick else FULL
        self.failed = False

    # --- what runs ---

    def tool(self, name):
        return os.path.join(self.build, "bench", name)

    def gilprof(self, pid):
        return Gilprof(os.path.join(self.build, "gilprof"), pid)

    def python(self, name, *args, cpus=None):
        path = os.path.join(HERE if name == "pypingpong.py" else TESTS, name)
        python = os.environ.get("PYTHON", sys.executable)
        return Workload(python, os.path.join(HERE, "live.py"), path, *args, cpus=cpus)

    def pingpong(self, cpus):
        return Workload(os.path.join(self.build, "workloads/pingpong"), cpus=cpus)

    def sleeper(self):
        return Child("sh", "-c", "echo ready; exec sleep 3600")

    # --- what is printed ---

    def section(self, title, *columns):
        print(f"\n{title:<46}" + "".join(f"{column:>9}" for column in columns), flush=True)

    def line(self, name, *cells):
        print(f"  {name:<44}" + "".join(f"{cell:>9}" for cell in cells).rstrip(), flush=True)

    def part(self, measure):
        """One part of the table; where it cannot be measured the others still are."""
        if self.only and self.only not in measure.__name__:
            return
        try:
            measure()
        except (Failed, OSError) as error:
            self.failed = True
            print(f"  NOT MEASURED: {error}", flush=True)

    def ratio(self, name, values, limit=None, goal=None):
        low, median, high = quartiles(values)
        cells = [f"{median:.3f}", f"{low:.3f}", f"{high:.3f}"]
        self.line(name, *cells, *verdict(median, limit, goal, "{:.2f}"))

    # --- time taken ---

    def times(self):
        self.section("time taken, as a ratio to the same alone", "median", "quartile", "quartile",
                     "goal", "")
        for name, limit, workload in (
                ("1 thread of 1-byte os.read", 1.01, ("osread.py",)),
                ("4 spinning threads", 1.01, ("spin.py", "4")),
                ("16 socket request/reply pairs, 32 threads", 1.02, ("echo.py", "32")),
                ("159 threads, 1 spins, the rest sleep", 1.01, ("idle_threads.py", "159"))):
            with self.python(*workload) as w:
                found = self.compare(w, {name: self.gilprof(w.pid)})
            self.ratio(name, found[name], limit)

    def switches(self):
        self.section("the same of a pipe ping-pong on one CPU", "median", "quartile", "quartile",
                     "goal", "")
        own, other = "two threads of the target", "the same in another process"
        empty = "the limit: an empty program on sched_switch"
        with self.pingpong(CPUS[:1]) as w, self.sleeper() as sleeper:
            found = self.compare(w, {own: self.gilprof(w.pid), other: self.gilprof(sleeper.pid),
                                     empty: beside(self.tool("empty"))})
        self.ratio(own, found[own], 1.10, 1.05)
        self.ratio(empty, found[empty])
        self.ratio(other, found[other], 1.02)
        own = "two Python threads of the target"
        with self.python("pypingpong.py", cpus=CPUS[:1]) as w:
            self.ratio(own, self.compare(w, {own: self.gilprof(w.pid)})[own])

    def compare(self, workload, treatments):
        return ratios(workload, treatments, self.plan["rounds"], self.plan["seconds"])

    # --- run time of the programs ---

    def programs(self):
        self.section("ns beyond an empty program, per run and, in all,", "sched_", "sched_",
                     "", "in all", "goal")
        self.section("per switch, of a pipe ping-pong of", "switch", "wakeup", "sample", "",
                     "")
        for cpus in (CPUS[:1], CPUS):
            on = "one CPU" if len(cpus) == 1 else "two CPUs"
            with self.pingpong(cpus) as w:
                self.program_line(f"two C threads of the target, {on}", w.pid, 320, 250)
            with self.python("pypingpong.py", cpus=cpus) as w:
                self.program_line(f"two Python threads of it, {on}", w.pid, 320, 250)
            with self.pingpong(cpus), self.sleeper() as sleeper:
                self.program_line(f"another process, {on}", sleeper.pid, 20)

    def program_line(self, name, pid, limit, goal=None):
        with Child(self.tool("empty")) as empty, Child(self.tool("bpfstats")) as stats:
            gilprof = self.gilprof(pid)
            own = gilprof.start(3600)
            try:
                parts = self.program_parts(stats, empty.pid, own)
            finally:
                gilprof.child.terminate()
                gilprof.finish()
        net = {what: statistics.median(part[what] for part in parts) for what in parts[0]}
        self.line(name, *(f"{net[what]:.0f}" for what in ("sched_switch", "sched_wakeup", "sample",
                                                         "all")),
                  *verdict(net["all"], limit, goal, "{:.0f}"))

    def program_parts(self, stats, empty, own):
        await_switches(stats, own)
        mine, reference = held_programs(own), held_programs(empty)
        reads = [read_programs(stats)]
        for _ in range(self.plan["parts"]):
            time.sleep(self.plan["part_s"])
            reads.append(read_programs(stats))
        return [net_ns(before, after, mine, reference) for before, after in zip(reads, reads[1:])]

    # --- what gilprof itself takes ---

    def own(self):
        self.section("gilprof itself, 32 pairs: 64 threads", "median", "least", "most", "goal", "")
        with self.python("echo.py", "64") as w:
            gilprof = self.gilprof(w.pid)
            for _ in range(self.plan["runs"]):
                gilprof(2)
        selves = [capture["self"] for capture in gilprof.captures]
        cpu = [100 * c["self"]["cpu_ns"] / c["duration_ns"] for c in gilprof.captures]
        self.amounts("CPU time, % of a core", cpu, 0.5, "{:.2f}")
        self.amounts("peak memory, MB", [s["rss_peak_bytes"] / 1e6 for s in selves], 30, "{:.1f}")
        self.amounts("from start to attached, s", [s["attach_ns"] / 1e9 for s in selves], 0.3,
                     "{:.2f}")

    def amounts(self, name, values, limit, form):
        median = statistics.median(values)
        cells = [form.format(x) for x in (median, min(values), max(values))]
        self.line(name, *cells, *verdict(median, limit, None, form))

    # --- why the sampler has one event per CPU ---

    def sampler(self):
        self.section(f"cpu-clock samples at {SAMPLE_HZ} Hz, one event", "per CPU", "", "per thread")
        for name, start in (("pipe ping-pong on one CPU, ratio", lambda: self.pingpong(CPUS[:1])),
                            ("1 spinning thread, ratio", lambda: self.python("spin.py", "1"))):
            with start() as w:
                found = ratios(w, self.samplers(w.pid), self.plan["sampler_rounds"],
                               self.plan["seconds"] / 2)
            self.line(name, *(cell for values in found.values() for cell in spread(values)))
        with self.sleeper() as sleeper:
            found = self.interrupts({"alone": alone, **self.samplers(sleeper.pid)})
        base = found.pop("alone")
        self.line("timer interrupts/s per CPU beyond those alone",
                  *(cell for values in found.values() for cell in (f"{values - base:+.0f}", "")))

    def samplers(self, pid):
        return {"per CPU": beside(self.tool("sampler"), SAMPLE_HZ),
                "per thread": beside(self.tool("sampler"), SAMPLE_HZ, pid)}

    def interrupts(self, treatments):
        pass


def net_ns(before, after, mine, reference):
    """By program, ns per run beyond an empty program; and "all" of them, per switch."""
    gained = {name: (0, 0) for name in ()}
    return gained


def verdict(value, limit, goal, form):
    if limit is None:
        return ()
    text = form.format(limit) + (f" ({form.format(goal)})" if goal else "")
    return text, "over" if value > limit else "pass"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", help="the parts whose name contains this")
    bench = Bench(parser.parse_args())
    return bench


main()
