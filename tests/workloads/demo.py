# SPDX-License-Identifier: BSD-2-Clause
"""A small service for `make demo`: three threads that compute, one that does I/O, one that sleeps.

usage: demo.py [SECONDS]; prints "ready PID" once all threads run.
"""
import os
import sys
import threading
import time

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0


def name_thread(name):
    """Give the thread a name that the kernel shows; Python does so itself only since 3.14."""
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w", encoding="ascii") as comm:
        comm.write(name)


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))


def count_primes(end):
    n = found = 0
    while time.monotonic() < end:
        found += is_prime(n)
        n += 1


def echo(end):
    """One-byte messages through a pipe: every read and write gives up the GIL and wants it back."""
    reader, writer = os.pipe()
    while time.monotonic() < end:
        os.write(writer, b"x")
        os.read(reader, 1)
        time.sleep(0.001)


def tick(end):
    while time.monotonic() < end:
        time.sleep(0.1)


def run(name, work, end, running):
    name_thread(name)
    running.wait()
    work(end)


def main():
    end = time.monotonic() + SECONDS
    running = threading.Barrier(6)
    threads = [threading.Thread(target=run, args=(f"compute-{i}", count_primes, end, running))
               for i in range(3)]
    threads.append(threading.Thread(target=run, args=("echo", echo, end, running)))
    threads.append(threading.Thread(target=run, args=("ticker", tick, end, running)))
    for thread in threads:
        thread.start()
    running.wait()
    print("ready", os.getpid(), flush=True)
    for thread in threads:
        thread.join()


main()
