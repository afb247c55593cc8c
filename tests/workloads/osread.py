# SPDX-License-Identifier: BSD-2-Clause
"""osread.py: one thread that reads /dev/zero byte by byte: it gives the GIL away without a need."""
import os

import common


def read(counts):
    fd = os.open("/dev/zero", os.O_RDONLY)
    while True:
        for _ in range(1000):
            os.read(fd, 1)
        counts[0] += 1000


def main():
    args = common.options()
    counts = [0]
    tids = [common.start(read, counts, name="osread")]
    common.finish(tids=tids, **common.run(args.seconds, lambda: counts[0]))


main()
