# SPDX-License-Identifier: BSD-2-Clause
"""spin.py N [--depth D]: N threads that compute in pure Python, D calls deep, and compete for the GIL."""
import threading

import common


def spin(go, counts, i):
    go.wait()  # each would start a turn later than the one before: a quarter of a minute for 64
    while True:
        for _ in range(1000):
            pass
        counts[i] += 1000


def deeper(depth, *args):
    return deeper(depth - 1, *args) if depth else spin(*args)


def main():
    args = common.options(("threads", 3), depth=0)
    counts, go = [0] * args.threads, threading.Event()
    tids = [common.start(deeper, args.depth, go, counts, i, name="spin%d" % i) for i in range(args.threads)]
    go.set()
    common.finish(tids=tids, **common.run(args.seconds, lambda: sum(counts)))


main()
