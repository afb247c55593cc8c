# SPDX-License-Identifier: BSD-2-Clause
"""cases.py CASE [--threads N] [--processes P]: the classic cases of what can hold a program back.

primes   N threads in each of P processes count primes
files    N threads wait for a byte each 10 ms, from a process that is none of our children, and compute a bit
images   N threads hash large blocks, which releases the GIL
table    N threads hash a block and store it for 3 ms while they hold the lock of a shared table
convoy   a thread echoes one byte at a time beside one that computes
hog      a thread calls sum() for some 100 ms at a time, which keeps the GIL, beside one that computes
pool     one thread counts primes beside a pool of N threads that has nothing to do
permits  N threads take one of two permits of a semaphore, sleep for 5 ms with it, and compute a bit
borrow   the same with a queue of two connections, in the class of a pool
nothing  sleeps

A unit of computing is CPU time, not iterations: machines run the same loop at different speeds from one
moment to the next.

Truth: ops, done by all; waiting, in permits and borrow, threads that waited for what others had, on average;
convoy: latencies = ms of each echo that was waited for beside the computing.
"""
import hashlib
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import common
from connection_pool import ConnectionPool

BLOCK = bytes(1 << 20)
COUNTS = []
WAITED, ASKED = [], []  # of each thread: s that it waited for what others have; since when it does, or 0


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))


def primes(i):
    n = 0
    while True:
        is_prime(n % 10000)
        n += 1
        COUNTS[i] += 1


def feed(pipes):
    for reader, _ in pipes:
        os.close(reader)  # so that writing fails when our only reader has gone
    while True:
        time.sleep(0.01)
        for _, writer in pipes:
            os.write(writer, b"x")


def orphan(target, *args):
    """A process that nobody is the parent of, and which ends by an exception."""
    child = os.fork()
    if child == 0:
        try:
            if os.fork() == 0:
                target(*args)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def files(i, reader):
    while True:
        os.read(reader, 1)
        compute(0.0003)
        COUNTS[i] += 1


def images(i):
    while True:
        hashlib.sha256(BLOCK).digest()
        COUNTS[i] += 1


def table(i, lock, shared):
    while True:
        with lock:
            shared[i] = hashlib.sha256(BLOCK).digest()
            time.sleep(0.003)
        COUNTS[i] += 1


def echo(i, latencies):
    ours, theirs = socket.socketpair()
    while True:
        begin = time.monotonic()
        ours.send(b"?")
        theirs.recv(1)
        latencies.append(1e3 * (time.monotonic() - begin))
        COUNTS[i] += 1
        time.sleep(0.0005)


def spin(i):
    while True:
        compute(0.001)
        COUNTS[i] += 1


def hog(i):
    numbers = range(6000000)
    while True:
        sum(numbers)
        COUNTS[i] += 1


def use(i):
    """What was asked for has been got."""
    WAITED[i] += time.monotonic() - ASKED[i]
    ASKED[i] = 0
    time.sleep(0.005)
    COUNTS[i] += 1


def permits(i, semaphore):
    while True:
        ASKED[i] = time.monotonic()
        with semaphore:
            use(i)
        compute(0.0003)


def borrow(i, pool):
    while True:
        ASKED[i] = time.monotonic()
        connection = pool.get_connection()
        use(i)
        pool.idle.put(connection)
        compute(0.0003)


def waited():
    """By all, until now: some may never get it."""
    now = time.monotonic()
    return sum(WAITED) + sum(now - since for since in ASKED if since)


def start_all(case, n):
    """The threads of one process. Returns what goes into its truth."""
    COUNTS.extend([0] * (n + 2))
    WAITED.extend([0] * (n + 2))
    ASKED.extend([0] * (n + 2))
    if case == "primes":
        targets = [(primes, i) for i in range(n)]
    elif case == "files":
        pipes = [os.pipe() for _ in range(n)]
        orphan(feed, pipes)
        for _, writer in pipes:
            os.close(writer)
        targets = [(files, i, reader) for i, (reader, _) in enumerate(pipes)]
    elif case == "images":
        targets = [(images, i) for i in range(n)]
    elif case == "table":
        lock, shared = threading.Lock(), {}
        targets = [(table, i, lock, shared) for i in range(n)]
    elif case == "permits":
        semaphore = threading.BoundedSemaphore(2)
        targets = [(permits, i, semaphore) for i in range(n)]
    elif case == "borrow":
        pool = ConnectionPool(2)
        targets = [(borrow, i, pool) for i in range(n)]
    elif case == "convoy":
        latencies = []
        targets = [(spin, 0), (echo, 1, latencies)]
    elif case == "hog":
        targets = [(hog, 0), (spin, 1)]
    elif case == "pool":
        pool = ThreadPoolExecutor(n)
        list(pool.map(lambda _: time.sleep(0.05), range(n)))  # each has been started
        targets = [(primes, 0)]
    else:
        targets = []
    for function, *args in targets:
        common.start(function, *args, name=case)
    if case == "convoy":
        return {"latencies": latencies}
    return {"pool": pool} if case == "pool" else {}


def work(case, n):
    start_all(case, n)
    while True:
        time.sleep(3600)


def main():
    args = common.options(("case", None), threads=4, processes=1)
    if args.processes > 1:
        for _ in range(args.processes):
            common.fork(work, args.case, args.threads)
        time.sleep(0.3)
        common.finish(**common.run(args.seconds))
    truth = start_all(args.case, args.threads)
    time.sleep(0.3)
    before = waited()
    ran = common.run(args.seconds, lambda: sum(COUNTS))
    truth["waiting"] = (waited() - before) / ran["seconds"]
    truth.pop("pool", None)
    common.finish(**truth, **ran)


main()
