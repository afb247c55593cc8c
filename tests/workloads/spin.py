# SPDX-License-Identifier: BSD-2-Clause
"""spin.py N: N threads that compute in pure Python and compete for the GIL."""
import threading

import common


def spin(go, counts, i):
    go.wait()  # each would start a turn later than the one before: a quarter of a minute for 64
    while True:
        for _ in range(1000):
            pass
        counts[i] += 1000


def main():
    args = common.options(("threads", 3))
    counts, go = [0] * args.threads, threading.Event()
    tids = [common.start(spin, go, counts, i, name="spin%d" % i) for i in range(args.threads)]
    go.set()
    common.finish(tids=tids, **common.run(args.seconds, lambda: sum(counts)))


main()
