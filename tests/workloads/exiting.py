# SPDX-License-Identifier: BSD-2-Clause
"""exiting.py: threads that compute for 20 ms each and end, a new one for each, beside one that stays."""
import threading
import time

import common


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(1000):
            pass


def renew(counts):
    while True:
        threads = [threading.Thread(target=compute, args=(0.02,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts[0] += len(threads)


def main():
    args = common.options()
    counts = [0]
    tids = [common.start(compute, 1e9, name="stays"), common.start(renew, counts, name="renews")]
    common.finish(tids=tids, **common.run(args.seconds, lambda: counts[0]))


main()
