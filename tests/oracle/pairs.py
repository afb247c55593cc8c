#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""pairs.py LOG START END: who waited for whom between two times of CLOCK_MONOTONIC (ns), by what
giloracle --signal logged, as lines "waiter holder ns"; the holder is "-" while nobody had the GIL.

Each sleep of a waiter is cut along the exact holds: from taking the GIL to giving it up.
"""
import bisect
import collections
import struct
import sys

RECORD = struct.Struct("=QQQQIIHHI")  # struct oracle_record of giloracle.h
HELD, SLEEP = 3, 4


def read(path):
    """({gil: [(begin, end, holder)...] in order}, {gil: [(begin, end, waiter)...]})"""
    holds, sleeps = collections.defaultdict(list), collections.defaultdict(list)
    with open(path, "rb") as log:
        for begin, end, _, _, tid, _, kind, _, gil in RECORD.iter_unpack(log.read()):
            if kind == HELD:
                holds[gil].append((begin, end, tid))
            elif kind == SLEEP:
                sleeps[gil].append((begin, end, tid))
    for held in holds.values():
        held.sort()
    return holds, sleeps


def cut(holds, ends, begin, end):
    """(holder or None, ns) for each part of [begin, end]."""
    i, at = bisect.bisect_right(ends, begin), begin
    while at < end and i < len(holds) and holds[i][0] < end:
        taken, given, holder = holds[i]
        if taken > at:
            yield None, taken - at
            at = taken
        until = min(given, end)
        if until > at:
            yield holder, until - at
            at = until
        i += 1
    if at < end:
        yield None, end - at


def pairs(path, start, end):
    """{(waiter, holder or None): ns}"""
    result = collections.Counter()
    holds, sleeps = read(path)
    for gil, slept in sleeps.items():
        ends = [given for _, given, _ in holds[gil]]
        for begin, until, waiter in slept:
            for holder, ns in cut(holds[gil], ends, max(begin, start), min(until, end)):
                result[waiter, holder] += ns
    return result


if __name__ == "__main__":
    for (waiting, holding), length in sorted(
            pairs(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).items(), key=str):
        print(waiting, holding or "-", length)
