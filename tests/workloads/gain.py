# SPDX-License-Identifier: BSD-2-Clause
"""gain.py [--threads N] [--processes P] [--units U] [--objects K]

The same work either way, from start to end: K objects are made, then U units of computing are done by N
threads or, if P is not 0, by P forked processes, each of which looks at all objects. That writes their
reference counts, so that what fork has shared becomes each process's own, while no RSS grows.

A unit is a millisecond of CPU time, not iterations, see cases.py.

Truth: units; seconds, all of it by our own clock; pss_bytes, of all our processes together when all is done
and nobody has ended.
"""
import time

BEGAN = time.monotonic()  # the time of imports counts, too

# pylint: disable=wrong-import-position
import json  # noqa: E402
import multiprocessing  # noqa: E402
import os  # noqa: E402
import threading  # noqa: E402

import common  # noqa: E402


def pss_bytes(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as rollup:
        return next(1024 * int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def unit():
    end = time.thread_time() + 0.001
    while time.thread_time() < end:
        pass


def work(objects, units, done, leave):
    for each in objects:
        each is None  # pylint: disable=pointless-statement
    for _ in range(units):
        unit()
    done.release()
    leave.wait()


def main():
    args = common.options(threads=1, processes=0, units=1000, objects=0)
    objects = [str(i) for i in range(args.objects)]
    context = multiprocessing.get_context("fork")
    done, leave = context.Semaphore(0), context.Event()
    n = args.processes or args.threads
    make = context.Process if args.processes else threading.Thread
    workers = [make(target=work, args=(objects, args.units // n, done, leave)) for _ in range(n)]
    for worker in workers:
        worker.start()
    for worker in workers:
        done.acquire()
    children = [worker.pid for worker in workers] if args.processes else []
    pss = sum(map(pss_bytes, [os.getpid()] + children))
    leave.set()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - BEGAN
    print(json.dumps({"units": args.units // n * n, "seconds": seconds, "pss_bytes": pss}), flush=True)
    os._exit(0)  # the shutdown would not be in "seconds"


main()
