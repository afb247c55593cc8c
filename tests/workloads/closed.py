# SPDX-License-Identifier: BSD-2-Clause
"""closed.py [--threads N] [--processes P] [--gil MS] [--nogil MS] [--delay MS] [--call MS] [--exponential 1]

A closed workload, of which shared/reference/scaling.md speaks: each thread computes with the GIL, then in
C without it, then sleeps, and again. What it computes is CPU time, not iterations: one loop runs at twice
the speed it had a moment before, so that the same number of them is not the same work. --call: C takes the
GIL back after that long at the latest. --exponential 1: the times are exponential with these means.

Truth: ops, units that were finished by all threads of all processes; busy_s, CPU time of the whole machine.
"""
import hashlib
import mmap
import os
import random
import struct
import time

import common

BYTES = memoryview(bytes(1 << 25))
GIVE_UP_S = 20e-6  # so little is not worth another call
rate = 1e9  # bytes a second that C hashes, as of the latest call


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def compute_released(seconds, longest):
    global rate
    now = time.thread_time()
    end = now + seconds
    while end - now > GIVE_UP_S:
        size = int(min(end - now, longest) * rate)
        hashlib.sha256(BYTES[:size])
        began, now = now, time.thread_time()
        rate = max(size / (now - began), 1e8)


def unit(args, draw):
    if args.gil:
        compute(draw(args.gil / 1e3))
    if args.nogil:
        compute_released(draw(args.nogil / 1e3), args.call / 1e3)
    if args.delay:
        time.sleep(draw(args.delay / 1e3))


def exponential(mean):
    return random.expovariate(1 / mean)


def work(args, counts, slot):
    done, draw = 0, exponential if args.exponential else float
    while True:
        unit(args, draw)
        done += 1
        struct.pack_into("Q", counts, 8 * slot, done)


def process(args, counts, number):
    for i in range(args.threads):
        common.start(work, args, counts, number * args.threads + i, name="closed")
    while number:
        time.sleep(3600)


def busy_s():
    """Steal and interrupts included."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def main():
    args = common.options(threads=1, processes=1, gil=1.0, nogil=0.0, delay=0.0, call=0.2, exponential=0)
    n = args.threads * args.processes
    counts = mmap.mmap(-1, 8 * n)
    for number in range(1, args.processes):
        common.fork(process, args, counts, number)
    process(args, counts, 0)
    time.sleep(0.2)
    busy = busy_s()
    truth = common.run(args.seconds, lambda: sum(struct.unpack("%dQ" % n, counts[:])))
    common.finish(busy_s=busy_s() - busy, **truth)


main()
