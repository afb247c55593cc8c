# SPDX-License-Identifier: BSD-2-Clause
"""What callers.py and stacks.py share: both compare what gilprof has written with what a workload says of
itself, print what they have compared, and one line that begins with "!" per violation."""
import json
import re

VIOLATIONS = []


def wrong(what):
    VIOLATIONS.append(what)
    print("!", what)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def last_line(path):
    with open(path, encoding="utf-8") as file:
        return json.loads([line for line in file if line.startswith("{")][-1])


def samples(speedscope):
    """(TID, stack, ns); a stack's frames are dicts of name, file and line."""
    frames = speedscope["shared"]["frames"]
    for profile in speedscope["profiles"]:
        tid = re.search(r"\(TID (\d+)\)", profile["name"])
        for sample, ns in zip(profile["samples"], profile["weights"]):
            yield tid and tid[1], [frames[i] for i in sample], ns
