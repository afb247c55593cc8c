# SPDX-License-Identifier: BSD-2-Clause
"""hold.py DIR [FUNCTION,...]: a thread that calls functions of the C extension in DIR in turn.

Truth: calls = {function: [[begin, end, cpu, queued]...]}, by the extension's own clocks.
"""
import sys

import common

ALL = ("sleep_holding", "compute_holding", "sleep_released", "compute_released")


def call(calls, functions):
    while True:
        for name, function in functions:
            calls[name].append(function(20))


def main():
    args = common.options(("dir", None), ("functions", ",".join(ALL)))
    sys.path.insert(0, args.dir)
    import gilhold
    names = args.functions.split(",")
    calls = {name: [] for name in names}

    def done():
        return sum(map(len, calls.values()))

    tid = common.start(call, calls, [(name, getattr(gilhold, name)) for name in names], name="hold")
    truth = common.run(args.seconds, done)
    common.await_next(done)
    common.finish(tid=tid, calls=calls, **truth)


main()
