# SPDX-License-Identifier: BSD-2-Clause
"""peers.py [--quick] [--markdown] [--build DIR] [--only TOOL] [--workload NAME]: what other tools
cost the programs that gilprof is measured on, in one run and in turn; and what each can tell.

Ends with status 0 if every tool that is here could be measured, whatever came out.
"""
import argparse
import collections
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from measure import (LOOK_S, SETTLE_S, TIED, Failed, Gilprof, Workload, alone, quartiles, ratios,
                     stolen_share)

HERE = os.path.dirname(os.path.abspath(__file__))
FULL = {"rounds": 5, "seconds": 0.7}
QUICK = {"rounds": 2, "seconds": 0.3}
ATTACH_S, END_S, REPORT_S = 20, 20, 30  # who takes longer hangs
INTERRUPTED = (0, -signal.SIGINT, 128 + signal.SIGINT)  # perf ends by the signal that ended it
WORKLOADS = (("1-byte os.read", "read", ("osread",)), ("4 threads spin", "spin", ("spin", "4")),
             ("16 socket pairs", "pairs", ("echo", "32")),
             ("159, 158 asleep", "idle", ("idle_threads", "159")))
BPFTRACE_FUTEX = """
tracepoint:syscalls:sys_enter_futex /pid == PID/ { @at[tid] = nsecs; @word[tid] = args->uaddr; }
tracepoint:syscalls:sys_exit_futex /@at[tid]/ {
    @ns[tid, @word[tid]] = sum(nsecs - @at[tid]); delete(@at[tid]); delete(@word[tid]); }"""
BPFTRACE_GIL = """
uprobe:FILE:take_gil /pid == PID/ { @take[tid] = count(); }
uprobe:FILE:drop_gil /pid == PID/ { @drop[tid] = count(); }"""


# --- what is run beside a workload ----------------------------------------------------------------

class Tool:
    """A command that starts to record when it is ready and ends at SIGINT. `tells` is what it says
    of the wait for the GIL, in 41 columns. `result` is a file below its working directory, and a
    word that is in there once it has recorded anything."""

    def __init__(self, name, tells, command, ready, result=None):
        self.name, self.tells, self.command, self.ready = name, tells, command, ready
        self.result, self.saw = result, False

    def treatment(self, workload, own):
        self.saw = not self.result

        def treat(seconds):
            with tempfile.TemporaryDirectory() as place, open(place + "/log", "w+") as log:
                child = subprocess.Popen(TIED + self.command(workload.pid), cwd=place, stdout=log,
                                         stderr=log, stdin=subprocess.DEVNULL)
                try:
                    await_ready(self.ready, child, place + "/log")
                    done, cpu = sum(workload.slots), cpu_ns(child.pid)
                    begin, end = window = alone(seconds)
                    # those of SETTLE_S are spread over the window: the tool is as busy then
                    cpu = (cpu_ns(child.pid) - cpu) / (end - begin + SETTLE_S * 1e9)
                    own.append(cpu)
                    if sum(workload.slots) == done:
                        raise Failed("the workload stands still beside it")
                    check_end(child, place + "/log")
                    self.saw = self.saw or self.recorded(place)
                finally:
                    child.kill()  # nothing happens to one that has ended
                    child.wait()
            return window
        return treat

    def recorded(self, place):
        name, word = self.result
        with open(os.path.join(place, name), errors="replace") as file:
            return word in file.read()


class OwnTool:
    """gilprof, which says itself which window it has recorded."""
    name, tells, saw = "gilprof", "who waits for whom, how long, which code", True

    def __init__(self, path):
        self.path = path

    def treatment(self, workload, own):
        gilprof = Gilprof(self.path, workload.pid)

        def treat(seconds):
            pid, looks = gilprof.start(seconds), []
            deadline = time.monotonic() + seconds + REPORT_S
            while gilprof.process.poll() is None:
                if time.monotonic() > deadline:
                    gilprof.process.kill()
                try:
                    looks.append((time.monotonic_ns(), cpu_ns(pid)))
                except OSError:
                    pass  # ended just now
                time.sleep(LOOK_S)
            capture = gilprof.finish()
            begin = capture["start_monotonic_ns"]
            end = begin + capture["duration_ns"]
            inside = [look for look in looks if begin <= look[0] <= end]
            if len(inside) > 1:
                (t0, cpu0), (t1, cpu1) = inside[0], inside[-1]
                own.append((cpu1 - cpu0) / (t1 - t0))
            return begin, end
        return treat


class Nothing:
    name, tells, saw = "nothing: the noise", "-", True

    def treatment(self, workload, own):
        def treat(seconds):
            own.append(0)
            return alone(seconds)
        return treat


def cpu_ns(pid):
    return time.clock_gettime_ns(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def await_ready(ready, child, log):
    deadline = time.monotonic() + ATTACH_S
    while not ready(child.pid, log):
        if child.poll() is not None:
            raise Failed(f"ended with status {child.returncode}: {last_line(log)}")
        if time.monotonic() > deadline:
            raise Failed(f"did not record within {ATTACH_S} s")
        time.sleep(LOOK_S)


def check_end(child, log):
    child.send_signal(signal.SIGINT)
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"did not end within {END_S} s") from None
    if child.returncode not in INTERRUPTED:
        raise Failed(f"ended with status {child.returncode}: {last_line(log)}")


def records(pid, _):
    """perf and bpftrace wait for events, once these are opened and enabled."""
    try:
        with open(f"/proc/{pid}/wchan") as file:
            if "poll" not in file.read():
                return False
        return any("perf_event" in os.readlink(f"/proc/{pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return False  # has ended, or has just closed one


def samples(_, log):
    with open(log, errors="replace") as file:
        return "Sampling process" in file.read()


def last_line(path):
    with open(path, errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1][:120] if lines else "it said nothing"


# --- the tools ------------------------------------------------------------------------------------

def find_tools(build, python, missing):
    """Those that are here; adds to `missing` why others are not."""
    tools = [Nothing(), OwnTool(os.path.join(build, "gilprof"))]
    spy = os.path.join(build, "peers/venv/bin/py-spy")
    if version(spy):
        tools += [py_spy(spy, *how) for how in (
            ("what code runs; who waits counts as idle",),
            ("who holds it, sampled; not who waits", "--gil"),
            ("where threads stand, not what they await", "--idle"),
            ("as py-spy, and the C code that runs", "--native"),
            ("as py-spy; stacks may be torn", "--nonblocking"))]
    else:
        missing.append("py-spy: pip could not install it")
    if version("perf"):
        tools += [
            perf("perf record -g -F 99", "C code that runs; a wait does not run",
                 "record", "-g", "-F", "99", "-p", "PID"),
            perf("perf sched record", "who sleeps and who wakes; not for what", "sched", "record"),
            perf("perf trace, futex", "time in futex by thread, all locks in one",
                 "trace", "-s", "-e", "futex", "-p", "PID")]
    else:
        missing.append("perf: no package of it runs on this kernel")
    if version("bpftrace"):
        tools.append(bpftrace("bpftrace, futex", "time in futex by word; not whose it is",
                              BPFTRACE_FUTEX))
        file = file_of_take_gil(python)
        if file:
            tools.append(bpftrace("bpftrace, take_gil", "how often one asks; not how long it waits",
                                  BPFTRACE_GIL.replace("FILE", file)))
        else:
            missing.append(f"bpftrace, take_gil: {python} has no such symbol")
    else:
        missing.append("bpftrace: there is no package of it")
    return tools


def py_spy(path, tells, *options):
    def command(pid):
        return [path, "record", *options, "-f", "raw", "-d", "3600", "-o", "out", "-p", str(pid)]
    return Tool(" ".join(("py-spy",) + options), tells, command, samples, ("out", " "))


def perf(name, tells, *words):
    def command(pid):
        return ["perf"] + [str(pid) if word == "PID" else word for word in words]
    return Tool(name, tells, command, records, ("log", " samples)") if "record" in words else None)


def bpftrace(name, tells, script):
    def command(pid):
        return ["bpftrace", "-p", str(pid), "-e", script.replace("PID", str(pid))]
    return Tool(name, tells, command, records)


def version(program):
    """What it says of it, or None if it does not run here."""
    try:
        out = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20,
                             check=True).stdout
        return out.split("\n")[0].replace(" version", "").replace(" v", " ")
    except (OSError, subprocess.SubprocessError):
        return None


def file_of_take_gil(python):
    """The executable or library with CPython's code, if it still has this symbol."""
    code = ("print(*{line.split()[-1] for line in open('/proc/self/maps') if 'r-xp' in line"
            " and 'python' in line}, sep='\\n')")
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=20)
    for path in found.stdout.split():
        symbols = subprocess.run(["nm", path], capture_output=True, text=True).stdout
        if {"take_gil", "drop_gil"} <= {line.split()[-1] for line in symbols.splitlines() if line}:
            return path
    return None


# --- measuring ------------------------------------------------------------------------------------

class Peers:
    def __init__(self, tools, python, plan):
        self.tools, self.python, self.plan = tools, python, plan
        self.failures = []  # what is said below the tables
        self.ratios, self.own = {}, collections.defaultdict(list)  # by (tool, workload)

    def measure(self, name, *workload):
        path = os.path.join(HERE, "../../tests/workloads", workload[0] + ".py")
        with Workload(self.python, os.path.join(HERE, "live.py"), path, *workload[1:]) as w:
            failed = {}
            found = ratios(w, {tool.name: self.guarded(tool, w, name, failed)
                               for tool in self.tools}, self.plan["rounds"], self.plan["seconds"])
        failed.update((tool.name, "it recorded nothing") for tool in self.tools
                      if not tool.saw and tool.name not in failed)
        for tool, why in failed.items():
            self.failures.append(f"{tool} beside {name}: {why}")
        self.ratios.update({(tool, name): [time_ratio for time_ratio, _ in values]
                            for tool, values in found.items() if tool not in failed})

    def guarded(self, tool, workload, name, failed):
        """Its treatment; a tool that has failed once is not tried again beside this workload."""
        treat = tool.treatment(workload, self.own[tool.name, name])

        def attempt(seconds):
            if tool.name not in failed:
                try:
                    return treat(seconds)
                except (Failed, OSError, ValueError) as error:
                    failed[tool.name] = str(error)
                    revive(workload)
            return alone(seconds)
        return attempt

    # --- the tables ---

    def slow_down(self, tool, name):
        if (tool, name) not in self.ratios:
            return "failed"
        lower, median, upper = quartiles(self.ratios[tool, name])
        return f"{median:.2f} {lower:.2f}-{upper:.2f}"

    def own_cpu(self, tool, name):
        shares = self.own[tool, name]
        if (tool, name) not in self.ratios or not shares:
            return "-"
        share = 100 * statistics.median(shares)
        return f"{share:.1f}" if share < 10 else f"{share:.0f}"


def revive(workload):
    """A tool that has failed may have left it stopped."""
    os.kill(workload.pid, signal.SIGCONT)
    done, deadline = sum(workload.slots), time.monotonic() + 5
    while sum(workload.slots) == done:
        workload.check()
        if time.monotonic() > deadline:
            raise Failed("the workload stands still")
        time.sleep(LOOK_S)


def table(rows, markdown):
    """The first row is the head. The first column and a last one of words are left-justified."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    left = [i == 0 or rows[0][i].endswith("GIL") for i in range(len(widths))]
    lines = [[cell.ljust(width) if to_left else cell.rjust(width)
              for cell, width, to_left in zip(row, widths, left)] for row in rows]
    if markdown:
        lines.insert(1, ["-" * (width - 1) + ("-" if to_left else ":")
                         for width, to_left in zip(widths, left)])
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    else:
        text = "\n".join("  ".join(line).rstrip() for line in lines)
    print(f"\n{text}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="tables as README.md has them")
    parser.add_argument("--only", default="", help="gilprof, and tools whose name contains this")
    parser.add_argument("--workload", default="", help="those whose name contains this")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    python = os.environ.get("PYTHON", sys.executable)
    missing = []
    tools = [tool for tool in find_tools(build, python, missing)
             if args.only in tool.name or isinstance(tool, (Nothing, OwnTool))]
    workloads = [row for row in WORKLOADS if args.workload in row[0]]
    peers = Peers(tools, python, QUICK if args.quick else FULL)
    began, stolen, load = time.monotonic(), stolen_share(), os.getloadavg()[0]
    for name, _, workload in workloads:
        print(f"bench-peers: {name}", file=sys.stderr, flush=True)
        try:
            peers.measure(name, *workload)
        except (Failed, OSError) as error:
            peers.failures.append(f"{name}: {error}")

    names = [name for name, _, _ in workloads]
    here = [version(program) for program in (os.path.join(build, "gilprof"), python, os.path.join(
        build, "peers/venv/bin/py-spy"), "perf", "bpftrace")]
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs, Linux {platform.release()};\n"
          f"{', '.join(filter(None, here))};\nload average {load:.1f} at the start,"
          f" {os.getloadavg()[0]:.1f} at the end; {stolen():.1%} of the CPU time stolen by the host;"
          f" {time.monotonic() - began:.0f} s")
    table([["slow-down: median", *names]] +
          [[tool.name, *(peers.slow_down(tool.name, name) for name in names)] for tool in tools],
          args.markdown)
    table([["own CPU, % of a core", *(short for _, short, _ in workloads),
            "what it tells of a wait for the GIL"]] +
          [[tool.name, *(peers.own_cpu(tool.name, name) for name in names), tool.tells]
           for tool in tools], args.markdown)
    for kind, lines in (("not here", missing), ("FAILED", peers.failures)):
        for line in lines:
            print(f"\n{kind}: {line}")
    return 1 if peers.failures else 0


sys.exit(main())
