# SPDX-License-Identifier: BSD-2-Clause
"""batch.py [--threads N] [--processes P] [--units U] [--each 1] [--gil MS] [--delay MS] [--before S]

A batch job: U units of work, shared by all workers, or as many for each of them with --each 1; then it ends. A
unit computes with the GIL for MS of CPU time, then sleeps. --before: what it does first, for so long.

Truth: units done, seconds that they took.
"""
import json
import os
import threading
import time

import common


def work(args, units):
    for _ in range(units):
        end = time.thread_time() + args.gil / 1e3
        while time.thread_time() < end:
            pass
        if args.delay:
            time.sleep(args.delay / 1e3)


def share(args, worker):
    """Of the units, for one of the workers."""
    n = args.threads * args.processes
    return args.units if args.each else args.units // n + (worker < args.units % n)


def process(args, number):
    threads = [threading.Thread(target=work, args=(args, share(args, number * args.threads + i)))
               for i in range(args.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    args = common.options(threads=1, processes=1, units=100, each=0, gil=10.0, delay=0.0, before=0.0)
    time.sleep(args.before)
    began = time.monotonic()
    children = [common.fork(process, args, number) for number in range(1, args.processes)]
    process(args, 0)
    for child in children:
        os.waitpid(child, 0)
    units = sum(share(args, worker) for worker in range(args.threads * args.processes))
    print(json.dumps({"units": units, "seconds": time.monotonic() - began}), flush=True)


main()
