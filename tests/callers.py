# SPDX-License-Identifier: BSD-2-Clause
"""callers.py CHECK REPORT TRUTH [ARG]...: stacks in which Python and C take turns, against what
tests/workloads/callers.py does. REPORT is of `-o .speedscope.json`, for `blamed` of `--json`.

    stack NAME...   the worker's stacks go on from its function `work` exactly so, for 95 % of its time,
                    in none that ends like this is anything else; "..." as the last one stands for any
    blamed NAME...  so ends what of the blame is on the worker's C functions, for 80 % of it
    recursion N     (in place of TRUTH) a function "down" called itself N times, and main called it; N 0: it is cut
"""
import sys

from checks import VIOLATIONS, last_line, load, samples, wrong


def names(frames):
    return [frame["name"].rsplit(".", 1)[-1] for frame in frames]


def fits(frames, want):
    """Whether they are what is wanted."""
    if not want:
        return not frames
    if want == ["..."]:
        return True
    return bool(frames) and names(frames[:1]) == want[:1] and fits(frames[1:], want[1:])


def lacks(got, want):
    """Whether it is that, with frames missing."""
    rest = iter(want)
    return all(name in rest for name in got)


def stack(report, truth, *want):
    want = list(want)
    total = right = 0
    others = {}
    for tid, frames, ns in samples(report):
        if tid != str(truth["worker"]) or "work" not in names(frames):
            continue
        frames = frames[names(frames).index("work"):]
        total += ns
        if fits(frames, ["work"] + want):
            right += ns
            continue
        others[" ".join(names(frames))] = ns
        if names(frames)[-1] == want[-1] and not lacks(names(frames), ["work"] + want):
            wrong(f"it ends in {want[-1]} by way of {names(frames)}")
    print(f"{total / 1e9:.3f} s, {100 * right / max(total, 1):.1f} % right; else {str(others)[:2000]}")
    if total < 0.1e9 or right < 0.95 * total:
        wrong(f"too little of it is at {want[:12]}")


def blamed(report, truth, *want):
    want = list(want)
    total = right = 0
    others = {}
    for row in report["blame"]:
        if row["holder_tid"] != truth["worker"] or row["kind"] != "native":
            continue
        got = names(row["stack"])
        total += row["wait_ns"]
        if got[-len(want):] == want:
            right += row["wait_ns"]
        else:
            others[" ".join(got)] = row["wait_ns"]
    print(f"{total / 1e9:.3f} s, {100 * right / max(total, 1):.1f} % at {want}; else {others}")
    if total < 0.1e9 or right < 0.8 * total:
        wrong(f"too little of it is at {want}")


def recursion(report, depth):
    total = right = 0
    for _, frames, ns in samples(report):
        got = names(frames)
        if "down" not in got:
            continue
        first = got.index("down")
        count = got.count("down")
        total += ns
        if int(depth):
            right += ns if count == int(depth) and got[first - 1] == "main" else 0
        else:
            right += ns if "[more frames]" in got and "main" not in got and count > 100 else 0
    print(f"{total / 1e9:.3f} s, {100 * right / max(total, 1):.1f} % right")
    if total < 0.1e9 or right < 0.95 * total:
        wrong("too little of it is right")


def main():
    checks = {f.__name__: f for f in (stack, blamed, recursion)}
    if len(sys.argv) < 4 or sys.argv[1] not in checks:
        print(__doc__)
        return 2
    if sys.argv[1] == "recursion":
        recursion(load(sys.argv[2]), sys.argv[3])
    else:
        checks[sys.argv[1]](load(sys.argv[2]), last_line(sys.argv[3]), *sys.argv[4:])
    return 1 if VIOLATIONS else 0


sys.exit(main())
