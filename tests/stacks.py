#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""stacks.py lines|shares|blocking FILE.speedscope.json TRUTH
stacks.py native FILE.json TRUTH FUNCTION [OBJECT]
stacks.py released FILE.json TRUTH

Compares gilprof's stacks with what a workload says of itself (its last line). Prints what it has compared,
and one line that begins with "!" per violation. Exit status: 0 all is well, 1 not, 2 usage.
"""
import re
import sys

from checks import VIOLATIONS, last_line, load, samples, wrong

POINTS = 3  # of 100, that shares may be off


def compare_shares(got, want):
    total, whole = sum(got.values()), sum(want.values())
    for name in sorted(set(got) | set(want), key=str):
        share, truth = (100 * d.get(name, 0) / n for d, n in ((got, total), (want, whole)))
        print(f"{name}: {share:.2f} %, in truth {truth:.2f} %")
        if abs(share - truth) > POINTS:
            wrong(f"{name} is off by {share - truth:.2f} points")


def lines(speedscope, truth):
    """All of the function's time is on its hot lines, as long as it was there."""
    got = {}
    for _, stack, ns in samples(speedscope):
        inner = [f for f in stack if f["name"] == truth["function"] and f.get("file") == truth["file"]]
        if inner:
            line = str(inner[-1].get("line"))
            got[line] = got.get(line, 0) + ns
    if not got:
        wrong(f"{truth['function']} was not seen")
    else:
        compare_shares(got, truth["lines"])


def shares(speedscope, truth):
    got = {}
    for _, stack, ns in samples(speedscope):
        for name in {f["name"] for f in stack} & set(truth["cpu"]):
            got[name] = got.get(name, 0) + ns
    compare_shares(got, truth["cpu"])


def blocking(speedscope, truth):
    """Nine tenths of each thread's sleep are at the stack that it says itself."""
    if len(truth["stacks"]) < 3:
        wrong(f"the truth knows {len(truth['stacks'])} threads only")
    for tid, want in truth["stacks"].items():
        total = right = 0
        other = {}
        for owner, stack, ns in samples(speedscope):
            if owner != tid or stack[-1]["name"] in ("[waits for a CPU]", "[waits for the GIL]"):
                continue
            got = [[f["name"], f.get("line")] for f in stack if f.get("file") and f.get("line")]
            total += ns
            if got == want:
                right += ns
            else:
                other[str(got)] = other.get(str(got), 0) + ns
        print(f"{want[-1]}: {total} ns, {100 * right / max(total, 1):.1f} % at its stack")
        if not right or right < 0.9 * total:
            wrong(f"it is at {max(other, key=other.get) if other else 'no stack'}, not at {want}")


def held(report, truth):
    """What the waiter lost to the worker, by kind; the sum; and the rows."""
    rows = [row for row in report["blame"] if row["waiter_tid"] == truth["waiter"]]
    kinds = {}
    for row in rows:
        if row["holder_tid"] == truth["worker"]:
            kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["wait_ns"]
    total = sum(row["wait_ns"] for row in rows)
    print(f"{truth['function']}: the waiter lost {total / 1e9:.3f} s, by kind {kinds}")
    return rows, kinds, total


def native(report, truth, function, library="."):
    """Nine tenths of what it lost while the worker was on a CPU with the GIL, half of that by name."""
    rows, kinds, _ = held(report, truth)
    total = kinds.get("native", 0) + kinds.get("python", 0)
    if total < 0.3 * report["capture"]["duration_ns"]:
        wrong(f"too little: {total} ns")
    at = named = 0
    names = {}
    for row in rows:
        if row["kind"] != "native" or row["holder_tid"] != truth["worker"] or not row["stack"]:
            continue
        python = [f for f in row["stack"] if f["kind"] == "python"]
        if [f["line"] for f in python if f["name"] == truth["function"]] == [truth["line"]]:
            at += row["wait_ns"]
        leaf = row["stack"][-1]
        if leaf["kind"] == "native":
            name = f"{leaf['name']} ({leaf['file']})"
            names[name] = names.get(name, 0) + row["wait_ns"]
            if re.search(function, leaf["name"]) and re.search(library, leaf["file"] or ""):
                named += row["wait_ns"]
    print(f"native: {kinds.get('native', 0) / max(total, 1):.1%}, at line {truth['line']}: "
          f"{at / max(total, 1):.1%}, functions: {names}")
    if kinds.get("native", 0) < 0.9 * total:
        wrong("too little of it is native")
    if at < 0.9 * total:
        wrong("too little of it is at that line")
    if named < 0.5 * total:
        wrong(f"too little of it is in {function}")


def released(report, truth):
    """A function that gives the GIL away keeps nobody waiting."""
    _, kinds, _ = held(report, truth)
    lost = sum(ns for kind, ns in kinds.items() if kind != "preempted")  # that is the machine's load
    share = lost / report["capture"]["duration_ns"]
    print(f"{share:.2%} of the window")
    if share > 0.05:  # what it does with the GIL: it copies the result
        wrong("the worker is blamed")


def main():
    checks = {f.__name__: f for f in (lines, shares, blocking, native, released)}
    if len(sys.argv) < 4 or sys.argv[1] not in checks:
        print(__doc__)
        return 2
    checks[sys.argv[1]](load(sys.argv[2]), last_line(sys.argv[3]), *sys.argv[4:])
    return 1 if VIOLATIONS else 0


sys.exit(main())
