# SPDX-License-Identifier: BSD-2-Clause
"""spin.py N: N threads that compute in pure Python and compete for the GIL."""
import common


def spin(counts, i):
    while True:
        for _ in range(1000):
            pass
        counts[i] += 1000


def main():
    args = common.options(("threads", 3))
    counts = [0] * args.threads
    tids = [common.start(spin, counts, i, name="spin%d" % i) for i in range(args.threads)]
    common.finish(tids=tids, **common.run(args.seconds, lambda: sum(counts)))


main()
