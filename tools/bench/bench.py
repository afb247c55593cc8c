# SPDX-License-Identifier: BSD-2-Clause
"""bench.py [--quick] [--build DIR] [--only PART] [--server S]: prints what gilprof costs, beside the
goals.

Ends with status 0 if all could be measured, whatever came out. In "1.10 (1.05)" the first is the
limit, and the second what we would like to see. "by CPU" is the CPU time of an operation: it tells
the truth, too, where other programs compete for the CPUs.
"""
import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from measure import (SETTLE_S, TIED, Child, Failed, Gilprof, Workload, alone, beside, profiled,
                     programs, programs_of, quartiles, ratios, stolen_share, timer_interrupts)

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = os.path.join(HERE, "../../tests/workloads")
CPUS = sorted(os.sched_getaffinity(0))[:2]
SAMPLE_HZ = 397  # gilprof's own rate
SPIN_FRAMES = 6    # of a thread of spin.py, with --depth 0
WEIGHTS = ("blame", "gil_wait", "hold", "oncpu", "offcpu", "lock_wait")
LEAST = "  limit: an empty program on sched_switch"
OWN_SHARE = 0.8  # of the machine's switches, at least, are a ping-pong's while it is measured

# runs_s: the last is as long as gilprof looks if it is not told
FULL = {"rounds": 25, "seconds": 1.0, "short_s": 0.6, "reads": 5, "runs": 3, "runs_s": (5, 10),
        "server_s": 600}
QUICK = {"rounds": 3, "seconds": 0.5, "short_s": 0.4, "reads": 3, "runs": 2, "runs_s": (2,),
         "server_s": 0}


class Bench:
    def __init__(self, build, plan):
        self.build, self.plan, self.failed = build, plan, False

    # --- what runs ---

    def tool(self, name):
        return os.path.join(self.build, "bench", name)

    def gilprof(self, pid, *options):
        return Gilprof(self.gilprof_path(), pid, *options)

    def gilprof_path(self):
        return os.path.join(self.build, "gilprof")

    def python(self, path, *args, cpus=None):
        python = os.environ.get("PYTHON", sys.executable)
        return Workload(python, os.path.join(HERE, "live.py"), path, *args, cpus=cpus)

    def test_workload(self, name, *args):
        return self.python(os.path.join(WORKLOADS, name + ".py"), *args)

    def pingpong(self, cpus):
        return Workload(os.path.join(self.build, "workloads/pingpong"), cpus=cpus)

    def python_pingpong(self, cpus):
        return self.python(os.path.join(HERE, "pypingpong.py"), cpus=cpus)

    def sleeper(self):
        return Child("sh", "-c", "echo ready; exec sleep 3600")

    def compare(self, workload, treatments):
        return ratios(workload, treatments, self.plan["rounds"], self.plan["seconds"])

    # --- the parts of the table ---

    def programs_in_python(self):
        head("time of an operation, as a ratio to alone", *RATIO_HEAD)
        with self.test_workload("osread") as w:
            ratio_row("1-byte os.read and no gilprof: noise", self.compare(w, {"": alone})[""])
        empty = {LEAST: beside(self.tool("empty"))}  # for what does little but switch
        for name, limit, workload, least in (
                ("1 thread of 1-byte os.read", 1.01, ("osread",), {}),
                ("4 spinning threads", 1.01, ("spin", "4"), {}),
                ("16 socket request/reply pairs, 32 threads", 1.02, ("echo", "32"), empty),
                ("159 threads, one spinning, the rest asleep", 1.01, ("idle_threads", "159"), {})):
            with self.test_workload(*workload) as w:
                found = self.compare(w, {name: profiled(self.gilprof(w.pid)), **least})
            ratio_row(name, found.pop(name), limit)
            for name, ratio in found.items():
                ratio_row(name, ratio)

    def switches(self):
        head("the same of a pipe ping-pong on one CPU", *RATIO_HEAD)
        with self.pingpong(CPUS[:1]) as w, self.sleeper() as sleeper:
            found = self.compare(w, {"own": profiled(self.gilprof(w.pid)),
                                     "empty": beside(self.tool("empty")),
                                     "other": profiled(self.gilprof(sleeper.pid))})
        ratio_row("two threads of the target", found["own"], 1.10, 1.05)
        ratio_row(LEAST, found["empty"])
        ratio_row("the same in another process", found["other"], 1.02)
        with self.python_pingpong(CPUS[:1]) as w:
            found = self.compare(w, {"own": profiled(self.gilprof(w.pid))})
        ratio_row("two Python threads of the target", found["own"])

    def bpf_programs(self):
        head("ns a run, beyond an empty program, of sched_", "switch", "wakeup", "sample",
             "/switch", "goal")
        for cpus, where in ((CPUS[:1], "one CPU"), (CPUS, "two CPUs")):
            with self.pingpong(cpus) as w:
                self.bpf_row(f"two C threads of the target, {where}", w, w, 320, 250)
            with self.python_pingpong(cpus) as w:
                self.bpf_row(f"two Python threads of it, {where}", w, w, 320, 250)
            with self.pingpong(cpus) as w, self.sleeper() as sleeper:
                self.bpf_row(f"another process, {where}", w, sleeper, 20)

    def stack_samples(self):
        """At 997 Hz each sample takes a stack."""
        head("ns a sample that takes a stack", "median", "least", "most", "", "goal")
        for frames, limit in ((SPIN_FRAMES, None), (50, 10000)):
            with self.test_workload("spin", "1", "--depth", frames - SPIN_FRAMES) as w:
                nets = [net for net, _ in self.net_costs(w, self.gilprof(w.pid, "-F", "997"))]
            amount_row(f"{frames} frames of Python", [net[2] for net in nets], limit, "{:.0f}")

    def bpf_row(self, name, workload, target, limit, goal=None):
        parts = self.net_costs(workload, self.gilprof(target.pid))
        # the programs see the switches of the whole machine: where much else runs, those of the
        # ping-pong would seem too cheap
        parts = [net for net, share in parts if share > OWN_SHARE]
        if not parts:
            self.failed = True
            row(name, "", "", "", "", "not measured: too much else runs here")
            return
        net = [statistics.median(column) for column in zip(*parts)]
        figures = (f"{x:.0f}" if x else "-" for x in net)  # -: never ran
        row(name, *figures, *verdict(net[-1], limit, goal, "{:.0f}"))

    def net_costs(self, workload, gilprof):
        """As net_ns, several times."""
        window = self.plan["short_s"] * (self.plan["reads"] + 2)
        with Child(self.tool("empty")) as empty, Child(self.tool("bpfstats")) as counter:
            own = gilprof.start(window)
            try:
                reads = self.read_programs(workload, counter, own)
                ids = programs_of(own), programs_of(empty.pid)
            finally:
                gilprof.finish()
        return [net_ns(*two, *ids) for two in zip(reads, reads[1:])]

    def read_programs(self, workload, counter, own):
        """Several times once gilprof records: what the programs took, and the switches of the
        ping-pong: two a round trip, four where each also leaves its CPU idle."""
        deadline = time.monotonic() + 10
        while not runs_of(programs(counter), programs_of(own)):
            if time.monotonic() > deadline:
                raise Failed("gilprof did not attach")
            time.sleep(0.05)
        while not recording(own):  # attached is not yet recording, where CPUs are scarce
            if time.monotonic() > deadline:
                raise Failed("gilprof does not record")
            time.sleep(0.05)
        reads = []
        for _ in range(self.plan["reads"] + 1):
            time.sleep(self.plan["short_s"])
            reads.append((programs(counter), 2 * len(workload.cpus or ()) * sum(workload.slots)))
        return reads

    def captures_of(self, pid, seconds):
        gilprof = self.gilprof(pid)
        for _ in range(self.plan["runs"]):
            gilprof.start(seconds)
            gilprof.finish()
        return gilprof.captures

    def itself(self):
        head("gilprof itself, at 64 threads (32 pairs)", "median", "least", "most", "",
             "goal")
        with self.test_workload("echo", "64") as w:
            captures = [self.captures_of(w.pid, seconds) for seconds in self.plan["runs_s"]]
        for seconds, of in zip(self.plan["runs_s"], captures):
            amount_row(f"CPU time over {seconds} s, % of a core",
                       [100 * c["self"]["cpu_ns"] / c["duration_ns"] for c in of], 0.5, "{:.2f}")
        selves = [c["self"] for of in captures for c in of]
        amount_row("peak memory, MB", [s["rss_peak_bytes"] / 1e6 for s in selves], 30, "{:.1f}")
        amount_row("from start to attached, s", [s["attach_ns"] / 1e9 for s in selves], 0.3,
                   "{:.2f}")

    def files(self):
        """What users keep: a capture, and all that can be made of it."""
        seconds = self.plan["server_s"]
        if not seconds:
            return
        head(f"files of {seconds:g} s of a server, 64 threads, MB", ".gilprof", ".txt", ".json", "largest",
             "goal")
        with tempfile.TemporaryDirectory() as path, self.python(os.path.join(HERE, "server.py")) as w:
            capture = os.path.join(path, "c.gilprof")
            run(self.gilprof_path(), "record", "--no-children", "-p", w.pid, "-d", seconds, "-o", capture)
            w.check()
            requests = sum(w.slots)
            self.write_all(capture, path)
            sizes = {name: os.path.getsize(os.path.join(path, name)) / 1e6 for name in os.listdir(path)}
        largest = max(sizes, key=sizes.get)
        figures = [sizes["c.gilprof"], sizes["page.txt"], sizes["page.json"], sizes[largest]]
        row(f"{requests:,} requests; {len(sizes)} files", *map("{:.2f}".format, figures),
            *verdict(sizes[largest], 20, None, "{:.0f}"))
        print(f"    the largest is {largest}", flush=True)

    def write_all(self, capture, path):
        """Every format of every weight, next to the capture."""
        run(self.gilprof_path(), "report", capture, *outputs(path, "page", (".txt", ".json")))
        for weight in WEIGHTS:
            run(self.gilprof_path(), "report", capture, "--weight", weight,
                *outputs(path, weight, (".svg", ".folded", ".speedscope.json", ".pb.gz")))

    def sampler(self):
        """Why session.c opens one event per CPU: samples with an empty program, at its rate."""
        for title, workload in (("a pipe ping-pong on one CPU", lambda: self.pingpong(CPUS[:1])),
                                ("1 spinning thread", lambda: self.test_workload("spin", "1"))):
            head(f"cpu-clock samples: {title}", *RATIO_HEAD[:-1])
            with workload() as w:
                commands = self.samplers(w.pid)
                found = ratios(w, {name: beside(*command) for name, command in commands.items()},
                               self.plan["rounds"], self.plan["short_s"])
            for name, values in found.items():
                ratio_row(name, values)
        head("timer interrupts/s of a CPU, the target asleep", "median", "least", "most")
        with self.sleeper() as sleeper:
            commands = {"no samples": None, **self.samplers(sleeper.pid)}
            rounds = [{name: interrupts(command, self.plan["short_s"])
                       for name, command in commands.items()} for _ in range(5)]
        for name in commands:
            amount_row(name, [found[name] for found in rounds], None, "{:.0f}")

    def samplers(self, pid):
        command = (self.tool("sampler"), SAMPLE_HZ)
        return {f"{SAMPLE_HZ} Hz, one event per CPU": command,
                f"{SAMPLE_HZ} Hz, one event per thread": command + (pid,)}


# --- figures --------------------------------------------------------------------------------------

def run(*command):
    """To its end; what it prints is not wanted."""
    words = TIED + [str(word) for word in command]
    ended = subprocess.run(words, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise Failed(f"{' '.join(words[len(TIED):])}: status {ended.returncode}")


def outputs(path, name, suffixes):
    return [word for suffix in suffixes for word in ("-o", os.path.join(path, name + suffix))]


def recording(pid):
    """Does gilprof wait for events? Before its window opens it never does."""
    with open(f"/proc/{pid}/wchan") as file:
        return "poll" in file.read()


def runs_of(read, ids):
    return sum(runs for number, (_, _, runs) in read.items() if number in ids)


def net_ns(begin, end, own, empty):
    """Per run of sched_switch, of sched_wakeup and of sample, and of all programs per switch; then
    the share of the ping-pong in all switches."""
    (before, switched), (after, switched_later) = begin, end

    def gained(ids, name=None):
        rows = [(after[i][1] - before[i][1], after[i][2] - before[i][2])
                for i in ids if i in before and i in after and name in (None, after[i][0])]
        return [sum(column) for column in zip(*rows)] or [0, 0]

    empty_ns, empty_runs = gained(empty)
    if not empty_runs:
        raise Failed("the empty program did not run")

    def net(name=None):
        ns, runs = gained(own, name)
        return ns - runs * empty_ns / empty_runs, max(runs, 1)

    each = [net(name) for name in ("sched_switch", "sched_wakeup", "sample")]
    switches = each[0][1]
    return ([ns / runs for ns, runs in each] + [net()[0] / switches],
            (switched_later - switched) / switches)


def interrupts(command, seconds):
    """Of the timer, per second and CPU, while the command runs."""
    with Child(*command) if command else contextlib.nullcontext():
        time.sleep(SETTLE_S)
        begin, before = time.monotonic(), timer_interrupts()
        time.sleep(seconds)
        return (timer_interrupts() - before) / (time.monotonic() - begin) / os.cpu_count()


def verdict(value, limit, goal, form):
    if limit is None:
        return []
    text = form.format(limit) + (f" ({form.format(goal)})" if goal else "")
    return [text, "  over" if value > limit else "  pass"]


# --- the table ------------------------------------------------------------------------------------

WIDTHS = (8, 8, 8, 8, 12, 6)
RATIO_HEAD = ("median", "lower", "upper", "by CPU", "goal")


def head(title, *columns):
    print(f"\n{title:<48}{cells(columns)}", flush=True)


def row(name, *columns):
    print(f"  {name:<46}{cells(columns)}", flush=True)


def cells(columns):
    return "".join(f"{cell:>{width}}" for cell, width in zip(columns, WIDTHS)).rstrip()


def ratio_row(name, values, limit=None, goal=None):
    times, cpu = zip(*values)
    lower, median, upper = quartiles(times)
    figures = (median, lower, upper, statistics.median(cpu))
    row(name, *map("{:.3f}".format, figures), *verdict(median, limit, goal, "{:.2f}"))


def amount_row(name, values, limit, form):
    median = statistics.median(values)
    row(name, *map(form.format, (median, min(values), max(values))), "",
        *verdict(median, limit, None, form))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="the parts whose name contains this")
    parser.add_argument("--server", type=float, default=os.environ.get("SERVER_S"), metavar="S",
                        help="for how long a server is recorded (600; --quick: not at all)")
    args = parser.parse_args()
    plan = dict(QUICK if args.quick else FULL)
    if args.server is not None:
        plan["server_s"] = args.server
    bench = Bench(args.build, plan)
    began, stolen = time.monotonic(), stolen_share()
    print(f"{os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()},"
          f" load average {os.getloadavg()[0]:.1f} at the start")
    for part in (bench.programs_in_python, bench.switches, bench.bpf_programs,
                 bench.stack_samples, bench.itself, bench.files, bench.sampler):
        if args.only and args.only not in part.__name__:
            continue
        try:
            part()
        except (Failed, OSError) as error:
            bench.failed = True
            print(f"  NOT MEASURED: {error}", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s; load average {os.getloadavg()[0]:.1f} at the end,"
          f" {stolen():.1%} of the CPU time stolen by the host")
    return bench.failed


sys.exit(main())
