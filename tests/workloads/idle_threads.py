# SPDX-License-Identifier: BSD-2-Clause
"""idle_threads.py [N]: N threads; one computes, the others sleep 40 frames deep."""
import threading

import common


def spin(counts):
    while True:
        for _ in range(1000):
            pass
        counts[0] += 1000


def dive(depth, never):
    if depth:
        dive(depth - 1, never)
    never.wait()


def main():
    args = common.options(("threads", 159))
    never, counts = threading.Event(), [0]
    idle = [common.start(dive, 33, never, name="idle%d" % i) for i in range(args.threads - 1)]
    busy = common.start(spin, counts, name="busy")
    common.finish(tids=[busy], idle=idle, **common.run(args.seconds, lambda: counts[0]))


main()
