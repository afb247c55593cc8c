#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""clip.py LOG START END: what giloracle logged between two times of CLOCK_MONOTONIC (ns), as JSON:

{tid: {take_ns, calls, contended, take_off_cpu_ns, futex_ns, waits, longest_ns, mutex_ns, asleep_ns,
runq_ns, drop_ns, drops}}. An interval that was open when the log ended counts up to END. The parts
off the CPU are known with --sched only: asleep_ns and runq_ns are those of futex_ns.
"""
import collections
import json
import struct
import sys

RECORD = struct.Struct("=QQQQIIHHI")  # struct oracle_record of giloracle.h
TAKE, FUTEX, DROP = range(3)
MUTEX = 80


def clip(path, start, end):
    threads = collections.defaultdict(lambda: dict.fromkeys(
        ("take_ns", "calls", "contended", "take_off_cpu_ns", "futex_ns", "waits", "longest_ns",
         "mutex_ns", "asleep_ns", "runq_ns", "drop_ns", "drops"), 0))
    with open(path, "rb") as log:
        for record in RECORD.iter_unpack(log.read()):
            begin, until, asleep, runq, tid, waits, kind, word, _ = record
            inside = min(until, end) - max(begin, start)
            if inside <= 0:
                continue
            t = threads[tid]
            share = inside / (until - begin)
            if kind == TAKE:
                t["take_ns"] += inside
                t["calls"] += 1
                t["contended"] += waits > 0
                t["take_off_cpu_ns"] += round((asleep + runq) * share)
            elif kind == DROP:
                t["drop_ns"] += inside
                t["drops"] += 1
            elif kind == FUTEX:
                t["futex_ns"] += inside
                t["waits"] += 1
                t["longest_ns"] = max(t["longest_ns"], inside)
                t["mutex_ns"] += inside if word == MUTEX else 0
                t["asleep_ns"] += round(asleep * share)
                t["runq_ns"] += round(runq * share)
    return threads


if __name__ == "__main__":
    print(json.dumps(clip(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
