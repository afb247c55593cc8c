# SPDX-License-Identifier: BSD-2-Clause
"""moving.py: a function whose hot line is another one every second.

Truth: lines = {line: CPU time it took, ns}, function and file.
"""
import sys
import time

import common


def hot(lines):
    first, now = sys._getframe().f_lineno, time.thread_time_ns
    marks, second = [now()], 1000000000
    while now() < marks[0] + 1 * second: pass  # noqa: E701
    marks.append(now())
    while now() < marks[0] + 2 * second: pass  # noqa: E701
    marks.append(now())
    while now() < marks[0] + 3 * second: pass  # noqa: E701
    marks.append(now())
    for i in range(3):
        lines[first + 2 + 2 * i] = marks[i + 1] - marks[i]


def main():
    common.options()
    lines = {}
    print("ready", flush=True)
    hot(lines)
    common.finish(file=__file__, function="hot", lines=lines)


main()
