# SPDX-License-Identifier: BSD-2-Clause
"""locks.py: a thread holds a threading.Lock for 20 ms at a time, and three others want it for a moment.

Truth: address, of the semaphore that the lock is up to 3.13; waits = [[begin, end, asleep]...] of the
three, as waits.py has them.
"""
import ctypes
import os
import threading
import time

import common

HOLD = 0.02
LOCK_LOCK = 16  # lockobject.lock_lock, Modules/_threadmodule.c


def hold(lock):
    while True:
        with lock:
            time.sleep(HOLD)
        time.sleep(HOLD / 4)


def want(lock, waits):
    schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    while True:
        booked, begin = common.books(schedstat), time.monotonic_ns()
        lock.acquire()
        end = time.monotonic_ns()
        lock.release()
        waits.append((begin, end, end - begin - (common.books(schedstat) - booked)))
        time.sleep(HOLD / 2)


def main():
    args = common.options()
    lock, waits = threading.Lock(), []
    common.start(hold, lock, name="holder")
    tids = [common.start(want, lock, waits, name="waiter") for _ in range(3)]
    truth = common.run(args.seconds, lambda: len(waits))
    common.await_next(lambda: len(waits))
    address = ctypes.c_size_t.from_address(id(lock) + LOCK_LOCK).value
    common.finish(address=hex(address), tids=tids, waits=waits, **truth)


main()
