#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""with_blame.py CAPTURE REPORT.json: adds the blame of a capture to a report that lacks it."""
import gzip
import json
import sys

KINDS = ("python", "native", "offcpu", "preempted", "handoff", "unknown")
FRAME_KINDS = ("python", "native", "kernel", "note")


def stack(frames, nodes, node):
    while node:
        frame = frames[nodes[node - 1]["frame"] - 1]
        yield {"name": frame["name"], "file": frame["file"], "line": frame["line"],
               "kind": FRAME_KINDS[frame["kind"]]}
        node = nodes[node - 1]["parent"]


def main(capture, path):
    rows = {"frame": [], "node": [], "blame": []}
    for line in gzip.open(capture):
        for name, row in json.loads(line).items():
            if name in rows:
                rows[name].append(row)
    with open(path) as file:
        report = json.load(file)
    report.setdefault("blame", [
        {"pid": b["pid"], "waiter_tid": b["waiter_tid"], "holder_tid": b["holder_tid"] or None,
         "kind": KINDS[b["kind"]], "wait_ns": b["wait_ns"], "runq_ns": b["runq_ns"],
         "samples": b["samples"],
         "stack": list(stack(rows["frame"], rows["node"], b["stack"]))[::-1]}
        for b in rows["blame"]])
    with open(path, "w") as file:
        json.dump(report, file)


main(*sys.argv[1:])
