# SPDX-License-Identifier: BSD-2-Clause
"""bursts.py KIND --count N: N "threads" or "processes" that compute in the first half of every second of
CLOCK_MONOTONIC and sleep in the second. Truth: what it is called with.
"""
import os
import signal
import time

import common


def burst():
    while True:
        now = time.monotonic()
        if now % 1 >= 0.5:
            time.sleep(1 - now % 1)


def main():
    args = common.options(("kind", "threads"), count=3)
    if args.kind == "processes":
        pids = [common.fork(burst) for _ in range(args.count)]
    else:
        pids = []
        for i in range(args.count):
            common.start(burst, name="burst%d" % i)
    truth = common.run(args.seconds)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    common.finish(kind=args.kind, count=args.count, **truth)


main()
